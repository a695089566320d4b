using System.Buffers.Binary;
using Ntm.Protocol;
using static Ntm.Linux.Offloads.IpLayout;

namespace Ntm.Linux.Offloads;

/// <summary>
/// Segments of one flow that follow one another and become one super-packet: the mirror of <see cref="SegmentCut"/>, which makes the same segments of it
/// again. Everything but lengths, checksums, sequence number and IPv4 identification must be equal, as the kernel's own GRO demands; PSH and FIN stand
/// only in the last, CWR in none. Pure; the bytes stay with the caller.
/// </summary>
public struct SegmentRun
{
    /// <summary>Of UDP in one piece: UDP_MAX_SEGMENTS of linux/udp.h, in its smaller value; the kernel refuses more (virtio_net_hdr_to_skb).</summary>
    public const int MostDatagrams = 64;

    private MergeFacts _head;
    private int _payload;       // of all
    private int _identified;    // IPv4 identification: 0 not known yet, 1 one up each, 2 all the same (only with DF: RFC 6864)
    private bool _isVerified;   // the head's checksums

    /// <summary>Segments in it.</summary>
    public int Count { get; private set; }

    /// <summary>Whether nothing more may come.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>What is known of its first segment.</summary>
    public readonly MergeFacts Head => _head;

    /// <summary>Begins with a packet; one that cannot be merged makes a run of its own, closed.</summary>
    public static SegmentRun Begin(MergeFacts head) => new() { _head = head, _payload = head.Payload, Count = 1, IsClosed = !head.MayMerge || head.Ends };

    /// <summary>Ends it.</summary>
    public void Close() => IsClosed = true;

    /// <summary>Judges the next packet, and takes it where it is <see cref="MergeVerdict.Next"/> or <see cref="MergeVerdict.Last"/>.</summary>
    /// <param name="head">The run's first packet, unchanged.</param>
    /// <param name="facts">Of <paramref name="next"/>.</param>
    /// <param name="next">The packet.</param>
    public MergeVerdict Take(ReadOnlySpan<byte> head, MergeFacts facts, ReadOnlySpan<byte> next)
    {
        if (!_head.IsSameFlow(head, facts, next))
        {
            return MergeVerdict.OtherFlow;
        }

        if (IsClosed || !facts.MayMerge || facts.Payload > _head.Payload || !IsAlike(head, facts, next) || !IsIdentifiedNext(head, next, out var identified))
        {
            IsClosed = true;
            return MergeVerdict.NotNext;
        }

        _isVerified = _isVerified || _head.IsIntact(head);
        if (!_isVerified || !facts.IsIntact(next))
        {
            IsClosed = true;
            return MergeVerdict.NotNext;
        }

        _identified = identified;
        _payload += facts.Payload;
        Count++;
        IsClosed = facts.Ends || facts.Payload < _head.Payload || (!_head.IsTcp && Count == MostDatagrams);
        return IsClosed ? MergeVerdict.Last : MergeVerdict.Next;
    }

    /// <summary>Makes the first packet's headers those of the whole.</summary>
    /// <param name="head">The run's first packet; its headers are changed.</param>
    /// <param name="last">The run's last packet.</param>
    /// <returns>What goes before it.</returns>
    public readonly VirtioHeader Finish(Span<byte> head, ReadOnlySpan<byte> last)
    {
        var length = _head.Headers + _payload;
        if (_head.IsIPv4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(head[TotalLength..], (ushort)length);
            head.Slice(HeaderChecksum, sizeof(ushort)).Clear();
            BinaryPrimitives.WriteUInt16BigEndian(head[HeaderChecksum..], InternetChecksum.Finish(InternetChecksum.Sum(head[..IPv4Header])));
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(head[PayloadLength..], (ushort)(length - IPv6Header));
        }

        // The kernel wants the pseudo-header's sum in the field, and does the rest.
        var transport = head[_head.Transport..];
        var sum = InternetChecksum.Fold(PseudoHeader.Sum(head, _head.IsIPv4, _head.IsTcp ? Tcp : Udp, length - _head.Transport));
        int field;
        if (_head.IsTcp)
        {
            transport[Flags] |= (byte)(last[_head.Transport + Flags] & (Push | Fin));
            field = TcpChecksum;
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[UdpLength..], (ushort)(length - _head.Transport));
            field = UdpChecksum;
        }

        BinaryPrimitives.WriteUInt16BigEndian(transport[field..], sum);
        var kind = !_head.IsTcp ? VirtioHeader.Udp : _head.IsIPv4 ? VirtioHeader.TcpIPv4 : VirtioHeader.TcpIPv6;
        return new VirtioHeader(
            VirtioHeader.NeedsChecksum, kind, (ushort)_head.Headers, (ushort)_head.Payload, (ushort)_head.Transport, (ushort)field);
    }

    private readonly bool IsAlike(ReadOnlySpan<byte> head, MergeFacts facts, ReadOnlySpan<byte> next)
    {
        if (facts.Headers != _head.Headers || (_head.IsIPv4 ? 0 : -IPv6Header) + _head.Headers + _payload + facts.Payload > Longest)
        {
            return false;
        }

        // IPv4: version, header length, class; fragment field; TTL, protocol. IPv6: version, class, flow label; next header, hop limit.
        var isAlike = _head.IsIPv4
            ? head[..TotalLength].SequenceEqual(next[..TotalLength]) && head[Fragment..HeaderChecksum].SequenceEqual(next[Fragment..HeaderChecksum])
            : head[..PayloadLength].SequenceEqual(next[..PayloadLength]) && head[NextHeader..Addresses6].SequenceEqual(next[NextHeader..Addresses6]);
        if (!isAlike || !_head.IsTcp)
        {
            return isAlike;
        }

        var a = head[_head.Transport.._head.Headers];
        var b = next[_head.Transport.._head.Headers];
        return BinaryPrimitives.ReadUInt32BigEndian(b[Sequence..]) == BinaryPrimitives.ReadUInt32BigEndian(a[Sequence..]) + (uint)_payload
            && a[Acknowledgement..Flags].SequenceEqual(b[Acknowledgement..Flags])
            && ((a[Flags] ^ b[Flags]) & ~(Push | Fin)) == 0
            && a[Window..TcpChecksum].SequenceEqual(b[Window..TcpChecksum])
            && a[Urgent..].SequenceEqual(b[Urgent..]);
    }

    private readonly bool IsIdentifiedNext(ReadOnlySpan<byte> head, ReadOnlySpan<byte> next, out int identified)
    {
        identified = _identified;
        if (!_head.IsIPv4)
        {
            return true;
        }

        var first = BinaryPrimitives.ReadUInt16BigEndian(head[Identification..]);
        var its = BinaryPrimitives.ReadUInt16BigEndian(next[Identification..]);
        if (its == (ushort)(first + Count) && _identified != 2)
        {
            identified = 1;
            return true;
        }

        identified = 2;
        return its == first && _identified != 1 && (BinaryPrimitives.ReadUInt16BigEndian(head[Fragment..]) & DoNotFragment) != 0;
    }
}
