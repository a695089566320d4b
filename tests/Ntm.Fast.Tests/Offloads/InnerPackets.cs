using System.Buffers.Binary;
using Ntm.Linux.Offloads;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Offloads;

/// <summary>Packets for the tests of cutting and merging, whole and with right checksums, made in the plainest way there is.</summary>
internal static class InnerPackets
{
    public const byte Fin = 1, Syn = 2, Reset = 4, Push = 8, Ack = 16, Urgent = 32, Ece = 64, Cwr = 128;

    public static byte[] Payload(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static byte[] Tcp(bool ipv4, uint sequence, ReadOnlySpan<byte> payload, byte flags = Ack, byte[]? options = null, ushort port = 50_000,
        ushort id = 100, bool df = true, byte ttl = 64, byte trafficClass = 0, uint ack = 7, ushort window = 512)
    {
        options ??= [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];
        var tcp = new byte[20 + options.Length + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(tcp, port);
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(2), 443);
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(8), ack);
        tcp[12] = (byte)((20 + options.Length) / 4 << 4);
        tcp[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(14), window);
        options.CopyTo(tcp, 20);
        payload.CopyTo(tcp.AsSpan(20 + options.Length));
        return Ip(ipv4, 6, tcp, 16, id, df, ttl, trafficClass);
    }

    public static byte[] Udp(bool ipv4, ReadOnlySpan<byte> payload, ushort port = 50_000, ushort id = 100, bool df = true, byte ttl = 64)
    {
        var udp = new byte[8 + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(udp, port);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(2), 443);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(4), (ushort)udp.Length);
        payload.CopyTo(udp.AsSpan(8));
        return Ip(ipv4, 17, udp, 6, id, df, ttl, 0);
    }

    /// <summary>An IP header before a transport packet, and both checksums.</summary>
    public static byte[] Ip(bool ipv4, byte protocol, byte[] transport, int checksumAt, ushort id = 100, bool df = true, byte ttl = 64, byte trafficClass = 0)
    {
        var header = ipv4 ? 20 : 40;
        var packet = new byte[header + transport.Length];
        transport.CopyTo(packet, header);
        if (ipv4)
        {
            (packet[0], packet[1], packet[8], packet[9]) = (0x45, trafficClass, ttl, protocol);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), id);
            packet[6] = (byte)(df ? 0x40 : 0);
            new byte[] { 192, 0, 2, 1, 198, 51, 100, 9 }.CopyTo(packet, 12);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Checksum(packet.AsSpan(0, 20), 0));
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(packet, (6u << 28) | ((uint)trafficClass << 20) | 0x12345);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)transport.Length);
            (packet[6], packet[7]) = (protocol, ttl);
            new byte[] { 0x20, 1, 0x0D, 0xB8, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 1, 0x0D, 0xB8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 }.CopyTo(packet, 8);
        }

        Resum(packet, header, checksumAt);
        return packet;
    }

    /// <summary>Makes the transport checksum anew, after a change.</summary>
    public static void Resum(Span<byte> packet, int transport, int checksumAt)
    {
        var field = packet.Slice(transport + checksumAt, 2);
        field.Clear();
        var sum = Checksum(packet[transport..], PseudoSum(packet, packet.Length - transport));
        BinaryPrimitives.WriteUInt16BigEndian(field, checksumAt == 6 && sum == 0 ? (ushort)0xFFFF : sum);
    }

    /// <summary>What the kernel hands over for a super-packet: the field holds the pseudo-header's sum only.</summary>
    public static void MakePartial(Span<byte> packet, int transport, int checksumAt) =>
        BinaryPrimitives.WriteUInt16BigEndian(packet[(transport + checksumAt)..], (ushort)~Checksum([], PseudoSum(packet, packet.Length - transport)));

    /// <summary>Word by word, as RFC 1071 has it.</summary>
    public static ushort Checksum(ReadOnlySpan<byte> bytes, ulong sum)
    {
        for (var i = 0; i < bytes.Length; i += 2)
        {
            sum += (uint)(bytes[i] << 8) + (i + 1 < bytes.Length ? bytes[i + 1] : 0u);
        }

        while (sum >> 16 != 0)
        {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)~sum;
    }

    /// <summary>All of a super-packet's segments.</summary>
    public static List<byte[]> Cut(VirtioHeader header, ReadOnlySpan<byte> packet)
    {
        Assert.True(SegmentCut.TryBegin(header, packet, out var cut));
        var segments = new List<byte[]>();
        while (cut.HasMore)
        {
            var into = new byte[cut.NextLength];
            Assert.Equal(into.Length, cut.Next(packet, into));
            segments.Add(into);
        }

        return segments;
    }

    /// <summary>What is written to the TUN for each run.</summary>
    public static List<(VirtioHeader Header, byte[] Packet)> Merge(IEnumerable<byte[]> packets, bool mergesUdp = true)
    {
        var gathering = new SegmentGathering(256) { MergesUdp = mergesUdp };
        foreach (var bytes in packets)
        {
            var packet = new Packet(4096);
            packet.Fill(bytes);
            gathering.Add(packet);
        }

        return [.. Enumerable.Range(0, gathering.Runs).Select(run => Written(gathering, run))];
    }

    public static List<byte[]> MergeAndCut(IEnumerable<byte[]> packets) => [.. Merge(packets).SelectMany(w => Cut(w.Header, w.Packet))];

    private static (VirtioHeader Header, byte[] Packet) Written(SegmentGathering gathering, int run)
    {
        var header = gathering.CountOf(run) > 1 ? gathering.Finish(run) : default;
        var bytes = new List<byte>();
        for (var cursor = -1; gathering.TryNext(run, ref cursor, out var packet);)
        {
            bytes.AddRange(packet.Bytes[(bytes.Count == 0 ? 0 : gathering.HeadersOf(run))..]);
        }

        return (header, [.. bytes]);
    }

    private static ulong PseudoSum(ReadOnlySpan<byte> packet, int length)
    {
        var isIPv4 = packet[0] >> 4 == 4;
        ulong sum = (uint)length + (isIPv4 ? packet[9] : packet[6]);
        var addresses = isIPv4 ? packet[12..20] : packet[8..40];
        for (var i = 0; i < addresses.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(addresses[i..]);
        }

        return sum;
    }
}
