using Ntm.Box.Os;
using Ntm.Box.World;
using Ntm.Simulation;
using static Ntm.Simulation.NetworkKinds;
using NatBehaviour = Ntm.Box.World.NatBehaviour;

namespace Ntm.Box.Grid;

/// <summary>
/// The internet of the real grid: a bridge with 203.0.113.0/24 and 2001:db8::/64, on it a coordinator's, a relay's and a STUN server's place, and homes on networks of
/// every kind that nftables can play.
/// </summary>
internal sealed class GridLand
{
    public const string CoordinatorAddress = "203.0.113.10";
    public const string CoordinatorAddress6 = "2001:db8::10";
    public const string RelayAddress = "203.0.113.20";
    public const string RelayAddress6 = "2001:db8::20";
    public const string StunAddress = "203.0.113.30";
    public const string StunAddress6 = "2001:db8::30";
    private const string StunOtherAddress = "203.0.113.31";
    private const string StunOtherAddress6 = "2001:db8::31";

    /// <summary>Seconds after which a carrier's NAT forgets.</summary>
    public const int CarriersTimeout = 30;

    private readonly Copy copy;
    private readonly Dictionary<NetworkKind, (NetworkNamespace Nat, string Outside, int Homes)> shared = [];

    /// <summary>Prefixes that are not on the bridge itself, each with the box behind which it is.</summary>
    private readonly List<(string Prefix, string By)> routes = [];

    /// <summary>Who on the bridge speaks IPv6.</summary>
    private readonly List<(NetworkNamespace Place, string Address)> speakers = [];
    private int ports;

    private GridLand(Copy copy) => this.copy = copy;

    /// <summary>Where the bridge stands.</summary>
    public required NetworkNamespace Middle { get; init; }

    public required NetworkNamespace Coordinator { get; init; }

    public required NetworkNamespace Relay { get; init; }

    public required NetworkNamespace Stun { get; init; }

    public List<GridHome> Homes { get; } = [];

    /// <summary>The kinds that it can lay.</summary>
    public static IReadOnlyList<NetworkKind> Kinds { get; } =
    [
        NetworkKind.Public, NetworkKind.EndpointIndependent, NetworkKind.AddressRestricted, NetworkKind.PortRestricted, NetworkKind.Symmetric, NetworkKind.DoubleNat,
        NetworkKind.CarrierNat, NetworkKind.SharedNatHairpin, NetworkKind.SharedNat, NetworkKind.IPv6Only, NetworkKind.DualStack,
    ];

    public static async Task<GridLand> LayAsync(Copy copy, CancellationToken stop)
    {
        var land = new GridLand(copy)
        {
            Middle = await copy.NamespaceAsync("internet", stop),
            Coordinator = await copy.NamespaceAsync("coordinator", stop),
            Relay = await copy.NamespaceAsync("relay", stop),
            Stun = await copy.NamespaceAsync("stun", stop),
        };
        await land.Middle.IpAsync(stop, "link add br0 type bridge mcast_snooping 0", "link set br0 up");
        await land.PlugAsync(land.Coordinator, "eth0", stop, CoordinatorAddress, CoordinatorAddress6);
        await land.PlugAsync(land.Relay, "eth0", stop, RelayAddress, RelayAddress6);
        await land.PlugAsync(land.Stun, "eth0", stop, StunAddress, StunOtherAddress, StunAddress6, StunOtherAddress6);
        return land;
    }

    /// <summary>The STUN server with two addresses of each family that RFC 5780 asks for.</summary>
    public Child StartStun()
    {
        var directory = Path.Combine(copy.Directory, "stun");
        Directory.CreateDirectory(directory);
        return Child.Start(copy, "stun", Stun.Inside(
            "turnserver", "-n", "--stun-only", "--no-auth", "--no-cli", "--no-tls", "--no-dtls", "--no-tcp",
            "-L", StunAddress, "-L", StunOtherAddress, "-L", StunAddress6, "-L", StunOtherAddress6, "--log-file", "stdout", "--simple-log",
            "--pidfile", Path.Combine(directory, "pid"), "--userdb", Path.Combine(directory, "db")));
    }

