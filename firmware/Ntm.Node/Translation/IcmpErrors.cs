using System.Buffers.Binary;
using Ntm.Protocol;

namespace Ntm.Node.Translation;

/// <summary>
/// ICMP errors between the families (RFC 7915 sections 4.2, 4.3, 5.2, 5.3): destination unreachable, packet too big / fragmentation needed,
/// time exceeded, with the packet they carry translated too. Parameter problems other than "protocol unknown", and all that RFC 7915 drops,
/// are refused when read. Extensions (RFC 4884) are cut off. Checksums are made anew; <see cref="InnerPacket"/> has verified the old one.
/// </summary>
internal static class IcmpErrors
{
    /// <summary>An ICMPv6 error is never larger (RFC 4443 section 2.4 c).</summary>
    private const int LargestIPv6Error = Limits.MtuMinimum;

    /// <summary>Nor an ICMP error, where it should be (RFC 1812 section 4.3.2.3).</summary>
    private const int LargestIPv4Error = 576;

    public static bool IsTranslated(bool isIPv6, byte type, byte code) =>
        isIPv6 ? TryToIPv4(type, code, out _, out _) : TryToIPv6(type, code, out _, out _);

    /// <param name="read">The error.</param>
    /// <param name="carried">What it carries.</param>
    /// <param name="source">Who sends the error.</param>
    /// <param name="destination">Whom it is for: who sent the carried packet.</param>
    public static void ToIPv6(
        Packet packet, in InnerPacket read, in InnerPacket carried,
        VirtualAddress source, VirtualAddress destination, VirtualAddress carriedSource, VirtualAddress carriedDestination)
    {
        var bytes = packet.Bytes;
        var trafficClass = bytes[1];
        var hopLimit = bytes[8];
        var error = bytes[read.Offset..];
        TryToIPv6(error[0], error[1], out var type, out var code);
        var last = type switch
        {
            // RFC 7915 section 4.2: the IPv6 link takes 20 bytes more; no value (RFC 1191 section 3: an old router) is taken for the least.
            2 => (uint)Math.Clamp(BinaryPrimitives.ReadUInt16BigEndian(error[6..]) + 20, Limits.MtuMinimum, Limits.MtuInside),

            // "Next header" in an IPv6 header.
            4 => 6u,
            _ => 0u,
        };
        var start = 88 + carried.FragmentHeaderLength;
        var length = CarriedLength(error[5] * 4, carried, LargestIPv6Error - start);
        var carriedHeader = error[8..];
        var (carriedClass, carriedHopLimit) = (carriedHeader[1], carriedHeader[8]);

        // The head grows by 20 as for any packet, the rest of the room comes from the tail.
        var from = read.Offset + 8 + carried.Offset + 20;
        packet.GrowHead(20);
        packet.SetLength(Math.Max(packet.Length, start + length));
        bytes = packet.Bytes;
        bytes.Slice(from, length).CopyTo(bytes[start..]);
        packet.SetLength(start + length);
        bytes = packet.Bytes;

        PacketTranslation.WriteIPv6Header(
            bytes[48..], carriedClass, carried.StatedTransportLength + carried.FragmentHeaderLength, IPv6Headers.First(carried), carriedHopLimit,
            carriedSource, carriedDestination);
        if (carried.HasFragmentHeader)
        {
            IPv6Headers.WriteFragmentHeader(bytes[88..], carried);
        }

        var transport = bytes[start..];
        if (carried.IcmpKind != IcmpKind.None)
        {
            PacketTranslation.TurnEcho(transport, carried.IcmpKind, true,
                InternetChecksum.PseudoHeader(carriedSource, carriedDestination, carried.StatedTransportLength, InnerPacket.IcmpV6));
        }
        else
        {
            PacketTranslation.UpdateTransportChecksum(transport, carried.Protocol,
                PacketTranslation.Sum(carried.Source) + PacketTranslation.Sum(carried.Destination),
                InternetChecksum.Sum(carriedSource) + InternetChecksum.Sum(carriedDestination));
        }

        PacketTranslation.WriteIPv6Header(bytes, trafficClass, bytes.Length - 40, InnerPacket.IcmpV6, hopLimit, source, destination);
        WriteErrorHeader(bytes[40..], type, code, last);
        WriteIPv6Checksum(bytes, source, destination);
    }

