using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Hosting;
using Ntm.Linux;
using Serilog.Events;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>
/// Devices with a resolver of their own choice (8.8.8.8) are to find the overlay's names, too: questions of the LAN for port 53 elsewhere are handed to the
/// router's resolver (dnsmasq), which outlives this program, by an nftables table of the gateway's own. Only while a resolver listens there: a redirection to
/// nobody would take the home its names. It looks every few seconds, since the resolver may come and go, and others may flush the rules.
/// </summary>
public sealed class DnsCapture(LanConfig lan, IPNetwork aliases, ILogger log) : BackgroundService
{
    public const string Table = "ntm_gateway_dns";

    private const ushort Port = 53;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    // Adding first makes the deletion good whether or not it was there.
    private static readonly string Removal = $"add table inet {Table}\ndelete table inet {Table}\n";

    private string? _set;
    private string? _said;

    /// <summary>
    /// The whole table, in place of the one that may be there. The owner's own redirections (priority dstnat) come before it. What goes to the router itself, into
    /// the LAN, to other homes (aliases and virtual addresses) or to private IPv6 is left alone.
    /// </summary>
    /// <param name="lan">Where questions come from.</param>
    /// <param name="aliases">The alias range.</param>
    /// <param name="ipv4">The resolver's address; null: none, IPv4 is left alone.</param>
    /// <param name="ipv6">Likewise.</param>
    public static string Rules(LanConfig lan, IPNetwork aliases, IPAddress? ipv4, IPAddress? ipv6)
    {
        var rules = new StringBuilder(Removal);
        rules.AppendLine($"table inet {Table} {{");
        rules.AppendLine("  chain questions {");
        rules.AppendLine("    type nat hook prerouting priority dstnat + 10; policy accept;");
        rules.AppendLine($"    iifname != \"{lan.Interface}\" return");
        rules.AppendLine("    fib daddr type { local, broadcast, multicast, anycast } return");
        foreach (var (resolver, family, name, protocol) in
            new[] { (ipv4, AddressFamily.InterNetwork, "ipv4", "ip"), (ipv6, AddressFamily.InterNetworkV6, "ipv6", "ip6") })
        {
            if (resolver is not null)
            {
                // One by one: a set refuses networks that overlap. fc00::/7 has all virtual addresses.
                foreach (var own in lan.Networks.Where(network => network.BaseAddress.AddressFamily == family)
                    .Prepend(family == AddressFamily.InterNetwork ? aliases : IPNetwork.Parse("fc00::/7")))
                {
                    rules.AppendLine($"    {protocol} daddr {own} return");
                }

                rules.AppendLine($"    meta nfproto {name} meta l4proto {{ tcp, udp }} th dport {Port} counter dnat {protocol} to {resolver}");
            }
        }

        return rules.AppendLine("  }").AppendLine("}").ToString();
    }

    /// <summary>The LAN addresses of the router at which a resolver listens, the first of each family; null: none.</summary>
    /// <param name="own">The LAN interface's usable addresses.</param>
    /// <param name="listeners">Who holds port 53 (<see cref="UdpListeners"/>).</param>
    public static (IPAddress? IPv4, IPAddress? IPv6) Resolvers(LanConfig lan, IReadOnlyList<IPAddress> own, IReadOnlySet<IPAddress> listeners) => (
        own.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && lan.Networks.Any(network => network.Contains(address))
            && (listeners.Contains(address) || listeners.Contains(IPAddress.Any))),
        own.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetworkV6 && (listeners.Contains(address) || listeners.Contains(IPAddress.IPv6Any))));

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Remove();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!lan.CaptureDns)
        {
            Remove();
            return;
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            Look();
            await Task.Delay(Period, stoppingToken);
        }
    }

    /// <summary>Takes the table away, where there is one: of a copy that was killed, as a rule.</summary>
    public static void Remove() => Nftables.Run(Removal);

    private void Look()
    {
        try
        {
            using var links = new LinkWatch();
            var picture = links.Look();
            IReadOnlyList<IPAddress> own = picture.Link(lan.Interface) is { } link ? [.. picture.AddressesOf(link.Index).Select(address => address.Address)] : [];
            var (ipv4, ipv6) = Resolvers(lan, own, UdpListeners.At(Port));
            if (ipv4 is null && ipv6 is null)
            {
                Remove();
                Say($"No resolver listens on UDP port {Port} of {lan.Interface}, so questions for names that devices send elsewhere are left alone.");
                return;
            }

            var rules = Rules(lan, aliases, ipv4, ipv6);
            var refusal = rules == _set && Nftables.Run($"list table inet {Table}\n") is null ? null : Nftables.Run(rules);
            _set = refusal is null ? rules : null;
            if (refusal is not null)
            {
                Say($"Questions for names that devices of the LAN send to other resolvers cannot be handed to this router's: {refusal}", warning: true);
                return;
            }

            Say($"Questions for names that devices of the LAN send to other resolvers are handed to this router's, at {string.Join(" and ", new[] { ipv4, ipv6 }.Where(a => a is not null))}; \"captureDns\": false in \"lan\" switches that off.");
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            Say($"Whether this router has a resolver cannot be seen: {refused.Message}", warning: true);
        }
    }

    /// <summary>Once until something else is to be said.</summary>
    private void Say(string sentence, bool warning = false)
    {
        if (sentence != _said)
        {
            log.Write(warning ? LogEventLevel.Warning : LogEventLevel.Information, "{Sentence}", sentence);
            _said = sentence;
        }
    }
}
