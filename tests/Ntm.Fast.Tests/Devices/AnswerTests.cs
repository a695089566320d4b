using Ntm.Fast.Tests.Translation;
using Ntm.Node.Devices;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Devices;

/// <summary>What the sender of a refused packet hears, and traceroute from one LAN into another.</summary>
public sealed class AnswerTests
{
    private readonly Home _alice = new(0xA1A2A3A4A5A6A7A8);
    private readonly Home _bob = new(0xB1B2B3B4B5B6B7B8);
    private readonly byte[] _laptop = TestPackets.IPv4("192.168.1.10");
    private readonly byte[] _laptop6 = TestPackets.IPv6("2001:db8:1::10");
    private readonly byte[] _nas;
    private readonly byte[] _secret;
    private readonly byte[] _router;

    public AnswerTests()
    {
        _alice.See(1, "192.168.1.10", "2001:db8:1::10");
        _bob.See(1, "192.168.1.20", "2001:db8:2::20");
        _bob.See(2, "192.168.1.30");
        Assert.True(_bob.Devices.Publish(_bob.Now, Home.Mac(1), "nas").Done);
        _nas = TestPackets.IPv4(_alice.AliasOf(_bob.Own.WithNumber(1)));
        _secret = TestPackets.IPv4(_alice.AliasOf(_bob.Own.WithNumber(2)));
        _router = TestPackets.IPv4(_alice.AliasOf(_bob.Own));
    }

    [Fact]
    public void What_stands_for_nothing_is_said_to_be_unreachable()
    {
        var lost = TestPackets.IPv4("198.18.77.77");
        var packet = TestPackets.MakeIPv4(_laptop, lost, 17, TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(900)));
        Assert.Equal(OutboundVerdict.Answered, _alice.Send(packet));
        Assert.Equal(1, _alice.Counters[DeviceProxy.DestinationUnknown]);
        Assert.Equal(
            TestPackets.MakeIPv4(lost, _laptop, 1, TestPackets.IcmpMessage(3, 1, 0, packet[..548]), typeOfService: 0, timeToLive: 64, flags: 0, identification: 1),
            _alice.Packet.Bytes.ToArray());

