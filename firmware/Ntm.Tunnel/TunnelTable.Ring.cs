using Ntm.Protocol;

namespace Ntm.Tunnel;

// What was sealed is kept, acknowledged, and sent again by another path (docs/protocol.md section 5, "Handover").
public sealed partial class TunnelTable
{
    // Of a ring in which nothing is.
    private static readonly TimeSpan RingIdle = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan CountLost = TimeSpan.FromMilliseconds(100);

    private readonly RingRoom _ringRoom = new();
    private readonly Packet _opened = new();

    /// <summary>Bytes of all rings.</summary>
    internal int RingBytes => _ringRoom.Bytes;

    /// <summary>When the oldest datagram of data that is kept and that no report acknowledged was sealed (boot time); null: there is none.</summary>
    public TimeSpan? UnacknowledgedSince(Tunnel tunnel)
    {
        if (tunnel.Ring is not { } ring)
        {
            return null;
        }

        ring.Expire(Boot);
        var oldest = ring.OldestUnsettled();
        return oldest < ring.Next ? ring[oldest].Sealed : null;
    }

    public bool IsResending(Tunnel tunnel) => tunnel.Resending is not null;

    /// <summary>
    /// Sends what is kept and not acknowledged by <paramref name="path"/>, in the order of counters, through the outbox and <see cref="HandleTimeout"/>. What is sealed until that is
    /// done waits in the ring for its turn (<see cref="Disposition.Drop"/>) and goes the same way. A re-sending under way ends with this one.
    /// </summary>
    /// <param name="path">Where to; <see cref="Tunnel.Mtu"/> is what it carries, set before.</param>
    public void Resend(Now now, Tunnel tunnel, WirePath path)
    {
        Boot = now.Boot;
        if (tunnel.Ring is not { } ring || tunnel.IsRemoved || path.IsNone)
        {
            return;
        }

        _toSeal?.Finish(); // what waits for a lane has no bytes yet
        if (tunnel.Resending is null)
        {
            ring.Expire(now.Boot);
        }

        if (ring.OldestUnsettled() == ring.Next)
        {
            EndResend(now, tunnel, ring);
            _deadlines.Advance(tunnel, tunnel.Timers.Ring);
            return;
        }

        tunnel.Resending = new Resending(path, ++tunnel.ResendRounds, tunnel.Resending?.Began ?? ring.Next) { Cursor = ring.OldestUnsettled() };
        ring.IsHeld = true;
        ResendSlice(now, tunnel, ring);
    }

    /// <summary>Takes a peer's report.</summary>
    /// <param name="missing">At most <see cref="Limits.ReportRanges"/> ranges, ascending, apart, between floor and highest: the caller has seen to that.</param>
    /// <param name="refusal">Where it is refused: why, for the counters.</param>
    /// <returns>How many kept datagrams it acknowledges that were not before.</returns>
    public int Acknowledge(Now now, Tunnel tunnel, in Receipt receipt, ReadOnlySpan<CounterRange> missing, out string? refusal)
    {
        Boot = now.Boot;
        refusal = null;
        var keypair = tunnel.Current is { } current && current.RemoteIndex == receipt.Key ? current
            : tunnel.Previous is { } previous && previous.RemoteIndex == receipt.Key ? previous : null;
        if (keypair is null)
        {
            refusal = TunnelRefusals.ReportUnknownKey;
            return 0;
        }

        if (receipt.Floor > receipt.Highest || receipt.Highest >= keypair.Sent)
        {
            refusal = TunnelRefusals.ReportImpossible;
            return 0;
        }

        tunnel.Losses.Take(now.Boot, keypair, receipt, missing);
        return tunnel.Ring is { } ring ? Settle(ring, keypair, receipt, missing) : 0;
    }

