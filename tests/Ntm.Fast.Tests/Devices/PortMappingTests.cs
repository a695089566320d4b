using System.Buffers.Binary;
using Ntm.Fast.Tests.Translation;
using Ntm.Node;
using Ntm.Node.Devices;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Devices;

/// <summary>Two addresses of one device, which outside are one number, with flows of the same port with the same remote.</summary>
public sealed class PortMappingTests
{
    private static readonly VirtualAddress Remote = VirtualAddress.Compose(0x1122334455, 2, 0x8003);

    private readonly Home _home = new(1);
    private readonly string _alias;

    public PortMappingTests()
    {
        _home.See(1, "2001:db8:1::10", "2001:db8:1::11", "192.168.1.10");
        _home.See(2, "192.168.1.11");
        Assert.True(_home.Devices.Merge(_home.Now, Home.Mac(1), Home.Mac(2)).Done);
        _alias = _home.AliasOf(Remote);
    }

    public static TheoryData<string, bool> Kinds => new()
    {
        { "tcp", true }, { "udp", true }, { "echo", true }, { "tcp", false }, { "udp", false }, { "udp-unsummed", false }, { "echo", false },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_gets_its_own_answers_at_its_own_port(string kind, bool ipv6)
    {
        var (first, second) = ipv6 ? ("2001:db8:1::10", "2001:db8:1::11") : ("192.168.1.10", "192.168.1.11");
        for (var round = 0; round < 3; round++)
        {
            var outside = Send(first, kind, ipv6);
            var further = Send(second, kind, ipv6);
            Assert.Equal(4000, outside);
            Assert.NotEqual(4000, further);
            Assert.True(further >= 0xC000);
            Answered(second, further, kind, ipv6);
            Answered(first, outside, kind, ipv6);
        }

        Assert.Equal(2, _home.Proxy.Flows);
        Assert.Empty(_home.Counters.All);
    }

    [Fact]
    public void Errors_find_their_way_with_the_port_that_the_receiver_knows()
    {
        Send("2001:db8:1::10", "udp", true);
        var further = Send("2001:db8:1::11", "udp", true);
        var own = TestPackets.Vip(_home.Own.WithNumber(0x8001));

        // From there about what the second address sent.
        var sent = TestPackets.MakeIPv6(own, TestPackets.Vip(Remote), 17, TestPackets.UdpDatagram((ushort)further, 53, TestPackets.Payload(20)));
        _home.MustReceive(TestPackets.MakeIPv6(TestPackets.Vip(Remote), own, 58, TestPackets.IcmpMessage(1, 4, 0, sent)), Remote);
        var about = TestPackets.MakeIPv6(TestPackets.IPv6("2001:db8:1::11"), TestPackets.Vip(Remote), 17, TestPackets.UdpDatagram(4000, 53, TestPackets.Payload(20)));
        Assert.Equal(TestPackets.IPv6("2001:db8:1::11"), _home.Packet.Bytes[24..40].ToArray());
        Assert.Equal(about, _home.Packet.Bytes[48..].ToArray());

        // From here about an answer that came.
        var answer = TestPackets.MakeIPv6(TestPackets.Vip(Remote), TestPackets.IPv6("2001:db8:1::11"), 17, TestPackets.UdpDatagram(53, 4000, TestPackets.Payload(20)));
        _home.MustSend(TestPackets.MakeIPv6(TestPackets.IPv6("2001:db8:1::11"), TestPackets.Vip(Remote), 58, TestPackets.IcmpMessage(1, 4, 0, answer)));
        var answered = TestPackets.MakeIPv6(TestPackets.Vip(Remote), own, 17, TestPackets.UdpDatagram(53, (ushort)further, TestPackets.Payload(20)));
        Assert.Equal(answered, _home.Packet.Bytes[48..].ToArray());
    }

    [Fact]
    public void Fragments_go_where_their_first_one_goes()
    {
        Send("2001:db8:1::10", "udp", true);
        var whole = TestPackets.MakeIPv6(TestPackets.IPv6("2001:db8:1::11"), TestPackets.Vip(Remote), 17, TestPackets.UdpDatagram(4000, 53, TestPackets.Payload(200)));
        foreach (var fragment in TestPackets.Fragment6(whole, 120, 7))
        {
            Assert.Equal(OutboundVerdict.ToPeer, _home.Send(fragment));
            Assert.Equal(TestPackets.Vip(_home.Own.WithNumber(0x8001)), _home.Packet.Bytes[8..24].ToArray());
        }
    }

    [Fact]
    public void An_address_that_is_the_devices_no_more_leaves_its_flows_to_the_next()
    {
        Assert.Equal(4000, Send("2001:db8:1::10", "udp", true));
        _home.See(9, "2001:db8:1::10");
        Assert.Equal(4000, Send("2001:db8:1::11", "udp", true));
        Answered("2001:db8:1::11", 4000, "udp", true);
        Assert.Equal(1, _home.Proxy.Flows);
    }

    [Fact]
    public void A_flow_that_idled_goes_on_by_its_port_and_a_port_without_a_flow_opens_no_door()
    {
        Send("2001:db8:1::10", "udp", true);
        var further = Send("2001:db8:1::11", "udp", true);
        _home.Sleep(Limits.FlowUdpIdle + TimeSpan.FromSeconds(1));
        Send("2001:db8:1::10", "udp", true);
        Assert.Equal(further, Send("2001:db8:1::11", "udp", true));

        // Published, and long after: what a remote begins at that port is for that port.
        _home.Sleep(Limits.FlowUdpIdle + TimeSpan.FromSeconds(1));
        Assert.True(_home.Devices.Publish(_home.Now, Home.Mac(1), "nas").Done);
        _home.MustReceive(Packet("remote", (ushort)further, "udp", true), Remote);
        Assert.Equal(further, BinaryPrimitives.ReadUInt16BigEndian(_home.Packet.Bytes[42..]));
    }

    [Fact]
    public void A_device_that_uses_such_a_port_itself_gets_another_for_it()
    {
        Send("2001:db8:1::10", "udp", true);
        var further = Send("2001:db8:1::11", "udp", true);
        var third = Send("2001:db8:1::10", "udp", true, (ushort)further);
        Assert.NotEqual(further, third);
        Answered("2001:db8:1::11", further, "udp", true);
        Answered("2001:db8:1::10", third, "udp", true, (ushort)further);
    }

    [Fact]
    public void Where_no_port_is_left_the_sender_hears_so()
    {
        foreach (var port in PortMappings.Candidates(4000))
        {
            Send("2001:db8:1::10", "udp", true, port);
        }

        Send("2001:db8:1::10", "udp", true);
        var flows = _home.Proxy.Flows;
        Assert.Equal(OutboundVerdict.Answered, _home.Send(Packet("2001:db8:1::11", 4000, "udp", true)));
        Assert.Equal((1, 1), (_home.Packet.Bytes[40], _home.Packet.Bytes[41])); // administratively prohibited
        Assert.Equal(1, _home.Counters[PortMappings.UsedUp]);
        Assert.Equal(flows, _home.Proxy.Flows);
        Assert.Equal(OutboundVerdict.ToPeer, _home.Send(Packet("2001:db8:1::11", 4001, "udp", true)));
    }

    [Fact]
    public void Mappings_are_bounded_and_the_oldest_gives_way()
    {
        var ports = new PortMappings(4);
        var local = LanAddress.FromIPv4(0xC0A8010B);
        FlowKey Key(int port) => new(Remote, 1, (ushort)port, 53, 17);
        for (var i = 0; i < 6; i++)
        {
            ports.Add(Key(i), local, Key(1000 + i));
        }

        Assert.Equal(4, ports.Count);
        Assert.Equal([false, false, true, true, true, true], Enumerable.Range(0, 6).Select(i => ports.TryFind(Key(i), local, out _)));
        ports.Remove(Key(1002));
        ports.Remove(Key(1002));
        ports.Add(Key(9), local, Key(1002));
        Assert.True(ports.TryBack(Key(1002), local, out var back) && back == 9);
        Assert.False(ports.TryBack(Key(1002), LanAddress.FromIPv4(1), out _));
        for (var i = 20; i < 40; i++)
        {
            ports.Add(Key(i), local, Key(1000 + i));
        }

        Assert.Equal(4, ports.Count);
        Assert.Equal(64, PortMappings.Candidates(65535).Distinct().Count(port => port >= 0xC000));
    }

    /// <returns>The port it has outside.</returns>
    private int Send(string from, string kind, bool ipv6, ushort port = 4000)
    {
        _home.MustSend(Packet(from, port, kind, ipv6));
        Assert.Equal(TestPackets.Vip(_home.Own.WithNumber(ipv6 ? (ushort)0x8001 : (ushort)1)), _home.Packet.Bytes[8..24].ToArray());
        return BinaryPrimitives.ReadUInt16BigEndian(_home.Packet.Bytes[(kind == "echo" ? 44 : 40)..]);
    }

    private void Answered(string to, int outside, string kind, bool ipv6, ushort port = 4000)
    {
        _home.MustReceive(Packet("remote", (ushort)outside, kind, ipv6), Remote);
        var bytes = _home.Packet.Bytes;
        Assert.Equal(ipv6 ? TestPackets.IPv6(to) : TestPackets.IPv4(to), (ipv6 ? bytes[24..40] : bytes[16..20]).ToArray());
        Assert.Equal(port, BinaryPrimitives.ReadUInt16BigEndian(bytes[((ipv6 ? 40 : 20) + (kind == "echo" ? 4 : 2))..]));
    }

    /// <param name="from">"remote": the answer, between VIPs.</param>
    /// <param name="port">Ours.</param>
    private byte[] Packet(string from, ushort port, string kind, bool ipv6)
    {
        var isAnswer = from == "remote";
        var (source, destination) = isAnswer ? ((ushort)53, port) : (port, (ushort)53);
        var over6 = ipv6 || isAnswer;
        var (protocol, transport) = kind switch
        {
            "tcp" => ((byte)6, TestPackets.TcpSegment(source, destination, isAnswer ? (byte)18 : (byte)2, [], [])),
            "echo" => (over6 ? (byte)58 : (byte)1, TestPackets.IcmpMessage((byte)(over6 ? isAnswer ? 129 : 128 : 8), 0, ((uint)port << 16) | 1, TestPackets.Payload(16))),
            _ => ((byte)17, TestPackets.UdpDatagram(source, destination, TestPackets.Payload(20))),
        };
        if (isAnswer)
        {
            return TestPackets.MakeIPv6(TestPackets.Vip(Remote), TestPackets.Vip(_home.Own.WithNumber(ipv6 ? (ushort)0x8001 : (ushort)1)), protocol, transport);
        }

        if (ipv6)
        {
            return TestPackets.MakeIPv6(TestPackets.IPv6(from), TestPackets.Vip(Remote), protocol, transport);
        }

        var packet = TestPackets.MakeIPv4(TestPackets.IPv4(from), TestPackets.IPv4(_alias), protocol, transport);
        if (kind == "udp-unsummed")
        {
            packet.AsSpan(26, 2).Clear();
        }

        return packet;
    }
}
