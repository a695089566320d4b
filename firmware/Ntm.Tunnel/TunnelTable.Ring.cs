using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Tunnel;

// What was sealed lately and may be sent again (docs/protocol.md section 5, "Handover").
public sealed partial class TunnelTable
{
    /// <summary>Of one slice, so that the outbox holds it.</summary>
    private const int SliceMost = Limits.OutboxDatagrams / 2;

    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(1);

    private readonly RingChunks _chunks = new();
    private readonly List<Tunnel> _resending = [];
    private TimeSpan _resendAt = Deadlines.Never;

    /// <summary>When the oldest data was sealed that the peer has not spoken of; null: there is none.</summary>
    public TimeSpan? UnacknowledgedSince(Tunnel tunnel) => tunnel.Ring?.UnreportedSince;

    /// <summary>Whether newer data waits for what is sent again.</summary>
    public static bool IsResending(Tunnel tunnel) => tunnel.Ring is { } ring && ring.Cursor < ring.Tail;

    /// <summary>
    /// Sends again by <paramref name="path"/> what was not acknowledged, in the order of counters, ahead of newer data; paced. What is longer than <c>tunnel.Mtu</c> is split.
    /// </summary>
    /// <returns>How many datagrams that are.</returns>
    public int Resend(Now now, Tunnel tunnel, WirePath path)
    {
        if (tunnel.Ring is not { } ring || path.IsNone)
        {
            return 0;
        }

        _toSeal?.Finish();
        var count = ring.Rewind(now.Boot);
        tunnel.ResendPath = path;
        tunnel.ResendRate = Math.Max(Limits.ResendBytesPerMillisecond, 2 * ring.BytesKept / (long)Limits.RingTime.TotalMilliseconds);
        tunnel.ResentAt = now.Boot - Slice;
        if (!_resending.Contains(tunnel))
        {
            _resending.Add(tunnel);
        }

        GoOnResending(now, tunnel);
        return count;
    }

    /// <summary>What the peer says came in.</summary>
    /// <returns>How many datagrams that is news of; -1: it makes no sense.</returns>
    public int TakeReport(Now now, Tunnel tunnel, PathReport report)
    {
        Boot = now.Boot;
        var keypair = tunnel.Current is { } current && current.RemoteIndex == report.Key ? current
            : tunnel.Previous is { } previous && previous.RemoteIndex == report.Key ? previous : null;
        if (keypair is null)
        {
            return 0; // of a key that is gone
        }

        if (report.Highest >= keypair.Sent || report.Floor > report.Highest || report.Missing.Count > 2 * Limits.ReportRanges || report.Missing.Count % 2 != 0)
        {
            return -1;
        }

        Span<(ulong First, ulong Length)> missing = stackalloc (ulong, ulong)[report.Missing.Count / 2];
        var next = report.Floor;
        for (var i = 0; i < missing.Length; i++)
        {
            var (gap, length) = (report.Missing[2 * i], report.Missing[(2 * i) + 1]);
            if (gap > report.Highest - next || length == 0 || length > report.Highest - next - gap)
            {
                return -1;
            }

            missing[i] = (next + gap, length);
            next += gap + length;
        }

        return tunnel.Ring?.Acknowledge(keypair, report.Floor, report.Highest, missing) ?? 0;
    }

    /// <summary>What came in under the key by which data came last; null: there is nothing to say.</summary>
    public static PathReport? MakeReport(Tunnel tunnel)
    {
        if (tunnel.Current is not { } keypair || !keypair.Window.Any)
        {
            return null;
        }

        var report = new PathReport { Key = keypair.LocalIndex, Highest = keypair.Window.Highest };
        report.Floor = keypair.Window.Missing(Limits.ReportRanges, report.Missing);
        return report;
    }

