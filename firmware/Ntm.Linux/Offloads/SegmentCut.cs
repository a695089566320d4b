using System.Buffers.Binary;
using Ntm.Protocol;
using static Ntm.Linux.Offloads.IpLayout;

namespace Ntm.Linux.Offloads;

/// <summary>
/// Cuts a super-packet, which the kernel handed over in one piece, into the packets it stands for, each with its own lengths, identification, sequence number,
/// flags and checksum: what a network card does with segmentation offload. Also completes the checksum of a packet that is one already.
/// Pure; it holds no reference to the bytes, so that it may go on later.
/// </summary>
public struct SegmentCut
{
    private bool _isIPv4;
    private bool _isTcp;
    private bool _isWhole;      // one packet as it is, but for its checksum
    private int _checksumAt;    // of a whole packet; 0: none to be made
    private int _transport;     // where the transport header begins
    private int _headers;       // bytes of all headers
    private int _size;          // payload bytes of each segment but the last
    private int _length;        // bytes of the super-packet
    private int _at;            // where the next segment's payload begins
    private int _index;

    /// <summary>Whether there is a segment to take.</summary>
    public readonly bool HasMore => _at < _length;

    /// <summary>Bytes of the next segment with its headers.</summary>
    public readonly int NextLength => _isWhole ? _length : _headers + Math.Min(_size, _length - _at);

    /// <summary>Bytes of the longest segment.</summary>
    public readonly int LongestLength => _isWhole ? _length : Math.Min(_headers + _size, _length);

    /// <summary>Segments still to be taken.</summary>
    public readonly int Left => !HasMore ? 0 : _isWhole ? 1 : (_length - _at + _size - 1) / _size;

    /// <summary>Whether the segments are of a TCP flow, so that the loss of one tells its sender as much as that of all.</summary>
    public readonly bool IsTcpInSegments => _isTcp && !_isWhole;

    /// <summary>Passes over the next segment, which is lost.</summary>
    public void Skip()
    {
        _at = Math.Min(_at + NextLength - (_isWhole ? 0 : _headers), _length);
        _index++;
    }

    /// <summary>Judges header and packet.</summary>
    /// <returns>False: header and packet do not fit together; there is nothing to take then.</returns>
    public static bool TryBegin(VirtioHeader header, ReadOnlySpan<byte> packet, out SegmentCut cut)
    {
        cut = default;
        if (header.Kind == VirtioHeader.Single)
        {
            var needs = (header.Flags & VirtioHeader.NeedsChecksum) != 0;
            // What a packet lacks, the tunnel's padding would pass for.
            if (packet.IsEmpty || LengthTold(packet) > packet.Length || (needs && !IsChecksumAt(packet, header)))
            {
                return false;
            }

            cut._isWhole = true;
            cut._length = packet.Length;
            (cut._transport, cut._checksumAt) = needs ? (header.ChecksumStart, header.ChecksumStart + header.ChecksumOffset) : (0, 0);
            return true;
        }

        var kind = header.Kind & ~VirtioHeader.Ecn;
        var isTcp = kind is VirtioHeader.TcpIPv4 or VirtioHeader.TcpIPv6;
        if ((!isTcp && header.Kind != VirtioHeader.Udp) || (header.Flags & VirtioHeader.NeedsChecksum) == 0 || header.SegmentSize == 0
            || !TransportHeader.TryFind(packet, out var found) || found.Protocol != (isTcp ? Tcp : Udp) || found.IsFragment || found.IsRouted)
        {
            return false;
        }

        var transport = found.Start;
        var isIPv4 = packet[0] >> 4 == 4;
        if (header.ChecksumStart != transport || header.ChecksumOffset != (isTcp ? TcpChecksum : UdpChecksum) || LengthTold(packet) != packet.Length
            || (isTcp && isIPv4 != (kind == VirtioHeader.TcpIPv4)) || transport + (isTcp ? TcpHeader : UdpHeader) > packet.Length)
        {
            return false;
        }

        var headers = transport + (isTcp ? (packet[transport + DataOffset] >> 4) * 4 : UdpHeader);
        if (headers < transport + (isTcp ? TcpHeader : UdpHeader) || headers >= packet.Length)
        {
            return false;
        }

        // Flags that are one segment's alone: in each of several they would mean something else.
        if (isTcp && packet.Length - headers > header.SegmentSize && (packet[transport + Flags] & (Syn | Reset | UrgentFlag)) != 0)
        {
            return false;
        }

        // Of the longest segment, which the 16-bit lengths must be able to tell.
        if (headers + Math.Min(header.SegmentSize, packet.Length - headers) > Longest)
        {
            return false;
        }

        (cut._isIPv4, cut._isTcp, cut._transport, cut._headers) = (isIPv4, isTcp, transport, headers);
        (cut._size, cut._length, cut._at) = (header.SegmentSize, packet.Length, headers);
        return true;
    }

