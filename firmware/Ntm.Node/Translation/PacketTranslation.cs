using System.Buffers.Binary;
using Ntm.Node.Devices;
using Ntm.Protocol;

namespace Ntm.Node.Translation;

/// <summary>
/// IPv4 to IPv6 and back, stateless and in place (RFC 7915, with explicit address mappings as in RFC 7757): TCP, UDP and ICMP echo. Errors are
/// <see cref="IcmpErrors"/>'. The packets have been read and checked by <see cref="InnerPacket"/>; nothing here can fail.
/// </summary>
/// <remarks>
/// TTL and hop limit are copied, not decremented: the kernel forwards each packet between LAN and TUN and decrements it there, so the
/// translation is no hop of its own. TOS and traffic class are copied; the flow label is 0; IPv4 options are dropped. Towards IPv4, DF is set on
/// packets of more than 1,260 bytes, others get DF 0 and an identification (RFC 7915 section 5.1). Fragments stay fragments, with the low 16 bits of
/// the identification towards IPv4; only they have a fragment header in IPv6. Packets are not fragmented here: whoever routes them to the TUN or to the
/// LAN does that. IPv6 extension headers are taken out. Transport checksums are updated incrementally, so that damage stays visible to the receiver;
/// only UDP's absent IPv4 checksum is computed.
/// </remarks>
internal static class PacketTranslation
{
    private const int DontFragmentBeyond = 1260;

    /// <param name="read">What <paramref name="packet"/> holds: IPv4, no error.</param>
    public static void ToIPv6(Packet packet, in InnerPacket read, VirtualAddress source, VirtualAddress destination)
    {
        var bytes = packet.Bytes;
        var trafficClass = bytes[1];
        var hopLimit = bytes[8];
        packet.SetLength(read.Length);
        var header = 40 + read.FragmentHeaderLength;
        packet.GrowHead(header - read.Offset);
        bytes = packet.Bytes;
        WriteIPv6Header(bytes, trafficClass, bytes.Length - 40, IPv6Headers.First(read), hopLimit, source, destination);
        if (read.HasFragmentHeader)
        {
            IPv6Headers.WriteFragmentHeader(bytes[40..], read);
        }

        if (read.IsLaterFragment)
        {
            return;
        }

        var transport = bytes[header..];
        var removed = Sum(read.Source) + Sum(read.Destination);
        var added = InternetChecksum.Sum(source) + InternetChecksum.Sum(destination);
        if (read.IcmpKind != IcmpKind.None)
        {
            TurnEcho(transport, read.IcmpKind, true,
                InternetChecksum.PseudoHeader(source, destination, read.StatedTransportLength, InnerPacket.IcmpV6));
        }
        else
        {
            if (read.Protocol == InnerPacket.Udp && BinaryPrimitives.ReadUInt16BigEndian(transport[6..]) == 0)
            {
                WriteUdpChecksum(transport, source, destination);
            }
            else
            {
                UpdateTransportChecksum(transport, read.Protocol, removed, added);
            }
        }
    }

    /// <param name="read">What <paramref name="packet"/> holds: IPv6, no error.</param>
    /// <param name="identification">Counted up for each packet that may be fragmented on the LAN.</param>
    public static void ToIPv4(Packet packet, in InnerPacket read, uint source, uint destination, ref ushort identification)
    {
        var bytes = packet.Bytes;
        var typeOfService = (byte)(BinaryPrimitives.ReadUInt16BigEndian(bytes) >> 4);
        var timeToLive = bytes[7];
        packet.SetLength(read.Length);
        packet.GrowHead(20 - read.Offset);
        bytes = packet.Bytes;
        WriteIPv4Header(bytes, typeOfService, bytes.Length, read.Protocol, timeToLive, source, destination, ref identification);
        if (read.HasFragmentHeader)
        {
            WriteIPv4Fragment(bytes, read);
        }

        if (read.IsLaterFragment)
        {
            return;
        }

        var transport = bytes[20..];
        if (read.IcmpKind != IcmpKind.None)
        {
            TurnEcho(transport, read.IcmpKind, false,
                InternetChecksum.PseudoHeader(read.Source.AsVip, read.Destination.AsVip, read.StatedTransportLength, InnerPacket.IcmpV6));
        }
        else
        {
            UpdateTransportChecksum(transport, read.Protocol, Sum(read.Source) + Sum(read.Destination),
                InternetChecksum.Sum(source) + InternetChecksum.Sum(destination));
        }
    }

    /// <summary>IPv6 to IPv6 with other addresses. Errors' own headers only: what they carry is <see cref="IcmpErrors"/>'.</summary>
    public static void Readdress(Packet packet, in InnerPacket read, VirtualAddress source, VirtualAddress destination)
    {
        IPv6Headers.Strip(packet, read);
        var bytes = packet.Bytes;
        source.Write(bytes[8..]);
        destination.Write(bytes[24..]);
        if (read.IsLaterFragment)
        {
            return;
        }

        var transport = bytes[(40 + read.FragmentHeaderLength)..];
        UpdateTransportChecksum(transport, read.Protocol, Sum(read.Source) + Sum(read.Destination),
            InternetChecksum.Sum(source) + InternetChecksum.Sum(destination));
    }

