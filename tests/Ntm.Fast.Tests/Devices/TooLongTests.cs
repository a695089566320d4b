using System.Buffers.Binary;
using Ntm.Fast.Tests.Translation;
using Ntm.Node.Devices;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Devices;

/// <summary>What senders hear of a path that carries less than 1420 bytes, and what TCP is told before it sends anything.</summary>
public sealed class TooLongTests
{
    private readonly Home _alice = new(0xA1A2A3A4A5A6A7A8);
    private readonly Home _bob = new(0xB1B2B3B4B5B6B7B8);
    private readonly byte[] _laptop = TestPackets.IPv4("192.168.1.10");
    private readonly byte[] _laptop6 = TestPackets.IPv6("2001:db8:1::10");
    private readonly byte[] _nas;
    private readonly byte[] _nas6;

    public TooLongTests()
    {
        _alice.See(1, "192.168.1.10", "2001:db8:1::10");
        _bob.See(1, "192.168.1.20", "2001:db8:2::20");
        Assert.True(_bob.Devices.Publish(_bob.Now, Home.Mac(1), "nas").Done);
        _nas = TestPackets.IPv4(_alice.AliasOf(_bob.Own.WithNumber(1)));
        _nas6 = TestPackets.Vip(_bob.Own.WithNumber(0x8001));
    }

    [Theory]
    [InlineData(1340, 1340)]
    [InlineData(1200, 1280)] // less is no IPv6 link's MTU: below that, the tunnel splits
    public void An_ipv6_sender_hears_packet_too_big(int mtu, int told)
    {
        _alice.Mtu = mtu;
        Assert.Equal(OutboundVerdict.ToPeer, _alice.Send(Udp6(told)));
        var packet = Udp6(told + 1);
        Assert.Equal(OutboundVerdict.Answered, _alice.Send(packet));
        Assert.Equal(
            TestPackets.MakeIPv6(_nas6, _laptop6, 58, TestPackets.IcmpMessage(2, 0, (uint)told, packet[..1232]), trafficClass: 0, hopLimit: 64),
            _alice.Packet.Bytes.ToArray());
        Assert.Equal((1, 1), (_alice.Counters[DeviceProxy.TooLong], _alice.Counters[OwnErrors.Sent]));
    }

