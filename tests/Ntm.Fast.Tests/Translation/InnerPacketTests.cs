using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Translation;

public sealed class InnerPacketTests
{
    private static readonly byte[] s_device4 = TestPackets.IPv4("192.168.1.23");
    private static readonly byte[] s_alias4 = TestPackets.IPv4("198.18.3.4");
    private static readonly byte[] s_own6 = TestPackets.IPv6("fd11:2233:4455::7");
    private static readonly byte[] s_remote6 = TestPackets.IPv6("fd11:2233:4455:6677::9");

    public static TheoryData<string> Samples => [.. Valid().Keys];

    [Theory]
    [MemberData(nameof(Samples))]
    public void Every_truncation_is_refused(string sample)
    {
        var whole = Valid()[sample];
        Assert.True(TryRead(whole, out var reason), reason);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(TryRead(whole[..length], out reason));
            Assert.Equal(InnerPacket.Truncated, reason);
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Stated_lengths_that_leave_too_little_are_refused(string sample)
    {
        // The header says less than its transport needs: 0 to 7 bytes of it.
        for (var short_ = 0; short_ < 8; short_++)
        {
            var packet = Valid()[sample].ToArray();
            if (packet[0] >> 4 == 4)
            {
                var header = (packet[0] & 15) * 4;
                TestPackets.Put(packet, 2, (ushort)(header + short_));
                Resum(packet);
            }
            else
            {
                TestPackets.Put(packet, 4, (ushort)short_);
            }

            Assert.False(TryRead(packet, out _));
        }
    }

    [Fact]
    public void What_is_not_translated_is_refused_with_its_reason()
    {
        var udp = TestPackets.UdpDatagram(1, 2, [1, 2, 3]);
        var tcp = TestPackets.TcpSegment(1, 2, 2, [], []);
        AssertRefused(InnerPacket.OtherProtocol, TestPackets.MakeIPv4(s_device4, s_alias4, 47, udp));
        AssertRefused(InnerPacket.OtherProtocol, TestPackets.MakeIPv4(s_device4, s_alias4, 58, TestPackets.IcmpMessage(128, 0, 0, [])));
        AssertRefused(InnerPacket.OtherProtocol, TestPackets.MakeIPv6(s_own6, s_remote6, 1, TestPackets.IcmpMessage(8, 0, 0, [])));
        AssertRefused(InnerPacket.OtherIcmp, TestPackets.MakeIPv4(s_device4, s_alias4, 1, TestPackets.IcmpMessage(13, 0, 0, new byte[12])));
        AssertRefused(InnerPacket.OtherIcmp, TestPackets.MakeIPv6(s_own6, s_remote6, 58, TestPackets.IcmpMessage(135, 0, 0, new byte[16])));
        AssertRefused(InnerPacket.BadAddress, TestPackets.MakeIPv6(TestPackets.IPv6("::ffff:192.168.1.23"), s_remote6, 17, udp));
        AssertRefused(InnerPacket.BadAddress, TestPackets.MakeIPv6(s_own6, TestPackets.IPv6("::ffff:198.18.3.4"), 17, udp));
        AssertRefused(InnerPacket.BadHeader, [0x50, .. new byte[40]]);
        AssertRefused(InnerPacket.BadHeader, Changed(TestPackets.MakeIPv4(s_device4, s_alias4, 17, udp), 0, 0x44));
        AssertRefused(InnerPacket.BadHeader, Changed(TestPackets.MakeIPv4(s_device4, s_alias4, 6, tcp), 32, 0x40));
        AssertRefused(InnerPacket.BadHeader, Changed(TestPackets.MakeIPv4(s_device4, s_alias4, 6, tcp), 32, 0x60));
        AssertRefused(InnerPacket.BadHeader, Changed(TestPackets.MakeIPv4(s_device4, s_alias4, 17, udp), 25, 12));
        AssertRefused(InnerPacket.BadHeader, Changed(TestPackets.MakeIPv4(s_device4, s_alias4, 17, udp), 25, 7));
        AssertRefused(InnerPacket.BadChecksum, Changed(TestPackets.MakeIPv4(s_device4, s_alias4, 17, udp), 8, 200));

        var unsummed = TestPackets.MakeIPv6(s_own6, s_remote6, 17, udp);
        TestPackets.Put(unsummed, 46, 0);
        AssertRefused(InnerPacket.BadChecksum, unsummed);
    }

    [Theory]
    [InlineData(new byte[] { 131, 7, 4, 1, 2, 3, 4, 0 }, false)]
    [InlineData(new byte[] { 137, 7, 4, 1, 2, 3, 4, 0 }, false)]
    [InlineData(new byte[] { 1, 1, 1, 131, 7, 8, 1, 2, 3, 4, 0, 0 }, true)]
    [InlineData(new byte[] { 148, 4, 0, 0 }, true)]
    [InlineData(new byte[] { 1, 1, 1, 1 }, true)]
    [InlineData(new byte[] { 0, 131, 7, 4 }, true)]
    [InlineData(new byte[] { 1, 1, 1, 7 }, false)]
    [InlineData(new byte[] { 7, 1, 0, 0 }, false)]
    [InlineData(new byte[] { 7, 5, 0, 0 }, false)]
    public void Source_routes_and_broken_options_are_refused(byte[] options, bool isGood)
    {
        var packet = TestPackets.MakeIPv4(s_device4, s_alias4, 17, TestPackets.UdpDatagram(1, 2, []), options: options);
        Assert.Equal(isGood, TryRead(packet, out var reason));
        Assert.Equal(isGood ? null : InnerPacket.SourceRoute, reason);
    }

    [Fact]
    public void An_error_with_a_wrong_checksum_or_about_an_error_is_refused()
    {
        foreach (var sample in new[] { "error4", "error6" })
        {
            var bad = Valid()[sample];
            bad[^1] ^= 1;
            AssertRefused(InnerPacket.BadChecksum, bad);
        }

        var error = Valid()["error4"];
        Assert.True(InnerPacket.TryRead(error, out var read, out _));
        Assert.True(read.TryReadCarried(error, out var carried, out _));
        Assert.Equal((TestPackets.Udp, 5, 6), (carried.Protocol, carried.SourcePort, carried.DestinationPort));

        var about = TestPackets.MakeIPv4(s_device4, s_alias4, 1, TestPackets.IcmpMessage(3, 1, 0, error));
        Assert.True(InnerPacket.TryRead(about, out read, out _));
        Assert.False(read.TryReadCarried(about, out _, out var reason));
        Assert.Equal(InnerPacket.OtherIcmp, reason);
    }

    [Fact]
    public void Nothing_random_throws()
    {
        const int seed = 4711;
        var random = new Random(seed);
        var samples = Valid().Values.ToArray();
        ushort identification = 0;
        var own = VirtualAddress.Compose(1, 2, 3);
        for (var i = 0; i < 200_000; i++)
        {
            var bytes = samples[random.Next(samples.Length)].ToArray();
            if (random.Next(4) == 0)
            {
                random.NextBytes(bytes);
                bytes[0] = random.Next(2) == 0 ? (byte)(0x40 | random.Next(16)) : (byte)0x60;
            }
            else
            {
                for (var changes = random.Next(1, 5); changes > 0; changes--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }
            }

            bytes = bytes[..random.Next(bytes.Length + 1)];
            if (bytes.Length >= 20 && bytes[0] >> 4 == 4 && random.Next(3) != 0)
            {
                Resum(bytes);
            }

            var packet = PacketTranslationTests.Filled(bytes);
            try
            {
                if (!InnerPacket.TryRead(packet.Bytes, out var read, out _))
                {
                    continue;
                }

                Assert.True(read.Length <= bytes.Length);
                if (read.IsError)
                {
                    if (read.TryReadCarried(packet.Bytes, out var carried, out _))
                    {
                        if (read.IsIPv6)
                        {
                            IcmpErrors.ToIPv4(packet, read, carried, 1, 2, 2, 1, ref identification);
                        }
                        else
                        {
                            IcmpErrors.ToIPv6(packet, read, carried, own, own, own, own);
                        }

                        TestPackets.AssertRight(packet.Bytes);
                    }
                }
                else if (read.IsIPv6)
                {
                    PacketTranslation.ToIPv4(packet, read, 1, 2, ref identification);
                }
                else
                {
                    PacketTranslation.ToIPv6(packet, read, own, own);
                }
            }
            catch (Exception e)
            {
                Assert.Fail($"Seed {seed}, packet {i}: {Convert.ToHexString(bytes)}: {e}");
            }
        }
    }

    private static Dictionary<string, byte[]> Valid()
    {
        var udp = TestPackets.UdpDatagram(5, 6, TestPackets.Payload(9));
        var long_ = TestPackets.UdpDatagram(5, 6, TestPackets.Payload(90));
        var fragment4 = TestPackets.Fragment4(TestPackets.MakeIPv4(s_alias4, s_device4, 17, long_), 40)[0];
        var fragment6 = TestPackets.Fragment6(TestPackets.MakeIPv6(s_remote6, s_own6, 17, long_), 40, 77)[0];
        var plain = TestPackets.MakeIPv6(s_own6, s_remote6, 17, udp);
        byte[] header = [0, 0, 1, 4, 0, 0, 0, 0];
        return new()
        {
            ["fragment4"] = fragment4,
            ["fragment6"] = fragment6,
            ["headers6"] = TestPackets.WithHeader(TestPackets.WithHeader(plain, 60, header), 0, header),
            ["atomic6"] = TestPackets.WithHeader(plain, 44, [0, 0, 0, 0, 1, 2, 3, 4]),
            ["error4-fragment"] = TestPackets.MakeIPv4(s_device4, s_alias4, 1, TestPackets.IcmpMessage(11, 1, 0, fragment4)),
            ["error6-fragment"] = TestPackets.MakeIPv6(s_own6, s_remote6, 58, TestPackets.IcmpMessage(3, 1, 0, fragment6)),
            ["tcp4"] = TestPackets.MakeIPv4(s_device4, s_alias4, 6, TestPackets.TcpSegment(1, 2, 2, [2, 4, 5, 180], TestPackets.Payload(9))),
            ["udp4"] = TestPackets.MakeIPv4(s_device4, s_alias4, 17, udp),
            ["options4"] = TestPackets.MakeIPv4(s_device4, s_alias4, 17, udp, options: [148, 4, 0, 0]),
            ["echo4"] = TestPackets.MakeIPv4(s_device4, s_alias4, 1, TestPackets.IcmpMessage(8, 0, 7, TestPackets.Payload(9))),
            ["error4"] = TestPackets.MakeIPv4(s_device4, s_alias4, 1, TestPackets.IcmpMessage(3, 3, 0, TestPackets.MakeIPv4(s_alias4, s_device4, 17, udp))),
            ["tcp6"] = TestPackets.MakeIPv6(s_own6, s_remote6, 6, TestPackets.TcpSegment(1, 2, 2, [2, 4, 5, 180], TestPackets.Payload(9))),
            ["udp6"] = TestPackets.MakeIPv6(s_own6, s_remote6, 17, udp),
            ["echo6"] = TestPackets.MakeIPv6(s_own6, s_remote6, 58, TestPackets.IcmpMessage(129, 0, 7, TestPackets.Payload(9))),
            ["error6"] = TestPackets.MakeIPv6(s_own6, s_remote6, 58, TestPackets.IcmpMessage(2, 0, 1300, TestPackets.MakeIPv6(s_remote6, s_own6, 17, udp))),
        };
    }

    private static bool TryRead(byte[] bytes, out string? reason)
    {
        var good = InnerPacket.TryRead(bytes, out _, out reason);
        return good;
    }

    private static void AssertRefused(string expected, byte[] bytes)
    {
        Assert.False(InnerPacket.TryRead(bytes, out _, out var reason));
        Assert.Equal(expected, reason);
    }

    private static byte[] Changed(byte[] packet, int at, byte value)
    {
        packet[at] = value;
        return packet;
    }

    /// <summary>Sets the IPv4 header checksum right where there is room for it.</summary>
    private static void Resum(byte[] packet)
    {
        var header = (packet[0] & 15) * 4;
        if (header >= 20 && packet.Length >= header)
        {
            TestPackets.Put(packet, 10, 0);
            TestPackets.Put(packet, 10, TestPackets.Checksum(packet[..header]));
        }
    }
}
