using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>Lays the networks of a scenario's homes. Homes of a kind that shares a NAT get the same one.</summary>
/// <param name="scenario">Whose homes they are.</param>
public sealed class Networks(Scenario scenario)
{
    /// <summary>As carriers are seen to have it, far below RFC 4787's two minutes.</summary>
    private static readonly TimeSpan CarriersLifetime = TimeSpan.FromSeconds(30);

    /// <summary>So that the tunnels with coordinator and relay come to run by IPv6.</summary>
    private static readonly TimeSpan ThroughNat = TimeSpan.FromMilliseconds(1);

    private readonly Dictionary<NetworkKind, Segment> _shared = [];

    private World World => scenario.World;

    /// <summary>Every NAT laid so far.</summary>
    public List<NatBox> Nats { get; } = [];

    /// <summary>Every firewall laid so far.</summary>
    public List<Firewall> Firewalls { get; } = [];

    /// <summary>All boxes lose power: no mapping and no flow of before is left.</summary>
    public void Reboot()
    {
        Nats.ForEach(n => n.Reboot());
        Firewalls.ForEach(f => f.Reboot());
    }

    /// <summary>Puts a home on a network of this kind.</summary>
    public Home Build(Home home, NetworkKind kind)
    {
        var n = home.Number;
        var outside = World.Documentation((n % 2) + 1, n);
        var six = World.Documentation6(n, 2);
        var inside = RealAddress.FromIPv4(0xC0A8_0102, 0);   // every home has 192.168.1.2
        var carriers = RealAddress.FromIPv4(0x6440_0000u + n, 0);   // 100.64.0.n
        switch (kind)
        {
            case NetworkKind.Public:
                return home.BuildOn(World.Backbone, outside, six);
            case NetworkKind.EndpointIndependent:
                return home.BuildOn(Natted(NatKind.EndpointIndependent), inside);
            case NetworkKind.AddressRestricted:
                return home.BuildOn(Natted(NatKind.AddressRestricted), inside);
            case NetworkKind.PortRestricted:
                return home.BuildOn(Natted(NatKind.PortRestricted), inside);
            case NetworkKind.Symmetric:
                return home.BuildOn(Natted(NatKind.Symmetric), inside);
            case NetworkKind.DoubleNat:
                var carrier = New("carrier's network");
                Nat("carrier's NAT", NatKind.PortRestricted, carrier, World.Backbone, outside);
                var behind = New("home");
                Nat("NAT", NatKind.PortRestricted, behind, carrier, carriers);
                return home.BuildOn(behind, inside);
            case NetworkKind.CarrierNat or NetworkKind.SymmetricCarrierNat:
                var mobile = New("carrier's network");
                Nat("carrier's NAT", kind == NetworkKind.CarrierNat ? NatKind.PortRestricted : NatKind.Symmetric, mobile, World.Backbone, outside).MappingLifetime = CarriersLifetime;
                return home.BuildOn(mobile, carriers);
            case NetworkKind.SharedNatHairpin or NetworkKind.SharedNat or NetworkKind.SharedNatIsolated:
                if (!_shared.TryGetValue(kind, out var house))
                {
                    _shared[kind] = house = New("house");
                    house.IsIsolated = kind != NetworkKind.SharedNat;
                    Nat("house's NAT", NatKind.PortRestricted, house, World.Backbone, outside).Hairpin = kind == NetworkKind.SharedNatHairpin;
                }

                return home.BuildOn(house, RealAddress.FromIPv4(0x0A00_0000u + n, 0));   // 10.0.0.n
            case NetworkKind.IPv6Only:
                return home.BuildOn(Firewalled(six), six);
            case NetworkKind.IPv4Only:
                return home.BuildOn(Firewalled(outside), outside);
            case NetworkKind.DualStack:
                return home.BuildOn(Both(NatKind.PortRestricted, null), inside, six);
            case NetworkKind.DualStackSymmetric:
                var both = Both(NatKind.Symmetric, null);
                World.Backbone.WireOf(Nats[^1]).Conditions = new WireConditions { Latency = ThroughNat };
                return home.BuildOn(both, inside, six);
            case NetworkKind.DsLite:
                return home.BuildOn(Both(NatKind.PortRestricted, CarriersLifetime), inside, six);
            case NetworkKind.MapE:
                var shared = New("home");
                Nat("NAT", NatKind.Symmetric, shared, World.Backbone, outside).Ports = PortSet(n);
                return home.BuildOn(shared, inside);
            default:
                throw new ArgumentOutOfRangeException(nameof(kind));
        }

        Segment New(string what) => new(World, $"{home.Name}'s {what}");

        NatBox Nat(string what, NatKind behaviour, Segment within, Segment without, RealAddress address)
        {
            var nat = new NatBox(World, $"{home.Name}'s {what}", NatBehaviour.Of(behaviour), within, without, address);
            Nats.Add(nat);
            return nat;
        }

        Segment Natted(NatKind behaviour)
        {
            var segment = New("home");
            Nat("NAT", behaviour, segment, World.Backbone, outside);
            return segment;
        }

        Segment Firewalled(RealAddress address)
        {
            var segment = New("home");
            Firewalls.Add(new Firewall(World, $"{home.Name}'s firewall", segment, World.Backbone, address));
            return segment;
        }

        Segment Both(NatKind behaviour, TimeSpan? lifetime)
        {
            var segment = New("home");
            var nat = Nat("NAT", behaviour, segment, World.Backbone, outside);
            nat.MappingLifetime = lifetime ?? nat.MappingLifetime;
            var firewall = new Firewall(World, $"{home.Name}'s firewall", segment, World.Backbone, six);
            Firewalls.Add(firewall);
            segment.Gateway = new ByFamily(segment, nat, firewall);
            return segment;
        }
    }

    /// <summary>A customer's ports of a shared address: 15 runs of 16, one in each 4,096 above the first (RFC 7597 section 5.1, offset 4, 8 bits of port-set id).</summary>
    private static ushort[] PortSet(byte id) =>
        [.. from run in Enumerable.Range(1, 15) from port in Enumerable.Range(0, 16) select (ushort)((run << 12) | (id << 4) | port)];
}
