using Ntm.Box.Handover;
using Ntm.Box.Links;
using Ntm.Box.Os;

namespace Ntm.Box.World;

/// <summary>
/// The box: an internet (a bridge with 203.0.113.0/24) with the places of two owners' coordinators and relays, of a STUN server and of the public DNS, and homes behind
/// NATs. All of it is namespaces and the wires between them; the machine's own network sees nothing of it. Everything is made from outside with iproute2 and
/// nftables, as one would at a bench.
/// </summary>
internal sealed class Internet
{
    public const string CoordinatorAddress = "203.0.113.10";
    public const string SecondCoordinatorAddress = "203.0.113.11";
    public const string FriendsCoordinatorAddress = "203.0.113.12";
    public const string RelayAddress = "203.0.113.20";
    public const string FriendsRelayAddress = "203.0.113.21";
    public const string StunAddress = "203.0.113.30";
    public const string StunOtherAddress = "203.0.113.31";
    public const string NameServerAddress = "203.0.113.53";
    public const string ResolverAddress = "203.0.113.54";

    private readonly Copy copy;

    private Internet(Copy copy) => this.copy = copy;

    /// <summary>Where the bridge stands: whatever goes from one place to another passes here.</summary>
    public required NetworkNamespace Middle { get; init; }

    public required NetworkNamespace Coordinator { get; init; }

    public required NetworkNamespace SecondCoordinator { get; init; }

    /// <summary>The place of the other owner's coordinator.</summary>
    public required NetworkNamespace FriendsCoordinator { get; init; }

    public required NetworkNamespace Relay { get; init; }

    /// <summary>The place of the other owner's relay.</summary>
    public required NetworkNamespace FriendsRelay { get; init; }

    /// <summary>Where the public DNS is played: an authoritative server and a recursive resolver.</summary>
    public required NetworkNamespace Dns { get; init; }

    /// <summary>The STUN server's place, which stands for any server of the internet.</summary>
    public required NetworkNamespace Stun { get; init; }

    public List<Home> Homes { get; } = [];

    public Home Home(string name) => Homes.First(h => h.Name == name);

    public static async Task<Internet> LayAsync(Copy copy, CancellationToken stop)
    {
        var internet = new Internet(copy)
        {
            Middle = await copy.NamespaceAsync("internet", stop),
            Coordinator = await copy.NamespaceAsync("coordinator", stop),
            SecondCoordinator = await copy.NamespaceAsync("coordinator2", stop),
            FriendsCoordinator = await copy.NamespaceAsync("friends-coordinator", stop),
            Relay = await copy.NamespaceAsync("relay", stop),
            FriendsRelay = await copy.NamespaceAsync("friends-relay", stop),
            Stun = await copy.NamespaceAsync("stun", stop),
            Dns = await copy.NamespaceAsync("dns", stop),
        };
        await internet.Middle.IpAsync(stop, "link add br0 type bridge", "link set br0 up");
        await internet.PlugAsync(internet.Coordinator, "eth0", "coordinator", stop, CoordinatorAddress);
        await internet.PlugAsync(internet.SecondCoordinator, "eth0", "coordinator2", stop, SecondCoordinatorAddress);
        await internet.PlugAsync(internet.Relay, "eth0", "relay", stop, RelayAddress);
        await internet.PlugAsync(internet.FriendsCoordinator, "eth0", "coordinator-f", stop, FriendsCoordinatorAddress);
        await internet.PlugAsync(internet.FriendsRelay, "eth0", "relay-f", stop, FriendsRelayAddress);
        await internet.PlugAsync(internet.Stun, "eth0", "stun", stop, StunAddress, StunOtherAddress);
        await internet.PlugAsync(internet.Dns, "eth0", "dns", stop, NameServerAddress, ResolverAddress);
        return internet;
    }

    /// <summary>Adds a home: LAN 192.168.1.0/24 (the same in every home), gateway, private link 10.N.0.0/24, NAT, 203.0.113.10N.</summary>
    public async Task<Home> AddHomeAsync(string name, string zone, NatBehaviour nat, string[] devices, CancellationToken stop)
    {
        var home = await AddBehindNatAsync(name, zone, nat, await copy.NamespaceAsync(name + "-gw", stop), stop);
        await home.Gateway.IpAsync(stop, "link add lan0 type bridge", "addr add 192.168.1.1/24 dev lan0", "link set lan0 up");
        await home.Gateway.SysctlAsync(stop, "net.ipv4.ip_forward=1");

        // What any home router does with its LAN's ordinary traffic.
        await home.Gateway.NftAsync(
            """
            table ip home {
              chain leaving {
                type nat hook postrouting priority srcnat
                oifname "wan0" ip saddr 192.168.1.0/24 masquerade
              }
            }
            """,
            stop);

        for (var i = 0; i < devices.Length; i++)
        {
            await AddDeviceAsync(home, devices[i], i, stop);
        }

        return home;
    }

