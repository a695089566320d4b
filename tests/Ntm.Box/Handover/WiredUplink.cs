using Ntm.Box.Links;
using Ntm.Box.Os;

namespace Ntm.Box.Handover;

/// <summary>One uplink of a home: the gateway's interface, the link behind it, and the provider's box at its far end, with outside addresses of its own.</summary>
internal sealed class WiredUplink(UplinkPlan plan, int number, NetworkNamespace gateway, NetworkNamespace box, Link link)
{
    public UplinkPlan Plan => plan;

    public string Name => plan.Name;

    /// <summary>The gateway's.</summary>
    public string Interface => link.NearName;

    public NetworkNamespace Box => box;

    public Link Link => link;

    public string OutsideIPv4 => $"203.0.113.{100 + number}";

    public string OutsideIPv6 => $"2001:db8::{100 + number}";

    /// <summary>The prefix behind it.</summary>
    public string PrefixIPv6 => $"2001:db8:{number}::/64";

    /// <summary>Gives the gateway's interface what a provider gives: addresses and the way out. Also after they were taken.</summary>
    public async Task GiveAsync(CancellationToken stop)
    {
        var lines = new List<string> { $"link set {Interface} up" };
        if (plan.HasIPv4)
        {
            lines.Add($"addr replace 10.{number}.0.2/24 dev {Interface}");
            lines.Add($"route replace default via 10.{number}.0.1 dev {Interface} metric {100 + number}");
        }

        if (plan.HasIPv6)
        {
            lines.Add($"addr replace 2001:db8:{number}::2/64 dev {Interface} nodad");
            lines.Add($"route replace ::/0 via 2001:db8:{number}::1 dev {Interface} metric {100 + number}");
        }

        await gateway.IpAsync(stop, [.. lines]);
    }

    /// <summary>The addresses are taken from it, and with them its routes.</summary>
    public async Task TakeAddressesAsync(CancellationToken stop) => await gateway.IpAsync(stop, $"addr flush dev {Interface} scope global");

    public async Task PullAsync(CancellationToken stop) => await gateway.IpAsync(stop, $"link set {Interface} down");
}
