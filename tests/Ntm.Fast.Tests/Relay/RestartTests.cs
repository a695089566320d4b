using System.Text;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Relay;

/// <summary>What a relay knows after a power cut.</summary>
public sealed class RestartTests
{
    private readonly RelayBench _bench = new RelayBench().Joined();
    private readonly BenchNode _alice, _bob;
    private readonly uint _channelA, _channelB;

    public RestartTests()
    {
        _alice = _bench.Node("alice");
        _bob = _bench.Node("bob");
        _alice.Registered();
        _bob.Registered();
        _channelA = _bench.Lease().First;
        _channelB = _channelA + 1;
        _bench.Pair(_channelA, _alice.Key, _channelB, _bob.Key, 24 * 3600);
        _bench.World.RunFor(TimeSpan.FromSeconds(11));   // addresses are kept within 10 s
    }

    [Fact]
    public void A_restarted_relay_forwards_at_once_and_announces_itself()
    {
        var announced = _bench.Announced.Count;
        _bench.Restart();
        _alice.Send(_bench.Sealed(_channelA));
        _bob.Send(_bench.Sealed(_channelB));
        Assert.Single(_bob.Party.Relayed!);
        Assert.Single(_alice.Party.Relayed!);
        _bench.World.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(announced + 1, _bench.Announced.Count);
        Assert.Equal("rs1", _bench.Core.Describe(_bench.RelayHost.Now).Name);
        _alice.Home.Router.Call(now => _alice.Party.Tunnels.Begin(now, _bench.TunnelToRelay(_alice.At)));   // as its core does when nothing is answered
        _alice.Registered();
        Assert.Equal(2, _bench.Core.Describe(_bench.RelayHost.Now).Nodes.Count);
    }

    [Fact]
    public void Leases_hold_over_a_restart_so_that_no_channel_is_given_twice()
    {
        _bench.Restart();
        Assert.Equal(_channelA + 256, _bench.Lease().First);
        Assert.NotNull(_bench.Pair(_channelA + 2, _alice.Key, _channelA + 3, _bob.Key)!.Acknowledgement);
    }

    [Fact]
    public void What_ended_during_the_cut_does_not_come_back()
    {
        _bench.RelayHost.Stop();
        _bench.World.RunFor(TimeSpan.FromHours(25));
        _bench.Restart();
        Assert.Empty(_bench.Core.Describe(_bench.RelayHost.Now).Legs);
        Assert.Equal(256, _bench.Core.Describe(_bench.RelayHost.Now).LeasedChannels);
        _bench.Drain();
        Assert.Equal(0, _bench.Kept("relay-pairings"));
        var now = _bench.RelayHost.Now;
        _bench.Core.HandleTimeout(now with { Boot = now.Boot + TimeSpan.FromHours(23) });
        Assert.Equal(0, _bench.Core.Describe(_bench.RelayHost.Now).LeasedChannels);
    }

    [Theory]
    [InlineData(-20 * 365)]
    [InlineData(-1)]
    public void A_wall_clock_set_back_keeps_nothing_longer_than_a_lease(int days)
    {
        _bench.RelayHost.WallSkew = TimeSpan.FromDays(days);
        _bench.Restart();
        Assert.NotNull(_bench.Leg(_channelA));
        Assert.InRange(_bench.Leg(_channelA)!.ExpiresIn, TimeSpan.Zero, TimeSpan.FromHours(48));
    }

    [Fact]
    public void Damaged_entries_are_dropped_and_the_rest_is_used()
    {
        var damaged = false;
        _bench.Restart(e =>
        {
            if (e.Collection is "relay-pairings" or "relay-addresses" && !damaged)
            {
                damaged = true;
                return e with { Value = Encoding.UTF8.GetBytes("{\"Channel") };
            }

            return e;
        });
        Assert.True(_bench.Core.IsMember);
        Assert.Equal(1, _bench.Count("relay-memory-dropped"));
    }

    [Fact]
    public void A_damaged_membership_is_said_and_not_used()
    {
        _bench.Restart(e => e.Collection == "membership" ? e with { Value = [0xFF, 1, 2] } : e);
        _bench.Drain();
        Assert.False(_bench.Core.IsMember);
        Assert.Contains(_bench.Notices, n => n.Warning && n.Sentence.Contains("Join again", StringComparison.Ordinal));
        Assert.Null(_bench.Hand(_alice.Mapped, _bench.Sealed(_channelA)));
    }

    [Fact]
    public void Handshake_timestamps_go_on_rising_though_the_clock_was_set_back()
    {
        _bench.RelayHost.WallSkew = -TimeSpan.FromDays(1);
        var announced = _bench.Announced.Count;
        _bench.Restart();
        _bench.World.RunFor(TimeSpan.FromSeconds(5));
        Assert.True(_bench.Announced.Count > announced);   // the coordinator, which remembers the former timestamp, believed the new one
        Assert.Equal(1, _bench.Kept("tunnel-timestamp"));
    }
}