    internal static void WriteIPv6Header(
        Span<byte> header, byte trafficClass, int payload, byte nextHeader, byte hopLimit, VirtualAddress source, VirtualAddress destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(header, 0x6000_0000 | ((uint)trafficClass << 20));
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)payload);
        header[6] = nextHeader;
        header[7] = hopLimit;
        source.Write(header[8..]);
        destination.Write(header[24..]);
    }

    internal static void WriteIPv4Header(
        Span<byte> header, byte typeOfService, int total, byte protocol, byte timeToLive, uint source, uint destination, ref ushort identification)
    {
        var mayFragment = total <= DontFragmentBeyond;
        header[0] = 0x45;
        header[1] = typeOfService;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)total);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], mayFragment ? ++identification : (ushort)0);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)(mayFragment ? 0 : 0x4000));
        header[8] = timeToLive;
        header[9] = protocol == InnerPacket.IcmpV6 ? InnerPacket.Icmp : protocol;
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(header[12..], source);
        BinaryPrimitives.WriteUInt32BigEndian(header[16..], destination);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Finish(InternetChecksum.Sum(header[..20])));
    }

    /// <summary>RFC 7915 section 5.1.1: makes a header that of a fragment.</summary>
    internal static void WriteIPv4Fragment(Span<byte> header, in InnerPacket read)
    {
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)read.Identification);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)((read.FragmentOffset / 8) | (read.HasMoreFragments ? 0x2000 : 0)));
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Finish(InternetChecksum.Sum(header[..20])));
    }

    /// <summary>Turns an ICMP echo message into an ICMPv6 one or back: type, and the pseudo-header that only ICMPv6 sums.</summary>
    /// <param name="pseudoHeader">Of the IPv6 packet, whichever of the two that is.</param>
    internal static void TurnEcho(Span<byte> transport, IcmpKind kind, bool toIPv6, ulong pseudoHeader)
    {
        var old = BinaryPrimitives.ReadUInt16BigEndian(transport);
        transport[0] = (toIPv6, kind) switch
        {
            (true, IcmpKind.EchoRequest) => 128,
            (true, _) => 129,
            (false, IcmpKind.EchoRequest) => 8,
            (false, _) => 0,
        };
        var turned = BinaryPrimitives.ReadUInt16BigEndian(transport);
        var checksum = InternetChecksum.Update(BinaryPrimitives.ReadUInt16BigEndian(transport[2..]),
            toIPv6 ? old : old + pseudoHeader, toIPv6 ? turned + pseudoHeader : turned);
        BinaryPrimitives.WriteUInt16BigEndian(transport[2..], checksum);

        // Zero is written two ways in one's complement. Only a message of nothing but zeroes wants the other one.
        if (checksum == 0 && !transport.ContainsAnyExcept((byte)0))
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[2..], 0xFFFF);
        }
    }

    /// <summary>Updates the checksum of TCP, UDP or ICMPv6 for other addresses, where it is there (carried packets are cut short).</summary>
    internal static void UpdateTransportChecksum(Span<byte> transport, byte protocol, ulong removed, ulong added)
    {
        var at = protocol switch { InnerPacket.Tcp => 16, InnerPacket.Udp => 6, _ => 2 };
        if (transport.Length < at + 2)
        {
            return;
        }

        var field = transport[at..];
        var checksum = BinaryPrimitives.ReadUInt16BigEndian(field);
        if (protocol == InnerPacket.Udp && checksum == 0)
        {
            return;
        }

        checksum = InternetChecksum.Update(checksum, removed, added);
        BinaryPrimitives.WriteUInt16BigEndian(field, protocol == InnerPacket.Udp && checksum == 0 ? (ushort)0xFFFF : checksum);
    }

    /// <summary>The sum of an address as it stands in its own family's pseudo-header.</summary>
    internal static ulong Sum(LanAddress address) => address.IsIPv4 ? InternetChecksum.Sum(address.IPv4) : InternetChecksum.Sum(address.AsVip);

    private static void WriteUdpChecksum(Span<byte> transport, VirtualAddress source, VirtualAddress destination)
    {
        int length = BinaryPrimitives.ReadUInt16BigEndian(transport[4..]);
        var checksum = InternetChecksum.Finish(InternetChecksum.Sum(transport[..length])
            + InternetChecksum.PseudoHeader(source, destination, length, InnerPacket.Udp));
        BinaryPrimitives.WriteUInt16BigEndian(transport[6..], checksum == 0 ? (ushort)0xFFFF : checksum);
    }
}
