using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Simulation;

/// <summary>The event loop, the pump's twin, wires and middlemen.</summary>
public sealed class WorldTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly Ntm.Simulation.World _world = new(1);
    private readonly EchoCore _left = new() { Answers = false }, _right = new();
    private readonly SimHost _a, _b;
    private readonly RealAddress _atA = Ntm.Simulation.World.Documentation(0, 1, 1000), _atB = Ntm.Simulation.World.Documentation(1, 2, 2000);

    public WorldTests()
    {
        _a = new SimHost(_world, "a", _left);
        _b = new SimHost(_world, "b", _right);
        _a.Attach(_world.Backbone, _atA);
        _b.Attach(_world.Backbone, _atB);
    }

    private void Send(params byte[] bytes) => _a.Call(_ => _left.Outbox.Send(new WirePath(0, _atB, 0), bytes));

    [Fact]
    public void A_datagram_goes_there_and_back_in_the_time_of_both_wires()
    {
        _world.Backbone.WireOf(_a).Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(3) };
        _world.Backbone.WireOf(_b).Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(7) };
        var start = _a.Now.Boot;
        Send(1, 2, 3);
        _world.RunFor(Second);
        Assert.Equal(new WirePath(0, _atA, 0), Assert.Single(_right.Received).Path);
        var (at, path, bytes) = Assert.Single(_left.Received);
        Assert.Equal(TimeSpan.FromMilliseconds(20), at - start);
        Assert.Equal(new WirePath(0, _atB, 0), path);
        Assert.Equal([1, 2, 3], bytes);
    }

    [Fact]
    public void What_arrives_together_is_one_batch()
    {
        _a.Call(_ =>
        {
            for (byte i = 0; i < 100; i++)
            {
                _left.Outbox.Send(new WirePath(0, _atB, 0), [i]);
            }
        });
        _world.RunFor(Second);
        Assert.Equal(SimHost.BatchSlots, _b.LargestBatch);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (byte)i), _left.Received.Select(r => r.Bytes[0]));
    }

    [Fact]
    public void A_core_is_woken_at_its_deadline_and_not_otherwise()
    {
        var start = _b.Now.Boot;
        TimeSpan[] wanted = [start + Second, start + Second * 2.5];
        _b.Call(_ => Array.ForEach(wanted, _right.Deadlines.Enqueue));
        _world.RunFor(TimeSpan.FromMinutes(1));
        Assert.Equal(wanted, _right.Woken);
    }

    [Fact]
    public void A_core_that_never_lets_go_of_a_deadline_is_a_bug_that_shows()
    {
        var stuck = new StuckCore();
        _b.Start(stuck);
        Assert.Throws<InvalidOperationException>(() => _world.RunFor(Second));
    }

    [Fact]
    public void Boot_times_of_hosts_differ_and_wall_time_may_be_wrong()
    {
        _b.WallSkew = -TimeSpan.FromDays(20 * 365);
        Assert.NotEqual(_a.Now.Boot, _b.Now.Boot);
        Assert.Equal(SimClock.Epoch - TimeSpan.FromDays(20 * 365), _b.Now.Wall);
    }

    [Fact]
    public void A_restarted_host_loses_what_was_not_read_and_its_old_timers()
    {
        _b.Call(now => _right.Deadlines.Enqueue(now.Boot + Second));
        var fresh = new EchoCore();
        _b.Start(fresh);
        _world.RunFor(Second * 5);
        Assert.Empty(_right.Woken);
        Send(9);
        _b.Stop();
        _world.RunFor(Second);
        Assert.Empty(fresh.Received);
        Assert.Contains(_world.Flow.Steps, s => s.Fate == "b is off");
    }

    [Fact]
    public void The_tun_twin_takes_and_gives_packets()
    {
        _b.Tun.Inject([1, 2, 3]);
        _world.RunFor(Second);
        Assert.Equal([1, 2, 3], Assert.Single(_b.Tun.Delivered));
    }

    [Fact]
    public void Loss_duplication_and_mtu_are_as_asked()
    {
        var wire = _world.Backbone.WireOf(_a);
        wire.Outbound = new WireConditions { Loss = 0.3 };
        SendMany(2000);
        Assert.InRange(_right.Received.Count, 1300, 1500);

        _right.Received.Clear();
        wire.Outbound = new WireConditions { Duplicate = 0.5 };
        SendMany(2000);
        Assert.InRange(_right.Received.Count, 2900, 3100);

        _right.Received.Clear();
        wire.Outbound = new WireConditions { Mtu = 1300 };
        Send(new byte[1300 - 28]);
        Send(new byte[1300 - 27]);
        _world.RunFor(Second);
        Assert.Equal(1300 - 28, Assert.Single(_right.Received).Bytes.Length);
    }

    [Fact]
    public void Jitter_keeps_the_order_and_reordering_does_not()
    {
        var wire = _world.Backbone.WireOf(_a);
        wire.Outbound = new WireConditions { Jitter = TimeSpan.FromMilliseconds(50) };
        Numbered(100);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (byte)i), _right.Received.Select(r => r.Bytes[0]));

        _right.Received.Clear();
        wire.Outbound = new WireConditions { Reorder = 0.2 };
        Numbered(100);
        Assert.Equal(100, _right.Received.Count);
        Assert.NotEqual(Enumerable.Range(0, 100).Select(i => (byte)i), _right.Received.Select(r => r.Bytes[0]));
    }

    [Fact]
    public void A_rate_spaces_datagrams_and_a_full_queue_loses_them()
    {
        _world.Backbone.WireOf(_a).Outbound = new WireConditions { Rate = 100_000, QueueMost = TimeSpan.FromMilliseconds(100) };
        _a.Call(_ =>
        {
            for (var i = 0; i < 20; i++)
            {
                _left.Outbox.Send(new WirePath(0, _atB, 0), new byte[972]);   // 1,000 bytes on the wire: 10 ms
            }
        });
        _world.RunFor(Second);
        Assert.Equal(10, _right.Received.Count);
        Assert.Equal(TimeSpan.FromMilliseconds(90), _right.Received[^1].At - _right.Received[0].At);
    }

    [Fact]
    public void Middlemen_tap_corrupt_duplicate_replay_and_filter()
    {
        var wire = _world.Backbone.WireOf(_b);
        var tap = new Tap();
        var corrupter = new Corrupter(_world.Entropy.Fork("corrupter"), 1, d => d.Bytes[0] == 7 && d.Destination == _atB);
        var replayer = new Replayer();
        wire.Middlemen.AddRange([tap, corrupter, replayer, new Duplicator(1, TimeSpan.FromMilliseconds(1))]);
        Send(1, 2);
        Send(7, 7);
        _world.RunFor(Second);
        Assert.Equal(2, tap.Seen.Count(s => !s.Outbound));
        Assert.Equal([1, 2], _right.Received[0].Bytes);
        Assert.Equal(4, _right.Received.Count);
        Assert.NotEqual([7, 7], _right.Received[1].Bytes);
        Assert.Equal(1, corrupter.Corrupted);

        _right.Received.Clear();
        var elsewhere = Ntm.Simulation.World.Documentation(2, 9, 99);
        replayer.ReplayAll(elsewhere);
        _world.RunFor(Second);
        Assert.Contains(_right.Received, r => r.Path.Remote == elsewhere);

        _right.Received.Clear();
        wire.Middlemen.Clear();
        wire.Middlemen.Add(new Filter(d => d.Bytes.Length > 1));
        Send(1);
        Send(1, 1);
        _world.RunFor(Second);
        Assert.Single(_right.Received);
        wire.IsCut = true;
        Send(1, 1);
        _world.RunFor(Second);
        Assert.Single(_right.Received);
    }

    [Fact]
    public void A_host_that_moved_is_reached_at_its_new_address_only()
    {
        var moved = Ntm.Simulation.World.Documentation(2, 2, 2000);
        _b.Move(0, _world.Backbone, moved);
        Send(1);
        _world.RunFor(Second);
        Assert.Empty(_right.Received);
        _a.Call(_ => _left.Outbox.Send(new WirePath(0, moved, 0), [1]));
        _world.RunFor(Second);
        Assert.Single(_right.Received);
    }

    private void SendMany(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Send((byte)i);
        }

        _world.RunFor(Second);
    }

    private void Numbered(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Send((byte)i);
            _world.RunFor(TimeSpan.FromMilliseconds(1));
        }

        _world.RunFor(Second);
    }

    private sealed class StuckCore : ICore
    {
        public void ReceiveDatagrams(Now now, PacketBatch batch)
        {
        }

        public void ReceivePackets(Now now, PacketBatch batch)
        {
        }

        public void HandleTimeout(Now now)
        {
        }

        public TimeSpan NextDeadline => TimeSpan.Zero;

        public Outbox Outbox { get; } = new();
    }
}
