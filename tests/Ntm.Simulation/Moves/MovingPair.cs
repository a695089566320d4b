using System.Net;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Simulation;

/// <summary>
/// Two homes with two uplinks each, a coordinator and two relays. Any two parties are a given time apart by the first uplinks, and 10 ms more by the second ones. A device streams to one in the
/// other home, which echoes it.
/// </summary>
public sealed class MovingPair
{
    private const int EchoPort = 7;

    /// <summary>500 packets a second.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(2);

    private readonly List<(int Number, TimeSpan At)> _there = [], _back = [];
    private readonly IPAddress _alias;
    private readonly Scenario _scenario;
    private int _sent;

    /// <param name="kind">The NAT before each uplink.</param>
    /// <param name="oneWay">Between any two parties.</param>
    /// <param name="loss">Of each home's wires, in each direction.</param>
    /// <param name="fromIPv6">The first home's first uplink has IPv6 alone; all others have IPv4 alone.</param>
    /// <exception cref="InvalidOperationException">They do not reach one another.</exception>
    public MovingPair(NatKind kind, TimeSpan oneWay, double loss = 0, ulong seed = 7, int relays = 2, bool fromIPv6 = false)
    {
        _scenario = new Scenario(seed);
        World.Flow.IsRecording = false;
        Zone = new Zone(_scenario);
        for (var i = 0; i < relays; i++)
        {
            Zone.AddRelay($"rs{i + 1}");
        }

        foreach (var server in Zone.Relays.Values.Select(r => r.Host).Append(Zone.CoordinatorHost))
        {
            World.Backbone.WireOf(server).Conditions = new WireConditions { Latency = oneWay / 2 };
        }

        World.RunFor(TimeSpan.FromSeconds(2));
        One = Home("alice", kind, 201, oneWay / 2, fromIPv6);
        Other = Home("bob", kind, 202, oneWay / 2, false);
        foreach (var home in Homes)
        {
            home.Router.Join(Zone.Invite(Role.Node, home.Router.Home.Name));
        }

        Must(World.RunUntil(() => Homes.All(h => h.Router.JoinEnd is { Done: true }), TimeSpan.FromSeconds(10)), "no join ended");
        World.RunFor(TimeSpan.FromSeconds(5));
        var verdict = Other.Router.Publish(Other.Device, "box");
        Must(verdict.Done, verdict.Reason);
        World.RunFor(TimeSpan.FromSeconds(2));
        var ticket = One.Router.Ask("box.bob.home.example");
        Must(World.RunUntil(() => One.Router.Answered(ticket) is not null, TimeSpan.FromSeconds(2)), "the name was not answered");
        var answer = One.Router.Answered(ticket)!;
        Must(answer.Verdict == NameVerdict.Found, answer.Reason);
        _alias = RealAddress.FromIPv4(answer.Alias, 1).ToIPAddress();
        Other.Device.Echoes.Add(EchoPort);
        Other.Device.OnReceived = p => Take(_there, p);
        One.Device.OnReceived = p => Take(_back, p);
        Stream(TimeSpan.FromSeconds(12), TimeSpan.Zero, () => { });
        foreach (var wire in Homes.SelectMany(h => new[] { h.Wire(0), h.Wire(1) }))
        {
            wire.Conditions = wire.Outbound with { Loss = loss };
        }
    }

    public World World => _scenario.World;

    public Zone Zone { get; }

    /// <summary>The home whose device streams.</summary>
    public MovingHome One { get; }

    public MovingHome Other { get; }

    public IReadOnlyList<MovingHome> Homes => [One, Other];

    /// <summary>Streams 500 packets a second; after a while something happens. What is late has two seconds more.</summary>
    public Streamed Stream(TimeSpan length, TimeSpan when, Action happens)
    {
        _there.Clear();
        _back.Clear();
        var first = _sent;
        World.After(when, happens);
        for (var end = World.Clock.Elapsed + length; World.Clock.Elapsed < end;)
        {
            One.Device.SendUdp(_alias, 5000, EchoPort, BitConverter.GetBytes(_sent++));
            World.RunFor(Pace);
        }

        World.RunFor(TimeSpan.FromSeconds(2));
        return new(StreamedWay.Of(_there, first, _sent), StreamedWay.Of(_back, first, _sent));
    }

    /// <summary>The relay that the first home sends by; null: it sends directly.</summary>
    public SimHost? RelayInUse => One.PathInUse is { Path: { IsRelayed: true } path }
        ? Zone.Relays.Values.Select(r => r.Host).Single(h => h.Uplinks[0].Addresses.Any(a => a.SameHost(path.Remote))) : null;

    private MovingHome Home(string name, NatKind kind, byte number, TimeSpan latency, bool onIPv6)
    {
        var home = _scenario.Home(name).Behind(kind).Over(new WireConditions { Latency = latency });
        var router = Zone.AddRouter(onIPv6 ? home.BuildOn(World.Backbone, World.Documentation6(home.Number, 2)) : home.Build());
        var segment = new Segment(World, $"{name}'s second uplink");
        _ = new NatBox(World, $"{name}'s second NAT", NatBehaviour.Of(kind), segment, World.Backbone, World.Documentation(2, number));
        var second = router.Home.Router.Attach(segment, RealAddress.FromIPv4(0x0A00_0002, 41_000));
        second.Conditions = new WireConditions { Latency = latency + TimeSpan.FromMilliseconds(10) };
        return new MovingHome(World, router, router.Home.Wire, second, router.AddDevice(20));
    }

    private void Take(List<(int, TimeSpan)> into, IpPacket packet)
    {
        if (packet is { Content: IpContent.Udp, Payload.Length: sizeof(int) })
        {
            into.Add((BitConverter.ToInt32(packet.Payload), World.Clock.Elapsed));
        }
    }

    private static void Must(bool so, string otherwise)
    {
        if (!so)
        {
            throw new InvalidOperationException(otherwise);
        }
    }
}
