using Ntm.Box.Links;
using Ntm.Box.Os;
using Ntm.Box.World;

namespace Ntm.Box.Handover;

/// <summary>
/// The internet of handovers: a bridge with 203.0.113.0/24 and 2001:db8::/64, on it the places of a coordinator, of two relays and of an ordinary server, and homes with several uplinks, each by a
/// link (<see cref="Link"/>) to a provider's box of its own.
/// </summary>
internal sealed class HandoverLand : IDisposable
{
    public const string CoordinatorAddress = "203.0.113.10", CoordinatorAddress6 = "2001:db8::10";
    public const string ServerAddress = "203.0.113.30";

    /// <summary>Of each link, one way: two homes are 20 ms apart.</summary>
    public static readonly TimeSpan LinkDelay = TimeSpan.FromMilliseconds(10);

    private readonly Copy copy;
    private readonly List<(NetworkNamespace Place, string Address)> speakers = []; // who on the bridge speaks IPv6
    private readonly List<(string Prefix, string By)> routes = [];
    private int uplinks;

    private HandoverLand(Copy copy) => this.copy = copy;

    /// <summary>Where the bridge stands.</summary>
    public required NetworkNamespace Middle { get; init; }

    public required NetworkNamespace Coordinator { get; init; }

    public required IReadOnlyList<NetworkNamespace> Relays { get; init; }

    /// <summary>Any server of the internet.</summary>
    public required NetworkNamespace Server { get; init; }

    public List<HandoverHome> Homes { get; } = [];

    public static string RelayAddress(int which) => $"203.0.113.{20 + which}";

    public static string RelayAddress6(int which) => $"2001:db8::{20 + which}";

    /// <summary>The bridge's side of a relay's wire.</summary>
    public static string RelayPort(int which) => $"relay{which}";

    public static async Task<HandoverLand> LayAsync(Copy copy, CancellationToken stop)
    {
        var land = new HandoverLand(copy)
        {
            Middle = await copy.NamespaceAsync("internet", stop),
            Coordinator = await copy.NamespaceAsync("coordinator", stop),
            Relays = [await copy.NamespaceAsync("relay0", stop), await copy.NamespaceAsync("relay1", stop)],
            Server = await copy.NamespaceAsync("server", stop),
        };
        await land.Middle.IpAsync(stop, "link add br0 type bridge mcast_snooping 0", "link set br0 up");
        await land.PlugAsync(land.Coordinator, "eth0", "coordinator", stop, CoordinatorAddress, CoordinatorAddress6);
        for (var i = 0; i < land.Relays.Count; i++)
        {
            await land.PlugAsync(land.Relays[i], "eth0", RelayPort(i), stop, RelayAddress(i), RelayAddress6(i));
        }

        await land.PlugAsync(land.Server, "eth0", "server", stop, ServerAddress);
        return land;
    }

    /// <summary>Adds a home with these uplinks, in the order of preference.</summary>
    /// <param name="name">A label of at most 7 characters.</param>
    public async Task<HandoverHome> AddHomeAsync(string name, IReadOnlyList<UplinkPlan> plans, CancellationToken stop)
    {
        var home = new HandoverHome(name, Homes.Count + 1, await copy.NamespaceAsync(name + "-gw", stop), await copy.NamespaceAsync(name + "-dev", stop), Path.Combine(copy.Directory, name));
        Directory.CreateDirectory(home.GatewayDirectory);
        await home.Gateway.IpAsync(
            stop,
            $"link add lan0 type veth peer name eth0 netns {home.Device.Name} address {home.Mac}",
            $"addr add {HandoverHome.GatewayAddress}/24 dev lan0",
            "link set lan0 up");
        await home.Gateway.SysctlAsync(stop, "net.ipv4.ip_forward=1");
        await home.Device.IpAsync(stop, $"addr add {HandoverHome.DeviceAddress}/24 dev eth0", "link set eth0 up", $"route add default via {HandoverHome.GatewayAddress}");
        foreach (var plan in plans)
        {
            home.Uplinks.Add(await AddUplinkAsync(home, plan, stop));
        }

        // What any home router does with its LAN's ordinary traffic.
        await home.Gateway.NftAsync(
            $$"""
            table ip home {
              chain leaving {
                type nat hook postrouting priority srcnat
                oifname { {{string.Join(", ", home.Uplinks.Select(u => $"\"{u.Interface}\""))}} } ip saddr 192.168.1.0/24 masquerade
              }
            }
            """,
            stop);
        Homes.Add(home);
        return home;
    }

