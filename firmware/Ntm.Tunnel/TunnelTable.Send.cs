using System.Buffers.Binary;
using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Tunnel;

// Outbound: seal in place, or stage and begin. No allocation per packet where a key may seal.
public sealed partial class TunnelTable
{
    private const int PaddingUnit = 16;

    /// <summary>
    /// Seals in place for <c>tunnel.SendPath</c> and sets path, channel and disposition ToWire; Drop while the tunnel re-sends (<see cref="Resend"/>). Where no key may seal, copies the packet to the
    /// staged ones (disposition Drop) and begins a handshake.
    /// </summary>
    /// <param name="mayWait">With more than one lane: the packet stays where it is until <see cref="LeftToSeal"/> is done, and its bytes are worth nothing before.</param>
    public void Seal(Now now, Tunnel tunnel, Packet packet, bool mayWait = false)
    {
        Boot = now.Boot;
        if (tunnel.Current is { } keypair && keypair.MaySeal(now.Boot))
        {
            SealWith(now, tunnel, keypair, packet, tunnel.SendPath, tunnel.Mtu, mayWait ? _toSeal : null, keep: true);
            return;
        }

        packet.Disposition = Disposition.Drop;
        Stage(now, tunnel, packet.Bytes, isData: true);
    }

    /// <summary>What was put off by <see cref="Seal(Now, Tunnel, Packet, bool)"/>; to be done before the next call. Null: nothing ever is.</summary>
    public IBatchWork? LeftToSeal => _toSeal;

    internal static void Seal(PacketCipher cipher, ulong counter, Span<byte> datagram, int lane) =>
        cipher.Seal(counter, datagram[TunnelMessage.TransportHeaderSize..^TunnelMessage.TagSize], datagram[^TunnelMessage.TagSize..], lane);

    /// <summary>Seals a copy of <paramref name="inner"/> (empty: keep-alive) for <paramref name="path"/> into the outbox. Never staged.</summary>
    /// <param name="padTo">A probe: whatever the path is known to carry, it goes in one datagram, and padded to so many bytes. 0: none.</param>
    /// <returns>False where no key may seal; a handshake has then been begun.</returns>
    public bool SendOn(Now now, Tunnel tunnel, ReadOnlySpan<byte> inner, WirePath path, int padTo = 0)
    {
        Boot = now.Boot;
        if (tunnel.Current is { } keypair && keypair.MaySeal(now.Boot))
        {
            SealCopy(now, tunnel, keypair, inner, path, path == tunnel.SendPath ? tunnel.Mtu : Limits.MtuAssumed, padTo);
            return true;
        }

        BeginIfIdle(now, tunnel);
        return false;
    }

    /// <summary>The same on <c>tunnel.SendPath</c>, staged where no key may seal; dropped where <c>tunnel.MaySend</c> refuses.</summary>
    public void Send(Now now, Tunnel tunnel, ReadOnlySpan<byte> inner)
    {
        if (tunnel.IsEstablished && !MaySend(now, tunnel, inner.Length))
        {
            Counters.Count(TunnelRefusals.PathUnproven);
            return;
        }

        if (!SendOn(now, tunnel, inner, tunnel.SendPath) && !inner.IsEmpty)
        {
            Stage(now, tunnel, inner, isData: false);
        }
    }

    private void Stage(Now now, Tunnel tunnel, ReadOnlySpan<byte> inner, bool isData)
    {
        if (tunnel.IsRemoved || !tunnel.IsUsable)
        {
            Counters.Count(TunnelRefusals.UnusableKey);
            return;
        }

        StageCopy(tunnel, inner, isData);
        BeginIfIdle(now, tunnel);
    }

    /// <summary>Copies a packet to the staged ones although a key may seal it: it waits until its path is proven, for <see cref="Flush"/>.</summary>
    public void Hold(Tunnel tunnel, Packet packet)
    {
        packet.Disposition = Disposition.Drop;
        StageCopy(tunnel, packet.Bytes, isData: true);
    }

    /// <summary>Sends what is staged, where there is a key and <c>tunnel.MaySend</c> does not refuse.</summary>
    public void Flush(Now now, Tunnel tunnel)
    {
        Boot = now.Boot;
        while (tunnel.Current is { } keypair && keypair.MaySeal(now.Boot) && tunnel.StagedPackets.TryPeek(out var next) && MaySend(now, tunnel, next.Value.Bytes.Length)
            && _staging.TryTake(tunnel, out var packet))
        {
            SealCopy(now, tunnel, keypair, packet.Bytes, tunnel.SendPath, tunnel.Mtu, keep: packet.IsData);
        }
    }

