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
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
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

    [Fact]
    public void The_relay_in_use_forwards_one_way_only()
    {
        var homes = Pair(NatKind.Symmetric);
        var relay = homes.RelayInUse;
        Assert.NotNull(relay);
        var stream = homes.Stream(Long, At, () => homes.Other.Wire(0).Middlemen.Add(new Filter(d => !relay.Uplinks[0].Addresses.Any(a => a.SameHost(d.Source)))));
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
        Assert.InRange(stream.Worst.Gap, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.NotSame(relay, homes.RelayInUse);
    }

    /// <summary>The papers' third sequence: relayed where the families differ, direct where they are the same.</summary>
    [Fact]
    public void From_an_uplink_with_IPv6_alone_to_one_with_IPv4_alone_and_back()
    {
        var homes = new MovingPair(NatKind.PortRestricted, TimeSpan.FromMilliseconds(20), fromIPv6: true);
        homes.One.Tell(1, usable: false);
        Quiet(homes.Stream(Long, At, () => { }));
        Assert.True(homes.One.PathInUse!.Path.IsRelayed);
        Assert.False(homes.One.PathInUse.Path.Remote.IsIPv4);

        // The new uplink comes with the loss of the old one, as on the road.
        Moved(homes.Stream(Long, At, () =>
        {
            homes.One.Unplug(0);
            homes.One.Tell(1, usable: true);
        }));
        Assert.False(homes.One.PathInUse.Path.IsRelayed);
        Assert.True(homes.One.PathInUse.Path.Remote.IsIPv4);
        Moved(homes.Stream(Long, At, () =>
        {
            homes.One.Plug(0);
            homes.One.Unplug(1);
        }));
        Assert.True(homes.One.PathInUse.Path.IsRelayed);
        Assert.False(homes.One.PathInUse.Path.Remote.IsIPv4);
    }

    [Fact]
    public void Coordinator_and_relays_are_away_for_a_day()
    {
        var homes = Pair();
        homes.Zone.CoordinatorHost.Stop();
        foreach (var (host, _) in homes.Zone.Relays.Values)
        {
            host.Stop();
        }

        for (var hour = 0; hour < 24; hour++)
        {
            homes.World.RunFor(TimeSpan.FromHours(1));
            if (hour % 6 == 0)
            {
                Quiet(homes.Stream(TimeSpan.FromSeconds(2), At, () => { }));
            }
        }

        Moved(homes.Stream(Long, At, () => homes.One.Unplug(0)));
        Assert.Equal(1, homes.One.UplinkInUse);

        // A gateway that starts anew knows whom it talked to, and where.
        homes.One.Router.Start();
        homes.One.Tell(0, usable: false);
        var after = homes.Stream(Long, At, () => { });
        Assert.InRange(after.Back.Lost, 0, 500); // back within a second
        Quiet(homes.Stream(Long, At, () => homes.One.Plug(0)));
    }

    [Fact]
    public void A_link_that_flaps_ten_times_a_second_costs_nothing()
    {
        var homes = Pair();
        var changes = homes.One.Changes;
        var stream = homes.Stream(TimeSpan.FromSeconds(8), At, () =>
        {
            // The gateway tells of the first loss at once, and of a return when that has lasted.
            homes.One.Unplug(0);
            for (var i = 1; i < 50; i++)
            {
                var cut = i % 2 == 0;
                homes.World.After(TimeSpan.FromMilliseconds(50 * i), () => homes.One.Wire(0).IsCut = cut);
            }
        });
        Moved(stream);
        Assert.InRange(homes.One.Changes - changes, 1, 3); // by what works, and then by what is best
    }

    private static void Quiet(Streamed stream) => Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());

    private static void Moved(Streamed stream)
    {
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
        Assert.InRange(stream.Worst.Gap, TimeSpan.Zero, TimeSpan.FromMilliseconds(320));
    }
}
