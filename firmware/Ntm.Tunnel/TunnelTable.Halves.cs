using Ntm.Protocol;

namespace Ntm.Tunnel;

// Packets that a path does not carry in one datagram go in two (docs/protocol.md section 5, "Halves"). Which two belong together their counters say: those of the
// second half is the first's plus one. So halves need no number of their own, cannot overlap, and are replayed no more than any datagram.
public sealed partial class TunnelTable
{
    /// <summary>
    /// As <see cref="Seal(Now, Tunnel, Packet, bool)"/>, for a packet that is longer than <see cref="Tunnel.Mtu"/>, towards a peer that joins halves: the packet
    /// becomes its first half, <paramref name="second"/> the other one. Where no key may seal, it is staged whole and both are dropped.
    /// </summary>
    /// <param name="second">Empty; what it held is gone.</param>
    /// <param name="mayWait">As there; both lie in the batch then.</param>
    public void SealHalves(Now now, Tunnel tunnel, Packet packet, Packet second, bool mayWait = false)
    {
        Boot = now.Boot;
        second.Reset();
        if (tunnel.Current is not { } keypair || !keypair.MaySeal(now.Boot))
        {
            packet.Disposition = Disposition.Drop;
            Stage(now, tunnel, packet.Bytes, isData: true);
            return;
        }

        Split(packet, second);
        var later = mayWait ? _toSeal : null;
        if (SealWith(now, tunnel, keypair, packet, tunnel.SendPath, packet.Length, later, keep: true) && keypair.MaySeal(now.Boot))
        {
            SealWith(now, tunnel, keypair, second, tunnel.SendPath, second.Length, later, keep: true);
        }
    }

    private static bool MustSplit(Tunnel tunnel, int length, int mtu) => length > mtu && tunnel.JoinsHalves && length <= Limits.MtuInside;

    // Padded as a whole, so that halves tell no more about a packet's length than the packet would.
    private static void Split(Packet packet, Packet second)
    {
        var length = packet.Length;
        packet.GrowTail(PaddedLength(length, Limits.MtuInside) - length);
        packet.Bytes[length..].Clear();
        var first = (packet.Length + 1) / 2;
        second.Reset();
        second.SetLength(1 + packet.Length - first);
        second.Bytes[0] = TunnelMessage.SecondHalf;
        packet.Bytes[first..].CopyTo(second.Bytes[1..]);
        packet.SetLength(first);
        packet.GrowHead(1);
        packet.Bytes[0] = TunnelMessage.FirstHalf;
    }

    private void SealIntoOutbox(Now now, Tunnel tunnel, Keypair keypair, Packet half, WirePath path, bool keep)
    {
        if (keypair.MaySeal(now.Boot) && SealWith(now, tunnel, keypair, half, path, half.Length, keep: keep) && half.Disposition == Disposition.ToWire)
        {
            _outbox.Send(path, half.Bytes);
        }
    }

    private static bool IsHalf(Tunnel tunnel, byte first) => first is TunnelMessage.FirstHalf or TunnelMessage.SecondHalf && tunnel.Kind == TunnelKind.Ntm;

    private OpenVerdict TakeHalf(Now now, Tunnel of, Keypair keypair, ulong counter, Packet packet)
    {
        if (!_halves.TryJoin(now.Boot, of, keypair, counter, packet, out var refusal))
        {
            return refusal is null ? OpenVerdict.KeepAlive : Refuse(refusal);
        }

        var inner = InnerLength(packet.Bytes);
        if (inner == 0)
        {
            return Refuse(TunnelRefusals.HalfMismatched);
        }

        packet.SetLength(inner);
        return OpenVerdict.Data;
    }
}
