using System.Buffers.Binary;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>What a tunnel sealed is kept, acknowledged, and sent again by another path.</summary>
public sealed class TunnelResendTests
{
    private readonly CounterRange[] _missing = new CounterRange[Limits.ReportRanges];

    [Fact]
    public void A_stream_whose_path_was_dead_for_300_ms_is_delivered_exactly_once_by_the_other()
    {
        var rig = Rig();
        var sent = 0;
        Stream(rig, 200, ref sent);
        rig.Fate = s => s.From == rig.A && s.Path.Uplink == 0 ? null : TimeSpan.Zero;
        Stream(rig, 150, ref sent); // 300 ms into the void
        Assert.NotNull(rig.A.Table.UnacknowledgedSince(rig.AtoB));
        rig.AtoB.SendPath = Other(rig);
        rig.A.Table.Resend(rig.Now, rig.AtoB, Other(rig));
        Stream(rig, 300, ref sent);
        rig.Run(0.1);
        Assert.Equal(Enumerable.Range(0, sent), rig.B.Data.ConvertAll(Number));
        Report(rig);
        Assert.Null(rig.A.Table.UnacknowledgedSince(rig.AtoB));
        Assert.Equal(0, rig.AtoB.LostBeyondRing + rig.AtoB.UnacknowledgedInTime);
        Assert.InRange(rig.AtoB.SentAgain, 150, 190);
        Assert.Empty(rig.A.Table.Counters.All);
    }

    [Fact]
    public void It_goes_in_order_no_faster_than_it_may_and_newer_packets_wait_for_it()
    {
        var rig = Rig();
        rig.Fate = s => s.Path.Uplink == 0 ? null : TimeSpan.Zero;
        for (var i = 0; i < 100; i++)
        {
            rig.A.Seal(rig.AtoB, Packet(i, 1100));
        }

        rig.Run(0.2);
        var began = rig.Boot;
        rig.AtoB.SendPath = Other(rig);
        rig.A.Table.Resend(rig.Now, rig.AtoB, Other(rig));
        Assert.True(rig.A.Table.IsResending(rig.AtoB));
        Assert.Equal(Disposition.Drop, rig.A.Seal(rig.AtoB, Packet(100, 1100)));
        rig.Run(1);
        Assert.False(rig.A.Table.IsResending(rig.AtoB));
        var again = rig.Of(rig.A, TunnelMessage.Transport, began);
        Assert.Equal(Enumerable.Range(0, 101), rig.B.Data.ConvertAll(Number));
        Assert.True(again.All(s => s.Path == Other(rig)));
        for (var ms = 1; ms < 40; ms++)
        {
            var bytes = again.Where(s => s.At <= began + TimeSpan.FromMilliseconds(ms)).Sum(s => s.Bytes.Length);
            Assert.InRange(bytes, 1, ((ms + 2) * Limits.ResendBytesPerMillisecond) + 1200);
        }

        Assert.Equal(100, rig.AtoB.SentAgain);
        Assert.Equal(Disposition.ToWire, rig.A.Seal(rig.AtoB, Packet(101, 1100)));
    }

    [Fact]
    public void What_does_not_fit_the_new_path_is_split_and_sealed_anew()
    {
        var rig = Rig();
        rig.AtoB.Mtu = Limits.MtuInside;
        rig.Fate = s => s.Path.Uplink == 0 ? null : TimeSpan.Zero;
        for (var i = 0; i < 20; i++)
        {
            rig.A.Seal(rig.AtoB, Packet(i, i % 2 == 0 ? 1400 : 300));
        }

        rig.AtoB.Mtu = Limits.MtuAssumed;
        rig.AtoB.SendPath = Other(rig);
        var began = rig.Log.Count;
        rig.A.Table.Resend(rig.Now, rig.AtoB, Other(rig));
        rig.Run(0.5);
        Assert.Equal(Enumerable.Range(0, 20), rig.B.Data.ConvertAll(Number));
        Assert.All(rig.Log.Skip(began), s => Assert.True(s.Bytes.Length <= Limits.MtuAssumed + TunnelMessage.TransportOverhead));
        Report(rig);
        Assert.Null(rig.A.Table.UnacknowledgedSince(rig.AtoB));
        Assert.Equal(0, rig.AtoB.LostBeyondRing);
    }

