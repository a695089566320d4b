using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Handover;

/// <summary>Targets "Handover": 20 ms one way, 500 packets a second.</summary>
public sealed class HandoverTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(4), At = TimeSpan.FromSeconds(1);

    private static MovingPair Pair(NatKind kind = NatKind.PortRestricted) => new(kind, TimeSpan.FromMilliseconds(20));

    [Fact]
    public void Nothing_happens()
    {
        var homes = Pair();
        var stream = homes.Stream(Long, At, () => { });
        Assert.True(stream is { There: { Lost: 0, Twice: 0, Late: 0 }, Back: { Lost: 0, Twice: 0, Late: 0 } }, stream.ToString());
        Assert.Equal((0, 0), (homes.One.UplinkInUse, homes.Other.UplinkInUse));
    }

    [Fact]
    public void The_owner_wants_the_other_uplink()
    {
        var homes = Pair();
        var stream = homes.Stream(Long, At, () =>
        {
            homes.One.Tell(0, true, rank: 1);
            homes.One.Tell(1, true, rank: 0);
        });
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
        Assert.Equal(1, homes.One.UplinkInUse);
        Assert.InRange(stream.There.Gap, TimeSpan.Zero, TimeSpan.FromMilliseconds(15)); // the other link is 10 ms longer
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_uplink_loses_its_carrier(bool first)
    {
        var homes = Pair();
        var home = first ? homes.One : homes.Other;
        var stream = homes.Stream(Long, At, () => home.Unplug(0));
        Assert.Equal(1, home.UplinkInUse);
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
        Assert.InRange(stream.There.Gap, TimeSpan.Zero, TimeSpan.FromMilliseconds(90)); // 1 RTT + 50 ms
        Assert.InRange(stream.Back.Gap, TimeSpan.Zero, TimeSpan.FromMilliseconds(90));
    }

    [Theory]
    [InlineData("both")]
    [InlineData("out")]
    [InlineData("in")]
    public void An_uplink_is_a_black_hole(string direction)
    {
        var homes = Pair();
        var stream = homes.Stream(Long, At, () => homes.One.BlackHole(0, direction != "in", direction != "out"));
        Assert.Equal(1, homes.One.UplinkInUse);
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
        Assert.InRange(stream.There.Gap, TimeSpan.Zero, TimeSpan.FromMilliseconds(320)); // 3 RTT + 200 ms
        Assert.InRange(stream.Back.Gap, TimeSpan.Zero, TimeSpan.FromMilliseconds(320));
    }

    [Fact]
    public void A_stall_of_300_ms_is_no_reason_to_leave()
    {
        var homes = Pair();
        var changes = homes.One.Changes;
        var stream = homes.Stream(Long, At, () => homes.One.StallFor(0, TimeSpan.FromMilliseconds(300)));
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
        Assert.Equal((0, 0), (homes.One.UplinkInUse, homes.Other.UplinkInUse));
        Assert.Equal(changes, homes.One.Changes);
    }

    [Fact]
    public void Both_ends_move_at_once()
    {
        var homes = Pair();
        var stream = homes.Stream(Long, At, () =>
        {
            homes.One.Unplug(0);
            homes.Other.Unplug(0);
        });
        Assert.Equal((1, 1), (homes.One.UplinkInUse, homes.Other.UplinkInUse));
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
        Assert.InRange(stream.Back.Gap, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void The_relay_in_use_dies_silently()
    {
        var homes = Pair(NatKind.Symmetric);
        var relay = homes.RelayInUse;
        Assert.NotNull(relay);
        var stream = homes.Stream(Long, At, relay.Stop);
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
        Assert.InRange(stream.Back.Gap, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }
}