    /// <summary>Takes the next segment.</summary>
    /// <param name="packet">The super-packet that <see cref="TryBegin"/> saw.</param>
    /// <param name="into">Where it goes: at least <see cref="NextLength"/> bytes.</param>
    /// <returns>Its bytes.</returns>
    public int Next(ReadOnlySpan<byte> packet, Span<byte> into)
    {
        var segment = into[..NextLength];
        if (_isWhole)
        {
            packet.CopyTo(segment);
            _at = _length;
            if (_checksumAt != 0)
            {
                var sum = InternetChecksum.Finish(InternetChecksum.Sum(segment[_transport..]));
                BinaryPrimitives.WriteUInt16BigEndian(segment[_checksumAt..], _checksumAt - _transport == UdpChecksum && sum == 0 ? (ushort)0xFFFF : sum);
            }

            return segment.Length;
        }

        packet[.._headers].CopyTo(segment);
        packet.Slice(_at, segment.Length - _headers).CopyTo(segment[_headers..]);
        _at += segment.Length - _headers;
        WriteNetworkHeader(segment);
        WriteTransportHeader(segment);
        _index++;
        return segment.Length;
    }

    // 0 where it is no IP packet, which is not ours to judge.
    private static int LengthTold(ReadOnlySpan<byte> packet) => (packet[0] >> 4) switch
    {
        4 when packet.Length >= IPv4Header => BinaryPrimitives.ReadUInt16BigEndian(packet[TotalLength..]),
        6 when packet.Length >= IPv6Header => BinaryPrimitives.ReadUInt16BigEndian(packet[PayloadLength..]) + IPv6Header,
        _ => 0,
    };

    // Of TCP and UDP it is known where the checksum is; of what else there may be, that it is behind the IP header. What UDP carries may be a packet of its own,
    // whose checksum is to be made while UDP's is there already, and right for what will be (the kernel's "local checksum offload"); or none, of a tunnel over IPv4.
    private static bool IsChecksumAt(ReadOnlySpan<byte> packet, VirtioHeader header)
    {
        int start = header.ChecksumStart, field = start + header.ChecksumOffset;
        if (!TransportHeader.TryFind(packet, out var found) || field + sizeof(ushort) > packet.Length || start < found.Start)
        {
            return false;
        }

        if (found.Protocol is not (Tcp or Udp))
        {
            return true;
        }

        if (found.IsFragment || start == found.Start || found.Protocol == Tcp)
        {
            return !found.IsFragment && start == found.Start && header.ChecksumOffset == (found.Protocol == Tcp ? TcpChecksum : UdpChecksum);
        }

        if (start < found.Start + UdpHeader || (start - found.Start) % 2 != 0)
        {
            return false;
        }

        // Completed, what begins there will sum up to all that its field's seed leaves out.
        var carrying = packet[found.Start..start];
        var sum = PseudoHeader.Sum(packet, packet[0] >> 4 == 4, Udp, packet.Length - found.Start) + InternetChecksum.Sum(carrying)
            + (ushort)~BinaryPrimitives.ReadUInt16BigEndian(packet[field..]);
        return BinaryPrimitives.ReadUInt16BigEndian(carrying[UdpChecksum..]) == 0 || InternetChecksum.Finish(sum) == 0;
    }

    private readonly void WriteNetworkHeader(Span<byte> segment)
    {
        if (!_isIPv4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(segment[PayloadLength..], (ushort)(segment.Length - IPv6Header));
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(segment[TotalLength..], (ushort)segment.Length);
        var identification = segment[Identification..];
        BinaryPrimitives.WriteUInt16BigEndian(identification, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(identification) + _index));
        segment.Slice(HeaderChecksum, sizeof(ushort)).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(segment[HeaderChecksum..], InternetChecksum.Finish(InternetChecksum.Sum(segment[.._transport])));
    }

    private readonly void WriteTransportHeader(Span<byte> segment)
    {
        var transport = segment[_transport..];
        if (_isTcp)
        {
            var sequence = BinaryPrimitives.ReadUInt32BigEndian(transport[Sequence..]) + (uint)(_index * _size);
            BinaryPrimitives.WriteUInt32BigEndian(transport[Sequence..], sequence);
            var isFirst = _index == 0;
            var isLast = _at == _length;
            transport[Flags] &= (byte)~((isFirst ? 0 : WindowReduced) | (isLast ? 0 : Fin | Push));
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[UdpLength..], (ushort)transport.Length);
        }

        var field = transport.Slice(_isTcp ? TcpChecksum : UdpChecksum, sizeof(ushort));
        field.Clear();
        var sum = PseudoHeader.Sum(segment, _isIPv4, _isTcp ? Tcp : Udp, transport.Length) + InternetChecksum.Sum(transport);
        var checksum = InternetChecksum.Finish(sum);
        BinaryPrimitives.WriteUInt16BigEndian(field, !_isTcp && checksum == 0 ? (ushort)0xFFFF : checksum);
    }
}