    /// <inheritdoc cref="ToIPv6"/>
    public static void ToIPv4(
        Packet packet, in InnerPacket read, in InnerPacket carried,
        uint source, uint destination, uint carriedSource, uint carriedDestination, ref ushort identification)
    {
        var bytes = packet.Bytes;
        var typeOfService = (byte)(BinaryPrimitives.ReadUInt16BigEndian(bytes) >> 4);
        var timeToLive = bytes[7];
        var error = bytes[read.Offset..];
        TryToIPv4(error[0], error[1], out var type, out var code);

        // RFC 7915 section 5.2: the IPv4 link takes 20 bytes less, and no more than this family's MTU inside.
        var last = error[0] == 2 ? BinaryPrimitives.ReadUInt32BigEndian(error[4..]) : 0;
        last = last > 20 ? Math.Min(last - 20, Limits.MtuInsideIPv4) : 0;
        var length = CarriedLength(error[0] == 2 ? 0 : error[4] * 8, carried, LargestIPv4Error - 48);
        var carriedClass = (byte)(BinaryPrimitives.ReadUInt16BigEndian(error[8..]) >> 4);
        var carriedHopLimit = error[8 + 7];

        packet.GrowHead(-20);
        bytes = packet.Bytes;
        bytes.Slice(read.Offset + 8 + carried.Offset - 20, length).CopyTo(bytes[48..]);
        packet.SetLength(48 + length);
        bytes = packet.Bytes;

        // The sender's identification is not known any more; senders match errors by addresses and ports.
        ushort none = 0;
        PacketTranslation.WriteIPv4Header(
            bytes[28..], carriedClass, carried.StatedTransportLength + 20, carried.Protocol, carriedHopLimit,
            carriedSource, carriedDestination, ref none);
        if (carried.HasFragmentHeader)
        {
            PacketTranslation.WriteIPv4Fragment(bytes[28..], carried);
        }

        var transport = bytes[48..];
        if (carried.IcmpKind != IcmpKind.None)
        {
            PacketTranslation.TurnEcho(transport, carried.IcmpKind, false, InternetChecksum.PseudoHeader(
                carried.Source.AsVip, carried.Destination.AsVip, carried.StatedTransportLength, InnerPacket.IcmpV6));
        }
        else
        {
            PacketTranslation.UpdateTransportChecksum(transport, carried.Protocol,
                PacketTranslation.Sum(carried.Source) + PacketTranslation.Sum(carried.Destination),
                InternetChecksum.Sum(carriedSource) + InternetChecksum.Sum(carriedDestination));
        }

        PacketTranslation.WriteIPv4Header(bytes, typeOfService, bytes.Length, InnerPacket.Icmp, timeToLive, source, destination, ref identification);
        WriteErrorHeader(bytes[20..], type, code, last);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[22..], InternetChecksum.Finish(InternetChecksum.Sum(bytes[20..])));
    }

    /// <summary>IPv6 to IPv6 with other addresses, outside and carried.</summary>
    public static void Readdress(
        Packet packet, in InnerPacket read, in InnerPacket carried,
        VirtualAddress source, VirtualAddress destination, VirtualAddress carriedSource, VirtualAddress carriedDestination)
    {
        IPv6Headers.Strip(packet, read);
        var bytes = packet.Bytes;
        source.Write(bytes[8..]);
        destination.Write(bytes[24..]);
        carriedSource.Write(bytes[56..]);
        carriedDestination.Write(bytes[72..]);
        PacketTranslation.UpdateTransportChecksum(bytes.Slice(48 + carried.Offset, carried.TransportLength), carried.Protocol,
            PacketTranslation.Sum(carried.Source) + PacketTranslation.Sum(carried.Destination),
            InternetChecksum.Sum(carriedSource) + InternetChecksum.Sum(carriedDestination));
        BinaryPrimitives.WriteUInt16BigEndian(bytes[42..], 0);
        WriteIPv6Checksum(bytes, source, destination);
    }

    /// <summary>Bytes of the carried packet's TCP, UDP or ICMP that go on: those there, up to RFC 4884's length where one is given.</summary>
    private static int CarriedLength(int statedLength, in InnerPacket carried, int most)
    {
        var length = Math.Min(carried.TransportLength, most);
        return statedLength == 0 ? length : Math.Min(length, Math.Max(8, statedLength - carried.Offset));
    }

    private static void WriteErrorHeader(Span<byte> header, byte type, byte code, uint last)
    {
        header[0] = type;
        header[1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], last);
    }

    private static void WriteIPv6Checksum(Span<byte> bytes, VirtualAddress source, VirtualAddress destination) =>
        BinaryPrimitives.WriteUInt16BigEndian(bytes[42..], InternetChecksum.Finish(
            InternetChecksum.Sum(bytes[40..]) + InternetChecksum.PseudoHeader(source, destination, bytes.Length - 40, InnerPacket.IcmpV6)));

    /// <summary>RFC 7915 section 4.2.</summary>
    private static bool TryToIPv6(byte type, byte code, out byte type6, out byte code6)
    {
        (type6, code6) = (type, code) switch
        {
            (3, 0 or 1 or 5 or 6 or 7 or 8 or 11 or 12) => ((byte)1, (byte)0),
            (3, 2) => ((byte)4, (byte)1),
            (3, 3) => ((byte)1, (byte)4),
            (3, 4) => ((byte)2, (byte)0),
            (3, 9 or 10 or 13 or 15) => ((byte)1, (byte)1),
            (11, <= 1) => ((byte)3, code),
            _ => ((byte)0, (byte)0),
        };
        return type6 != 0;
    }

    /// <summary>RFC 7915 section 5.2.</summary>
    private static bool TryToIPv4(byte type, byte code, out byte type4, out byte code4)
    {
        (type4, code4) = (type, code) switch
        {
            (1, 0 or 2 or 3) => ((byte)3, (byte)1),
            (1, 1) => ((byte)3, (byte)10),
            (1, 4) => ((byte)3, (byte)3),
            (2, _) => ((byte)3, (byte)4),
            (3, <= 1) => ((byte)11, code),
            (4, 1) => ((byte)3, (byte)2),
            _ => ((byte)0, (byte)0),
        };
        return type4 != 0;
    }
}
