using System.Buffers.Binary;
using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Tunnel;

// Inbound: the mirror of Send. Nothing changes before a datagram has authenticated and is no replay.
public sealed partial class TunnelTable
{
    /// <summary>
    /// Takes a datagram. Reads the relay channel into <c>packet.Path</c>, clears it, and handles handshakes or opens data in place.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="packet">The datagram, with the path it came by; afterwards the inner packet where the verdict is Data.</param>
    /// <param name="tunnel">Whose it is; null where refused before that was known.</param>
    public OpenVerdict Open(Now now, Packet packet, out Tunnel? tunnel)
    {
        Boot = now.Boot;
        tunnel = null;
        packet.Disposition = Disposition.Drop;
        var type = TunnelMessage.Classify(packet.Bytes);
        if (type == 0)
        {
            return Refuse(TunnelRefusals.Malformed);
        }

        packet.Path = packet.Path with { Channel = TunnelMessage.ReadChannel(packet.Bytes) };
        TunnelMessage.WriteChannel(packet.Bytes, 0);
        return type switch
        {
            TunnelMessage.Transport => OpenTransport(now, packet, out tunnel),
            TunnelMessage.Initiation => TakeInitiation(now, packet.Bytes, packet.Path, out tunnel),
            TunnelMessage.Response => TakeResponse(now, packet.Bytes, packet.Path, out tunnel),
            _ => TakeCookieReply(now, packet.Bytes, packet.Path, out tunnel),
        };
    }

    /// <summary>
    /// What of a batch can be opened by several threads before <see cref="Open"/> is called for each datagram. It changes their bytes alone, and nothing
    /// else may be called meanwhile. What it passes over, <see cref="Open"/> opens itself. Null: the table does all by itself.
    /// </summary>
    public IBatchWork? OpenAhead(Now now, PacketBatch batch)
    {
        if (_toOpen is not { } work)
        {
            return null;
        }

        work.Clear();
        for (var i = 0; i < batch.Count; i++)
        {
            var bytes = batch[i].Bytes;
            if (TunnelMessage.Classify(bytes) == TunnelMessage.Transport
                && _receivers.TryGetValue(BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]), out var receiver) && receiver.Keypair is { } keypair
                && BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) is var counter && keypair.MayOpen(now.Boot, counter) && keypair.Window.IsFresh(counter))
            {
                work.Add(batch[i], keypair);
            }
        }

        return work;
    }

    internal static bool TryOpen(PacketCipher cipher, ulong counter, Span<byte> datagram, int lane) =>
        cipher.TryOpen(counter, datagram[TunnelMessage.TransportHeaderSize..^TunnelMessage.TagSize], datagram[^TunnelMessage.TagSize..], lane);

    private OpenVerdict OpenTransport(Now now, Packet packet, out Tunnel? tunnel)
    {
        tunnel = null;
        var bytes = packet.Bytes;
        if (!_receivers.TryGetValue(BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]), out var receiver) || receiver.Keypair is not { } keypair)
        {
            return Refuse(TunnelRefusals.UnknownReceiver);
        }

        var of = receiver.Tunnel;
        if (of.Kind == TunnelKind.Stock && packet.Path.IsRelayed)
        {
            return Refuse(TunnelRefusals.StockChannel);
        }

        var counter = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        if (!keypair.MayOpen(now.Boot, counter))
        {
            return Refuse(TunnelRefusals.ExpiredKey);
        }

        // Looked at before the costly part, entered after it.
        if (!keypair.Window.IsFresh(counter))
        {
            return Refuse(TunnelRefusals.Replayed);
        }

        if (!(packet.AheadPiece < 0 ? TryOpen(keypair.Opener, counter, bytes, lane: 0) : _toOpen!.IsOpened(packet, keypair)))
        {
            return Refuse(TunnelRefusals.Forged);
        }

        keypair.Window.TryEnter(counter);
        tunnel = of;
        OnAuthenticated(now, of, packet.Path, bytes.Length);
        if (keypair == of.Next)
        {
            ConfirmNext(now, of);
        }

        if (of.IsRemoved)
        {
            // By the core, when it heard that the tunnel stands.
            tunnel = null;
            return Refuse(TunnelRefusals.UnknownReceiver);
        }

        packet.GrowHead(-TunnelMessage.TransportHeaderSize);
        packet.GrowTail(-TunnelMessage.TagSize);

        if (keypair == of.Current && !of.Timers.RenewedOnReceive && keypair.IsStaleToReceive(now.Boot))
        {
            of.Timers.RenewedOnReceive = true;
            BeginIfIdle(now, of);
        }

        if (packet.Length == 0)
        {
            return OpenVerdict.KeepAlive;
        }

        keypair.IsUnreported = true;
        if (of.Timers.OnDataReceived(now.Boot))
        {
            _deadlines.Advance(of, of.Timers.KeepAlive);
        }

        var inner = InnerLength(packet.Bytes);
        if (inner == 0)
        {
            return IsHalf(of, packet.Bytes[0]) ? TakeHalf(now, of, keypair, counter, packet) : Refuse(TunnelRefusals.InnerMalformed);
        }

        packet.SetLength(inner);
        return OpenVerdict.Data;
    }

    // What came in under one of the tunnel's keys or handshakes. An initiation does not count: it may be an old one.
    private static void OnAuthenticated(Now now, Tunnel tunnel, WirePath path, int bytes)
    {
        tunnel.LastReceived = now.Boot;
        tunnel.LastReceivedPath = path;
        tunnel.BytesReceived += bytes;
        tunnel.Timers.OnReceived();
        if (tunnel.Kind == TunnelKind.Stock)
        {
            tunnel.SendPath = path;
        }
    }

    // The initiator has shown that it has the key we made as responder.
    private void ConfirmNext(Now now, Tunnel tunnel)
    {
        ForgetKey(tunnel.Previous);
        (tunnel.Previous, tunnel.Current, tunnel.Next) = (tunnel.Current, tunnel.Next, null);
        ForgetPending(tunnel);
        OnEstablished(now, tunnel);
        if (!tunnel.IsRemoved)
        {
            Flush(now, tunnel);
        }
    }

    private void OnEstablished(Now now, Tunnel tunnel)
    {
        tunnel.Timers.OnHandshakeComplete();
        tunnel.LastHandshake = now.Boot;
        tunnel.TiePath = default;
        if (tunnel.SendPath.IsNone)
        {
            tunnel.SendPath = tunnel.LastReceivedPath;
        }

        OnChange?.Invoke(now, tunnel, TunnelChange.Established);
    }

    // The length the IP header claims: 0 where it is no IP packet, or claims more than there is.
    private static int InnerLength(ReadOnlySpan<byte> inner)
    {
        const int IPv4Header = 20;
        const int IPv6Header = 40;
        var claimed = (inner[0] >> 4) switch
        {
            4 when inner.Length >= IPv4Header && BinaryPrimitives.ReadUInt16BigEndian(inner[2..]) is >= IPv4Header and var total => total,
            6 when inner.Length >= IPv6Header => IPv6Header + BinaryPrimitives.ReadUInt16BigEndian(inner[4..]),
            _ => 0,
        };
        return claimed <= inner.Length ? claimed : 0;
    }

    private OpenVerdict Refuse(string reason)
    {
        Counters.Count(reason);
        return OpenVerdict.Refused;
    }
}