    [Fact]
    public void What_was_sealed_under_the_key_before_goes_and_is_acknowledged_too()
    {
        var rig = Rig();
        rig.Run(Limits.RekeyTimeout);
        rig.Fate = s => s.Path.Uplink == 0 && s.Type == TunnelMessage.Transport && s.Bytes.Length > 100 ? null : TimeSpan.Zero;
        for (var i = 0; i < 5; i++)
        {
            rig.A.Seal(rig.AtoB, Packet(i, 200));
        }

        var former = rig.AtoB.Current;
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(0.1);
        Assert.NotSame(former, rig.AtoB.Current);
        for (var i = 5; i < 10; i++)
        {
            rig.A.Seal(rig.AtoB, Packet(i, 200));
        }

        rig.A.Table.Resend(rig.Now, rig.AtoB, Other(rig));
        rig.Run(0.1);
        Assert.Equal(Enumerable.Range(0, 10), rig.B.Data.ConvertAll(Number));
        Report(rig);
        Assert.Null(rig.A.Table.UnacknowledgedSince(rig.AtoB));
    }

    [Fact]
    public void What_lanes_seal_later_is_kept_and_sent_whole()
    {
        var rig = Rig(lanes: 3);
        var batch = new PacketBatch();
        for (var i = 0; i < 150; i++)
        {
            batch.Add().Fill(Packet(i, 1000)); // beyond the ring's first room within one batch
            rig.A.Table.Seal(rig.Now, rig.AtoB, batch[i], mayWait: true);
        }

        var work = rig.A.Table.LeftToSeal!;
        for (var i = work.Count - 1; i >= 75; i--)
        {
            work.Do(i, i + 1, i % 3);
        }

        work.Do(0, 75, 0);
        work.Done();
        rig.A.Table.Resend(rig.Now, rig.AtoB, Other(rig));
        rig.Run(0.5);
        Assert.Equal(Enumerable.Range(0, 150), rig.B.Data.ConvertAll(Number));
    }

    [Fact]
    public void What_waits_for_a_lane_is_sealed_before_it_is_sent_again()
    {
        var rig = Rig(lanes: 3);
        var packet = new Packet();
        packet.Fill(Packet(0, 1000));
        rig.A.Table.Seal(rig.Now, rig.AtoB, packet, mayWait: true);
        rig.A.Table.Resend(rig.Now, rig.AtoB, Other(rig));
        Assert.Equal(0, rig.A.Table.LeftToSeal!.Count);
        rig.Run(0.1);
        Assert.Equal(0, Number(Assert.Single(rig.B.Data)));
        Assert.Equal(OpenVerdict.Refused, rig.B.Take(rig.A.Path, packet.Bytes)); // the same datagram
    }

    [Fact]
    public void A_tunnel_that_is_removed_while_it_sends_again_takes_its_room_with_it()
    {
        var rig = Rig();
        for (var i = 0; i < 100; i++)
        {
            rig.A.Seal(rig.AtoB, Packet(i, 1100));
        }

        rig.A.Table.Resend(rig.Now, rig.AtoB, Other(rig));
        Assert.True(rig.A.Table.IsResending(rig.AtoB));
        rig.A.Table.Remove(rig.AtoB);
        Assert.Equal(0, rig.A.Table.RingBytes);
        Assert.False(rig.A.Table.IsResending(rig.AtoB));
        rig.A.Table.Resend(rig.Now, rig.AtoB, Other(rig));
        rig.A.Table.HandleTimeout(rig.Now);
        Assert.Equal(TimeSpan.MaxValue, rig.A.Table.NextDeadline);
    }

    [Fact]
    public void Room_is_given_back_when_nothing_was_kept_for_long_and_the_table_falls_silent()
    {
        var rig = Rig();
        rig.A.Seal(rig.AtoB, Packet(0, 1100));
        Assert.Equal(Ring.LeastBytes, rig.A.Table.RingBytes);
        rig.Run(5);
        Assert.Null(rig.A.Table.UnacknowledgedSince(rig.AtoB));
        Assert.Equal(1, rig.AtoB.UnacknowledgedInTime);
        rig.Run(20);
        Assert.Equal(0, rig.A.Table.RingBytes);
        rig.Run(600);
        Assert.Equal(TimeSpan.MaxValue, rig.A.Table.NextDeadline);
    }

    [Fact]
    public void More_than_the_ring_holds_is_counted_as_lost_beyond_it()
    {
        var rig = Rig();
        var datagrams = (Limits.RingBytes / 1232) + 100;
        for (var i = 0; i < datagrams; i++)
        {
            rig.A.Seal(rig.AtoB, Packet(i, 1200));
        }

        Assert.Equal(Limits.RingBytes, rig.A.Table.RingBytes);
        Assert.InRange(rig.AtoB.LostBeyondRing, 90, 110);
        rig.Run(11);
        Assert.Equal(rig.AtoB.LostBeyondRing, rig.A.Table.Counters[TunnelRefusals.RingOverflow]);
    }

