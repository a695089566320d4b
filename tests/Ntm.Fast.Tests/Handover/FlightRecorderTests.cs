using Ntm.Node;
using Ntm.Node.Handovers;

namespace Ntm.Fast.Tests.Handover;

/// <summary>What the flight recorder makes of a handover, by hand-held time.</summary>
public sealed class FlightRecorderTests
{
    private readonly RecorderBench _bench = new();

    private FlightRecorder Recorder => _bench.Recorder;

    [Fact]
    public void A_handover_is_a_timeline_of_what_was_observed()
    {
        var counts = new HandoverCounts(5, 7, 100);
        Recorder.CountsOf = _ => counts;
        var bob = _bench.Peer();
        var (catv, lte) = (RecorderBench.Path(bob, 0), RecorderBench.Path(bob, 1));
        Recorder.Noticed(_bench.Now, bob, HandoverCause.UplinkLost, catv, "the interface wan0 has no carrier");
        Recorder.Decided(_bench.After(2).Now, bob, lte, "direct: the best that is left");
        Recorder.SentAgain(_bench.Now, bob, 31);
        Recorder.Sent(_bench.After(1).Now, bob, lte.Path);
        Recorder.Sent(_bench.After(1).Now, bob, lte.Path);
        Recorder.Heard(_bench.After(44).Now, bob, lte.Path);
        Recorder.Heard(_bench.After(1).Now, bob, lte.Path);
        counts = new(6, 9, 103);
        Assert.Equal(HandoverEnd.UnderWay, Assert.Single(_bench.Records).End);
        _bench.After(2500);

        var record = Assert.Single(_bench.Records);
        Assert.Equal((1, 1, "bob", HandoverCause.UplinkLost, HandoverEnd.Settled), (record.Id, record.Event, record.Peer, record.Cause, record.End));
        Assert.Equal(("catv, direct to 192.0.2.80:41641", "lte, direct to 192.0.2.80:41641"), (record.From!.ToString(), record.To!.ToString()));
        Assert.Equal(("the interface wan0 has no carrier", "direct: the best that is left"), (record.Why, record.Reason));
        Assert.Equal((2, 3, 48), (record.DecidedMs, record.FirstOutMs, record.FirstBackMs));
        Assert.Equal((48, 31, new HandoverCounts(1, 2, 3), 1), (record.GapMs, record.SentAgain, record.Counts, record.Moves));
        Assert.Null(bob.OpenHandover);
    }

    [Fact]
    public void Traffic_on_the_other_path_before_the_decision_counts()
    {
        var bob = _bench.Peer();
        var (catv, relay) = (RecorderBench.Path(bob, 0), RecorderBench.Relayed(bob, 1));
        Recorder.Noticed(_bench.Now, bob, HandoverCause.Silent, catv, "nothing was acknowledged for 210 ms");
        Recorder.Sent(_bench.Now, bob, catv.Path);
        Recorder.Sent(_bench.After(1).Now, bob, relay.Path); // doubled
        Recorder.Heard(_bench.After(60).Now, bob, relay.Path);
        Recorder.Decided(_bench.After(3000).Now, bob, relay, "relay: no direct path is proven");
        _bench.After(3000);
        var record = Assert.Single(_bench.Records);
        Assert.Equal((3061, 1, 61, HandoverEnd.Settled), (record.DecidedMs, record.FirstOutMs, record.FirstBackMs, record.End));
        Assert.Equal("lte, by the relay at 192.0.2.20:4916", record.To!.ToString());
    }

    [Fact]
    public void A_suspicion_that_ends_is_a_near_miss_and_changes_nothing()
    {
        var bob = _bench.Peer();
        var catv = RecorderBench.Path(bob, 0);
        Recorder.Noticed(_bench.Now, bob, HandoverCause.Silent, catv, "nothing was acknowledged for 210 ms");
        Recorder.Heard(_bench.After(300).Now, bob, catv.Path);
        Recorder.Returned(_bench.Now, bob);
        var record = Assert.Single(_bench.Records);
        Assert.Equal((HandoverEnd.Returned, null, 0, 300), (record.End, record.To, record.Moves, record.GapMs));
        Assert.Null(bob.OpenHandover);
    }

    [Fact]
    public void The_path_that_is_used_already_is_no_handover()
    {
        var bob = _bench.Peer();
        var catv = RecorderBench.Path(bob, 0);
        Recorder.Noticed(_bench.Now, bob, HandoverCause.RoundTrip, catv, "another path is faster");
        Recorder.Decided(_bench.Now, bob, catv, "direct: no other path is clearly faster");
        Assert.Equal(HandoverEnd.Returned, Assert.Single(_bench.Records).End);
    }

