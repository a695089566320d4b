using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>Every timer, by hand-held time.</summary>
public sealed class TunnelTimerTests
{
    [Fact]
    public void An_initiation_is_repeated_byte_for_byte_made_afresh_after_5_s_and_given_up_after_90()
    {
        var rig = new TunnelRig { Fate = _ => null };
        var begun = rig.Boot;
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(200);
        var sent = rig.Of(rig.A, TunnelMessage.Initiation).ConvertAll(s => (At: (s.At - begun).TotalSeconds, Bytes: Convert.ToHexString(s.Bytes)));
        var expected = new List<double>();
        for (var fresh = 0.0; fresh < 90; fresh += 5)
        {
            expected.AddRange([fresh, fresh + 0.25, fresh + 0.75, fresh + 1.75, fresh + 3.75]);
        }

        Assert.Equal(expected, sent.ConvertAll(s => s.At));
        var distinct = sent.ConvertAll(s => s.Bytes).Distinct().ToList();
        Assert.Equal(18, distinct.Count);
        Assert.All(sent.Chunk(5), five => Assert.Single(five.Select(s => s.Bytes).Distinct()));

        var change = Assert.Single(rig.A.Changes);
        Assert.Equal((begun + TunnelRig.Seconds(90), TunnelChange.GaveUp), (change.At, change.Change));
        Assert.Equal(0, rig.AtoB.Staged);
        Assert.Equal(1, rig.A.Table.Counters[TunnelRefusals.StagedDropped]);

        // Something to send begins again.
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(1);
        Assert.True(rig.AtoB.IsHandshakeUnderWay);
        Assert.Equal(93, rig.Of(rig.A, TunnelMessage.Initiation).Count);
    }

    [Fact]
    public void Towards_a_stock_peer_an_initiation_goes_every_5_s_plus_up_to_333_ms_and_is_never_repeated()
    {
        var rig = new TunnelRig(TunnelKind.Stock) { Fate = _ => null };
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(89);
        var sent = rig.Of(rig.A, TunnelMessage.Initiation);
        Assert.InRange(sent.Count, 17, 18);
        Assert.Equal(sent.Count, sent.ConvertAll(s => Convert.ToHexString(s.Bytes)).Distinct().Count());
        var jitters = new List<double>();
        for (var i = 1; i < sent.Count; i++)
        {
            jitters.Add((sent[i].At - sent[i - 1].At - Limits.RekeyTimeout).TotalMilliseconds);
        }

        Assert.All(jitters, j => Assert.InRange(j, 0, 333));
        Assert.True(jitters.Distinct().Count() > 10);
    }