    // Of halves, both at once: one without the other would be spent for nothing.
    private static bool MaySend(Now now, Tunnel tunnel, int inner) =>
        tunnel.MaySend is not { } may || tunnel.SendPath.IsNone || may(now, tunnel.SendPath, MustSplit(tunnel, inner, tunnel.Mtu)
            ? 2 * (TunnelMessage.TransportOverhead + 1 + TunnelMessage.HalfSize) : TunnelMessage.TransportOverhead + PaddedLength(inner, tunnel.Mtu));

    private void StageCopy(Tunnel tunnel, ReadOnlySpan<byte> inner, bool isData)
    {
        var gaveWay = _staging.GaveWay;
        _staging.Add(tunnel, inner, isData);
        if (_staging.GaveWay > gaveWay)
        {
            Counters.Count(TunnelRefusals.StagedOverflow, _staging.GaveWay - gaveWay);
        }
    }

    private void SealCopy(Now now, Tunnel tunnel, Keypair keypair, ReadOnlySpan<byte> inner, WirePath path, int mtu = Limits.MtuAssumed, int padTo = 0,
        bool keep = false)
    {
        if (inner.Length > _scratch.Capacity - Limits.PacketHeadroom - PaddingUnit - TunnelMessage.TagSize)
        {
            Counters.Count(TunnelRefusals.Oversized);
            return;
        }

        _scratch.Reset();
        _scratch.Fill(inner);
        if (padTo > inner.Length)
        {
            _scratch.GrowTail(padTo - inner.Length);
            _scratch.Bytes[inner.Length..].Clear();
        }
        else if (MustSplit(tunnel, inner.Length, mtu))
        {
            Split(_scratch, _otherHalf);
            SealIntoOutbox(now, tunnel, keypair, _scratch, path, keep);
            SealIntoOutbox(now, tunnel, keypair, _otherHalf, path, keep);
            return;
        }

        if (SealWith(now, tunnel, keypair, _scratch, path, padTo > 0 ? padTo : mtu, keep: keep) && _scratch.Disposition == Disposition.ToWire)
        {
            _outbox.Send(path, _scratch.Bytes);
        }
    }

    private bool SealWith(Now now, Tunnel tunnel, Keypair keypair, Packet packet, WirePath path, int mtu, SealWork? later = null, bool keep = false)
    {
        var length = packet.Length;
        var padding = PaddedLength(length, mtu) - length;
        if (path.IsNone || packet.Headroom < TunnelMessage.TransportHeaderSize || packet.Tailroom < padding + TunnelMessage.TagSize)
        {
            packet.Disposition = Disposition.Drop;
            Counters.Count(path.IsNone ? TunnelRefusals.NoPath : TunnelRefusals.Oversized);
            return false;
        }

        packet.GrowTail(padding + TunnelMessage.TagSize);
        packet.GrowHead(TunnelMessage.TransportHeaderSize);
        var bytes = packet.Bytes;
        var text = bytes[TunnelMessage.TransportHeaderSize..^TunnelMessage.TagSize];
        text[length..].Clear();
        var counter = keypair.NextCounter();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, TunnelMessage.Transport);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], keypair.RemoteIndex);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], counter);
        var kept = keep && tunnel.Keeps ? Reserve(now, tunnel, keypair, counter, bytes.Length) : -1;

        // What is sent again goes first: what is sealed meanwhile waits in the ring.
        var waits = kept >= 0 && tunnel.Resending is not null;
        if (waits || later?.TryAdd(packet, keypair, counter, tunnel.Ring, kept) != true)
        {
            Seal(keypair.Sealer, counter, bytes, lane: 0);
            if (kept >= 0)
            {
                bytes.CopyTo(tunnel.Ring!.Bytes(kept));
            }
        }

        TunnelMessage.WriteChannel(bytes, path.Channel);
        packet.Path = path;
        packet.Disposition = waits ? Disposition.Drop : Disposition.ToWire;

        CountSent(now, tunnel, bytes.Length);

        // A check of a path that leads nowhere is no keep-alive, and that nobody answers it says nothing of the keys.
        if (path == tunnel.SendPath)
        {
            tunnel.Timers.OnSent();
            if (length > 0 && tunnel.Timers.OnDataSent(now.Boot))
            {
                _deadlines.Advance(tunnel, tunnel.Timers.NewHandshake);
            }
        }

        if (keypair.IsStaleToSend(now.Boot))
        {
            BeginIfIdle(now, tunnel);
        }

        return true;
    }

    private static void CountSent(Now now, Tunnel tunnel, int bytes)
    {
        tunnel.LastSent = now.Boot;
        tunnel.BytesSent += bytes;
    }

    // To a multiple of 16, but never beyond the path's MTU; what is longer than that already is not padded.
    private static int PaddedLength(int length, int mtu) =>
        Math.Max(length, Math.Min((length + PaddingUnit - 1) & ~(PaddingUnit - 1), mtu));
}
