using System.Buffers.Binary;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Translation;

/// <summary>
/// Packets made and judged from the RFCs' words alone, byte by byte, sharing nothing with the code under test: an oracle for headers, lengths and checksums.
/// </summary>
internal static class TestPackets
{
    public const byte Tcp = 6;
    public const byte Udp = 17;

    public static byte[] Vip(VirtualAddress vip)
    {
        var bytes = new byte[16];
        vip.Write(bytes);
        return bytes;
    }

    public static byte[] IPv4(string dotted) => System.Net.IPAddress.Parse(dotted).GetAddressBytes();

    public static byte[] IPv6(string text) => System.Net.IPAddress.Parse(text).GetAddressBytes();

    /// <summary>Payload of all-distinct bytes as far as there are 256 of them.</summary>
    public static byte[] Payload(int length, int from = 1) => [.. Enumerable.Range(from, length).Select(i => (byte)i)];

    public static byte[] TcpSegment(ushort source, ushort destination, byte flags, byte[] options, byte[] payload)
    {
        Assert.Equal(0, options.Length % 4);
        byte[] header =
        [
            (byte)(source >> 8), (byte)source, (byte)(destination >> 8), (byte)destination, 0xA1, 0xA2, 0xA3, 0xA4, 0xB1, 0xB2, 0xB3, 0xB4,
            (byte)((20 + options.Length) / 4 << 4), flags, 0xC1, 0xC2, 0, 0, 0xD1, 0xD2,
        ];
        return [.. header, .. options, .. payload];
    }

    public static byte[] UdpDatagram(ushort source, ushort destination, byte[] payload) =>
    [
        (byte)(source >> 8), (byte)source, (byte)(destination >> 8), (byte)destination,
        (byte)((8 + payload.Length) >> 8), (byte)(8 + payload.Length), 0, 0, .. payload,
    ];

    public static byte[] IcmpMessage(byte type, byte code, uint rest, byte[] payload) =>
        [type, code, 0, 0, (byte)(rest >> 24), (byte)(rest >> 16), (byte)(rest >> 8), (byte)rest, .. payload];

    /// <summary>An IPv4 packet with right checksums.</summary>
    public static byte[] MakeIPv4(
        byte[] source, byte[] destination, byte protocol, byte[] transport, byte typeOfService = 0x5A, byte timeToLive = 61, ushort flags = 0x4000,
        ushort identification = 0x1234, byte[]? options = null)
    {
        options ??= [];
        var header = 20 + options.Length;
        byte[] packet =
        [
            (byte)(0x40 | (header / 4)), typeOfService, (byte)((header + transport.Length) >> 8), (byte)(header + transport.Length),
            (byte)(identification >> 8), (byte)identification, (byte)(flags >> 8), (byte)flags, timeToLive, protocol, 0, 0,
            .. source, .. destination, .. options, .. transport,
        ];
        Put(packet, 10, Checksum(packet[..header]));
        SetTransportChecksum(packet, header, protocol, protocol == 1 ? [] : Pseudo4(packet, transport.Length));
        return packet;
    }

    /// <summary>An IPv6 packet with right checksums.</summary>
    public static byte[] MakeIPv6(byte[] source, byte[] destination, byte nextHeader, byte[] transport, byte trafficClass = 0x5A, byte hopLimit = 61)
    {
        byte[] packet =
        [
            (byte)(0x60 | (trafficClass >> 4)), (byte)(trafficClass << 4), 0, 0, (byte)(transport.Length >> 8), (byte)transport.Length, nextHeader, hopLimit,
            .. source, .. destination, .. transport,
        ];
        SetTransportChecksum(packet, 40, nextHeader, Pseudo6(packet, transport.Length));
        return packet;
    }

