using System.Text;
using Ntm.Node;
using Ntm.Node.Handovers;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Handover;

/// <summary>What is kept of handovers, how much, and how often it is written.</summary>
public sealed class HandoverLogTests
{
    [Fact]
    public void Records_survive_a_restart_and_numbers_go_on()
    {
        var bench = new RecorderBench();
        Handover(bench, bench.Peer());
        Handover(bench, bench.Peer("carol"));
        bench.After(5000);
        var before = bench.Records;
        var kept = bench.TakeKept();
        Assert.Equal(["1", "2"], kept.Select(w => w.Key));

        var next = new RecorderBench(kept);
        Assert.Equal(before, next.Records);
        Handover(next, next.Peer());
        Assert.Equal([1, 2, 3], next.Records.Select(r => r.Id));
    }

    [Fact]
    public void What_ended_together_is_written_together_and_nothing_before()
    {
        var bench = new RecorderBench();
        for (var i = 0; i < 10; i++)
        {
            Handover(bench, bench.Peer($"peer{i}"));
        }

        bench.After(1900);
        Assert.Empty(bench.TakeKept());
        bench.After(3000);
        Assert.Equal(10, bench.TakeKept().Count);
        Assert.Equal(TimeSpan.MaxValue, bench.Recorder.NextDeadline);
    }

    [Fact]
    public void What_is_open_when_the_program_ends_is_kept()
    {
        var bench = new RecorderBench();
        var bob = bench.Peer();
        bench.Recorder.Noticed(bench.Now, bob, HandoverCause.UplinkLost, RecorderBench.Path(bob, 0), "the interface wan0 has no carrier");
        bench.Recorder.Stop(bench.Now);
        Assert.Equal(HandoverEnd.Interrupted, Assert.Single(new RecorderBench(bench.TakeKept()).Records).End);
        Assert.Equal(TimeSpan.MaxValue, bench.Recorder.NextDeadline);
    }

    [Fact]
    public void A_link_that_flaps_leaves_a_few_records_a_minute_and_counts_the_rest()
    {
        var bench = new RecorderBench();
        var (bob, carol) = (bench.Peer(), bench.Peer("carol"));
        for (var i = 0; i < 600; i++) // ten times a second
        {
            bench.Recorder.Noticed(bench.Now, bob, HandoverCause.UplinkLost, RecorderBench.Path(bob, 0), "the interface wan0 has no carrier");
            bench.Recorder.Decided(bench.Now, bob, RecorderBench.Path(bob, 1), "direct: the best that is left");
            bench.Recorder.Sent(bench.Now, bob, RecorderBench.Path(bob, 1).Path);
            bench.Recorder.Heard(bench.After(50).Now, bob, RecorderBench.Path(bob, 1).Path);
            bench.After(50);
        }

        Assert.Equal(FlightRecorder.MinuteMostOfOne, bench.Records.Count);
        Assert.Equal(600 - FlightRecorder.MinuteMostOfOne, bench.Counters[FlightRecorder.NotRecorded]);
        Handover(bench, carol);
        bench.After(5000);
        Assert.Equal("carol", bench.Records[^1].Peer);
    }

    [Fact]
    public void No_more_are_open_at_once_than_the_bound()
    {
        var bench = new RecorderBench();
        foreach (var peer in Enumerable.Range(0, FlightRecorder.OpenMost + 10).Select(n => bench.Peer($"peer{n}")))
        {
            bench.Recorder.Noticed(bench.Now, peer, HandoverCause.UplinkLost, RecorderBench.Path(peer, 0), "the interface wan0 has no carrier");
        }

        Assert.Equal(FlightRecorder.OpenMost, bench.Records.Count);
        Assert.Equal(10, bench.Counters[FlightRecorder.NotRecorded]);
    }

    [Fact]
    public void Who_makes_many_pushes_out_its_own()
    {
        var bench = new RecorderBench();
        Handover(bench, bench.Peer("carol"));
        var mallory = bench.Peer("mallory");
        for (var i = 0; i < 3 * HandoverLog.Most; i++)
        {
            Handover(bench, mallory);
            bench.After(15_000);
        }

        Assert.Equal(HandoverLog.Most, bench.Records.Count);
        Assert.Equal((1, "carol"), (bench.Records[0].Id, bench.Records[0].Peer));
        var store = new Dictionary<string, StoreWrite>();
        foreach (var write in bench.TakeKept())
        {
            store[write.Key] = write;
        }

        Assert.Equal(bench.Records.Select(r => $"{r.Id}"), store.Values.Where(w => w.Value is not null).Select(w => w.Key).OrderBy(int.Parse));
    }