    /// <summary>What came in under the current key, or the one before, since it was last asked for here.</summary>
    /// <param name="previous">Of the key before the current one.</param>
    /// <param name="missing">Room for <see cref="Limits.ReportRanges"/>; ascending.</param>
    /// <param name="again">Also where nothing came since.</param>
    /// <returns>False: nothing came.</returns>
    public bool TryReport(Tunnel tunnel, bool previous, bool again, Span<CounterRange> missing, out Receipt receipt, out int ranges)
    {
        (receipt, ranges) = (default, 0);
        if ((previous ? tunnel.Previous : tunnel.Current) is not { } keypair || !(keypair.IsUnreported || again)
            || !keypair.Window.TryList(missing, out var floor, out var highest, out ranges))
        {
            return false;
        }

        keypair.IsUnreported = false;
        receipt = new(keypair.LocalIndex, floor, highest);
        return true;
    }

    private static int Settle(Ring ring, Keypair keypair, in Receipt receipt, ReadOnlySpan<CounterRange> missing)
    {
        var (settled, at) = (0, 0);
        for (var number = ring.OldestUnsettled(); number < ring.Next; number++)
        {
            ref var kept = ref ring[number];
            if (kept.Keypair != keypair || kept.Counter < receipt.Floor)
            {
                continue;
            }

            if (kept.Counter > receipt.Highest)
            {
                break; // counters of a key ascend
            }

            while (at < missing.Length && missing[at].End <= kept.Counter)
            {
                at++;
            }

            if (!kept.IsSettled && !(at < missing.Length && missing[at].First <= kept.Counter))
            {
                kept.IsSettled = true;
                settled++;
            }
        }

        return settled;
    }

    /// <summary>The core asks for the tunnel's datagrams to be kept no longer.</summary>
    internal void OnKeepsNothing(Tunnel tunnel)
    {
        _toSeal?.Finish();
        ReleaseRing(tunnel);
    }

    // A datagram that has its header, and its counter. Its bytes come now, or from the lane that seals it.
    // -1: it is not kept.
    private long Reserve(Now now, Tunnel tunnel, Keypair keypair, ulong counter, int length)
    {
        var ring = tunnel.Ring ??= new Ring(_ringRoom, tunnel);
        tunnel.SealedRate.Add(now.Boot, length);
        var number = ring.Add(now.Boot, keypair, counter, length);
        if (number < 0)
        {
            Counters.Count(TunnelRefusals.RingFullInAll);
        }
        else if (tunnel.LostBeyondRing > tunnel.LostCounted && now.Boot - tunnel.LostCountedAt >= CountLost)
        {
            CountLostBeyond(now, tunnel);
        }

        if (tunnel.Timers.Ring == Deadlines.Never)
        {
            tunnel.Timers.Ring = now.Boot + RingIdle;
            _deadlines.Advance(tunnel, tunnel.Timers.Ring);
        }

        return number;
    }

    // Not for each: at full speed each new datagram may push out an old one.
    private void CountLostBeyond(Now now, Tunnel tunnel)
    {
        if (tunnel.LostBeyondRing > tunnel.LostCounted)
        {
            Counters.Count(TunnelRefusals.RingOverflow, tunnel.LostBeyondRing - tunnel.LostCounted);
            (tunnel.LostCounted, tunnel.LostCountedAt) = (tunnel.LostBeyondRing, now.Boot);
        }
    }

    private void ExpiredRing(Now now, Tunnel tunnel)
    {
        tunnel.Timers.Ring = Deadlines.Never;
        if (tunnel.Ring is not { } ring)
        {
            return;
        }

        CountLostBeyond(now, tunnel);
        if (tunnel.Resending is not null)
        {
            ResendSlice(now, tunnel, ring);
            return;
        }

        ring.Expire(now.Boot);
        if (ring.First == ring.Next && now.Boot - ring.LastAdded >= RingIdle)
        {
            ring.Release();
            return;
        }

        var idle = ring.LastAdded + RingIdle;
        tunnel.Timers.Ring = idle > now.Boot ? idle : now.Boot + Limits.RingTime;
    }