    /// <summary>Plugs a further uplink into a home's gateway: an interface, a link to a provider's NAT, which lets anybody in by the ports it gave, and its address 203.0.113.150.</summary>
    /// <param name="name">Its interface is called so, with a 0 behind.</param>
    public async Task<WiredUplink> PlugUplinkAsync(Home home, string name, CancellationToken stop)
    {
        const int Number = 50;
        var box = await copy.NamespaceAsync($"{home.Name}-{name}", stop);
        var link = Link.Lay((home.Gateway, name + "0"), (box, "in0"), seed: Number);
        link.Set(new LinkConditions(TimeSpan.FromMilliseconds(10)));
        var uplink = new WiredUplink(new UplinkPlan(name), Number, home.Gateway, box, link);
        await PlugAsync(box, "pub0", $"{home.Name}-{name}", stop, uplink.OutsideIPv4);
        await box.IpAsync(stop, $"addr add 10.{Number}.0.1/24 dev in0", "link set in0 up");
        await box.SysctlAsync(stop, "net.ipv4.ip_forward=1");
        await box.NftAsync(NatRules.For(NatBehaviour.Open), stop);
        await uplink.GiveAsync(stop);
        return uplink;
    }

    /// <summary>Adds a machine without a LAN, behind somebody's NAT: a laptop that runs the gateway for itself. It asks itself for names.</summary>
    public async Task<Home> AddAloneAsync(string name, string zone, NatBehaviour nat, CancellationToken stop)
    {
        var home = await AddBehindNatAsync(name, zone, nat, await copy.NamespaceAsync(name, stop), stop);
        await WriteEtcAsync(home.Gateway, "nameserver 127.0.0.1\n", stop);
        return home;
    }

    private async Task<Home> AddBehindNatAsync(string name, string zone, NatBehaviour nat, NetworkNamespace gateway, CancellationToken stop)
    {
        var number = Homes.Count + 1;
        var home = new Home(name, number, nat, gateway, await copy.NamespaceAsync(name + "-nat", stop), Path.Combine(copy.Directory, name)) { Zone = zone };
        Homes.Add(home);
        Directory.CreateDirectory(home.GatewayDirectory);

        await PlugAsync(home.Nat, "pub0", name, stop, home.PublicAddress);

        // One datagram, one frame: where a gateway hands the kernel many at once, they are cut apart before the internet, where they are counted.
        await home.Nat.IpAsync(
            stop,
            "link set pub0 gso_max_segs 1",
            $"link add in0 type veth peer name wan0 netns {home.Gateway.Name}",
            $"addr add 10.{number}.0.1/24 dev in0",
            "link set in0 up");
        await home.Nat.SysctlAsync(stop, "net.ipv4.ip_forward=1");
        await home.Nat.NftAsync(NatRules.For(nat), stop);

        await home.Gateway.IpAsync(
            stop,
            $"addr add {home.UplinkAddress}/24 dev wan0",
            "link set wan0 up",
            $"route add default via 10.{number}.0.1");
        return home;
    }

    private async Task AddDeviceAsync(Home home, string name, int index, CancellationToken stop)
    {
        var place = await copy.NamespaceAsync($"{home.Name}-{name}", stop);
        var mac = $"02:00:5e:00:{home.Number:x2}:{index + 1:x2}";
        await home.Gateway.IpAsync(
            stop,
            $"link add {name} type veth peer name lan0 netns {place.Name} address {mac}",
            $"link set {name} master lan0 up");
        await place.IpAsync(stop, "link set lan0 up");
        var device = new LanDevice(name, mac, place, Path.Combine(home.Directory, name));
        Directory.CreateDirectory(Path.Combine(device.Directory, "www"));
        home.Devices.Add(device);

        // The device's own /etc: it asks the name server its DHCP told it, and nobody else (no daemon of the machine answers for it).
        await WriteEtcAsync(place, "# none yet: DHCP writes here\n", stop);
    }

    private static async Task WriteEtcAsync(NetworkNamespace place, string resolvers, CancellationToken stop)
    {
        Directory.CreateDirectory(place.EtcDirectory);
        await File.WriteAllTextAsync(Path.Combine(place.EtcDirectory, "resolv.conf"), resolvers, stop);
        await File.WriteAllTextAsync(Path.Combine(place.EtcDirectory, "nsswitch.conf"), "hosts: files dns\n", stop);
        await File.WriteAllTextAsync(Path.Combine(place.EtcDirectory, "hosts"), "127.0.0.1 localhost\n", stop);
    }

    private async Task PlugAsync(NetworkNamespace place, string name, string port, CancellationToken stop, params string[] addresses)
    {
        await Middle.IpAsync(stop, $"link add {port} type veth peer name {name} netns {place.Name}", $"link set {port} master br0 up");
        await place.IpAsync(stop, [.. addresses.Select(a => $"addr add {a}/24 dev {name}"), $"link set {name} up"]);
    }

    /// <summary>The STUN server with two addresses that RFC 5780 asks for: Debian's coturn, answering STUN only.</summary>
    public Child StartStun()
    {
        var directory = Path.Combine(copy.Directory, "stun");
        Directory.CreateDirectory(directory);
        return Child.Start(copy, "stun", Stun.Inside(
            "turnserver", "-n", "--stun-only", "--no-auth", "--no-cli", "--no-tls", "--no-dtls", "--no-tcp",
            "-L", StunAddress, "-L", StunOtherAddress, "--log-file", "stdout", "--simple-log",
            "--pidfile", Path.Combine(directory, "pid"), "--userdb", Path.Combine(directory, "db")));
    }
}