    /// <summary>Adds a home. Of kinds that share a NAT, all homes are behind the same one.</summary>
    /// <param name="name">A label.</param>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    public async Task AddHomeAsync(string name, NetworkKind kind, CancellationToken stop)
    {
        var n = Homes.Count + 1;
        var (outside, outside6) = ($"203.0.113.{100 + n}", $"2001:db8:{n}::2");
        var gateway = await copy.NamespaceAsync(name + "-gw", stop);
        GridHome home;
        switch (kind)
        {
            case NetworkKind.Public:
                outside6 = $"2001:db8::{100 + n}";
                await PlugAsync(gateway, "wan0", stop, outside, outside6);
                await gateway.IpAsync(stop, "route add default dev wan0");
                await gateway.IpAsync(stop, "route add ::/0 dev wan0");
                home = Home(name, [outside, outside6], [outside, outside6], (NatBehaviour.None, NatBehaviour.None));
                break;
            case NetworkKind.DoubleNat:
                var carrier = await NatAsync(name + "-carrier", outside, NatRules.For(NatBehaviour.PortRestricted), stop);
                var inner = await copy.NamespaceAsync(name + "-nat", stop);
                await LinkAsync(carrier, "in0", inner, "pub0", $"100.64.{n}", stop);
                await inner.NftAsync(NatRules.For(NatBehaviour.PortRestricted), stop);
                await inner.SysctlAsync(stop, "net.ipv4.ip_forward=1");
                await LinkAsync(inner, "in0", gateway, "wan0", $"10.{n}.0", stop);
                home = Home(name, [$"10.{n}.0.2"], [outside], (NatBehaviour.PortRestricted, null));
                break;
            case NetworkKind.SharedNatHairpin or NetworkKind.SharedNat:
                if (!shared.TryGetValue(kind, out var house))
                {
                    var rules = kind == NetworkKind.SharedNatHairpin ? NatRules.Hairpin(outside) : NatRules.For(NatBehaviour.PortRestricted);
                    house = (await NatAsync(name + "-nat", outside, rules, stop), outside, 0);
                }

                await LinkAsync(house.Nat, $"in{house.Homes}", gateway, "wan0", $"10.{n}.0", stop);
                shared[kind] = house with { Homes = house.Homes + 1 };
                home = Home($"{kind}", [$"10.{n}.0.2"], [house.Outside], (NatBehaviour.PortRestricted, null));
                break;
            case NetworkKind.CarrierNat:
                var mobile = await NatAsync(name + "-nat", outside, NatRules.For(NatBehaviour.PortRestricted), stop);
                await mobile.SysctlAsync(
                    stop, $"net.netfilter.nf_conntrack_udp_timeout={CarriersTimeout}", $"net.netfilter.nf_conntrack_udp_timeout_stream={CarriersTimeout}");
                await LinkAsync(mobile, "in0", gateway, "wan0", $"100.64.{n}", stop);
                home = Home(name, [$"100.64.{n}.2"], [outside], (NatBehaviour.PortRestricted, null));
                break;
            case NetworkKind.IPv6Only:
                var firewall = await copy.NamespaceAsync(name + "-nat", stop);
                await FirewallAsync(firewall, plug: true, n, gateway, stop);
                home = Home(name, [outside6], [outside6], (null, NatBehaviour.Firewall));
                break;
            case NetworkKind.DualStack:
                var both = await NatAsync(name + "-nat", outside, NatRules.For(NatBehaviour.PortRestricted), stop);
                await LinkAsync(both, "in0", gateway, "wan0", $"10.{n}.0", stop);
                await FirewallAsync(both, plug: false, n, gateway, stop);
                home = Home(name, [$"10.{n}.0.2", outside6], [outside, outside6], (NatBehaviour.PortRestricted, NatBehaviour.Firewall));
                break;
            default:
                var behaviour = kind switch
                {
                    NetworkKind.EndpointIndependent => NatBehaviour.Open,
                    NetworkKind.AddressRestricted => NatBehaviour.OpenEnough,
                    NetworkKind.PortRestricted => NatBehaviour.PortRestricted,
                    NetworkKind.Symmetric => NatBehaviour.Symmetric,
                    _ => throw new BoxFailed($"there is no real network of the kind '{kind.Name()}'"),
                };
                var nat = await NatAsync(name + "-nat", outside, NatRules.For(behaviour), stop);
                await LinkAsync(nat, "in0", gateway, "wan0", $"10.{n}.0", stop);
                home = Home(name, [$"10.{n}.0.2"], [outside], (behaviour, null));
                break;
        }

        Homes.Add(home);
        await AddDeviceAsync(home, stop);

        GridHome Home(string site, string[] own, string[] seen, (NatBehaviour?, NatBehaviour?) wanted) =>
            new(name, kind, n, site, gateway, new NetworkNamespace(copy.Prefix + name + "-dev"), Path.Combine(copy.Directory, name)) { Own = own, Outside = seen, Wanted = wanted };
    }