    [Fact]
    public void A_suspicion_that_was_the_uplinks_end_is_one_handover()
    {
        var bob = _bench.Peer();
        var (catv, lte) = (RecorderBench.Path(bob, 0), RecorderBench.Path(bob, 1));
        Recorder.Noticed(_bench.Now, bob, HandoverCause.Silent, catv, "nothing was acknowledged for 210 ms");
        Recorder.Noticed(_bench.After(500).Now, bob, HandoverCause.UplinkLost, catv, "the interface wan0 has no carrier");
        Recorder.Decided(_bench.Now, bob, lte, "direct: the best that is left");
        _bench.After(2500);
        var record = Assert.Single(_bench.Records);
        Assert.Equal((HandoverCause.UplinkLost, "nothing was acknowledged for 210 ms; then the interface wan0 has no carrier", 500), (record.Cause, record.Why, record.DecidedMs));
    }

    [Fact]
    public void A_path_that_does_not_answer_and_the_next_are_one_handover()
    {
        var bob = _bench.Peer();
        var (catv, lte, relay) = (RecorderBench.Path(bob, 0), RecorderBench.Path(bob, 1), RecorderBench.Relayed(bob, 1));
        Recorder.Noticed(_bench.Now, bob, HandoverCause.UplinkLost, catv, "the interface wan0 has no carrier");
        Recorder.Decided(_bench.Now, bob, lte, "direct: the best that is left");
        Recorder.Sent(_bench.Now, bob, lte.Path);
        Recorder.Noticed(_bench.After(400).Now, bob, HandoverCause.Silent, lte, "nothing was acknowledged for 210 ms");
        Recorder.Decided(_bench.Now, bob, relay, "relay: no direct path is proven");
        Recorder.Sent(_bench.Now, bob, relay.Path);
        Recorder.Heard(_bench.After(60).Now, bob, relay.Path);
        _bench.After(2500);
        var record = Assert.Single(_bench.Records);
        Assert.Equal((2, 0, 400, HandoverEnd.Settled), (record.Moves, record.DecidedMs, record.LastDecidedMs, record.End));
        Assert.Equal((0, 460, "lte, by the relay at 192.0.2.20:4916"), (record.FirstOutMs, record.FirstBackMs, record.To!.ToString()));
        Assert.Equal((HandoverCause.UplinkLost, 460), (record.Cause, record.GapMs));
    }

    [Fact]
    public void The_peers_answer_to_our_move_belongs_to_it()
    {
        var bob = _bench.Peer();
        var (catv, lte) = (RecorderBench.Path(bob, 0), RecorderBench.Path(bob, 1));
        Recorder.Noticed(_bench.Now, bob, HandoverCause.UplinkLost, catv, "the interface wan0 has no carrier");
        Recorder.Decided(_bench.Now, bob, lte, "direct: the best that is left");
        Recorder.Sent(_bench.Now, bob, lte.Path);
        Recorder.Heard(_bench.After(60).Now, bob, lte.Path);
        Recorder.Noticed(_bench.Now, bob, HandoverCause.PeerMoved, lte, "it says that it lost its path");
        Recorder.SentAgain(_bench.Now, bob, 12);
        Recorder.Returned(_bench.After(60).Now, bob);
        _bench.After(2500);
        var record = Assert.Single(_bench.Records);
        Assert.Equal((HandoverCause.UplinkLost, 12, HandoverEnd.Settled), (record.Cause, record.SentAgain, record.End));

        Recorder.Noticed(_bench.Now, bob, HandoverCause.PeerMoved, lte, "it says that it lost its path");
        Recorder.Returned(_bench.After(60).Now, bob);
        Assert.Single(_bench.Records);
        Assert.Null(bob.OpenHandover);
    }

    [Fact]
    public void The_next_handover_after_the_peer_was_heard_is_another()
    {
        var bob = _bench.Peer();
        var (catv, lte, relay) = (RecorderBench.Path(bob, 0), RecorderBench.Path(bob, 1), RecorderBench.Relayed(bob, 1));
        Recorder.Noticed(_bench.Now, bob, HandoverCause.UplinkLost, catv, "the interface wan0 has no carrier");
        Recorder.Decided(_bench.Now, bob, relay, "relay: no direct path is proven");
        Recorder.Sent(_bench.Now, bob, relay.Path);
        Recorder.Heard(_bench.After(60).Now, bob, relay.Path);
        Recorder.Noticed(_bench.After(100).Now, bob, HandoverCause.RoundTrip, relay, "a direct path is proven");
        Recorder.Decided(_bench.Now, bob, lte, "direct: both directions are proven");
        _bench.After(2500);
        Assert.Equal([(HandoverEnd.Settled, "lte"), (HandoverEnd.Settled, "lte")], _bench.Records.Select(r => (r.End, r.To!.Uplink)));
        Assert.Equal([false, true], _bench.Records.Select(r => r.To!.Direct));
    }

    [Fact]
    public void A_tunnel_without_traffic_moves_without_a_gap()
    {
        var bob = _bench.Peer();
        bob.LastTraffic = null;
        var (catv, lte) = (RecorderBench.Path(bob, 0), RecorderBench.Path(bob, 1));
        Recorder.Noticed(_bench.Now, bob, HandoverCause.UplinkLost, catv, "the interface wan0 has no carrier");
        Recorder.Decided(_bench.After(1).Now, bob, lte, "direct: the best that is left");
        _bench.After(2500);
        var record = Assert.Single(_bench.Records);
        Assert.Equal((HandoverEnd.Settled, null, null, 0), (record.End, record.FirstOutMs, record.FirstBackMs, record.GapMs));
    }