        var lost6 = TestPackets.IPv6("2001:db8:9::9");
        packet = TestPackets.MakeIPv6(_laptop6, lost6, 17, TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(1300)));
        Assert.Equal(OutboundVerdict.Answered, _alice.Send(packet));
        Assert.Equal(
            TestPackets.MakeIPv6(lost6, _laptop6, 58, TestPackets.IcmpMessage(1, 3, 0, packet[..1232]), trafficClass: 0, hopLimit: 64),
            _alice.Packet.Bytes.ToArray());
    }

    [Fact]
    public void What_the_far_end_does_not_admit_is_said_to_be_prohibited()
    {
        foreach (var (destination, transport, code) in new[]
                 {
                     (_secret, TestPackets.TcpSegment(5000, 80, 2, [], []), 10), (_router, TestPackets.TcpSegment(5000, 22, 2, [], []), 10),
                 })
        {
            var packet = TestPackets.MakeIPv4(_laptop, destination, 6, transport, flags: 0, identification: 1);
            var answer = ToBobAndBack(packet, InboundVerdict.Answered);
            Assert.Equal(TestPackets.MakeIPv4(_router, _laptop, 1, TestPackets.IcmpMessage(3, (byte)code, 0, packet))[20..], answer[20..]);
            Assert.Equal(_router, answer[12..16]);
        }

        Assert.Equal(1, _bob.Counters[Admission.NotPublished]);
        Assert.Equal(1, _bob.Counters[DeviceProxy.NoDevice]);

        // From an IPv6 device: the error itself.
        var packet6 = TestPackets.MakeIPv6(_laptop6, TestPackets.Vip(_bob.Own.WithNumber(2)), 17, TestPackets.UdpDatagram(1, 2, [1]));
        var answer6 = ToBobAndBack(packet6, InboundVerdict.Answered);
        Assert.Equal(TestPackets.MakeIPv6(TestPackets.Vip(_bob.Own), _laptop6, 58, TestPackets.IcmpMessage(1, 1, 0, packet6), 0, 64), answer6);
    }

    [Fact]
    public void Nobody_is_answered_who_should_not_be()
    {
        var (nowhere, here) = (TestPackets.IPv4("198.18.77.77"), _laptop);
        var about = TestPackets.MakeIPv4(nowhere, here, 17, TestPackets.UdpDatagram(1, 2, [1]));
        foreach (var packet in new[]
                 {
                     TestPackets.MakeIPv4(here, nowhere, 1, TestPackets.IcmpMessage(3, 3, 0, about)),
                     TestPackets.MakeIPv4(here, nowhere, 1, TestPackets.IcmpMessage(0, 0, 7, [1])),
                     TestPackets.MakeIPv4(here, nowhere, 6, TestPackets.TcpSegment(1, 2, 4, [], [])),
                     TestPackets.Fragment4(TestPackets.MakeIPv4(here, nowhere, 17, TestPackets.UdpDatagram(1, 2, TestPackets.Payload(99))), 64)[1],
                     TestPackets.MakeIPv4(here, TestPackets.IPv4("224.0.0.251"), 17, TestPackets.UdpDatagram(1, 2, [1])),
                     TestPackets.MakeIPv4(TestPackets.IPv4("0.0.0.0"), nowhere, 17, TestPackets.UdpDatagram(1, 2, [1])),
                     TestPackets.MakeIPv6(_laptop6, TestPackets.IPv6("ff05::2"), 17, TestPackets.UdpDatagram(1, 2, [1])),
                 })
        {
            Assert.Equal(OutboundVerdict.Refused, _alice.Send(packet));
            Assert.Equal(packet, _alice.Packet.Bytes.ToArray());
        }

        Assert.Equal(0, _alice.Counters[OwnErrors.Sent]);
    }

    [Fact]
    public void Errors_of_our_own_are_few()
    {
        var packet = TestPackets.MakeIPv4(_laptop, TestPackets.IPv4("198.18.77.77"), 17, TestPackets.UdpDatagram(1, 2, [1]));
        int Answers(int of) => Enumerable.Range(0, of).Count(_ => _alice.Send(packet) == OutboundVerdict.Answered);
        Assert.Equal(Limits.IcmpErrorsAtOnce, Answers(100));
        Assert.Equal(90, _alice.Counters[OwnErrors.Limited]);
        _alice.Sleep(TimeSpan.FromMilliseconds(200));
        Assert.Equal(Limits.IcmpErrorsPerSecond / 5, Answers(100));
        _alice.Sleep(TimeSpan.FromHours(1));
        Assert.Equal(Limits.IcmpErrorsAtOnce, Answers(100));
    }

    [Fact]
    public void A_vip_that_is_no_peers_is_unreachable()
    {
        var proxy = new DeviceProxy(_alice.Own, _alice.Devices, _alice.Aliases, _alice.Counters) { AccessOf = _ => null };
        _alice.Packet.Fill(TestPackets.MakeIPv4(_laptop, _nas, 17, TestPackets.UdpDatagram(1, 2, [1])));
        Assert.Equal(OutboundVerdict.Answered, proxy.Outbound(_alice.Now, _alice.Packet, out _));
        Assert.Equal(1, _alice.Counters[DeviceProxy.NoSuchPeer]);
        Assert.Equal((3, 1), (_alice.Packet.Bytes[20], _alice.Packet.Bytes[21]));
    }

    /// <summary>The kernels of both gateways decrement once each; neither translation does.</summary>
    [Fact]
    public void Traceroute_sees_the_own_gateway_the_far_gateway_and_the_device()
    {
        List<string> hops = [];
        for (byte ttl = 1; ttl <= 4; ttl++)
        {
            var probe = TestPackets.MakeIPv4(
                _laptop, _nas, 17, TestPackets.UdpDatagram(40_000, (ushort)(33_434 + ttl), TestPackets.Payload(32)), timeToLive: ttl, flags: 0, identification: 1);
            if (KernelForwards(probe) is not { } sent)
            {
                hops.Add("192.168.1.1"); // our own kernel's error, from the LAN's side: the translation never sees it
                continue;
            }

            _alice.MustSend(sent);
            _bob.MustReceive(_alice.Packet.Bytes.ToArray(), _alice.Own);
            var atBob = _bob.Packet.Bytes.ToArray();
            var forwarded = KernelForwards(atBob);
            var error = forwarded is null

                // Bob's kernel answers from the address of the interface that leads back: the TUN's.
                ? TestPackets.MakeIPv4(TestPackets.IPv4("198.18.0.1"), atBob[12..16], 1, TestPackets.IcmpMessage(11, 0, 0, atBob))
                : TestPackets.MakeIPv4(TestPackets.IPv4("192.168.1.20"), atBob[12..16], 1, TestPackets.IcmpMessage(3, 3, 0, forwarded));
            _bob.MustSend(error);
            _alice.MustReceive(_bob.Packet.Bytes.ToArray(), _bob.Own);
            var heard = _alice.Packet.Bytes.ToArray();
            Assert.Equal(_laptop, heard[16..20]);
            Assert.Equal(probe[20..28], heard[48..56]); // what traceroute knows its probes by: ports, length, checksum
            hops.Add($"{Home.Dotted(BitConverter.IsLittleEndian ? System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(heard.AsSpan(12)) : 0)}");
        }

        var (router, nas) = (string.Join('.', _router), string.Join('.', _nas));
        Assert.Equal(["192.168.1.1", router, nas, nas], hops);
    }

    [Fact]
    public void An_error_of_a_router_that_is_no_device_comes_from_the_gateway()
    {
        var request = TestPackets.MakeIPv4(_laptop, _nas, 17, TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(32)));
        _alice.MustSend(request);
        _bob.MustReceive(_alice.Packet.Bytes.ToArray(), _alice.Own);
        var delivered = _bob.Packet.Bytes.ToArray();

        // One the neighbour table does not know, and one it knows: neither gets a number for it.
        foreach (var from in new[] { "192.168.1.254", "192.168.1.30" })
        {
            _bob.MustSend(TestPackets.MakeIPv4(TestPackets.IPv4(from), delivered[12..16], 1, TestPackets.IcmpMessage(11, 0, 0, delivered)));
            _alice.MustReceive(_bob.Packet.Bytes.ToArray(), _bob.Own);
            Assert.Equal(_router, _alice.Packet.Bytes[12..16].ToArray());
        }

        Assert.Equal([0, 1], _bob.Devices.Describe().Select(d => (int)d.Number).Order());
    }

    /// <summary>A device with one family is reached by the name's first face, whatever the asker speaks; answers come from the face that was asked.</summary>
    [Theory]
    [InlineData("2001:db8:2::77", 1, true)]
    [InlineData("2001:db8:2::77", 1, false)]
    [InlineData("192.168.1.77", 0x8001, true)]
    [InlineData("192.168.1.77", 0x8001, false)]
    public void A_device_of_one_family_is_reached_by_either_face(string address, ushort face, bool fromIPv4)
    {
        var carol = new Home(0xC1C2C3C4C5C6C7C8);
        carol.See(1, address);
        Assert.True(carol.Devices.Publish(carol.Now, Home.Mac(1), "cam").Done);
        var vip = carol.Own.WithNumber(face);
        var alias = TestPackets.IPv4(_alice.AliasOf(vip));
        var (ask, answer) = (TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(40)), TestPackets.UdpDatagram(53, 5000, TestPackets.Payload(60)));
        _alice.MustSend(fromIPv4 ? TestPackets.MakeIPv4(_laptop, alias, 17, ask) : TestPackets.MakeIPv6(_laptop6, TestPackets.Vip(vip), 17, ask));
        carol.MustReceive(_alice.Packet.Bytes.ToArray(), _alice.Own);
        var asked = carol.Packet.Bytes.ToArray();
        var isIPv4 = asked[0] >> 4 == 4;
        Assert.Equal(System.Net.IPAddress.Parse(address).GetAddressBytes(), isIPv4 ? asked[16..20] : asked[24..40]);

        carol.MustSend(isIPv4 ? TestPackets.MakeIPv4(asked[16..20], asked[12..16], 17, answer) : TestPackets.MakeIPv6(asked[24..40], asked[8..24], 17, answer));
        _alice.MustReceive(carol.Packet.Bytes.ToArray(), carol.Own);
        var heard = _alice.Packet.Bytes.ToArray();
        Assert.Equal(fromIPv4 ? alias : TestPackets.Vip(vip), fromIPv4 ? heard[12..16] : heard[8..24]);
        Assert.Equal(fromIPv4 ? _laptop : _laptop6, fromIPv4 ? heard[16..20] : heard[24..40]);

        // And its errors.
        var about = TestPackets.IcmpMessage(isIPv4 ? (byte)3 : (byte)1, isIPv4 ? (byte)3 : (byte)4, 0, asked);
        carol.MustSend(isIPv4 ? TestPackets.MakeIPv4(asked[16..20], asked[12..16], 1, about) : TestPackets.MakeIPv6(asked[24..40], asked[8..24], 58, about));
        _alice.MustReceive(carol.Packet.Bytes.ToArray(), carol.Own);
        Assert.Equal(fromIPv4 ? alias : TestPackets.Vip(vip), fromIPv4 ? _alice.Packet.Bytes[12..16].ToArray() : _alice.Packet.Bytes[8..24].ToArray());

        // What the device begins itself, it begins with its own face.
        var own = (ushort)(isIPv4 ? 1 : 0x8001);
        carol.MustSend(isIPv4
            ? TestPackets.MakeIPv4(asked[16..20], asked[12..16], 17, TestPackets.UdpDatagram(7, 8, [1]))
            : TestPackets.MakeIPv6(asked[24..40], asked[8..24], 17, TestPackets.UdpDatagram(7, 8, [1])));
        Assert.Equal(TestPackets.Vip(carol.Own.WithNumber(own)), carol.Packet.Bytes[8..24].ToArray());
    }

    private static byte[]? KernelForwards(byte[] packet)
    {
        if (packet[8] <= 1)
        {
            return null;
        }

        var forwarded = packet.ToArray();
        forwarded[8]--;
        TestPackets.Put(forwarded, 10, 0);
        TestPackets.Put(forwarded, 10, TestPackets.Checksum(forwarded[..20]));
        return forwarded;
    }

    private byte[] ToBobAndBack(byte[] packet, InboundVerdict expected)
    {
        _alice.MustSend(packet);
        Assert.Equal(expected, _bob.Proxy.Inbound(_bob.Now, _alice.Packet, _alice.Own));
        TestPackets.AssertRight(_alice.Packet.Bytes);
        _alice.MustReceive(_alice.Packet.Bytes.ToArray(), _bob.Own);
        return _alice.Packet.Bytes.ToArray();
    }
}