    private void ResendSlice(Now now, Tunnel tunnel, Ring ring)
    {
        _toSeal?.Finish();
        var resending = tunnel.Resending!;
        resending.Allow(now.Boot, tunnel.SealedRate.PerSecond(now.Boot));
        while ((resending.Cursor = Math.Max(resending.Cursor, ring.First)) < ring.Next)
        {
            ref var kept = ref ring[resending.Cursor];
            if (kept.IsSettled || kept.Out == resending.Round)
            {
                resending.Cursor++;
                continue;
            }

            // The outbox takes what others want to say, too.
            if (_outbox.Count >= Limits.OutboxDatagrams / 2 || !resending.Take(kept.Length))
            {
                tunnel.Timers.Ring = now.Boot + LeastSleep;
                _deadlines.Advance(tunnel, tunnel.Timers.Ring);
                return;
            }

            // What is made of it is added behind, and may move the ring's bytes.
            var number = resending.Cursor++;
            ResendOne(now, tunnel, ring, number, resending);
        }

        EndResend(now, tunnel, ring);
        _deadlines.Advance(tunnel, tunnel.Timers.Ring);
    }

    private void ResendOne(Now now, Tunnel tunnel, Ring ring, long number, Resending resending)
    {
        ref var kept = ref ring[number];
        if (kept.Keypair.Age(now.Boot) >= Limits.RejectAfterTime)
        {
            kept.IsSettled = true;
            Counters.Count(TunnelRefusals.ExpiredKey);
            return;
        }

        kept.Went = now.Boot;
        if (number < resending.Began)
        {
            tunnel.SentAgain++;
            CountSent(now, tunnel, kept.Length);
        }

        if (kept.Length - TunnelMessage.TransportOverhead > tunnel.Mtu && TryReseal(now, tunnel, ring, number, resending))
        {
            return;
        }

        var datagram = ring.Bytes(number);
        TunnelMessage.WriteChannel(datagram, resending.Path.Channel);
        _outbox.Send(resending.Path, datagram);
    }

    // Too long for the path. What cannot be shortened goes as it is: it may yet pass.
    private bool TryReseal(Now now, Tunnel tunnel, Ring ring, long number, Resending resending)
    {
        ref var kept = ref ring[number];
        if (tunnel.Current is not { } keypair || !keypair.MaySeal(now.Boot))
        {
            return false;
        }

        _opened.Reset();
        _opened.Fill(ring.Bytes(number));
        if (!TryOpen(kept.Keypair.Sealer, kept.Counter, _opened.Bytes, lane: 0))
        {
            return false;
        }

        _opened.GrowHead(-TunnelMessage.TransportHeaderSize);
        _opened.GrowTail(-TunnelMessage.TagSize);
        if (_opened.Length == 0 || InnerLength(_opened.Bytes) is not (> 0 and var inner) || (inner > tunnel.Mtu && !MustSplit(tunnel, inner, tunnel.Mtu)))
        {
            return false;
        }

        kept.IsSettled = true; // the new ones are kept in its place
        _opened.SetLength(inner);
        if (inner <= tunnel.Mtu)
        {
            SealAgain(now, tunnel, ring, keypair, _opened, tunnel.Mtu, resending);
            return true;
        }

        Split(_opened, _otherHalf);
        SealAgain(now, tunnel, ring, keypair, _opened, _opened.Length, resending);
        if (keypair.MaySeal(now.Boot))
        {
            SealAgain(now, tunnel, ring, keypair, _otherHalf, _otherHalf.Length, resending);
        }

        return true;
    }

    private void SealAgain(Now now, Tunnel tunnel, Ring ring, Keypair keypair, Packet packet, int mtu, Resending resending)
    {
        var number = ring.Next;
        if (!SealWith(now, tunnel, keypair, packet, resending.Path, mtu, keep: true))
        {
            return;
        }

        if (ring.Next > number)
        {
            ring[number].Out = resending.Round;
        }

        _outbox.Send(resending.Path, packet.Bytes);
    }

    private static void EndResend(Now now, Tunnel tunnel, Ring ring)
    {
        tunnel.Resending = null;
        ring.IsHeld = false;
        ring.Expire(now.Boot);
        tunnel.Timers.Ring = now.Boot + RingIdle;
    }

    private static void ReleaseRing(Tunnel tunnel)
    {
        tunnel.Ring?.Release();
        (tunnel.Ring, tunnel.Resending) = (null, null);
        tunnel.Timers.Ring = Deadlines.Never;
    }
}