    [Fact]
    public void What_nobody_answers_and_what_is_not_decided_has_failed()
    {
        var (bob, carol) = (_bench.Peer(), _bench.Peer("carol"));
        var lte = RecorderBench.Path(bob, 1);
        Recorder.Noticed(_bench.Now, bob, HandoverCause.UplinkLost, RecorderBench.Path(bob, 0), "the interface wan0 has no carrier");
        Recorder.Noticed(_bench.Now, carol, HandoverCause.UplinkLost, RecorderBench.Path(carol, 0), "the interface wan0 has no carrier");
        Recorder.Decided(_bench.Now, bob, lte, "direct: the best that is left");
        Recorder.Sent(_bench.Now, bob, lte.Path);
        _bench.After(16_000);
        Assert.Equal([HandoverEnd.Failed, HandoverEnd.UnderWay], _bench.Records.Select(r => r.End));
        _bench.After(50_000);
        Assert.Equal([HandoverEnd.Failed, HandoverEnd.Failed], _bench.Records.Select(r => r.End));
        Assert.Equal(TimeSpan.MaxValue, _bench.Recorder.NextDeadline);
    }

    [Fact]
    public void Tunnels_of_one_uplink_that_goes_are_one_event()
    {
        var peers = Enumerable.Range(0, 12).Select(n => _bench.Peer($"peer{n}")).ToArray();
        foreach (var peer in peers)
        {
            Recorder.Noticed(_bench.After(1).Now, peer, HandoverCause.UplinkLost, RecorderBench.Path(peer, 0), "the interface wan0 has no carrier");
        }

        var other = _bench.Peer("other");
        Recorder.Noticed(_bench.Now, other, HandoverCause.UplinkLost, RecorderBench.Path(other, 1), "the interface wan1 has no carrier");
        Recorder.Returned(_bench.Now, peers[0]);
        Recorder.Noticed(_bench.After(6000).Now, peers[0], HandoverCause.UplinkLost, RecorderBench.Path(peers[0], 0), "the interface wan0 has no carrier");
        Assert.Equal([.. Enumerable.Repeat(1L, 12), 13, 14], _bench.Records.Select(r => r.Event));
    }

    [Fact]
    public void A_server_s_tunnel_is_recorded_too_and_a_drill_is_marked()
    {
        var link = new ServerLink("rs1", _bench.Peer("x").Tunnel, new("home.example"), [], isRelay: true);
        var (catv, lte) = (new Ntm.Protocol.WirePath(0, Ntm.Simulation.World.Documentation(0, 20, 4916), 0), new Ntm.Protocol.WirePath(1, Ntm.Simulation.World.Documentation(0, 20, 4916), 0));
        Recorder.Drilled = 0;
        Recorder.Noticed(_bench.Now, link, HandoverCause.UplinkLost, catv, "a drill");
        Recorder.Decided(_bench.Now, link, lte, "the best uplink on which it answers");
        Recorder.Heard(_bench.After(40).Now, link, lte);
        _bench.After(2500);
        var record = Assert.Single(_bench.Records);
        Assert.Equal((true, true, "rs1", 40, HandoverEnd.Settled), (record.IsServer, record.IsDrill, record.Peer, record.FirstBackMs, record.End));
        Assert.Null(link.OpenHandover);
    }

    [Fact]
    public void What_an_uplink_says_of_its_end_is_why()
    {
        var bob = _bench.Peer();
        var catv = RecorderBench.Path(bob, 0);
        _bench.Unplug("the interface wan0 has no carrier");
        Recorder.Noticed(_bench.Now, bob, HandoverCause.Silent, catv, "nothing was acknowledged for 210 ms");
        Recorder.Noticed(_bench.Now, bob, HandoverCause.UplinkLost, catv, "the path in use is gone");
        Assert.Equal("nothing was acknowledged for 210 ms; then the interface wan0 has no carrier", Assert.Single(_bench.Records).Why);
    }

    [Fact]
    public void A_peer_that_is_none_any_more_leaves_nothing_open()
    {
        var bob = _bench.Peer();
        Recorder.Noticed(_bench.Now, bob, HandoverCause.Silent, RecorderBench.Path(bob, 0), "nothing was acknowledged for 210 ms");
        Recorder.Forget(bob);
        Assert.Null(bob.OpenHandover);
        Assert.Empty(_bench.Records);
    }

    [Fact]
    public void Packets_cost_nothing_while_no_record_is_open()
    {
        var bob = _bench.Peer();
        var catv = RecorderBench.Path(bob, 0).Path;
        var (recorder, now) = (Recorder, _bench.Now);
        recorder.Sent(now, bob, catv);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            recorder.Sent(now, bob, catv);
            recorder.Heard(now, bob, catv);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
