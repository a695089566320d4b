using System.Buffers.Binary;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Translation;

public sealed class IcmpErrorsTests
{
    private const uint Device = 0xC0A8_0117;
    private const uint Alias = 0xC612_0304;
    private const uint RouterAlias = 0xC612_0305;
    private static readonly VirtualAddress s_own = VirtualAddress.Compose(0x1122334455, 0x66778899AABBCCDD, 7);
    private static readonly VirtualAddress s_remote = VirtualAddress.Compose(0x1122334455, 0xF1E2D3C4B5A69788, 9);
    private static readonly byte[] s_device4 = TestPackets.IPv4("192.168.1.23");
    private static readonly byte[] s_alias4 = TestPackets.IPv4("198.18.3.4");

    /// <summary>RFC 7915 section 4.2: type, code, the last word; what they become. 0: dropped.</summary>
    [Theory]
    [InlineData(3, 0, 0u, 1, 0, 0u)]
    [InlineData(3, 1, 0u, 1, 0, 0u)]
    [InlineData(3, 2, 0u, 4, 1, 6u)]
    [InlineData(3, 3, 0u, 1, 4, 0u)]
    [InlineData(3, 4, 1300u, 2, 0, 1320u)]
    [InlineData(3, 4, 0u, 2, 0, 1280u)]
    [InlineData(3, 4, 576u, 2, 0, 1280u)]
    [InlineData(3, 4, 1500u, 2, 0, 1420u)]
    [InlineData(3, 5, 0u, 1, 0, 0u)]
    [InlineData(3, 9, 0u, 1, 1, 0u)]
    [InlineData(3, 13, 0u, 1, 1, 0u)]
    [InlineData(3, 14, 0u, 0, 0, 0u)]
    [InlineData(3, 16, 0u, 0, 0, 0u)]
    [InlineData(4, 0, 0u, 0, 0, 0u)]
    [InlineData(5, 0, 0u, 0, 0, 0u)]
    [InlineData(11, 0, 0u, 3, 0, 0u)]
    [InlineData(11, 1, 0u, 3, 1, 0u)]
    [InlineData(11, 2, 0u, 0, 0, 0u)]
    [InlineData(12, 0, 0u, 0, 0, 0u)]
    public void Types_and_codes_towards_ipv6(byte type, byte code, uint last, byte type6, byte code6, uint last6)
    {
        var about = TestPackets.MakeIPv4(s_alias4, s_device4, 17, TestPackets.UdpDatagram(53, 4444, TestPackets.Payload(20)));
        var packet = PacketTranslationTests.Filled(TestPackets.MakeIPv4(s_device4, s_alias4, 1, TestPackets.IcmpMessage(type, code, last, about)));
        Assert.Equal(type6 != 0, InnerPacket.TryRead(packet.Bytes, out var read, out _));
        if (type6 == 0)
        {
            return;
        }

        Assert.True(read.TryReadCarried(packet.Bytes, out var carried, out _));
        IcmpErrors.ToIPv6(packet, read, carried, s_own, s_remote, s_remote, s_own);
        var about6 = TestPackets.MakeIPv6(TestPackets.Vip(s_remote), TestPackets.Vip(s_own), 17, TestPackets.UdpDatagram(53, 4444, TestPackets.Payload(20)));
        Assert.Equal(
            TestPackets.MakeIPv6(TestPackets.Vip(s_own), TestPackets.Vip(s_remote), 58, TestPackets.IcmpMessage(type6, code6, last6, about6)),
            packet.Bytes.ToArray());
    }

    /// <summary>RFC 7915 section 5.2.</summary>
    [Theory]
    [InlineData(1, 0, 0u, 3, 1, 0u)]
    [InlineData(1, 1, 0u, 3, 10, 0u)]
    [InlineData(1, 2, 0u, 3, 1, 0u)]
    [InlineData(1, 3, 0u, 3, 1, 0u)]
    [InlineData(1, 4, 0u, 3, 3, 0u)]
    [InlineData(1, 5, 0u, 0, 0, 0u)]
    [InlineData(2, 0, 1320u, 3, 4, 1300u)]
    [InlineData(2, 0, 4_000_000_000u, 3, 4, 1392u)]
    [InlineData(2, 0, 7u, 3, 4, 0u)]
    [InlineData(3, 0, 0u, 11, 0, 0u)]
    [InlineData(3, 1, 0u, 11, 1, 0u)]
    [InlineData(4, 1, 40u, 3, 2, 0u)]
    [InlineData(4, 0, 40u, 0, 0, 0u)]
    [InlineData(133, 0, 0u, 0, 0, 0u)]
    public void Types_and_codes_towards_ipv4(byte type, byte code, uint last, byte type4, byte code4, uint last4)
    {
        var datagram = TestPackets.UdpDatagram(4444, 53, TestPackets.Payload(20));
        var about = TestPackets.MakeIPv6(TestPackets.Vip(s_own), TestPackets.Vip(s_remote), 17, datagram);
        var packet = PacketTranslationTests.Filled(
            TestPackets.MakeIPv6(TestPackets.Vip(s_remote), TestPackets.Vip(s_own), 58, TestPackets.IcmpMessage(type, code, last, about)));
        Assert.Equal(type4 != 0, InnerPacket.TryRead(packet.Bytes, out var read, out _));
        if (type4 == 0)
        {
            return;
        }

        Assert.True(read.TryReadCarried(packet.Bytes, out var carried, out _));
        ushort identification = 0;
        IcmpErrors.ToIPv4(packet, read, carried, RouterAlias, Device, Device, Alias, ref identification);
        var about4 = TestPackets.MakeIPv4(s_device4, s_alias4, 17, datagram, flags: 0, identification: 1);
        Assert.Equal(
            TestPackets.MakeIPv4(
                TestPackets.IPv4("198.18.3.5"), s_device4, 1, TestPackets.IcmpMessage(type4, code4, last4, about4), flags: 0, identification: 1),
            packet.Bytes.ToArray());
    }