    /// <summary>The pieces a sender or router makes of a whole IPv4 packet without options, each with at most so many bytes after its header.</summary>
    public static List<byte[]> Fragment4(byte[] whole, int most)
    {
        List<byte[]> pieces = [];
        for (var at = 20; at < whole.Length; at += most / 8 * 8)
        {
            var end = Math.Min(at + (most / 8 * 8), whole.Length);
            byte[] piece = [.. whole[..20], .. whole[at..end]];
            Put(piece, 2, (ushort)piece.Length);
            Put(piece, 6, (ushort)(((at - 20) / 8) | (end < whole.Length ? 0x2000 : 0)));
            Put(piece, 10, 0);
            Put(piece, 10, Checksum(piece[..20]));
            pieces.Add(piece);
        }

        return pieces;
    }

    /// <summary>As <see cref="Fragment4"/>, of an IPv6 packet without extension headers.</summary>
    public static List<byte[]> Fragment6(byte[] whole, int most, uint identification)
    {
        List<byte[]> pieces = [];
        for (var at = 40; at < whole.Length; at += most / 8 * 8)
        {
            var end = Math.Min(at + (most / 8 * 8), whole.Length);
            var field = (at - 40) | (end < whole.Length ? 1 : 0);
            pieces.Add(WithHeader(
                [.. whole[..40], .. whole[at..end]], 44,
                [
                    0, 0, (byte)(field >> 8), (byte)field,
                    (byte)(identification >> 24), (byte)(identification >> 16), (byte)(identification >> 8), (byte)identification,
                ]));
        }

        return pieces;
    }

    /// <summary>An IPv6 packet with an extension header put in behind its header; the header's first byte is set to what follows.</summary>
    public static byte[] WithHeader(byte[] packet, byte type, byte[] header)
    {
        byte[] longer = [.. packet[..40], packet[6], .. header[1..], .. packet[40..]];
        longer[6] = type;
        Put(longer, 4, (ushort)(longer.Length - 40));
        return longer;
    }

    /// <summary>Fails unless the packet is whole and every checksum in it is right.</summary>
    public static void AssertRight(ReadOnlySpan<byte> bytes)
    {
        var packet = bytes.ToArray();
        if (packet[0] >> 4 == 4)
        {
            var header = (packet[0] & 15) * 4;
            Assert.Equal(packet.Length, BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2)));
            Assert.Equal(0, Checksum(packet[..header]));
            var udpUnsummed = packet[9] == Udp && packet[header + 6] == 0 && packet[header + 7] == 0;
            if (!udpUnsummed)
            {
                Assert.Equal(0, Checksum([.. packet[9] == 1 ? [] : Pseudo4(packet, packet.Length - header), .. packet[header..]]));
            }
        }
        else
        {
            Assert.Equal(6, packet[0] >> 4);
            Assert.Equal(packet.Length - 40, BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(4)));
            Assert.False(packet[6] == Udp && packet[46] == 0 && packet[47] == 0, "UDP over IPv6 without checksum.");
            Assert.Equal(0, Checksum([.. Pseudo6(packet, packet.Length - 40), .. packet[40..]]));
        }
    }

    /// <summary>RFC 1071, the slow way.</summary>
    public static ushort Checksum(byte[] bytes)
    {
        var sum = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            sum += i % 2 == 0 ? bytes[i] * 256 : bytes[i];
            sum = sum > 0xFFFF ? sum - 0xFFFF : sum;
        }

        return (ushort)(0xFFFF - sum);
    }

    public static void Put(byte[] bytes, int at, ushort value) => (bytes[at], bytes[at + 1]) = ((byte)(value >> 8), (byte)value);

    private static byte[] Pseudo4(byte[] packet, int length) => [.. packet[12..20], 0, packet[9], (byte)(length >> 8), (byte)length];

    private static byte[] Pseudo6(byte[] packet, int length) => [.. packet[8..40], 0, 0, (byte)(length >> 8), (byte)length, 0, 0, 0, packet[6]];

    private static void SetTransportChecksum(byte[] packet, int header, byte protocol, byte[] pseudo)
    {
        var at = header + protocol switch { Tcp => 16, Udp => 6, _ => 2 };
        Put(packet, at, 0);
        var checksum = Checksum([.. pseudo, .. packet[header..]]);
        Put(packet, at, protocol == Udp && checksum == 0 ? (ushort)0xFFFF : checksum);
    }
}
