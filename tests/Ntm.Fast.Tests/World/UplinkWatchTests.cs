using Ntm.Node;
using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>Whether somebody answers on each of two uplinks.</summary>
public sealed class UplinkWatchTests
{
    private readonly TwoHomes _homes = new(NatKind.AddressRestricted, NatKind.AddressRestricted);
    private readonly Wire _wire;

    public UplinkWatchTests()
    {
        var router = _homes.Alice.Home.Router;
        var segment = new Segment(_homes.World, "alice's second uplink");
        var inside = RealAddress.FromIPv4(0x0A00_0002, 41_000);
        _ = new NatBox(_homes.World, "alice's second NAT", NatBehaviour.Of(NatKind.AddressRestricted), segment, _homes.World.Backbone, Ntm.Simulation.World.Documentation(2, 200));
        _wire = router.Attach(segment, inside);
        _wire.Conditions = Good;
        router.Call(now => _homes.Alice.Core.UplinkChanged(now, new(0, "uplink0", true, "it has an address", router.Uplinks[0].Addresses) { Rank = 1 }));
        router.Call(now => _homes.Alice.Core.UplinkChanged(now, new(1, "uplink1", true, "it has an address", [inside])));
        _homes.World.RunFor(TimeSpan.FromMinutes(2));
        Take();
    }

    private static WireConditions Good { get; } = new() { Latency = TimeSpan.FromMilliseconds(30) };

    [Fact]
    public void Silence_on_the_first_one_is_told_within_five_seconds_and_its_end_too()
    {
        Assert.Empty(Silences(TimeSpan.FromMinutes(10)));
        _wire.Conditions = Good with { Loss = 1 };
        var silences = Silences(TimeSpan.FromSeconds(5));
        Assert.All(silences, s => Assert.Equal(1, s.Uplink));
        Assert.Contains(silences, s => s is { Questions: >= 3, Silence.TotalMilliseconds: >= 750 });
        Silences(TimeSpan.FromMinutes(10));
        Assert.InRange(Silences(TimeSpan.FromMinutes(1)).Count, 1, 8); // seldom in the end
        _wire.Conditions = Good;
        _homes.World.RunFor(TimeSpan.FromSeconds(31));
        Assert.Contains(Take(), e => e is { Uplink: 1, Answered: true, RoundTrip.TotalMilliseconds: >= 60 });
        Assert.Empty(Silences(TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void Servers_that_are_away_take_no_uplink_down()
    {
        _homes.Zone.CoordinatorHost.Stop();
        foreach (var (relay, _) in _homes.Zone.Relays.Values)
        {
            relay.Stop();
        }

        Assert.Empty(Silences(TimeSpan.FromHours(24)));
    }

    [Fact]
    public void A_change_of_rank_is_quiet()
    {
        var (router, before) = (_homes.Alice.Home.Router, _homes.Alice.Status.Uplinks[1]);
        var notices = _homes.Alice.Notices.Count;
        router.Call(now => _homes.Alice.Core.UplinkChanged(now, before.State with { Rank = 2, Metered = true }));
        var after = _homes.Alice.Status.Uplinks[1];
        Assert.Equal((2, true), (after.State.Rank, after.State.Metered));
        Assert.Equal(before.Mapped, after.Mapped);
        Assert.Equal(before.Nats.Select(n => n.Words), after.Nats.Select(n => n.Words));
        Assert.All(_homes.Alice.Notices.Skip(notices), n => Assert.Contains(" is reached by ", n, StringComparison.Ordinal)); // the servers' tunnels go by the other
        Assert.Empty(Silences(TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void What_it_costs_is_what_the_page_says()
    {
        var sent = _homes.Alice.Home.Router.DatagramsSent;
        _homes.World.RunFor(TimeSpan.FromHours(1));
        Assert.InRange(Take().Count(e => e is { Uplink: 1, Answered: true }), 1_650, 1_800);
        Assert.InRange(_homes.Alice.Home.Router.DatagramsSent - sent, 1_650, 3_500);
        Assert.Equal(CheckBytes, Ntm.Signalling.SignalChannel.SizeOnWire(new() { PathCheck = new() { Id = ulong.MaxValue, Padding = Google.Protobuf.ByteString.CopyFrom(new byte[32]) } }));
    }

    private const int CheckBytes = 128;

    private List<NodeEvent.UplinkEvidence> Silences(TimeSpan span)
    {
        _homes.World.RunFor(span);
        return [.. Take().Where(e => !e.Answered)];
    }

    private List<NodeEvent.UplinkEvidence> Take()
    {
        List<NodeEvent.UplinkEvidence> taken = [.. _homes.Alice.Evidence];
        _homes.Alice.Evidence.Clear();
        return taken;
    }
}
