using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>Builds a world of servers on the backbone and homes behind NAT boxes, in few words.</summary>
/// <param name="seed">Of the world.</param>
public sealed class Scenario(ulong seed)
{
    private readonly List<Home> _homes = [];
    private byte _servers = 10, _homeAddresses = 10;

    public World World { get; } = new(seed);

    /// <summary>The zones whose NTM record can be found, by name; looking one up takes <see cref="LookUp"/>.</summary>
    public Dictionary<string, Zone> Records { get; } = [];

    /// <summary>How long a resolver takes.</summary>
    public static TimeSpan LookUp => TimeSpan.FromMilliseconds(40);

    public IReadOnlyList<Home> Homes => _homes;

    /// <summary>A host with a real address of its own: coordinator, relay. 192.0.2.n and 2001:db8::n.</summary>
    public SimHost Server(string name, ushort port = Limits.SignallingPort, bool withIPv6 = true)
    {
        var host = new SimHost(World, name);
        var n = _servers++;
        RealAddress[] addresses = withIPv6
            ? [World.Documentation(0, n, port), World.Documentation6(0, n, port)]
            : [World.Documentation(0, n, port)];
        host.Attach(World.Backbone, addresses).Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(5) };
        return host;
    }

    /// <summary>A home; say what it is behind.</summary>
    public Home Home(string name)
    {
        var home = new Home(this, name, _homeAddresses++);
        _homes.Add(home);
        return home;
    }
}

/// <summary>A home in a scenario: its router, and what stands between the router and the backbone.</summary>
public sealed class Home
{
    // Every home uses the same private subnet, as homes do.
    private static readonly RealAddress Inside = RealAddress.FromIPv4(0xC0A8_0102, 0);

    private readonly Scenario _scenario;
    private readonly byte _number;
    private WireConditions _conditions = new() { Latency = TimeSpan.FromMilliseconds(10) };
    private bool _withIPv6, _attached;
    private ushort _port = 41_000;
    private NatKind _kind = NatKind.None;
    private bool _withPcp;
    private NatBehaviour? _behaviour;

    internal Home(Scenario scenario, string name, byte number)
    {
        (_scenario, Name, _number) = (scenario, name, number);
        Router = new SimHost(scenario.World, name);
    }

    public string Name { get; }

    /// <summary>Its place among the scenario's homes, from 10 on.</summary>
    public byte Number => _number;

    public SimHost Router { get; }

    /// <summary>The NAT; null where there is none.</summary>
    public NatBox? Nat { get; private set; }

    /// <summary>The firewall of the IPv6 side; null where there is none.</summary>
    public Firewall? Firewall { get; private set; }

    /// <summary>The segment between the router and the NAT, or the backbone.</summary>
    public Segment? Segment { get; private set; }

    /// <summary>The router's wire.</summary>
    public Wire Wire { get; private set; } = null!;

    public Home Behind(NatKind kind)
    {
        _kind = kind;
        return this;
    }

    /// <summary>Behind a NAT of another kind.</summary>
    public Home Behind(NatBehaviour behaviour)
    {
        (_kind, _behaviour) = (NatKind.Symmetric, behaviour);
        return this;
    }

    /// <summary>An IPv6 address of its own besides, behind a stateful firewall.</summary>
    public Home WithIPv6()
    {
        _withIPv6 = true;
        return this;
    }

    /// <summary>The NAT opens ports when it is asked to by PCP.</summary>
    public Home WithPcp()
    {
        _withPcp = true;
        return this;
    }

    /// <summary>The box that the router may ask to open ports, IPv4; none: there is none.</summary>
    public RealAddress Gateway { get; set; }

    public Home Over(WireConditions conditions)
    {
        _conditions = conditions;
        return this;
    }

    public Home OnPort(ushort port)
    {
        _port = port;
        return this;
    }

    /// <summary>Puts the home on the backbone. Its core is started afterwards, with <see cref="SimHost.Start"/>.</summary>
    public Home Build()
    {
        if (_attached)
        {
            throw new InvalidOperationException($"{Name} stands already.");
        }

        _attached = true;
        var world = _scenario.World;
        var outside = World.Documentation(_number % 2 + 1, _number);
        var six = World.Documentation6(_number, 2, _port);
        if (_kind == NatKind.None && !_withIPv6)
        {
            Segment = world.Backbone;
            Wire = Router.Attach(Segment, outside.WithPort(_port));
        }
        else if (_kind == NatKind.None)
        {
            Segment = world.Backbone;
            Wire = Router.Attach(Segment, outside.WithPort(_port), six);
        }
        else
        {
            Segment = new Segment(world, $"{Name}'s home");
            Nat = new NatBox(world, $"{Name}'s NAT", _behaviour ?? NatBehaviour.Of(_kind), Segment, world.Backbone, outside);
            if (_withIPv6)
            {
                Wire = Router.Attach(Segment, Inside.WithPort(_port), six);
                Firewall = new Firewall(world, $"{Name}'s firewall", Segment, world.Backbone, six);
                Segment.Gateway = new ByFamily(Segment, Nat, Firewall);
            }
            else
            {
                Wire = Router.Attach(Segment, Inside.WithPort(_port));
            }
        }

        if (_withPcp)
        {
            Gateway = Inside.WithPort(0) with { Low = Inside.Low - 1 };
            Nat!.AddPcp(Gateway);
        }

        Wire.Conditions = _conditions;
        return this;
    }

    /// <summary>Puts the home on a segment that somebody laid (<see cref="Networks"/>), in place of <see cref="Build"/>.</summary>
    /// <param name="segment">Where its router stands.</param>
    /// <param name="addresses">The router's, one of a family at most; their ports do not matter.</param>
    public Home BuildOn(Segment segment, params ReadOnlySpan<RealAddress> addresses)
    {
        if (_attached)
        {
            throw new InvalidOperationException($"{Name} stands already.");
        }

        _attached = true;
        Segment = segment;
        var own = new RealAddress[addresses.Length];
        for (var i = 0; i < own.Length; i++)
        {
            own[i] = addresses[i].WithPort(_port);
        }

        Wire = Router.Attach(segment, own);
        Wire.Conditions = _conditions;
        return this;
    }
}