    /// <summary>Nothing goes directly between these homes: they have only relays.</summary>
    public async Task KeepApartAsync(HandoverHome one, HandoverHome other, CancellationToken stop)
    {
        string Set(HandoverHome home) => "{ " + string.Join(", ", home.Uplinks.Select(u => u.OutsideIPv4)) + " }";
        await Middle.NftAsync(
            $$"""
            table bridge {{one.Name}}_{{other.Name}} {
              chain between {
                type filter hook forward priority 0
                ip saddr {{Set(one)}} ip daddr {{Set(other)}} drop
                ip saddr {{Set(other)}} ip daddr {{Set(one)}} drop
              }
            }
            """,
            stop);
    }

    /// <summary>Whether a relay's wire carries anything.</summary>
    public async Task ConnectRelayAsync(int which, bool isThere, CancellationToken stop) =>
        await Middle.IpAsync(stop, $"link set {RelayPort(which)} {(isThere ? "up" : "down")}");

    /// <summary>Ends the links.</summary>
    public void Dispose() => Homes.SelectMany(h => h.Uplinks).ToList().ForEach(u => u.Link.Dispose());

    private async Task<WiredUplink> AddUplinkAsync(HandoverHome home, UplinkPlan plan, CancellationToken stop)
    {
        var n = ++uplinks;
        var box = await copy.NamespaceAsync($"{home.Name}-{plan.Name}", stop);
        var link = Link.Lay((home.Gateway, plan.Name + "0"), (box, "in0"), seed: 1000 * n);
        link.Set(new LinkConditions(LinkDelay));
        var uplink = new WiredUplink(plan, n, home.Gateway, box, link);
        await box.IpAsync(stop, "link set in0 txqueuelen 4000 up");
        await home.Gateway.IpAsync(stop, $"link set {uplink.Interface} txqueuelen 4000");
        await PlugAsync(box, "pub0", $"{home.Name}-{plan.Name}", stop, [.. Outside()]);
        if (plan.HasIPv4)
        {
            await box.IpAsync(stop, $"addr add 10.{n}.0.1/24 dev in0");
            await box.SysctlAsync(stop, "net.ipv4.ip_forward=1");
            await box.NftAsync(NatRules.For(NatBehaviour.PortRestricted), stop);
        }

        if (plan.HasIPv6)
        {
            await box.IpAsync(stop, $"addr add 2001:db8:{n}::1/64 dev in0 nodad");
            await box.SysctlAsync(stop, "net.ipv6.conf.all.forwarding=1");
            await box.NftAsync(NatRules.Firewall, stop);
            await RouteAsync(uplink, stop);
        }

        await uplink.GiveAsync(stop);
        return uplink;

        IEnumerable<string> Outside()
        {
            if (plan.HasIPv4)
            {
                yield return uplink.OutsideIPv4;
            }

            if (plan.HasIPv6)
            {
                yield return uplink.OutsideIPv6;
            }
        }
    }

    // Everybody with IPv6 learns the way to the new prefix, and its box those to the others.
    private async Task RouteAsync(WiredUplink uplink, CancellationToken stop)
    {
        foreach (var (place, _) in speakers.Where(s => s.Address != uplink.OutsideIPv6))
        {
            await place.IpAsync(stop, $"route add {uplink.PrefixIPv6} via {uplink.OutsideIPv6}");
        }

        if (routes.Count > 0)
        {
            await uplink.Box.IpAsync(stop, [.. routes.Select(r => $"route add {r.Prefix} via {r.By}")]);
        }

        routes.Add((uplink.PrefixIPv6, uplink.OutsideIPv6));
    }

    private async Task PlugAsync(NetworkNamespace place, string name, string port, CancellationToken stop, params string[] addresses)
    {
        await Middle.IpAsync(stop, $"link add {port} type veth peer name {name} netns {place.Name}", $"link set {port} master br0 up");
        await place.IpAsync(
            stop,
            [
                .. addresses.Select(a => a.Contains(':', StringComparison.Ordinal) ? $"addr add {a}/64 dev {name} nodad" : $"addr add {a}/24 dev {name}"),
                // One datagram, one frame, as everywhere on an internet.
                $"link set {name} gso_max_segs 1 up",
            ]);
        if (addresses.FirstOrDefault(a => a.Contains(':', StringComparison.Ordinal)) is { } six)
        {
            speakers.Add((place, six));
        }
    }
}