    /// <summary>After the last home: everybody with IPv6 learns the way to the homes' prefixes.</summary>
    public async Task RouteAsync(CancellationToken stop)
    {
        foreach (var (place, address) in speakers)
        {
            await place.IpAsync(stop, [.. routes.Where(r => r.By != address).Select(r => $"route add {r.Prefix} via {r.By}")]);
        }
    }

    private async Task<NetworkNamespace> NatAsync(string name, string outside, string rules, CancellationToken stop)
    {
        var nat = await copy.NamespaceAsync(name, stop);
        await PlugAsync(nat, "pub0", stop, outside);
        await nat.SysctlAsync(stop, "net.ipv4.ip_forward=1");
        await nat.NftAsync(rules, stop);
        return nat;
    }

    // An IPv6 prefix of the home's own behind a firewall; on a box that is plugged in already, or on its own.
    private async Task FirewallAsync(NetworkNamespace box, bool plug, int n, NetworkNamespace gateway, CancellationToken stop)
    {
        var outside = $"2001:db8::{100 + n}";
        if (plug)
        {
            await PlugAsync(box, "pub0", stop, outside);
            await box.IpAsync(stop, $"link add in0 type veth peer name wan0 netns {gateway.Name}", "link set in0 up");
            await gateway.IpAsync(stop, "link set wan0 up");
        }
        else
        {
            await box.IpAsync(stop, $"addr add {outside}/64 dev pub0 nodad");
            speakers.Add((box, outside));
        }

        await box.IpAsync(stop, $"addr add 2001:db8:{n}::1/64 dev in0 nodad");
        await box.SysctlAsync(stop, "net.ipv6.conf.all.forwarding=1");
        await box.NftAsync(NatRules.Firewall, stop);
        await gateway.IpAsync(stop, $"addr add 2001:db8:{n}::2/64 dev wan0 nodad", $"route add ::/0 via 2001:db8:{n}::1");
        routes.Add(($"2001:db8:{n}::/64", outside));
    }

    /// <summary>A wire between a box and what is behind it: NET.1 and NET.2, and the way out.</summary>
    private static async Task LinkAsync(NetworkNamespace box, string inside, NetworkNamespace behind, string wan, string net, CancellationToken stop)
    {
        await box.IpAsync(stop, $"link add {inside} type veth peer name {wan} netns {behind.Name}", $"addr add {net}.1/24 dev {inside}", $"link set {inside} up");
        await behind.IpAsync(stop, $"addr add {net}.2/24 dev {wan}", $"link set {wan} up", $"route add default via {net}.1");
    }

    private async Task AddDeviceAsync(GridHome home, CancellationToken stop)
    {
        Directory.CreateDirectory(home.GatewayDirectory);
        await copy.NamespaceAsync(home.Name + "-dev", stop);
        await home.Gateway.IpAsync(
            stop,
            $"link add lan0 type veth peer name eth0 netns {home.Device.Name} address {home.Mac}",
            $"addr add {GridHome.GatewayAddress}/24 dev lan0",
            "link set lan0 up");
        await home.Gateway.SysctlAsync(stop, "net.ipv4.ip_forward=1");
        await home.Device.IpAsync(stop, $"addr add {GridHome.DeviceAddress}/24 dev eth0", "link set eth0 up", $"route add default via {GridHome.GatewayAddress}");
    }

    private async Task PlugAsync(NetworkNamespace place, string name, CancellationToken stop, params string[] addresses)
    {
        var plug = $"port{++ports}"; // an interface's name has 15 characters at most
        await Middle.IpAsync(stop, $"link add {plug} type veth peer name {name} netns {place.Name}", $"link set {plug} master br0 up");
        await place.IpAsync(
            stop, [.. addresses.Select(a => a.Contains(':', StringComparison.Ordinal) ? $"addr add {a}/64 dev {name} nodad" : $"addr add {a}/24 dev {name}"), $"link set {name} up"]);
        if (addresses.FirstOrDefault(a => a.Contains(':', StringComparison.Ordinal)) is { } six)
        {
            speakers.Add((place, six));
        }
    }
}
