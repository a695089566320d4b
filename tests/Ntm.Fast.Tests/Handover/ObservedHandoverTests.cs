using Ntm.Node.Handovers;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Handover;

/// <summary>Two homes that move, in simulated time: what the flight recorder says is what the devices saw.</summary>
public sealed class ObservedHandoverTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(4), At = TimeSpan.FromSeconds(1);

    private readonly MovingPair _homes = new(NatKind.PortRestricted, TimeSpan.FromMilliseconds(20));

    [Fact]
    public void A_carrier_that_is_lost()
    {
        var (record, stream) = Happen(() => _homes.One.Unplug(0));
        Assert.Equal((HandoverCause.UplinkLost, "unplugged", "uplink0", "uplink1"), (record.Cause, record.Why, record.From!.Uplink, record.To!.Uplink));
        Assert.InRange(record.FirstOutMs!.Value, 0, 2);   // the stream's pace
        Assert.InRange(record.FirstBackMs!.Value, 58, 62); // the other uplink's round trip
        Assert.InRange(record.SentAgain, 20, 120); // what was under way, a round trip at 500 a second, and once more at the word of the peer, which moves as well
        IsTrue(record, stream);
    }

    [Fact]
    public void A_black_hole()
    {
        var (record, stream) = Happen(() => _homes.One.BlackHole(0, outbound: true, inbound: true));
        Assert.Equal((HandoverCause.Silent, "uplink0", "uplink1"), (record.Cause, record.From!.Uplink, record.To!.Uplink));
        Assert.True(record.FirstOutMs < record.DecidedMs, $"{record}"); // doubled before it was left
        Assert.True(record.Counts is { Late: > 50, Doubled: > 50 }, $"{record}");
        IsTrue(record, stream);
    }

    [Fact]
    public void A_stall_is_a_near_miss()
    {
        var (record, stream) = Happen(() => _homes.One.StallFor(0, TimeSpan.FromMilliseconds(300)), HandoverEnd.Returned);
        Assert.Equal((HandoverCause.Silent, 0), (record.Cause, record.Moves));
        IsTrue(record, stream);
    }

    [Fact]
    public void The_owners_order()
    {
        var (record, stream) = Happen(() =>
        {
            _homes.One.Tell(0, true, rank: 1);
            _homes.One.Tell(1, true, rank: 0);
        });
        Assert.Equal((HandoverCause.BetterRank, 0L, "uplink1"), (record.Cause, record.SentAgain, record.To!.Uplink));
        IsTrue(record, stream);
    }

    // The peer's silence, as the gateway heard it, is the echo's, as the device heard it, but for a packet's pace or two.
    private static void IsTrue(HandoverRecord record, Streamed stream)
    {
        Assert.Equal((0, 0), (record.Counts.Lost, stream.Worst.Lost));
        Assert.InRange(stream.Back.Gap.TotalMilliseconds - record.GapMs, -25, 25);
    }

    private (HandoverRecord Record, Streamed Stream) Happen(Action happens, HandoverEnd end = HandoverEnd.Settled)
    {
        var before = Records(_homes.One).Count;
        var stream = _homes.Stream(Long, At, happens);
        _homes.World.RunFor(TimeSpan.FromSeconds(5));
        var record = Assert.Single(Records(_homes.One).Skip(before));
        Assert.Equal(("bob", end), (record.Peer, record.End));
        return (record, stream);
    }

    private static List<HandoverRecord> Records(MovingHome home)
    {
        List<HandoverRecord> records = [];
        home.Router.Home.Router.Call(now => records = [.. home.Router.Core.Handovers(now).Where(r => !r.IsServer)]);
        return records;
    }
}
