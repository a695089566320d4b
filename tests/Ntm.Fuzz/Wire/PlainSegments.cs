using System.Buffers.Binary;
using Ntm.Linux.Offloads;
using Ntm.Simulation;

namespace Ntm.Fuzz.Wire;

/// <summary>
/// Which packets a super-packet stands for, in the plainest way there is and with nothing of the product's in it: what the kernel makes of one that is written to a
/// TUN, and what cutting one that was read has to give.
/// </summary>
public static class PlainSegments
{
    private const byte Tcp = 6, Udp = 17, Fin = 1, Syn = 2, Reset = 4, Push = 8, Urgent = 32, WindowReduced = 128;

    /// <exception cref="Violation">Header and packet do not fit together.</exception>
    public static List<byte[]> Of(VirtioHeader header, byte[] packet)
    {
        if (header.Kind == VirtioHeader.Single)
        {
            return [(header.Flags & VirtioHeader.NeedsChecksum) == 0 ? packet : Completed(header, packet)];
        }

        var isTcp = (header.Kind & ~VirtioHeader.Ecn) != VirtioHeader.Udp;
        Demand((header.Kind & ~VirtioHeader.Ecn) is VirtioHeader.TcpIPv4 or VirtioHeader.TcpIPv6 || header.Kind == VirtioHeader.Udp, "a kind there is");
        Demand(TryTransport(packet, out var transport, out var protocol, out var isFragment) && !isFragment && protocol == (isTcp ? Tcp : Udp), "what is cut is of its kind");
        var isIPv4 = packet[0] >> 4 == 4;
        Demand(!isTcp || isIPv4 == ((header.Kind & ~VirtioHeader.Ecn) == VirtioHeader.TcpIPv4), "of the family told");
        Demand(header.ChecksumStart == transport && (header.Flags & VirtioHeader.NeedsChecksum) != 0 && header.ChecksumOffset == (isTcp ? 16 : 6), "its checksum where it is told");
        Demand((isIPv4 ? BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2)) : BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(4)) + 40) == packet.Length, "as long as it says");
        var headers = transport + (isTcp ? (packet[transport + 12] >> 4) * 4 : 8);
        Demand(headers >= transport + (isTcp ? 20 : 8) && headers < packet.Length && header.SegmentSize > 0, "payload to cut");
        var segments = new List<byte[]>();
        for (var at = headers; at < packet.Length; at += header.SegmentSize)
        {
            byte[] segment = [.. packet[..headers], .. packet[at..Math.Min(at + header.SegmentSize, packet.Length)]];
            if (isIPv4)
            {
                BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)segment.Length);
                BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), (ushort)(BinaryPrimitives.ReadUInt16BigEndian(segment.AsSpan(4)) + segments.Count));
                segment[10] = segment[11] = 0;
                BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(10), Checksum.Of(segment.AsSpan(0, transport)));
            }
            else
            {
                BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), (ushort)(segment.Length - 40));
            }

            if (isTcp)
            {
                var (isFirst, isLast) = (at == headers, at + header.SegmentSize >= packet.Length);
                Demand((isFirst && isLast) || (segment[transport + 13] & (Syn | Reset | Urgent)) == 0, "no flag that is one segment's alone");
                var sequence = BinaryPrimitives.ReadUInt32BigEndian(segment.AsSpan(transport + 4)) + (uint)(at - headers);
                BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(transport + 4), sequence);
                segment[transport + 13] &= (byte)~((isFirst ? 0 : WindowReduced) | (isLast ? 0 : Fin | Push));
            }
            else
            {
                BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(transport + 4), (ushort)(segment.Length - transport));
            }

            Sum(segment, transport, protocol);
            segments.Add(segment);
        }

        return segments;
    }

    /// <summary>Makes the transport checksum.</summary>
    public static void Sum(Span<byte> packet, int transport, byte protocol)
    {
        var field = packet.Slice(transport + (protocol == Tcp ? 16 : 6), 2);
        field.Clear();
        var sum = (ushort)~Residual(packet, transport, protocol);
        BinaryPrimitives.WriteUInt16BigEndian(field, protocol == Udp && sum == 0 ? (ushort)0xFFFF : sum);
    }

    /// <summary>The sum of pseudo-header and transport packet: all ones where the checksum is right.</summary>
    public static ushort Residual(ReadOnlySpan<byte> packet, int transport, byte protocol)
    {
        var rest = packet[transport..];
        ulong sum = (ulong)protocol + (uint)rest.Length + Words(packet[0] >> 4 == 4 ? packet[12..20] : packet[8..40]) + Words(rest);
        while (sum >> 16 != 0)
        {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)sum;
    }

    /// <summary>Where the transport header begins, beyond IPv4 options and IPv6 extension headers.</summary>
    /// <returns>False: it is no whole IP packet.</returns>
    public static bool TryTransport(ReadOnlySpan<byte> packet, out int transport, out byte protocol, out bool isFragment)
    {
        (transport, protocol, isFragment) = (0, 0, false);
        if (packet.Length >= 20 && packet[0] >> 4 == 4)
        {
            (transport, protocol) = ((packet[0] & 15) * 4, packet[9]);
            isFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0;
            return transport >= 20 && transport <= packet.Length;
        }

        if (packet.Length < 40 || packet[0] >> 4 != 6)
        {
            return false;
        }

        (transport, protocol) = (40, packet[6]);
        while (protocol is 0 or 43 or 44 or 60)
        {
            if (transport + 8 > packet.Length)
            {
                return false;
            }

            isFragment |= protocol == 44;
            (protocol, transport) = (packet[transport], transport + (protocol == 44 ? 8 : (packet[transport + 1] + 1) * 8));
        }

        return transport <= packet.Length;
    }

    private static byte[] Completed(VirtioHeader header, byte[] packet)
    {
        var field = header.ChecksumStart + header.ChecksumOffset;
        Demand(TryTransport(packet, out var transport, out var protocol, out var isFragment) && header.ChecksumStart >= transport, "a checksum behind the IP header");
        var isCarried = protocol == Udp && header.ChecksumStart >= transport + 8; // a packet in UDP, whose own checksum is there
        if (protocol is Tcp or Udp && !isCarried)
        {
            Demand(!isFragment && header.ChecksumStart == transport && header.ChecksumOffset == (protocol == Tcp ? 16 : 6), "a checksum where it belongs");
        }

        var completed = packet.ToArray();
        var sum = Words(completed.AsSpan(header.ChecksumStart));
        while (sum >> 16 != 0)
        {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        sum = ~sum & 0xFFFF;
        BinaryPrimitives.WriteUInt16BigEndian(completed.AsSpan(field), header.ChecksumOffset == 6 && sum == 0 ? (ushort)0xFFFF : (ushort)sum);
        Demand(!isCarried || (packet[transport + 6] == 0 && packet[transport + 7] == 0) || Residual(completed, transport, protocol) == 0xFFFF, "what carries another has a right checksum");
        return completed;
    }

    private static ulong Words(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            sum += (i & 1) == 0 ? (uint)bytes[i] << 8 : bytes[i];
        }

        return sum;
    }

    private static void Demand(bool holds, string law)
    {
        if (!holds)
        {
            throw new Violation("cutting: " + law);
        }
    }
}