    [Fact]
    public void Near_misses_are_few_and_seldom_written()
    {
        var bench = new RecorderBench();
        var bob = bench.Peer();
        for (var i = 0; i < 40; i++)
        {
            bench.Recorder.Noticed(bench.Now, bob, HandoverCause.Silent, RecorderBench.Path(bob, 0), "nothing was acknowledged for 210 ms");
            bench.Recorder.Returned(bench.After(100).Now, bob);
            bench.After(11_000);
        }

        Assert.Equal(HandoverLog.NearMissesMost, bench.Records.Count);
        Assert.All(bench.Records, r => Assert.Equal(HandoverEnd.Returned, r.End));
        bench.TakeKept();
        bench.Recorder.Noticed(bench.Now, bob, HandoverCause.Silent, RecorderBench.Path(bob, 0), "nothing was acknowledged for 210 ms");
        bench.Recorder.Returned(bench.Now, bob);
        bench.After(5000);
        Assert.Empty(bench.TakeKept());
    }

    [Theory]
    [InlineData("""{"version":2,"record":{"id":7,"event":7,"peer":"bob","at":"2026-01-01T00:00:00+00:00","why":"x"}}""")]
    [InlineData("""{"version":1,"record":{"id":8,"event":7,"peer":"bob","at":"2026-01-01T00:00:00+00:00","why":"x"}}""")]
    [InlineData("""{"version":1,"record":{"id":7,"event":9,"peer":"bob","at":"2026-01-01T00:00:00+00:00","why":"x"}}""")]
    [InlineData("""{"version":1,"record":{"id":7,"event":7,"peer":null,"at":"2026-01-01T00:00:00+00:00","why":"x"}}""")]
    [InlineData("""{"version":1,"record":{"id":7,"event":7,"peer":"bob","at":"2026-01-01T00:00:00+00:00","why":"x","end":"Nowhere"}}""")]
    [InlineData("""{"version":1,"record":{"id":7,"event":7,"peer":"bob","at":"2026-01-01T00:00:00+00:00","why":"x","end":99}}""")]
    [InlineData("""{"version":1,"record":{"id":7,"event":7,"peer":"bob","at":"2026-01-01T00:00:00+00:00","why":"x","gapMs":1e999}}""")]
    [InlineData("""{"version":1,"record":{"id":7,"event":7,"peer":"bob","at":"2026-01-01T00:00:00+00:00","why":"x","decidedMs":-1}}""")]
    [InlineData("""{"version":1,"record":null}""")]
    [InlineData("""{"version":1}""")]
    [InlineData("no JSON")]
    [InlineData("")]
    public void A_damaged_record_is_counted_and_passed_over(string damaged)
    {
        var bench = new RecorderBench();
        Handover(bench, bench.Peer());
        bench.After(5000);
        var next = new RecorderBench([.. bench.TakeKept(), new("handover", "7", Encoding.UTF8.GetBytes(damaged))]);
        Assert.Equal(1, Assert.Single(next.Records).Id);
        Assert.Equal(1, next.Counters[HandoverLog.EntryUnreadable]);
    }

    [Fact]
    public void More_than_are_kept_are_not_taken_from_the_store()
    {
        var one = """{"version":1,"record":{"id":N,"event":N,"peer":"bob","at":"2026-01-01T00:00:00+00:00","why":"x"}}""";
        var bench = new RecorderBench(Enumerable.Range(1, 2 * HandoverLog.Most)
            .Select(n => new StoreWrite("handover", $"{n}", Encoding.UTF8.GetBytes(one.Replace("N", $"{n}", StringComparison.Ordinal)))));
        Assert.Equal((HandoverLog.Most, 2L * HandoverLog.Most), (bench.Records.Count, bench.Records[^1].Id));
    }

    [Fact]
    public void A_long_reason_with_control_characters_is_cut_and_cleaned()
    {
        var bench = new RecorderBench();
        var bob = bench.Peer();
        bench.Recorder.Noticed(bench.Now, bob, HandoverCause.Directed, RecorderBench.Path(bob, 0), "\u001b[31m" + new string('x', 1000));
        var why = Assert.Single(bench.Records).Why;
        Assert.StartsWith("?[31mxxx", why, StringComparison.Ordinal);
        Assert.Equal(HandoverEntry.TextMost, why.Length);
    }

    private static void Handover(RecorderBench bench, Peer peer)
    {
        bench.Recorder.Noticed(bench.Now, peer, HandoverCause.UplinkLost, RecorderBench.Path(peer, 0), "the interface wan0 has no carrier");
        bench.Recorder.Decided(bench.Now, peer, RecorderBench.Path(peer, 1), "direct: the best that is left");
        bench.Recorder.Sent(bench.Now, peer, RecorderBench.Path(peer, 1).Path);
        bench.Recorder.Heard(bench.Now, peer, RecorderBench.Path(peer, 1).Path);
    }
}