    [Fact]
    public void Reports_of_other_keys_and_of_what_was_never_sent_change_nothing()
    {
        var rig = Rig();
        rig.A.Seal(rig.AtoB, Packet(0, 200));
        rig.Run(0.02);
        Assert.True(rig.B.Table.TryReport(rig.BtoA, previous: false, again: false, _missing, out var receipt, out var ranges));
        Assert.False(rig.B.Table.TryReport(rig.BtoA, previous: false, again: false, _missing, out _, out _)); // none twice
        foreach (var (wrong, reason) in new[]
        {
            (receipt with { Key = receipt.Key ^ 1 }, TunnelRefusals.ReportUnknownKey),
            (receipt with { Highest = receipt.Highest + 1 }, TunnelRefusals.ReportImpossible),
            (receipt with { Highest = ulong.MaxValue }, TunnelRefusals.ReportImpossible),
            (receipt with { Floor = receipt.Highest + 1 }, TunnelRefusals.ReportImpossible),
        })
        {
            Assert.Equal(0, rig.A.Table.Acknowledge(rig.Now, rig.AtoB, wrong, default, out var refusal));
            Assert.Equal(reason, refusal);
            Assert.NotNull(rig.A.Table.UnacknowledgedSince(rig.AtoB));
        }

        Assert.Equal(1, rig.A.Table.Acknowledge(rig.Now, rig.AtoB, receipt, _missing.AsSpan(0, ranges), out _));
        Assert.Equal(0, rig.A.Table.Acknowledge(rig.Now, rig.AtoB, receipt, _missing.AsSpan(0, ranges), out _));
        Assert.Null(rig.A.Table.UnacknowledgedSince(rig.AtoB));
    }

    [Fact]
    public void The_share_that_is_lost_shows()
    {
        var rig = Rig();
        var number = 0;
        rig.Fate = s => s.From == rig.A && s.Type == TunnelMessage.Transport && number % 5 == 0 ? null : TimeSpan.Zero;
        Stream(rig, 2000, ref number);
        Assert.InRange(rig.AtoB.LossShare ?? 0, 0.18, 0.22);
        rig.Run(11);
        Assert.Null(rig.AtoB.LossShare);
    }

    [Theory]
    [InlineData(TunnelKind.Stock, true)]
    [InlineData(TunnelKind.Ntm, false)]
    public void Stock_tunnels_and_those_that_were_not_asked_keep_nothing(TunnelKind kind, bool asked)
    {
        var rig = new TunnelRig(kind).Established();
        rig.AtoB.Keeps = asked;
        rig.A.Seal(rig.AtoB, Packet(0, 200));
        Assert.Equal(0, rig.A.Table.RingBytes);
        Assert.Null(rig.A.Table.UnacknowledgedSince(rig.AtoB));
    }

    private static TunnelRig Rig(int lanes = 1)
    {
        var rig = new TunnelRig(lanes: lanes).Established();
        rig.AtoB.Keeps = rig.BtoA.Keeps = true;
        return rig;
    }

    private static WirePath Other(TunnelRig rig) => rig.B.Path with { Uplink = 1 };

    private static byte[] Packet(int number, int length)
    {
        var packet = TunnelRig.IPv4(length);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(20), number);
        return packet;
    }

    private static int Number(byte[] packet) => BinaryPrimitives.ReadInt32BigEndian(packet.AsSpan(20));

    // 500 packets a second, and a report each 50 ms, which needs no way.
    private void Stream(TunnelRig rig, int packets, ref int sent)
    {
        for (var i = 0; i < packets; i++)
        {
            rig.A.Seal(rig.AtoB, Packet(sent++, 200));
            rig.Run(0.002);
            if (sent % 25 == 0)
            {
                Report(rig);
            }
        }
    }

    private void Report(TunnelRig rig)
    {
        foreach (var previous in new[] { true, false })
        {
            if (rig.B.Table.TryReport(rig.BtoA, previous, again: false, _missing, out var receipt, out var ranges))
            {
                rig.A.Table.Acknowledge(rig.Now, rig.AtoB, receipt, _missing.AsSpan(0, ranges), out var refusal);
                Assert.Null(refusal);
            }
        }
    }
}
