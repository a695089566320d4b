using Ntm.Linux.Offloads;
using static Ntm.Fast.Tests.Offloads.InnerPackets;

namespace Ntm.Fast.Tests.Offloads;

/// <summary>Super-packets from the kernel and the packets they stand for.</summary>
public sealed class CuttingTests
{
    [Theory]
    [InlineData(true, 4000, 1352)]
    [InlineData(false, 4000, 1348)]
    [InlineData(true, 2704, 1352)] // the last one full
    [InlineData(false, 1, 1348)]
    [InlineData(true, 65_000, 7)]
    public void Tcp_is_cut_into_the_packets_a_sender_without_offloads_sends(bool ipv4, int length, int size)
    {
        var payload = Payload(length);
        const byte flags = Ack | Push | Fin | Ece | Cwr;
        var whole = Tcp(ipv4, 0xFFFF_FF00, payload, flags, id: 65_535, trafficClass: 2);
        var transport = ipv4 ? 20 : 40;
        MakePartial(whole, transport, 16);
        var header = new VirtioHeader(VirtioHeader.NeedsChecksum, (byte)((ipv4 ? VirtioHeader.TcpIPv4 : VirtioHeader.TcpIPv6) | VirtioHeader.Ecn), 0, (ushort)size, (ushort)transport, 16);
        var cut = Cut(header, whole);
        var expected = new List<byte[]>();
        for (var at = 0; at < length; at += size)
        {
            var its = flags & ~(at == 0 ? 0 : Cwr) & ~(at + size >= length ? 0 : Push | Fin);
            expected.Add(Tcp(ipv4, 0xFFFF_FF00 + (uint)at, payload.AsSpan(at, Math.Min(size, length - at)), (byte)its, id: (ushort)(65_535 + expected.Count), trafficClass: 2));
        }

        Assert.Equal(expected, cut);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Udp_is_cut_into_datagrams(bool ipv4)
    {
        var payload = Payload(1000);
        var whole = Udp(ipv4, payload);
        var transport = ipv4 ? 20 : 40;
        MakePartial(whole, transport, 6);
        var cut = Cut(new VirtioHeader(VirtioHeader.NeedsChecksum, VirtioHeader.Udp, 0, 300, (ushort)transport, 6), whole);
        Assert.Equal([.. new[] { (0, 300), (300, 300), (600, 300), (900, 100) }
            .Select((p, i) => Udp(ipv4, payload.AsSpan(p.Item1, p.Item2), id: (ushort)(100 + i)))], cut);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void A_packet_without_a_checksum_gets_it(bool ipv4, bool tcp)
    {
        for (var length = 0; length < 100; length++)
        {
            var right = tcp ? Tcp(ipv4, 5, Payload(length)) : Udp(ipv4, Payload(length));
            var partial = right.ToArray();
            var (transport, field) = (ipv4 ? 20 : 40, tcp ? 16 : 6);
            MakePartial(partial, transport, field);
            Assert.NotEqual(right, partial);
            Assert.Equal([right], Cut(new VirtioHeader(VirtioHeader.NeedsChecksum, 0, 0, 0, (ushort)transport, (ushort)field), partial));
            Assert.Equal([right], Cut(default, right));
        }
    }

    [Fact]
    public void A_UDP_checksum_of_zero_is_told_as_all_ones()
    {
        var payload = Payload(10);
        for (var i = 0; i <= ushort.MaxValue; i++)
        {
            (payload[0], payload[1]) = ((byte)(i >> 8), (byte)i);
            var right = Udp(false, payload);
            if (right[46] == 0xFF && right[47] == 0xFF)
            {
                var partial = right.ToArray();
                MakePartial(partial, 40, 6);
                Assert.Equal([right], Cut(new VirtioHeader(VirtioHeader.NeedsChecksum, 0, 0, 0, 40, 6), partial));
                Assert.True(MergeFacts.Of(right).IsIntact(right));
                return;
            }
        }

        Assert.Fail("One of 65,536 has it.");
    }

    public static TheoryData<string, VirtioHeader> Unfit => new()
    {
        { "no checksum asked for", new(0, VirtioHeader.TcpIPv4, 0, 500, 20, 16) },
        { "the other family", new(1, VirtioHeader.TcpIPv6, 0, 500, 20, 16) },
        { "segments of nothing", new(1, VirtioHeader.TcpIPv4, 0, 0, 20, 16) },
        { "the transport header elsewhere", new(1, VirtioHeader.TcpIPv4, 0, 500, 24, 16) },
        { "the transport header beyond the end", new(1, VirtioHeader.TcpIPv4, 0, 500, 60_000, 16) },
        { "a kind not asked for", new(1, 3, 0, 500, 20, 6) },
        { "UDP with ECN", new(1, VirtioHeader.Udp | VirtioHeader.Ecn, 0, 500, 20, 6) },
        { "the checksum beyond the end", new(1, 0, 0, 0, 20, 60_000) },
        { "the checksum at the first byte", new(1, 0, 0, 0, 0, 0) },
        { "the checksum in the IP header", new(1, 0, 0, 0, 8, 2) },
        { "the checksum over other bytes", new(1, 0, 0, 0, 22, 14) },
        { "the checksum of TCP where UDP's would be", new(1, VirtioHeader.TcpIPv4, 0, 500, 20, 6) },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public void What_does_not_fit_together_is_refused(string what, VirtioHeader header)
    {
        Assert.False(SegmentCut.TryBegin(header, Tcp(true, 1, Payload(1000)), out var cut), what);
        Assert.False(cut.HasMore);
        Assert.False(SegmentCut.TryBegin(header, [], out _), what);
    }

    public static TheoryData<string, int, byte> Unsuited => new()
    {
        { "UDP inside, TCP told", 9, 17 },
        { "a first fragment", 6, 0x20 },
        { "a later fragment", 7, 1 },
        { "longer than there is", 3, 0xFF },
        { "SYN, of one segment alone", 33, Ack | Syn },
        { "RST", 33, Ack | Reset },
        { "URG", 33, Ack | Urgent },
        { "headers beyond the end", 32, 0xF0 },
    };

    [Theory]
    [MemberData(nameof(Unsuited))]
    public void A_packet_that_is_not_what_its_header_tells_is_refused(string what, int at, byte value)
    {
        var packet = Tcp(true, 1, Payload(at == 32 ? 5 : 1000));
        packet[at] = value;
        Assert.False(SegmentCut.TryBegin(new(1, VirtioHeader.TcpIPv4, 0, at == 32 ? (ushort)2 : (ushort)500, 20, 16), packet, out _), what);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_packet_that_says_it_is_longer_than_it_is_is_refused(bool ipv4)
    {
        var packet = Tcp(ipv4, 1, Payload(10));
        Assert.True(SegmentCut.TryBegin(default, packet, out _));
        Assert.False(SegmentCut.TryBegin(default, packet.AsSpan(..^1), out _));
    }

    [Fact]
    public void A_super_packet_behind_extension_headers_is_cut_and_one_that_is_routed_refused()
    {
        var plain = Tcp(false, 1, Payload(1000));
        foreach (var (extension, isTaken) in new[] { ((byte)60, true), ((byte)0, true), ((byte)43, false), ((byte)44, false) })
        {
            byte[] packet = [.. plain[..40], 6, 0, 1, 4, 0, 0, 0, 0, .. plain[40..]];
            packet[6] = extension;
            packet[4] = (byte)((packet.Length - 40) >> 8);
            packet[5] = (byte)(packet.Length - 40);
            Assert.Equal(isTaken, SegmentCut.TryBegin(new(1, VirtioHeader.TcpIPv6, 0, 500, 48, 16), packet, out var cut));
            Assert.Equal(isTaken, cut.HasMore);
        }
    }

    // A tunnel of a device's own: the kernel has made the checksum of the UDP around, and leaves the one inside to us.
    [Fact]
    public void The_checksum_of_a_packet_in_UDP_is_made_where_the_one_around_fits()
    {
        var inside = Tcp(true, 5, Payload(99));
        var right = Udp(false, [.. new byte[8], .. inside]);
        var partial = right.ToArray();
        MakePartial(partial.AsSpan(56), 20, 16);
        var header = new VirtioHeader(VirtioHeader.NeedsChecksum, 0, 0, 0, 76, 16);
        Assert.Equal([right], Cut(header, partial));
        Assert.False(SegmentCut.TryBegin(header with { ChecksumStart = 78 }, partial, out _));
        Assert.False(SegmentCut.TryBegin(header with { ChecksumOffset = 18 }, partial, out _));
    }

    [Fact]
    public void A_header_reads_as_it_was_written()
    {
        var header = new VirtioHeader(1, 2, 0x0304, 0x0506, 0x0708, 0x090A);
        var bytes = new byte[VirtioHeader.Size];
        header.Write(bytes);
        Assert.Equal(header, VirtioHeader.Read(bytes));
        Assert.Equal(new byte[] { 1, 2, 4, 3, 6, 5, 8, 7, 10, 9 }, bytes); // the machines this runs on are little-endian
    }
}
