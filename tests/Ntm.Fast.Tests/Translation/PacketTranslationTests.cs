using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Translation;

public sealed class PacketTranslationTests
{
    private const uint Device = 0xC0A8_0117;
    private const uint Alias = 0xC612_0304;
    private static readonly VirtualAddress s_own = VirtualAddress.Compose(0x1122334455, 0x66778899AABBCCDD, 7);
    private static readonly VirtualAddress s_remote = VirtualAddress.Compose(0x1122334455, 0xF1E2D3C4B5A69788, 0x8009);
    private static readonly byte[] s_device4 = TestPackets.IPv4("192.168.1.23");
    private static readonly byte[] s_alias4 = TestPackets.IPv4("198.18.3.4");

    public static TheoryData<string, int> Kinds()
    {
        var data = new TheoryData<string, int>();
        foreach (var kind in new[] { "tcp", "tcp-options", "udp", "echo-request", "echo-reply" })
        {
            foreach (var length in new[] { 0, 1, 2, 3, 7, 64, 255, 1201, 1350 })
            {
                data.Add(kind, length);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void There_and_back_is_the_same_packet(string kind, int length)
    {
        var (protocol, protocol6, transport) = Transport(kind, length);
        var flags = (ushort)(20 + transport.Length > 1260 ? 0x4000 : 0);
        var original = TestPackets.MakeIPv4(s_device4, s_alias4, protocol, transport, flags: flags, identification: (ushort)(flags == 0 ? 1 : 0));
        var packet = Filled(original);

        PacketTranslation.ToIPv6(packet, Read(packet), s_own, s_remote);

        TestPackets.AssertRight(packet.Bytes);
        var transport6 = kind switch
        {
            "echo-request" => [128, .. transport[1..]],
            "echo-reply" => [129, .. transport[1..]],
            _ => transport,
        };
        Assert.Equal(TestPackets.MakeIPv6(TestPackets.Vip(s_own), TestPackets.Vip(s_remote), protocol6, transport6), packet.Bytes.ToArray());
        Assert.True(packet.Headroom >= 16);

        ushort identification = 0;
        PacketTranslation.ToIPv4(packet, Read(packet), Device, Alias, ref identification);
        Assert.Equal(original, packet.Bytes.ToArray());
    }

    [Fact]
    public void Random_packets_come_back_the_same()
    {
        const int seed = 20_261;
        var random = new Random(seed);
        for (var i = 0; i < 20_000; i++)
        {
            var payload = new byte[random.Next(40)];
            random.NextBytes(payload);
            var (protocol, _, transport) = Transport(new[] { "tcp", "udp", "echo-request", "echo-reply" }[random.Next(4)], 0);
            var ports = new byte[4];
            random.NextBytes(ports);
            if (protocol != 1)
            {
                ports.CopyTo(transport, 0);
            }

            if (protocol == TestPackets.Udp)
            {
                TestPackets.Put(transport, 4, (ushort)(8 + payload.Length));
            }

            byte[] source = new byte[4], destination = new byte[4];
            random.NextBytes(source);
            random.NextBytes(destination);
            var original = TestPackets.MakeIPv4(source, destination, protocol, [.. transport, .. payload], flags: 0, identification: 1);
            var packet = Filled(original);
            PacketTranslation.ToIPv6(packet, Read(packet), new((ulong)random.NextInt64(), (ulong)random.NextInt64()), s_remote);
            TestPackets.AssertRight(packet.Bytes);
            ushort identification = 0;
            PacketTranslation.ToIPv4(packet, Read(packet), Word(source), Word(destination), ref identification);
            Assert.True(original.AsSpan().SequenceEqual(packet.Bytes), $"Seed {seed}, packet {i}: {Convert.ToHexString(original)}");
        }
    }

    [Fact]
    public void Header_fields_are_carried_over_and_options_dropped()
    {
        var transport = TestPackets.UdpDatagram(0x1111, 0x2222, TestPackets.Payload(5));
        byte[] recordRoute = [1, 7, 7, 4, 0, 0, 0, 0];
        var packet = Filled(TestPackets.MakeIPv4(s_device4, s_alias4, 17, transport, typeOfService: 0xB9, timeToLive: 3, options: recordRoute));
        PacketTranslation.ToIPv6(packet, Read(packet), s_own, s_remote);
        Assert.Equal(
            TestPackets.MakeIPv6(TestPackets.Vip(s_own), TestPackets.Vip(s_remote), 17, transport, trafficClass: 0xB9, hopLimit: 3), packet.Bytes.ToArray());
    }

    [Theory]
    [InlineData(1260, 0, 5)]
    [InlineData(1261, 0x4000, 0)]
    public void Only_large_packets_forbid_fragments_towards_ipv4(int total, int flags, int identification)
    {
        var packet = Filled(TestPackets.MakeIPv6(TestPackets.Vip(s_remote), TestPackets.Vip(s_own), 17, TestPackets.UdpDatagram(1, 2, new byte[total - 28])));
        ushort counter = 4;
        PacketTranslation.ToIPv4(packet, Read(packet), Alias, Device, ref counter);
        TestPackets.AssertRight(packet.Bytes);
        Assert.Equal(total, packet.Length);
        Assert.Equal(flags, (packet.Bytes[6] << 8) | packet.Bytes[7]);
        Assert.Equal(identification, (packet.Bytes[4] << 8) | packet.Bytes[5]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1001)]
    public void An_absent_udp_checksum_is_computed(int length)
    {
        var original = TestPackets.MakeIPv4(s_device4, s_alias4, 17, TestPackets.UdpDatagram(0x1111, 0x2222, TestPackets.Payload(length)));
        TestPackets.Put(original, 26, 0);
        var packet = Filled(original);
        PacketTranslation.ToIPv6(packet, Read(packet), s_own, s_remote);
        TestPackets.AssertRight(packet.Bytes);
    }

    [Fact]
    public void A_udp_checksum_that_comes_out_as_zero_is_written_as_ones()
    {
        // The payload's last word is chosen so that the IPv6 sum comes to zero, both computed and updated.
        var datagram = TestPackets.UdpDatagram(1, 2, [0, 0]);
        var six = TestPackets.MakeIPv6(TestPackets.Vip(s_own), TestPackets.Vip(s_remote), 17, datagram);
        TestPackets.Put(datagram, 8, (ushort)((six[46] << 8) | six[47]));
        foreach (var isSummed in new[] { true, false })
        {
            var original = TestPackets.MakeIPv4(s_device4, s_alias4, 17, datagram);
            if (!isSummed)
            {
                TestPackets.Put(original, 26, 0);
            }

            var packet = Filled(original);
            PacketTranslation.ToIPv6(packet, Read(packet), s_own, s_remote);
            Assert.Equal(0xFFFF, (packet.Bytes[46] << 8) | packet.Bytes[47]);
            TestPackets.AssertRight(packet.Bytes);
        }
    }

    [Fact]
    public void An_echo_reply_of_nothing_but_zeroes_stays_right()
    {
        var packet = Filled(TestPackets.MakeIPv6(
            TestPackets.Vip(s_remote), TestPackets.Vip(s_own), 58, TestPackets.IcmpMessage(129, 0, 0, new byte[40])));
        ushort identification = 0;
        PacketTranslation.ToIPv4(packet, Read(packet), Alias, Device, ref identification);
        TestPackets.AssertRight(packet.Bytes);
        Assert.Equal(0xFFFF, (packet.Bytes[22] << 8) | packet.Bytes[23]);
        PacketTranslation.ToIPv6(packet, Read(packet), s_own, s_remote);
        TestPackets.AssertRight(packet.Bytes);
    }

    [Theory]
    [InlineData("tcp")]
    [InlineData("udp")]
    [InlineData("echo-request")]
    public void Damage_stays_visible(string kind)
    {
        var (protocol, _, transport) = Transport(kind, 20);
        var original = TestPackets.MakeIPv4(s_device4, s_alias4, protocol, transport);
        original[^1] ^= 0x10;
        var packet = Filled(original);
        PacketTranslation.ToIPv6(packet, Read(packet), s_own, s_remote);
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => TestPackets.AssertRight(packet.Bytes));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Padding_behind_the_packet_is_cut_off(string kind, int length)
    {
        var (protocol, protocol6, transport) = Transport(kind, length);
        if (kind.StartsWith("echo", StringComparison.Ordinal))
        {
            transport[0] = (byte)(kind == "echo-request" ? 8 : 0);
        }

        var packet = Filled([.. TestPackets.MakeIPv4(s_device4, s_alias4, protocol, transport), 9, 9, 9]);
        PacketTranslation.ToIPv6(packet, Read(packet), s_own, s_remote);
        TestPackets.AssertRight(packet.Bytes);

        byte[] padded = [.. packet.Bytes, 0, 0, 0, 0, 0];
        packet.Fill(padded);
        ushort identification = 0;
        PacketTranslation.ToIPv4(packet, Read(packet), Device, Alias, ref identification);
        TestPackets.AssertRight(packet.Bytes);
        Assert.Equal(20 + transport.Length, packet.Length);
        Assert.NotEqual(0, protocol6);
    }

    [Fact]
    public void Sums_agree_with_the_slow_way_at_every_length_and_carry()
    {
        var random = new Random(77);
        for (var length = 0; length < 200; length++)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            Assert.Equal(TestPackets.Checksum(bytes), InternetChecksum.Finish(InternetChecksum.Sum(bytes)));
            Array.Fill(bytes, (byte)0xFF);
            Assert.Equal(TestPackets.Checksum(bytes), InternetChecksum.Finish(InternetChecksum.Sum(bytes)));
        }

        // RFC 1624 section 4's example.
        Assert.Equal(0x0000, InternetChecksum.Update(0xDD2F, 0x5555, 0x3285));
    }

    internal static InnerPacket Read(Packet packet)
    {
        Assert.True(InnerPacket.TryRead(packet.Bytes, out var read, out var reason), reason);
        return read;
    }

    internal static Packet Filled(byte[] bytes)
    {
        var packet = new Packet();
        packet.Fill(bytes);
        return packet;
    }

    internal static (byte Protocol, byte Protocol6, byte[] Transport) Transport(string kind, int length) => kind switch
    {
        "tcp" => (6, 6, TestPackets.TcpSegment(0x1122, 0x3344, 0x18, [], TestPackets.Payload(length))),
        "tcp-options" => (6, 6, TestPackets.TcpSegment(0x1122, 0x3344, 0x10, [1, 1, 8, 10, 21, 22, 23, 24, 25, 26, 27, 28], TestPackets.Payload(length))),
        "udp" => (17, 17, TestPackets.UdpDatagram(0x1122, 0x3344, TestPackets.Payload(length))),
        "echo-request" => (1, 58, TestPackets.IcmpMessage(8, 0, 0x11223344, TestPackets.Payload(length))),
        _ => (1, 58, TestPackets.IcmpMessage(0, 0, 0x11223344, TestPackets.Payload(length))),
    };

    private static uint Word(byte[] four) => ((uint)four[0] << 24) | ((uint)four[1] << 16) | ((uint)four[2] << 8) | four[3];
}