    [Theory]
    [InlineData(1340, 1312)]
    [InlineData(1200, 1252)]
    public void An_ipv4_sender_hears_fragmentation_needed(int mtu, int told)
    {
        _alice.Mtu = mtu;
        Assert.Equal(OutboundVerdict.ToPeer, _alice.Send(Udp4(told)));
        Assert.Equal(OutboundVerdict.ToPeer, _alice.Send(Udp4(told + 8))); // what a fragment header would take is left
        var packet = Udp4(told + 9);
        Assert.Equal(OutboundVerdict.Answered, _alice.Send(packet));
        TestPackets.AssertRight(_alice.Packet.Bytes);
        var answer = _alice.Packet.Bytes.ToArray();
        Assert.Equal((_nas, _laptop), (answer[12..16], answer[16..20]), (a, b) => a.Item1.SequenceEqual(b.Item1) && a.Item2.SequenceEqual(b.Item2));
        Assert.Equal((3, 4, told), (answer[20], answer[21], BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(24))));
        Assert.Equal(packet[..548], answer[28..]);
    }

    [Fact]
    public void What_may_be_cut_and_what_nobody_can_be_told_of_is_left_to_the_tunnel()
    {
        _alice.Mtu = 1300;
        Assert.Equal(OutboundVerdict.ToPeer, _alice.Send(Udp4(1392, flags: 0)));
        Assert.Equal(1412, _alice.Packet.Length);

        // No error is sent about an echo reply.
        _bob.Mtu = 1300;
        var request = TestPackets.MakeIPv6(_laptop6, _nas6, 58, TestPackets.IcmpMessage(128, 0, 7, TestPackets.Payload(1200)));
        _alice.MustSend(request);
        _bob.MustReceive(_alice.Packet.Bytes.ToArray(), _alice.Own);
        var asked = _bob.Packet.Bytes.ToArray();
        _bob.MustSend(TestPackets.MakeIPv6(asked[24..40], asked[8..24], 58, TestPackets.IcmpMessage(129, 0, 7, TestPackets.Payload(1350))));
        Assert.Equal(0, _bob.Counters[DeviceProxy.TooLong]);

        // Nor more than a few in a second; what goes beyond passes.
        var verdicts = Enumerable.Range(0, 100).Select(_ => _alice.Send(Udp6(1400))).ToArray();
        Assert.Equal(Limits.IcmpErrorsAtOnce, verdicts.Count(v => v == OutboundVerdict.Answered));
        Assert.Equal(100 - Limits.IcmpErrorsAtOnce, verdicts.Count(v => v == OutboundVerdict.ToPeer));
    }

    /// <summary>Both ends clamp SYNs both ways, so each direction fits through the narrower of what the two know.</summary>
    [Theory]
    [InlineData(1420, 1420, 1352)]
    [InlineData(1340, 1420, 1272)]
    [InlineData(1420, 1200, 1132)]
    [InlineData(1360, 1340, 1272)]
    public void A_connections_segments_fit(int alices, int bobs, int expected)
    {
        (_alice.Mtu, _bob.Mtu) = (alices, bobs);
        foreach (var (source, destination, isIPv4) in new[] { (_laptop, _nas, true), (_laptop6, _nas6, false) })
        {
            byte[] options = [1, 2, 4, 0x05, 0xB4, 1, 1, 1]; // 1460, at an odd offset
            var syn = TestPackets.TcpSegment(5000, 445, 2, options, []);
            _alice.MustSend(isIPv4 ? TestPackets.MakeIPv4(source, destination, 6, syn) : TestPackets.MakeIPv6(source, destination, 6, syn));
            _bob.MustReceive(_alice.Packet.Bytes.ToArray(), _alice.Own);
            var asked = _bob.Packet.Bytes.ToArray();
            Assert.Equal(expected, Mss(asked));

            var answer = TestPackets.TcpSegment(445, 5000, 0x12, options, []);
            _bob.MustSend(isIPv4
                ? TestPackets.MakeIPv4(asked[16..20], asked[12..16], 6, answer) : TestPackets.MakeIPv6(asked[24..40], asked[8..24], 6, answer));
            _alice.MustReceive(_bob.Packet.Bytes.ToArray(), _bob.Own);
            Assert.Equal(expected, Mss(_alice.Packet.Bytes.ToArray()));

            // What is no SYN is left alone, whatever its options say.
            var data = TestPackets.TcpSegment(5000, 445, 0x10, options, [1]);
            _alice.MustSend(isIPv4 ? TestPackets.MakeIPv4(source, destination, 6, data) : TestPackets.MakeIPv6(source, destination, 6, data));
            Assert.Equal(1460, Mss(_alice.Packet.Bytes.ToArray()));
        }
    }

    /// <summary>A narrow link in the far LAN: its router's word crosses both translations.</summary>
    [Fact]
    public void Too_big_in_the_far_lan_is_heard_in_the_senders_words()
    {
        var request = Udp4(1392);
        _alice.MustSend(request);
        _bob.MustReceive(_alice.Packet.Bytes.ToArray(), _alice.Own);
        var delivered = _bob.Packet.Bytes.ToArray();
        _bob.MustSend(TestPackets.MakeIPv4(TestPackets.IPv4("192.168.1.20"), delivered[12..16], 1, TestPackets.IcmpMessage(3, 4, 1300, delivered[..548])));
        _alice.MustReceive(_bob.Packet.Bytes.ToArray(), _bob.Own);
        var heard = _alice.Packet.Bytes.ToArray();
        Assert.Equal((3, 4, 1300), (heard[20], heard[21], BinaryPrimitives.ReadInt32BigEndian(heard.AsSpan(24))));
        Assert.Equal(request[20..28], heard[48..56]);
    }

    private static int Mss(byte[] packet)
    {
        TestPackets.AssertRight(packet);
        return BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan((packet[0] >> 4 == 4 ? 20 : 40) + 23));
    }

    private byte[] Udp6(int length) => TestPackets.MakeIPv6(_laptop6, _nas6, 17, TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(length - 48)));

    private byte[] Udp4(int length, ushort flags = 0x4000) =>
        TestPackets.MakeIPv4(_laptop, _nas, 17, TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(length - 28)), flags: flags);
}
