using System.Buffers.Binary;
using Ntm.Linux.Offloads;
using static Ntm.Fast.Tests.Offloads.InnerPackets;

namespace Ntm.Fast.Tests.Offloads;

/// <summary>Segments on their way to the TUN, and which of them become one super-packet.</summary>
public sealed class MergingTests
{
    private static readonly byte[] Data = Payload(100);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Segments_that_follow_one_another_become_one_and_the_same_again(bool ipv4)
    {
        byte[][] segments =
        [
            Tcp(ipv4, 0xFFFF_FFC0, Data, id: 65_535), Tcp(ipv4, 0x24, Data, id: 0), Tcp(ipv4, 0x88, Data, id: 1), Tcp(ipv4, 0xEC, Data.AsSpan(0, 40), Ack | Push, id: 2),
        ];
        var written = Assert.Single(Merge(segments));
        var headers = ipv4 ? 52 : 72;
        Assert.Equal(new VirtioHeader(1, ipv4 ? VirtioHeader.TcpIPv4 : VirtioHeader.TcpIPv6, (ushort)headers, 100, (ushort)(headers - 32), 16), written.Header);
        Assert.Equal(headers + 340, written.Packet.Length);
        Assert.Equal(Ack | Push, written.Packet[headers - 32 + 13]);

        // The headers are right for the whole: with its checksum made, it is the packet a sender would make of the same payload.
        byte[] payload = [.. Data, .. Data, .. Data, .. Data.AsSpan(0, 40)];
        var whole = Tcp(ipv4, 0xFFFF_FFC0, payload, Ack | Push, id: 65_535);
        Assert.Equal([whole], Cut(written.Header with { Kind = 0 }, written.Packet));
        Assert.Equal(segments, Cut(written.Header, written.Packet));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Datagrams_of_one_length_become_one_and_the_same_again(bool ipv4)
    {
        byte[][] datagrams =
        [
            Udp(ipv4, Data, id: 5), Udp(ipv4, Payload(100, 2), id: 6), Udp(ipv4, Payload(30), id: 7), // a shorter one is the last
            Udp(ipv4, Data, id: 8), Udp(ipv4, Payload(101), id: 9), // a longer one begins anew
        ];
        var written = Merge(datagrams);
        Assert.Equal(3, written.Count);
        Assert.Equal(VirtioHeader.Udp, written[0].Header.Kind);
        Assert.Equal(datagrams, [.. written.SelectMany(w => Cut(w.Header, w.Packet))]);
        Assert.Equal(5, Merge(datagrams, mergesUdp: false).Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void No_more_datagrams_become_one_than_the_kernel_takes(bool ipv4)
    {
        byte[][] datagrams = [.. Enumerable.Range(0, 150).Select(i => Udp(ipv4, Payload(36, (byte)i), id: (ushort)i))];
        var written = Merge(datagrams);
        Assert.Equal([64, 64, 22], written.Select(w => Cut(w.Header, w.Packet).Count));
        Assert.Equal(datagrams, [.. written.SelectMany(w => Cut(w.Header, w.Packet))]);
    }

    public static TheoryData<string, byte[]> NotNext
    {
        get
        {
            var data = new TheoryData<string, byte[]>
            {
                { "sent again", Tcp(true, 1000, Data, id: 101) },
                { "one missing", Tcp(true, 1200, Data, id: 101) },
                { "overlapping", Tcp(true, 1099, Data, id: 101) },
                { "no payload", Tcp(true, 1100, [], id: 101) },
                { "longer than the first", Tcp(true, 1100, Payload(101), id: 101) },
                { "another acknowledgement", Tcp(true, 1100, Data, id: 101, ack: 8) },
                { "another window", Tcp(true, 1100, Data, id: 101, window: 511) },
                { "another timestamp", Tcp(true, 1100, Data, id: 101, options: [1, 1, 8, 10, 0, 0, 0, 2, 0, 0, 0, 2]) },
                { "fewer options", Tcp(true, 1100, Data, id: 101, options: []) },
                { "another TTL", Tcp(true, 1100, Data, id: 101, ttl: 63) },
                { "another ToS", Tcp(true, 1100, Data, id: 101, trafficClass: 0x10) },
                { "congestion experienced", Tcp(true, 1100, Data, id: 101, trafficClass: 3) },
                { "fragments allowed", Tcp(true, 1100, Data, id: 101, df: false) },
                { "an identification astray", Tcp(true, 1100, Data, id: 103) },
                { "SYN", Tcp(true, 1100, Data, Ack | Syn, id: 101) },
                { "RST", Tcp(true, 1100, Data, Ack | Reset, id: 101) },
                { "URG", Tcp(true, 1100, Data, Ack | Urgent, id: 101) },
                { "CWR", Tcp(true, 1100, Data, Ack | Cwr, id: 101) },
                { "ECE", Tcp(true, 1100, Data, Ack | Ece, id: 101) },
                { "no ACK", Tcp(true, 1100, Data, 0, id: 101) },
            };
            var broken = Tcp(true, 1100, Data, id: 101);
            broken[^1] ^= 1;
            data.Add("a wrong checksum", broken);
            broken = Tcp(true, 1100, Data, id: 101);
            broken[11] ^= 1;
            data.Add("a wrong header checksum", broken);
            var padded = Tcp(true, 1100, Data, id: 101);
            data.Add("bytes behind the packet", [.. padded, 0]);
            var reserved = Tcp(true, 1100, Data, id: 101);
            reserved[32] |= 1; // the flag that once was the nonce's
            Resum(reserved, 20, 16);
            data.Add("a reserved flag", reserved);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(NotNext))]
    public void What_is_not_the_next_segment_ends_the_run_and_goes_by_itself(string what, byte[] next)
    {
        byte[] first = Tcp(true, 1000, Data), after = Tcp(true, 1100, Data, id: 101);
        var written = Merge([first, next, after]).ConvertAll(w => w.Packet);
        Assert.True(written.Count is 2 or 3, what); // what follows may follow the odd one
        Assert.Equal(first, written[0]);
        if (written.Count == 3)
        {
            Assert.Equal([next, after], written[1..]);
        }
        else
        {
            Assert.Equal("sent again", what);
        }
    }

    [Theory]
    [InlineData(Ack | Push)]
    [InlineData(Ack | Fin)]
    [InlineData(Ack | Cwr)]
    [InlineData(Ack | Syn)]
    public void Nothing_follows_a_first_segment_with(byte flags) =>
        Assert.Equal(2, Merge([Tcp(false, 1000, Data, flags), Tcp(false, 1100, Data)]).Count);

    [Fact]
    public void A_first_segment_with_a_wrong_checksum_stays_as_it_is()
    {
        var broken = Tcp(false, 1000, Data);
        broken[^1] ^= 0x40;
        byte[][] packets = [broken, Tcp(false, 1100, Data), Tcp(false, 1200, Data)];
        var written = Merge(packets);
        Assert.Equal([broken], Cut(written[0].Header, written[0].Packet));
        Assert.Equal(default, written[0].Header);
        Assert.Equal(packets[1..], Cut(written[1].Header, written[1].Packet));
    }

    [Fact]
    public void Identifications_rise_by_one_or_stay_with_DF()
    {
        Assert.Single(Merge([Tcp(true, 1000, Data, id: 0), Tcp(true, 1100, Data, id: 0), Tcp(true, 1200, Data, id: 0)]));
        Assert.Equal(3, Merge([Tcp(true, 1000, Data, id: 0, df: false), Tcp(true, 1100, Data, id: 0, df: false), Tcp(true, 1200, Data, id: 0, df: false)]).Count);
        Assert.Equal(2, Merge([Tcp(true, 1000, Data, id: 0), Tcp(true, 1100, Data, id: 0), Tcp(true, 1200, Data, id: 2)]).Count);
        Assert.Equal(2, Merge([Tcp(true, 1000, Data, id: 0), Tcp(true, 1100, Data, id: 1), Tcp(true, 1200, Data, id: 0)]).Count);
        Assert.Single(Merge([Tcp(true, 1000, Data, id: 0, df: false), Tcp(true, 1100, Data, id: 1, df: false)]));
    }

    [Fact]
    public void Flows_mixed_are_merged_apart_and_each_keeps_its_order()
    {
        var packets = new List<byte[]>();
        for (var i = 0; i < 30; i++)
        {
            packets.Add(Tcp(false, (uint)(i / 3 * 100), Data, port: (ushort)(i % 3)));
        }

        var written = Merge(packets);
        Assert.Equal(3, written.Count);
        for (var flow = 0; flow < 3; flow++)
        {
            Assert.Equal(packets.Where((_, i) => i % 3 == flow), Cut(written[flow].Header, written[flow].Packet));
        }

        // Addresses tell flows apart as ports do: two tunnels' packets never have the same.
        var other = Tcp(false, 1100, Data);
        other[23]++;
        Resum(other, 40, 16);
        Assert.Equal(2, Merge([Tcp(false, 1000, Data), other]).Count);
        Assert.Equal(2, Merge([Tcp(false, 1000, Data), Udp(false, Data)]).Count);
    }

    [Fact]
    public void An_acknowledgement_or_a_packet_without_a_flow_is_overtaken_by_nothing()
    {
        byte[] pure = Tcp(false, 1100, [], ack: 9), ping = Ip(false, 58, [128, 0, 0, 0, 0, 1, 0, 1], 2);
        foreach (var between in new[] { pure, ping })
        {
            byte[][] packets = [Tcp(false, 1000, Data), between, Tcp(false, 1100, Data)];
            Assert.Equal(packets, Merge(packets).ConvertAll(w => w.Packet));
        }

        var fragment = Udp(true, Data);
        fragment[6] = 0x20;
        byte[][] mixed = [Udp(true, Data, id: 1), fragment, Udp(true, Data, id: 2)];
        Assert.Equal(3, Merge(mixed).Count);
    }

    [Fact]
    public void More_flows_than_it_remembers_are_right_all_the_same()
    {
        var packets = Enumerable.Range(0, 200).Select(i => Tcp(false, (uint)(i / 20 * 100), Data, port: (ushort)(i % 20))).ToList();
        AssertSameByFlow(packets, MergeAndCut(packets));
    }

    [Fact]
    public void A_run_is_no_longer_than_a_length_can_tell()
    {
        var big = Payload(1400);
        var packets = Enumerable.Range(0, 100).Select(i => Tcp(true, (uint)(i * 1400), big, id: (ushort)i)).ToList();
        var written = Merge(packets);
        Assert.Equal(3, written.Count); // 46 in each
        Assert.All(written, w => Assert.Equal(w.Packet.Length, BinaryPrimitives.ReadUInt16BigEndian(w.Packet.AsSpan(2))));
        Assert.Equal(packets, [.. written.SelectMany(w => Cut(w.Header, w.Packet))]);
    }

    [Fact]
    public void A_zero_UDP_checksum_is_left_alone()
    {
        var bare = Udp(true, Data, id: 101);
        (bare[26], bare[27]) = (0, 0);
        Assert.Equal(2, Merge([Udp(true, Data), bare]).Count);
        Assert.Equal(2, Merge([bare, Udp(true, Data, id: 102)]).Count);
    }

    // Random traffic of few flows, in which segments often follow one another and often nearly do: whatever becomes of it, the same packets arrive, and each flow's
    // in its order.
    [Fact]
    public void Merged_and_cut_again_any_traffic_is_the_same()
    {
        var random = new Random(4916);
        var (packetsIn, written) = (0, 0);
        for (var round = 0; round < 2000; round++)
        {
            var packets = Traffic(random);
            var merged = Merge(packets);
            AssertSameByFlow(packets, [.. merged.SelectMany(w => Cut(w.Header, w.Packet))]);
            (packetsIn, written) = (packetsIn + packets.Count, written + merged.Count);
        }

        Assert.InRange(written, packetsIn / 10, packetsIn / 2); // it did merge
    }

    private static List<byte[]> Traffic(Random random)
    {
        var packets = new List<byte[]>();
        var flows = new (uint Sequence, ushort Id)[4];
        var ipv4 = random.Next(2) == 0;
        var size = random.Next(1, 200);
        while (packets.Count < 60)
        {
            var flow = random.Next(10) < 7 ? 0 : random.Next(4);
            ref var at = ref flows[flow];
            var odd = random.Next(100);
            var length = odd == 0 ? random.Next(0, 200) : size;
            var payload = Payload(length, random.Next());
            if (flow == 3)
            {
                packets.Add(Udp(ipv4, payload, port: 3, id: at.Id));
            }
            else
            {
                var flags = odd switch { 1 => Ack | Push, 2 => Ack | Fin, 3 => Ack | Cwr, 4 => Ack | Ece, 5 => Ack | Syn, _ => Ack };
                at.Sequence += odd switch { 6 => unchecked((uint)-size), 7 => 1, _ => 0 };
                packets.Add(Tcp(ipv4, at.Sequence, payload, (byte)flags, port: (ushort)flow, id: at.Id, ttl: (byte)(odd == 8 ? 63 : 64)));
                if (odd is 9 or 10)
                {
                    packets[^1][odd == 9 ? ^1 : 33] ^= 0x10;
                }
            }

            at.Sequence += (uint)length;
            at.Id += (ushort)(odd == 11 ? 3 : 1);
        }

        return packets;
    }

    private static void AssertSameByFlow(List<byte[]> expected, List<byte[]> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        static string Flow(byte[] packet) => Convert.ToHexString(packet[0] >> 4 == 4 ? packet.AsSpan(12, 12) : packet.AsSpan(8, 36)) + packet[packet[0] >> 4 == 4 ? 9 : 6];
        foreach (var flow in expected.Select(Flow).Distinct())
        {
            Assert.Equal(expected.Where(p => Flow(p) == flow), actual.Where(p => Flow(p) == flow));
        }
    }
}
