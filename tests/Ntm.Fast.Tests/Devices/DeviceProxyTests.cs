using System.Net;
using Ntm.Fast.Tests.Translation;
using Ntm.Node.Devices;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Devices;

/// <summary>Two homes and no wire: what leaves one proxy enters the other.</summary>
public sealed class DeviceProxyTests
{
    private readonly Home _alice = new(0xA1A2A3A4A5A6A7A8);
    private readonly Home _bob = new(0xB1B2B3B4B5B6B7B8);
    private readonly string _nas;

    public DeviceProxyTests()
    {
        _alice.See(1, "192.168.1.10", "2001:db8:1::10");
        _bob.See(1, "192.168.1.20", "2001:db8:2::20");
        Assert.True(_bob.Devices.Publish(_bob.Now, Home.Mac(1), "nas").Done);
        _nas = _alice.AliasOf(_bob.Own.WithNumber(1));
    }

    public static TheoryData<string> Kinds => ["tcp", "tcp-options", "udp", "echo"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_packet_and_its_answer_cross_two_homes_of_the_same_subnet(string kind)
    {
        var (protocol, there, back) = Exchange(kind);
        Cross(_alice, _bob, TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), protocol, there));
        var alias = Home.Dotted(_bob.Aliases.Describe().Single().Alias);
        AssertIPv4(_bob.Packet, alias, "192.168.1.20", protocol, there);

        Cross(_bob, _alice, TestPackets.MakeIPv4(IPv4("192.168.1.20"), IPv4(alias), protocol, back));
        AssertIPv4(_alice.Packet, _nas, "192.168.1.10", protocol, back);
        Assert.Empty(_alice.Counters.All);
        Assert.Empty(_bob.Counters.All);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Over_ipv6_faces_only_addresses_change(string kind)
    {
        var (protocol, there, back) = Exchange(kind);
        protocol = protocol == 1 ? (byte)58 : protocol;
        (there[0], back[0]) = kind == "echo" ? ((byte)128, (byte)129) : (there[0], back[0]);
        var nas6 = TestPackets.Vip(_bob.Own.WithNumber(0x8001));
        Cross(_alice, _bob, TestPackets.MakeIPv6(IPv6("2001:db8:1::10"), nas6, protocol, there));
        var laptop6 = TestPackets.Vip(_alice.Own.WithNumber(0x8001));
        Assert.Equal(TestPackets.MakeIPv6(laptop6, IPv6("2001:db8:2::20"), protocol, there), _bob.Packet.Bytes.ToArray());
        Cross(_bob, _alice, TestPackets.MakeIPv6(IPv6("2001:db8:2::20"), laptop6, protocol, back));
        Assert.Equal(TestPackets.MakeIPv6(nas6, IPv6("2001:db8:1::10"), protocol, back), _alice.Packet.Bytes.ToArray());
    }

