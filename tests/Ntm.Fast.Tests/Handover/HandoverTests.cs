using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Handover;

/// <summary>Targets "Handover": 20 ms one way, 500 packets a second.</summary>
public sealed class HandoverTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(4), At = TimeSpan.FromSeconds(1);

    [Fact]
    public void Nothing_happens()
    {
        var homes = new MovingHomes();
        var stream = homes.Stream(Long, At, () => { });
        Assert.True(stream is { There: { Lost: 0, Twice: 0, Late: 0 }, Back: { Lost: 0, Twice: 0, Late: 0 } }, stream.ToString());
        Assert.Equal((0, 0), (MovingHomes.UplinkOf(homes.Alice), MovingHomes.UplinkOf(homes.Bob)));
    }

    [Fact]
    public void The_owner_wants_the_other_uplink()
    {
        var homes = new MovingHomes();
        var stream = homes.Stream(Long, At, () =>
        {
            homes.Say(homes.Alice, 0, true, rank: 1);
            homes.Say(homes.Alice, 1, true, rank: 0);
        });
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString() + homes.Homes.Story());
        Assert.Equal(1, MovingHomes.UplinkOf(homes.Alice));
        Assert.InRange(stream.There.Gap, TimeSpan.Zero, TimeSpan.FromMilliseconds(15)); // the other link is 10 ms longer
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_uplink_loses_its_carrier(bool alices)
    {
        var homes = new MovingHomes();
        var home = alices ? homes.Alice : homes.Bob;
        var stream = homes.Stream(Long, At, () =>
        {
            homes.Wire(home, 0).IsCut = true;
            homes.Say(home, 0, usable: false);
        });
        Assert.Equal(1, MovingHomes.UplinkOf(home));
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
        var homes = new MovingHomes();
        var wire = homes.Wire(homes.Alice, 0);
        var stream = homes.Stream(Long, At, () =>
        {
            var hole = new WireConditions { Loss = 1 };
            wire.Outbound = direction != "in" ? hole : wire.Outbound;
            wire.Inbound = direction != "out" ? hole : wire.Inbound;
        });
        Assert.Equal(1, MovingHomes.UplinkOf(homes.Alice));
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
        Assert.InRange(stream.There.Gap, TimeSpan.Zero, TimeSpan.FromMilliseconds(320)); // 3 RTT + 200 ms
        Assert.InRange(stream.Back.Gap, TimeSpan.Zero, TimeSpan.FromMilliseconds(320));
    }

    [Fact]
    public void A_stall_of_300_ms_is_no_reason_to_leave()
    {
        var homes = new MovingHomes();
        var notices = homes.Alice.Notices.Count;
        var wire = homes.Wire(homes.Alice, 0);
        var stall = new Stall(homes.World);
        wire.Middlemen.Add(stall);
        var stream = homes.Stream(Long, At, () => stall.Until = homes.World.Clock.Elapsed + TimeSpan.FromMilliseconds(300));
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
        Assert.Equal((0, 0), (MovingHomes.UplinkOf(homes.Alice), MovingHomes.UplinkOf(homes.Bob)));
        Assert.DoesNotContain(homes.Alice.Notices.Skip(notices), n => n.Contains("is reached by", StringComparison.Ordinal));
    }

    [Fact]
    public void Both_ends_move_at_once()
    {
        var homes = new MovingHomes();
        var stream = homes.Stream(Long, At, () =>
        {
            foreach (var home in new[] { homes.Alice, homes.Bob })
            {
                homes.Wire(home, 0).IsCut = true;
                homes.Say(home, 0, usable: false);
            }
        });
        Assert.Equal((1, 1), (MovingHomes.UplinkOf(homes.Alice), MovingHomes.UplinkOf(homes.Bob)));
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
        Assert.InRange(stream.Back.Gap, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void The_relay_in_use_dies_silently()
    {
        var homes = new MovingHomes(NatKind.Symmetric, NatKind.Symmetric);
        var used = homes.Alice.Status.Peers.Single().Paths.Single(p => p.State == "used");
        Assert.True(used.Path.IsRelayed, homes.Homes.Story());
        var stream = homes.Stream(Long, At, () => homes.Homes.Zone.Relays.Values.Single(r => r.Host.Uplinks[0].Addresses.Any(a => a.SameHost(used.Path.Remote))).Host.Stop());
        Assert.True(stream is { There: { Lost: 0, Twice: 0 }, Back: { Lost: 0, Twice: 0 } }, stream.ToString());
        Assert.InRange(stream.Back.Gap, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    /// <summary>Holds everything until a time, in its order.</summary>
    private sealed class Stall(Ntm.Simulation.World world) : Middleman
    {
        public TimeSpan Until { get; set; }

        public override void Pass(SimDatagram datagram, bool outbound, Action<TimeSpan, SimDatagram> onward) =>
            onward(Until > world.Clock.Elapsed ? Until - world.Clock.Elapsed : TimeSpan.Zero, datagram);
    }
}