    [Theory]
    [InlineData("tcp")]
    [InlineData("udp")]
    [InlineData("echo-request")]
    public void What_is_carried_cut_short_is_translated_as_far_as_it_goes(string kind)
    {
        var (protocol, protocol6, transport) = PacketTranslationTests.Transport(kind, 60);
        byte[] transport6 = protocol == 1 ? [128, .. transport[1..]] : transport;
        var whole4 = TestPackets.MakeIPv4(s_device4, s_alias4, protocol, transport, flags: 0, identification: 1);
        var whole6 = TestPackets.MakeIPv6(TestPackets.Vip(s_own), TestPackets.Vip(s_remote), protocol6, transport6);
        for (var kept = 8; kept <= transport.Length; kept++)
        {
            if (kind == "tcp" && kept == 17)
            {
                // Half a checksum cannot be updated, and is of no use to anyone.
                continue;
            }

            var error6 = TestPackets.MakeIPv6(
                TestPackets.Vip(s_remote), TestPackets.Vip(s_own), 58, TestPackets.IcmpMessage(1, 4, 0, whole6[..(40 + kept)]));
            var error4 = TestPackets.MakeIPv4(
                s_alias4, s_device4, 1, TestPackets.IcmpMessage(3, 3, 0, whole4[..(20 + kept)]), flags: 0, identification: 2);
            var packet = PacketTranslationTests.Filled(error6);
            var read = PacketTranslationTests.Read(packet);
            Assert.True(read.TryReadCarried(packet.Bytes, out var carried, out var reason), reason);
            ushort identification = 1;
            IcmpErrors.ToIPv4(packet, read, carried, Alias, Device, Device, Alias, ref identification);
            Assert.Equal(error4.Length, packet.Length);

            // The carried header's identification is made up: a counter here, 1 there.
            Assert.Equal(error4[..20], packet.Bytes[..20].ToArray());
            Assert.Equal(error4[28..], packet.Bytes[28..].ToArray());

            read = PacketTranslationTests.Read(packet);
            Assert.True(read.TryReadCarried(packet.Bytes, out carried, out reason), reason);
            IcmpErrors.ToIPv6(packet, read, carried, s_remote, s_own, s_own, s_remote);
            Assert.Equal(error6, packet.Bytes.ToArray());
        }
    }

    [Fact]
    public void Errors_are_readdressed_with_what_they_carry()
    {
        var lan = TestPackets.IPv6("2001:db8:1::55");
        var (own, remote) = (TestPackets.Vip(s_own), TestPackets.Vip(s_remote));
        var segment = TestPackets.TcpSegment(80, 5555, 0x10, [], TestPackets.Payload(30));
        var packet = PacketTranslationTests.Filled(
            TestPackets.MakeIPv6(lan, remote, 58, TestPackets.IcmpMessage(1, 4, 0, TestPackets.MakeIPv6(remote, lan, 6, segment))));
        var read = PacketTranslationTests.Read(packet);
        Assert.True(read.TryReadCarried(packet.Bytes, out var carried, out _));
        IcmpErrors.Readdress(packet, read, carried, s_own, s_remote, s_remote, s_own);
        Assert.Equal(
            TestPackets.MakeIPv6(own, remote, 58, TestPackets.IcmpMessage(1, 4, 0, TestPackets.MakeIPv6(remote, own, 6, segment))), packet.Bytes.ToArray());
    }

    [Fact]
    public void An_error_never_grows_beyond_1280_bytes_and_needs_only_the_usual_headroom()
    {
        var about = TestPackets.MakeIPv4(s_alias4, s_device4, 17, TestPackets.UdpDatagram(1, 2, TestPackets.Payload(1300)));
        var packet = PacketTranslationTests.Filled(TestPackets.MakeIPv4(s_device4, s_alias4, 1, TestPackets.IcmpMessage(3, 3, 0, about)));
        var read = PacketTranslationTests.Read(packet);
        Assert.True(read.TryReadCarried(packet.Bytes, out var carried, out _));
        IcmpErrors.ToIPv6(packet, read, carried, s_own, s_remote, s_remote, s_own);
        Assert.Equal(1280, packet.Length);
        Assert.Equal(Limits.PacketHeadroom - 20, packet.Headroom);
        TestPackets.AssertRight(packet.Bytes);
        Assert.Equal(1308, BinaryPrimitives.ReadUInt16BigEndian(packet.Bytes[52..]));
    }

    [Fact]
    public void Extensions_are_cut_off()
    {
        // RFC 4884: 128 bytes of the packet in question (32 words), then an extension.
        var about = TestPackets.MakeIPv4(s_alias4, s_device4, 17, TestPackets.UdpDatagram(1, 2, TestPackets.Payload(200)))[..128];
        byte[] message = [.. TestPackets.IcmpMessage(3, 1, 32u << 16, about), 0x20, 0, 0, 0, 0, 8, 1, 1, 9, 9, 9, 9];
        var packet = PacketTranslationTests.Filled(TestPackets.MakeIPv4(s_device4, s_alias4, 1, message));
        var read = PacketTranslationTests.Read(packet);
        Assert.True(read.TryReadCarried(packet.Bytes, out var carried, out _));
        IcmpErrors.ToIPv6(packet, read, carried, s_own, s_remote, s_remote, s_own);
        TestPackets.AssertRight(packet.Bytes);
        Assert.Equal(40 + 8 + 40 + 108, packet.Length);
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32BigEndian(packet.Bytes[44..]));
    }
}