    [Fact]
    public void An_ipv4_device_and_an_ipv6_device_talk_to_one_another()
    {
        var (protocol, there, back) = Exchange("tcp");
        var alias = _alice.AliasOf(_bob.Own.WithNumber(0x8001));
        Cross(_alice, _bob, TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(alias), protocol, there));
        var laptop = TestPackets.Vip(_alice.Own.WithNumber(1));
        Assert.Equal(TestPackets.MakeIPv6(laptop, IPv6("2001:db8:2::20"), protocol, there), _bob.Packet.Bytes.ToArray());
        Cross(_bob, _alice, TestPackets.MakeIPv6(IPv6("2001:db8:2::20"), laptop, protocol, back));
        AssertIPv4(_alice.Packet, alias, "192.168.1.10", protocol, back);
    }

    [Fact]
    public void The_routers_own_packets_stand_for_number_0()
    {
        var (protocol, there, back) = Exchange("tcp");
        foreach (var own in new[] { "192.168.1.1", "198.18.0.1" })
        {
            Cross(_alice, _bob, TestPackets.MakeIPv4(IPv4(own), IPv4(_nas), protocol, there));
            var alias = Home.Dotted(_bob.Aliases.Describe().Single().Alias);
            AssertIPv4(_bob.Packet, alias, "192.168.1.20", protocol, there);
            Assert.True(_bob.Aliases.TryPeek(_alice.Own, out _));
            Cross(_bob, _alice, TestPackets.MakeIPv4(IPv4("192.168.1.20"), IPv4(alias), protocol, back));
            AssertIPv4(_alice.Packet, _nas, own, protocol, back);
            _alice.Sleep(Limits.FlowTcpIdle + TimeSpan.FromSeconds(1)); // while it lives, a flow of the same port from another address has another (PortMappingTests)
        }

        // Over IPv6, from the VIP itself and from another address of the router's.
        var nas6 = TestPackets.Vip(_bob.Own.WithNumber(0x8001));
        foreach (var own in new[] { TestPackets.Vip(_alice.Own), IPv6("2001:db8:1::1") })
        {
            Cross(_alice, _bob, TestPackets.MakeIPv6(own, nas6, protocol, there));
            Assert.Equal(TestPackets.Vip(_alice.Own), _bob.Packet.Bytes[8..24].ToArray());
            Cross(_bob, _alice, TestPackets.MakeIPv6(IPv6("2001:db8:2::20"), TestPackets.Vip(_alice.Own), protocol, back));
            Assert.Equal(TestPackets.MakeIPv6(nas6, own, protocol, back), _alice.Packet.Bytes.ToArray());
            _alice.Sleep(Limits.FlowTcpIdle + TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void Anyone_may_ping_a_router_and_nothing_else_of_it()
    {
        var ping = TestPackets.IcmpMessage(8, 0, 0x00070001, TestPackets.Payload(16));
        var router = _alice.AliasOf(_bob.Own);
        Cross(_alice, _bob, TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(router), 1, ping));
        Assert.Equal(TestPackets.Vip(_bob.Own), _bob.Packet.Bytes[24..40].ToArray());

        Cross(_bob, _alice, TestPackets.MakeIPv6(
            TestPackets.Vip(_bob.Own), TestPackets.Vip(_alice.Own.WithNumber(1)), 58, TestPackets.IcmpMessage(129, 0, 0x00070001, TestPackets.Payload(16))));
        AssertIPv4(_alice.Packet, router, "192.168.1.10", 1, TestPackets.IcmpMessage(0, 0, 0x00070001, TestPackets.Payload(16)));

        foreach (var kind in new[] { "tcp", "udp" })
        {
            var (protocol, there, _) = Exchange(kind);
            _alice.MustSend(TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(router), protocol, there));
            _bob.MustRefuse(Admission.NotPublished, () => _bob.Receive(_alice.Packet.Bytes.ToArray(), _alice.Own));
        }
    }

    [Fact]
    public void For_two_minutes_after_a_restart_a_device_that_only_receives_keeps_its_tcp_connections()
    {
        var (protocol, there, _) = Exchange("tcp");
        Cross(_alice, _bob, TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), protocol, there));
        var restarted = new Home(0xA1A2A3A4A5A6A7A8, _alice.Stored, _alice.Now.Boot + Limits.FlowsResumedFor);
        Assert.Equal(_alice.Own, restarted.Own);
        restarted.See(1, "192.168.1.10");
        byte[] From(VirtualAddress source, byte flags) => TestPackets.MakeIPv6(
            TestPackets.Vip(source), TestPackets.Vip(_alice.Own.WithNumber(1)), protocol, TestPackets.TcpSegment(80, 40000, flags, [], TestPackets.Payload(32)));

        var nas = _bob.Own.WithNumber(1);
        restarted.MustRefuse(Admission.NotPublished, () => restarted.Receive(From(nas, InnerPacket.TcpSyn), _bob.Own));
        restarted.MustRefuse(Admission.NotPublished, () => restarted.Receive(From(_bob.Own.WithNumber(9), 16), _bob.Own)); // nobody asked for that one
        restarted.MustReceive(From(nas, 16), _bob.Own);
        restarted.Sleep(Limits.FlowsResumedFor);
        restarted.MustRefuse(Admission.NotPublished, () => restarted.Receive(From(nas, 16), _bob.Own));
    }

    [Fact]
    public void Only_published_devices_are_reached_and_no_longer_than_that()
    {
        var (protocol, there, back) = Exchange("udp");
        var request = TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), protocol, there);
        Cross(_alice, _bob, request);
        var alias = Home.Dotted(_bob.Aliases.Describe().Single().Alias);
        var answer = TestPackets.MakeIPv4(IPv4("192.168.1.20"), IPv4(alias), protocol, back);
        Cross(_bob, _alice, answer);

        Assert.True(_bob.Devices.Unpublish(_bob.Now, Home.Mac(1)).Done);
        _alice.MustSend(request);
        _bob.MustRefuse(Admission.NotPublished, () => _bob.Receive(_alice.Packet.Bytes.ToArray(), _alice.Own));
        _bob.MustRefuse(Admission.NotPublished, () => _bob.Send(answer) == OutboundVerdict.ToPeer);

        // A flow the device itself began is none of that; neither is one after it was published again.
        var (_, other, otherBack) = Exchange("udp", 7000);
        Cross(_bob, _alice, () => TestPackets.MakeIPv4(IPv4("192.168.1.20"), IPv4(alias), protocol, other), false);
        Assert.True(_alice.Devices.Publish(_alice.Now, Home.Mac(1), "laptop").Done);
        Cross(_bob, _alice, TestPackets.MakeIPv4(IPv4("192.168.1.20"), IPv4(alias), protocol, other));
        Cross(_alice, _bob, TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), protocol, otherBack));
        Assert.True(_bob.Devices.Publish(_bob.Now, Home.Mac(1), "nas").Done);
        Cross(_alice, _bob, request);
    }

    [Fact]
    public void What_a_peer_may_not_say_is_refused()
    {
        var (_, there, _) = Exchange("udp");
        var mallory = VirtualAddress.Compose(0x1122334455, 77, 0);
        byte[] From(VirtualAddress source, VirtualAddress destination) => TestPackets.MakeIPv6(TestPackets.Vip(source), TestPackets.Vip(destination), 17, there);

        _bob.MustRefuse(DeviceProxy.NotFromPeer, () => _bob.Receive(From(mallory, _bob.Own.WithNumber(1)), _alice.Own));
        _bob.MustRefuse(DeviceProxy.NotForUs, () => _bob.Receive(From(_alice.Own, mallory), _alice.Own));
        _bob.MustRefuse(DeviceProxy.NoDevice, () => _bob.Receive(From(_alice.Own, _bob.Own.WithNumber(2)), _alice.Own));
        _bob.MustRefuse(DeviceProxy.NoDevice, () => _bob.Receive(From(_alice.Own, _bob.Own.WithNumber(0x8000)), _alice.Own));
        _bob.MustRefuse(InnerPacket.Truncated, () => _bob.Receive([], _alice.Own));
        _bob.MustRefuse(DeviceProxy.NotFromPeer, () => _bob.Receive(TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4("192.168.1.20"), 17, there), _alice.Own));
        Assert.Equal(0, _bob.Proxy.Flows);
        Assert.Equal(0, _bob.Aliases.Count);

        // A published device whose address is not known.
        Assert.True(_bob.Devices.Publish(_bob.Now, Home.Mac(9), "unseen").Done);
        _bob.MustRefuse(DeviceProxy.DeviceAbsent, () => _bob.Receive(From(_alice.Own, _bob.Own.WithNumber(2)), _alice.Own));
    }

    [Fact]
    public void What_the_lan_may_not_say_is_refused()
    {
        var (_, there, _) = Exchange("udp");
        bool Send4(string from, string to) => _alice.Send(TestPackets.MakeIPv4(IPv4(from), IPv4(to), 17, there)) == OutboundVerdict.ToPeer;
        bool Send6(string from, byte[] to) => _alice.Send(TestPackets.MakeIPv6(IPv6(from), to, 17, there)) == OutboundVerdict.ToPeer;

        _alice.MustRefuse(DeviceProxy.DestinationUnknown, () => Send4("192.168.1.10", "198.18.77.77"));
        _alice.MustRefuse(DeviceProxy.DestinationUnknown, () => Send4("192.168.1.10", "192.0.2.1"));
        _alice.MustRefuse(DeviceProxy.DestinationUnknown, () => Send6("2001:db8:1::10", IPv6("2001:db8:9::9")));
        _alice.MustRefuse(DeviceProxy.DestinationUnknown, () => Send6("2001:db8:1::10", TestPackets.Vip(_alice.Own.WithNumber(1))));
        _alice.MustRefuse(DeviceProxy.SourceForeign, () => Send4(_nas, _nas));
        _alice.MustRefuse(DeviceProxy.SourceForeign, () => Send4("127.0.0.1", _nas));
        _alice.MustRefuse(DeviceProxy.SourceForeign, () => Send6("fe80::1", TestPackets.Vip(_bob.Own.WithNumber(1))));
        _alice.MustRefuse(DeviceProxy.SourceForeign, () => Send6(_bob.Own.WithNumber(3).ToString(), TestPackets.Vip(_bob.Own.WithNumber(1))));
        _alice.MustRefuse(DeviceProxy.SourceForeign, () => Send6(_alice.Own.WithNumber(3).ToString(), TestPackets.Vip(_bob.Own.WithNumber(1))));
        Assert.Equal(0, _alice.Proxy.Flows);
        Assert.Equal([0], _alice.Devices.Describe().Select(d => d.Number));
    }

    [Fact]
    public void An_unknown_source_wants_the_neighbour_table()
    {
        var (_, there, _) = Exchange("udp");
        var packet = TestPackets.MakeIPv4(IPv4("192.168.1.77"), IPv4(_nas), 17, there);
        _alice.Packet.Fill(packet);
        Assert.Equal(OutboundVerdict.NeighbourWanted, _alice.Proxy.Outbound(_alice.Now, _alice.Packet, out _));
        _alice.See(7, "192.168.1.77");
        _alice.Packet.Fill(packet);
        Assert.Equal(OutboundVerdict.ToPeer, _alice.Proxy.Outbound(_alice.Now, _alice.Packet, out var remote));
        Assert.Equal(_bob.Own.WithNumber(1), remote);
    }

    [Fact]
    public void Signalling_never_crosses_the_tun()
    {
        var toPort = TestPackets.UdpDatagram(5000, Limits.SignallingPort, [1]);
        var fromPort = TestPackets.UdpDatagram(Limits.SignallingPort, 5000, [1]);
        var router = _alice.AliasOf(_bob.Own);
        foreach (var (from, to, datagram) in new[]
                 {
                     ("192.168.1.1", router, toPort), ("192.168.1.10", router, toPort), ("192.168.1.1", _nas, fromPort),
                 })
        {
            _alice.MustRefuse(DeviceProxy.SignallingPort, () => _alice.Send(TestPackets.MakeIPv4(IPv4(from), IPv4(to), 17, datagram)) == OutboundVerdict.ToPeer);
        }

        _bob.MustRefuse(DeviceProxy.SignallingPort, () => _bob.Receive(
            TestPackets.MakeIPv6(TestPackets.Vip(_alice.Own), TestPackets.Vip(_bob.Own), 17, toPort), _alice.Own));

        // Between devices it is a port like any other.
        Cross(_alice, _bob, TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), 17, toPort));
    }

    [Fact]
    public void Answers_go_to_the_address_the_device_spoke_from_and_new_flows_to_the_latest()
    {
        _bob.See(1, "192.168.1.21");
        var (protocol, there, _) = Exchange("tcp");
        Cross(_alice, _bob, TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), protocol, there));
        Assert.Equal(IPv4("192.168.1.21"), _bob.Packet.Bytes[16..20].ToArray());
        var alias = Home.Dotted(_bob.Aliases.Describe().Single().Alias);
        var (_, begun, answered) = Exchange("tcp", 6000);
        Cross(_bob, _alice, () => TestPackets.MakeIPv4(IPv4("192.168.1.20"), IPv4(alias), protocol, begun), false);
        Cross(_alice, _bob, TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), protocol, answered));
        Assert.Equal(IPv4("192.168.1.20"), _bob.Packet.Bytes[16..20].ToArray());
        Cross(_alice, _bob, TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), protocol, there));
        Assert.Equal(IPv4("192.168.1.21"), _bob.Packet.Bytes[16..20].ToArray());

        // Since it spoke from the other one, that is where new flows go.
        var (_, anew, _) = Exchange("tcp", 6001);
        Cross(_alice, _bob, TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), protocol, anew));
        Assert.Equal(IPv4("192.168.1.20"), _bob.Packet.Bytes[16..20].ToArray());

        // The address went to another device: its flows are not that one's.
        _bob.See(2, "192.168.1.21");
        Cross(_alice, _bob, TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), protocol, there));
        Assert.Equal(IPv4("192.168.1.20"), _bob.Packet.Bytes[16..20].ToArray());
    }

    [Fact]
    public void An_icmp_error_reaches_who_caused_it_and_only_him()
    {
        var (_, there, _) = Exchange("udp");
        var request = TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), 17, there, flags: 0, identification: 1);
        Cross(_alice, _bob, request);
        var delivered = _bob.Packet.Bytes.ToArray();

        // From the device itself: port unreachable.
        Cross(_bob, _alice, TestPackets.MakeIPv4(delivered[16..20], delivered[12..16], 1, TestPackets.IcmpMessage(3, 3, 0, delivered)));
        AssertIPv4(_alice.Packet, _nas, "192.168.1.10", 1, TestPackets.IcmpMessage(3, 3, 0, request));

        // From Bob's router, on the way to the device: host unreachable.
        Cross(_bob, _alice, TestPackets.MakeIPv4(IPv4("192.168.1.1"), delivered[12..16], 1, TestPackets.IcmpMessage(3, 1, 0, delivered)));
        Assert.True(_alice.Aliases.TryPeek(_bob.Own, out var router));
        AssertIPv4(_alice.Packet, Home.Dotted(router), "192.168.1.10", 1, TestPackets.IcmpMessage(3, 1, 0, request));

        // About something that never was, and about somebody else's.
        var (_, other, _) = Exchange("udp", 9999);
        var about = TestPackets.MakeIPv4(delivered[12..16], delivered[16..20], 17, other);
        _bob.MustRefuse(Admission.NoFlow, () => _bob.Send(
            TestPackets.MakeIPv4(delivered[16..20], delivered[12..16], 1, TestPackets.IcmpMessage(3, 3, 0, about))) == OutboundVerdict.ToPeer);
        about = TestPackets.MakeIPv4(IPv4("198.18.9.9"), delivered[16..20], 17, there);
        _bob.MustRefuse(DeviceProxy.CarriedForeign, () => _bob.Send(
            TestPackets.MakeIPv4(delivered[16..20], delivered[12..16], 1, TestPackets.IcmpMessage(3, 3, 0, about))) == OutboundVerdict.ToPeer);
        var mallory = VirtualAddress.Compose(0x1122334455, 77, 0);
        var about6 = TestPackets.MakeIPv6(TestPackets.Vip(_alice.Own.WithNumber(1)), TestPackets.Vip(_bob.Own.WithNumber(1)), 17, there);
        _alice.MustRefuse(DeviceProxy.CarriedForeign, () => _alice.Receive(
            TestPackets.MakeIPv6(TestPackets.Vip(mallory), TestPackets.Vip(_alice.Own.WithNumber(1)), 58, TestPackets.IcmpMessage(1, 4, 0, about6)), mallory));
    }

    [Fact]
    public void Random_bytes_change_nothing_and_throw_nothing()
    {
        const int seed = 90_210;
        var random = new Random(seed);
        var (_, there, _) = Exchange("tcp");
        var inward = TestPackets.MakeIPv6(TestPackets.Vip(_alice.Own.WithNumber(1)), TestPackets.Vip(_bob.Own.WithNumber(1)), 6, there);
        var outward = TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), 6, there);
        for (var i = 0; i < 100_000; i++)
        {
            var bytes = (i % 2 == 0 ? inward : outward).ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bytes = bytes[..random.Next(bytes.Length + 1)];
            try
            {
                _ = i % 2 == 0 ? _bob.Receive(bytes, _alice.Own) : _alice.Send(bytes) == OutboundVerdict.ToPeer;
            }
            catch (Exception e)
            {
                Assert.Fail($"Seed {seed}, packet {i}: {Convert.ToHexString(bytes)}: {e}");
            }
        }

        Assert.True(_bob.Aliases.Count <= Limits.AliasesPerNode);
    }

    [Fact]
    public void Nothing_is_allocated_per_packet()
    {
        var (protocol, there, back) = Exchange("tcp");
        var request = TestPackets.MakeIPv4(IPv4("192.168.1.10"), IPv4(_nas), protocol, there);
        Cross(_alice, _bob, request);
        var sealed6 = _alice.Packet.Bytes.ToArray();
        var answer = TestPackets.MakeIPv4(IPv4("192.168.1.20"), _bob.Packet.Bytes[12..16].ToArray(), protocol, back);
        var bobNode = _bob.Own;
        for (var round = 0; round < 3; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                _alice.Packet.Fill(request);
                _alice.Proxy.Outbound(_alice.Now, _alice.Packet, out _);
                _bob.Packet.Fill(sealed6);
                _bob.Proxy.Inbound(_bob.Now, _bob.Packet, _alice.Own);
                _bob.Packet.Fill(answer);
                _bob.Proxy.Outbound(_bob.Now, _bob.Packet, out _);
                _alice.Proxy.Inbound(_alice.Now, _bob.Packet, bobNode);
            }

            if (round == 2)
            {
                Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            }
        }
    }

    private static byte[] IPv4(string text) => TestPackets.IPv4(text);

    private static byte[] IPv6(string text) => TestPackets.IPv6(text);

    private static (byte Protocol, byte[] There, byte[] Back) Exchange(string kind, ushort port = 5000) => kind switch
    {
        "tcp" => (6, TestPackets.TcpSegment(port, 80, 2, [2, 4, 4, 0], []), TestPackets.TcpSegment(80, port, 0x12, [2, 4, 4, 0], [])),
        "tcp-options" => (6, TestPackets.TcpSegment(port, 80, 0x18, [1, 1, 1, 1], TestPackets.Payload(300)),
            TestPackets.TcpSegment(80, port, 0x18, [1, 1, 1, 1], TestPackets.Payload(999, 7))),
        "udp" => (17, TestPackets.UdpDatagram(port, 53, TestPackets.Payload(100)), TestPackets.UdpDatagram(53, port, TestPackets.Payload(1000))),
        _ => (1, TestPackets.IcmpMessage(8, 0, 0x11223344, TestPackets.Payload(56)), TestPackets.IcmpMessage(0, 0, 0x11223344, TestPackets.Payload(56))),
    };

    private static void Cross(Home from, Home to, byte[] packet)
    {
        from.MustSend(packet);
        to.MustReceive(from.Packet.Bytes.ToArray(), from.Own);
    }

    /// <summary>Sent; whether it arrives depends.</summary>
    private static void Cross(Home from, Home to, Func<byte[]> packet, bool arrives)
    {
        from.MustSend(packet());
        Assert.Equal(arrives, to.Receive(from.Packet.Bytes.ToArray(), from.Own));
    }

    private static void AssertIPv4(Packet packet, string source, string destination, byte protocol, byte[] transport)
    {
        var bytes = packet.Bytes.ToArray();
        TestPackets.AssertRight(bytes);
        Assert.Equal(IPv4(source), bytes[12..16]);
        Assert.Equal(IPv4(destination), bytes[16..20]);
        Assert.Equal(protocol, bytes[9]);

        // But for the checksums (right, as just seen) and a carried header's identification.
        var expected = TestPackets.MakeIPv4(IPv4(source), IPv4(destination), protocol, transport)[20..];
        Assert.Equal(expected.Length, bytes.Length - 20);
        Assert.Equal(expected, bytes[20..]);
    }
}