    /// <summary>Gives back what a ring does not need any more.</summary>
    public void TrimRing(Now now, Tunnel tunnel)
    {
        Boot = now.Boot;
        tunnel.Ring?.DropOld(now.Boot);
        if (tunnel.Ring is { IsEmpty: true } ring)
        {
            ring.Clear();
        }
    }

    /// <summary>Copies a datagram into its tunnel's ring, or has it copied once it is sealed.</summary>
    private void Keep(Tunnel tunnel, Keypair keypair, ulong counter, Packet packet, bool isSealed)
    {
        var ring = tunnel.Ring ??= new Ring(_chunks);
        var isWaiting = ring.Cursor < ring.Tail;
        if (ring.Reserve(Boot, keypair, counter, packet.Length, out var offset) is not { } chunk)
        {
            return;
        }

        if (isSealed)
        {
            packet.Bytes.CopyTo(chunk.AsSpan(offset));
        }
        else
        {
            _toSeal!.KeepLast(chunk, offset);
        }

        if (isWaiting)
        {
            packet.Disposition = Disposition.Drop; // it goes when its turn comes
        }
    }

    private void GoOnResending(Now now)
    {
        for (var i = _resending.Count - 1; i >= 0; i--)
        {
            GoOnResending(now, _resending[i]);
        }

        _resendAt = _resending.Count > 0 ? now.Boot + Slice : Deadlines.Never;
    }

    private void GoOnResending(Now now, Tunnel tunnel)
    {
        var ring = tunnel.Ring!;
        var room = (long)(tunnel.ResendRate * Math.Min((now.Boot - tunnel.ResentAt).TotalMilliseconds, 100)) + Limits.MtuInside;
        tunnel.ResentAt = now.Boot;
        for (var sent = 0; ring.Cursor < ring.Tail && room > 0 && sent < SliceMost; ring.Advance())
        {
            ref var kept = ref ring[ring.Cursor];
            if (kept.Acknowledged || (kept.Keypair != tunnel.Current && kept.Keypair != tunnel.Previous) || kept.Keypair.Age(now.Boot) >= Limits.RejectAfterTime)
            {
                continue;
            }

            room -= kept.Length;
            sent++;
            kept.Again = true;
            SendAgain(now, tunnel, kept.Bytes, kept.Keypair, kept.Counter);
        }

        ring.DropOld(now.Boot);
        if (ring.Cursor == ring.Tail || tunnel.IsRemoved)
        {
            _resending.Remove(tunnel);
        }

        _resendAt = _resending.Count > 0 ? now.Boot + Slice : Deadlines.Never;
    }

    private void SendAgain(Now now, Tunnel tunnel, ReadOnlySpan<byte> datagram, Keypair keypair, ulong counter)
    {
        _scratch.Reset();
        _scratch.Fill(datagram);
        var inner = datagram.Length - TunnelMessage.TransportOverhead;
        if (inner > tunnel.Mtu && MustSplit(tunnel, inner, tunnel.Mtu) && tunnel.Current is { } current && current.MaySeal(now.Boot))
        {
            TunnelMessage.WriteChannel(_scratch.Bytes, 0);
            if (!TryOpen(keypair.Sealer, counter, _scratch.Bytes, lane: 0))
            {
                return; // a bug, and no reason to send what nobody can read
            }

            _scratch.GrowHead(-TunnelMessage.TransportHeaderSize);
            _scratch.GrowTail(-TunnelMessage.TagSize);
            if (InnerLength(_scratch.Bytes) is > 0 and var length)
            {
                _scratch.SetLength(length);
                Split(_scratch, _otherHalf);
                SealIntoOutbox(now, tunnel, current, _scratch, tunnel.ResendPath);
                SealIntoOutbox(now, tunnel, current, _otherHalf, tunnel.ResendPath);
            }

            return;
        }

        TunnelMessage.WriteChannel(_scratch.Bytes, tunnel.ResendPath.Channel);
        CountSent(now, tunnel, _scratch.Length);
        _outbox.Send(tunnel.ResendPath, _scratch.Bytes);
    }
}