    [Fact]
    public void The_initiator_renews_a_key_of_120_s_when_it_sends()
    {
        var rig = new TunnelRig().Established();
        var made = rig.AtoB.LastHandshake!.Value;
        rig.Run(made + Limits.RekeyAfterTime - rig.Boot - TunnelRig.Seconds(0.001));
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(60));
        Assert.Single(rig.Of(rig.A, TunnelMessage.Initiation));
        rig.Run(0.1);
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(60));
        Assert.Empty(rig.Of(rig.B, TunnelMessage.Initiation));
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(0.1);
        Assert.Equal(2, rig.Of(rig.A, TunnelMessage.Initiation).Count);
        Assert.Equal(2, rig.A.Changes.Count);
    }

    [Fact]
    public void The_initiator_that_only_receives_renews_after_165_s_and_only_once()
    {
        var rig = new TunnelRig().Established();
        var made = rig.AtoB.LastHandshake!.Value;
        // A's keep-alives are all lost, so that it never learns that it sends; only its initiation is seen.
        rig.Run(made + TunnelRig.Seconds(164.9) - rig.Boot);
        rig.Fate = sent => sent.From == rig.A ? null : TimeSpan.Zero;
        rig.AtoB.Timers.RenewedOnReceive = false;
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(60));
        rig.Run(0.05);
        Assert.Single(rig.Of(rig.A, TunnelMessage.Initiation));
        rig.Run(0.1);
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(60));
        rig.Run(0.05);
        Assert.Equal(2, rig.Of(rig.A, TunnelMessage.Initiation).Count);
        Assert.True(rig.AtoB.Timers.RenewedOnReceive);
    }

    [Fact]
    public void The_responder_never_renews_by_age()
    {
        var rig = new TunnelRig().Established();
        rig.Run(170);
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(60));
        Assert.Empty(rig.Of(rig.B, TunnelMessage.Initiation));
    }

    [Fact]
    public void A_keep_alive_follows_10_s_after_data_to_which_nothing_was_said()
    {
        var rig = new TunnelRig().Established();
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(5);
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        var arrived = rig.Boot - TunnelRig.Seconds(5) + rig.Latency;
        rig.Run(30);
        // The second packet came while the first was unanswered: one more is owed.
        var answers = rig.Of(rig.B, TunnelMessage.Transport);
        Assert.Equal([arrived + Limits.KeepAliveTimeout, arrived + (2 * Limits.KeepAliveTimeout)], answers.ConvertAll(s => s.At));
        Assert.All(answers, s => Assert.Equal(TunnelMessage.TransportOverhead, s.Bytes.Length));
    }

    [Fact]
    public void No_keep_alive_where_something_was_said()
    {
        var rig = new TunnelRig().Established();
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(5);
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(60));
        rig.Run(8);
        Assert.Single(rig.Of(rig.B, TunnelMessage.Transport));
    }

    [Fact]
    public void Data_that_nobody_answers_for_15_s_begins_a_handshake()
    {
        var rig = new TunnelRig().Established();
        rig.Fate = _ => null;
        var sent = rig.Boot;
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(14.9);
        Assert.Single(rig.Of(rig.A, TunnelMessage.Initiation));
        rig.Run(0.2);
        Assert.Equal(sent + TunnelRig.Seconds(15), rig.Of(rig.A, TunnelMessage.Initiation)[1].At);
    }

    [Fact]
    public void A_keep_alive_that_nobody_answers_begins_nothing()
    {
        var rig = new TunnelRig().Established();
        rig.Fate = _ => null;
        Assert.True(rig.A.Table.SendOn(rig.Now, rig.AtoB, default, rig.B.Path));
        rig.Run(60);
        Assert.Single(rig.Of(rig.A, TunnelMessage.Initiation));
    }

    [Fact]
    public void Checks_of_another_path_that_leads_nowhere_begin_nothing_and_are_no_keep_alive()
    {
        var rig = new TunnelRig().Established();
        rig.Fate = sent => sent.Path == rig.B.Path || sent.Path == rig.A.Path ? TimeSpan.Zero : null;
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(60));
        for (var i = 0; i < 30; i++)
        {
            rig.Run(1);
            Assert.True(rig.A.Table.SendOn(rig.Now, rig.AtoB, TunnelRig.IPv6(60), rig.B.Path with { Uplink = 1 }));
        }

        Assert.Single(rig.Of(rig.A, TunnelMessage.Initiation));
        Assert.Single(rig.Of(rig.A, TunnelMessage.Transport), s => s.Bytes.Length == TunnelMessage.TransportOverhead && s.At > rig.Boot - TunnelRig.Seconds(30));
    }

    [Fact]
    public void A_key_of_180_s_neither_seals_nor_opens()
    {
        var rig = new TunnelRig().Established();
        var made = rig.AtoB.LastHandshake!.Value;
        byte[]? held = null;
        rig.Fate = sent =>
        {
            held = sent.Bytes;
            return null;
        };
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        var transport = held!;
        rig.Run(made + Limits.RejectAfterTime - rig.Boot + TunnelRig.Seconds(1));
        Assert.False(rig.AtoB.IsEstablished);
        Assert.False(rig.BtoA.IsEstablished);
        Assert.Equal(OpenVerdict.Refused, rig.B.Take(rig.A.Path, transport));
        Assert.Equal(1, rig.B.Table.Counters[TunnelRefusals.ExpiredKey]);
        Assert.Equal(Disposition.Drop, rig.B.Seal(rig.BtoA, TunnelRig.IPv4(60)));
        Assert.Equal(1, rig.BtoA.Staged);
        rig.Fate = _ => TimeSpan.Zero;
        rig.Run(20);
        Assert.True(rig.AtoB.IsEstablished && rig.BtoA.IsEstablished);
        Assert.Single(rig.A.Data);
    }

    [Fact]
    public void All_keys_are_wiped_after_540_s_and_said_to_be()
    {
        var rig = new TunnelRig().Established();
        var made = rig.AtoB.LastHandshake!.Value;
        rig.Run(539);
        Assert.Equal(1, rig.A.Table.Receivers);
        rig.Run(1);
        Assert.Equal(0, rig.A.Table.Receivers);
        Assert.Equal(0, rig.B.Table.Receivers);
        Assert.Equal((made + TunnelRig.Seconds(540), TunnelChange.Expired), (rig.A.Changes[^1].At, rig.A.Changes[^1].Change));
        Assert.Equal(TunnelChange.Expired, rig.B.Changes[^1].Change);
        Assert.Equal(TimeSpan.MaxValue, rig.A.Table.NextDeadline);
    }

    [Fact]
    public void A_persistent_keep_alive_goes_when_nothing_else_went_and_keeps_the_tunnel_for_ever()
    {
        var rig = new TunnelRig();
        rig.AtoB.PersistentKeepAlive = TunnelRig.Seconds(25);
        Assert.True(rig.A.Table.NextDeadline <= rig.Boot);
        rig.Run(1);
        Assert.True(rig.AtoB.IsEstablished);
        var since = rig.AtoB.LastSent!.Value;
        rig.Run(20);
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        var packet = rig.Boot;
        rig.Run(30);
        Assert.Equal([since, packet, packet + TunnelRig.Seconds(25)], rig.Of(rig.A, TunnelMessage.Transport).ConvertAll(s => s.At));

        rig.Run(3600);
        Assert.True(rig.AtoB.IsEstablished && rig.BtoA.IsEstablished);
        Assert.DoesNotContain(rig.A.Changes, c => c.Change != TunnelChange.Established);
        rig.AtoB.PersistentKeepAlive = null;
        rig.Run(600);
        Assert.Equal(TimeSpan.MaxValue, rig.A.Table.NextDeadline);
    }

    [Fact]
    public void A_persistent_keep_alive_of_nothing_does_not_spin()
    {
        var rig = new TunnelRig { Fate = _ => null };
        rig.AtoB.PersistentKeepAlive = TimeSpan.Zero;
        rig.Run(0.1);
        Assert.True(rig.A.Table.NextDeadline > rig.Boot);
    }

    [Fact]
    public void Initiations_are_5_s_apart_however_often_one_is_asked_for()
    {
        var rig = new TunnelRig().Established();
        for (var i = 0; i < 100; i++)
        {
            rig.A.Table.Begin(rig.Now, rig.AtoB);
            rig.Run(0.1);
        }

        var sent = rig.Of(rig.A, TunnelMessage.Initiation).ConvertAll(s => s.At);
        Assert.InRange(sent.Count, 2, 3);
        Assert.True(sent[1] - sent[0] >= Limits.RekeyTimeout);
    }

    [Theory]
    [InlineData(0, Limits.RekeyAfterMessages, Limits.RejectAfterMessages)]
    [InlineData(4, Limits.RekeyAfterMessagesAes, Limits.RejectAfterMessagesAes)]
    public void The_last_counters_begin_a_handshake_and_are_then_refused(uint suites, ulong rekeyAfter, ulong rejectAfter)
    {
        var rig = new TunnelRig();
        rig.AtoB.Suites = rig.BtoA.Suites = new(new(suites), new(suites));
        rig.Established();
        rig.Run(10);
        rig.Fate = _ => null;
        rig.AtoB.Current!.Sent = rekeyAfter - 2;
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        Assert.False(rig.AtoB.IsHandshakeUnderWay);
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        Assert.True(rig.AtoB.IsHandshakeUnderWay);
        rig.AtoB.Current!.Sent = rejectAfter - 1;
        Assert.Equal(Disposition.ToWire, rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60)));
        var last = rig.Log[^1].Bytes;
        Assert.False(rig.AtoB.IsEstablished);
        Assert.Equal(Disposition.Drop, rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60)));
        Assert.Equal(OpenVerdict.Data, rig.B.Take(rig.A.Path, last));
        last[8] = 0xff;
        last.AsSpan(8, 8).Fill(0xff);
        Assert.Equal(OpenVerdict.Refused, rig.B.Take(rig.A.Path, last));
        Assert.Equal(1, rig.B.Table.Counters[TunnelRefusals.ExpiredKey]);
    }

    [Fact]
    public void After_a_day_asleep_everything_due_is_done_once()
    {
        var rig = new TunnelRig().Established();
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.AtoB.PersistentKeepAlive = TunnelRig.Seconds(25);
        rig.Run(1);
        rig.Log.Clear();
        rig.Boot += TimeSpan.FromDays(1);
        rig.A.Table.HandleTimeout(rig.Now);
        Assert.True(rig.A.Table.NextDeadline > rig.Boot);
        rig.Drain();
        Assert.Single(rig.Log);
        Assert.Equal(TunnelChange.Expired, rig.A.Changes[^1].Change);
        rig.Run(1);
        Assert.True(rig.AtoB.IsEstablished);
    }

    [Fact]
    public void A_spurious_timeout_changes_nothing()
    {
        var rig = new TunnelRig().Established();
        var before = rig.Log.Count;
        for (var i = 0; i < 1000; i++)
        {
            rig.A.Table.HandleTimeout(rig.Now);
        }

        rig.Drain();
        Assert.Equal(before, rig.Log.Count);
    }
}
