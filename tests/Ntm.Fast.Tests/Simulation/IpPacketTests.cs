using System.Net;
using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Simulation;

/// <summary>The simulation's own packets, against published bytes and against themselves; and its LAN device.</summary>
public sealed class IpPacketTests
{
    private static readonly IPAddress Four1 = IPAddress.Parse("192.0.2.1"), Four2 = IPAddress.Parse("198.51.100.2");
    private static readonly IPAddress Six1 = IPAddress.Parse("2001:db8::1"), Six2 = IPAddress.Parse("2001:db8::2");

    [Fact]
    public void The_checksum_is_that_of_RFC_1071()
    {
        // Section 3's example: 00 01 f2 03 f4 f5 f6 f7 sums to ddf2.
        Assert.Equal(0xFFFF ^ 0xDDF2, Checksum.Of([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]));
        Assert.Equal(0xFFFF ^ 0x0100, Checksum.Of([0x01]));
    }

    [Fact]
    public void A_known_IPv4_header_has_its_known_checksum()
    {
        // 20 bytes as captured: 4500 003c 1c46 4000 4006 b1e6 ac10 0a63 ac10 0a0c (the common textbook example).
        Assert.Equal(0, Checksum.Of(Convert.FromHexString("4500003c1c4640004006b1e6ac100a63ac100a0c")));
    }

    public static TheoryData<bool, IpContent, int> Kinds()
    {
        var data = new TheoryData<bool, IpContent, int>();
        foreach (var four in (bool[])[true, false])
        {
            foreach (var content in Enum.GetValues<IpContent>())
            {
                data.Add(four, content, 0);
                data.Add(four, content, 33);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_round_trips_and_every_flipped_bit_of_its_transport_shows(bool four, IpContent content, int length)
    {
        var packet = new IpPacket
        {
            Source = four ? Four1 : Six1,
            Destination = four ? Four2 : Six2,
            Content = content,
            From = content == IpContent.IcmpOther ? 3 : 0x1234,
            To = content == IpContent.IcmpOther ? 4 : 0x5678,
            Payload = [.. Enumerable.Range(1, length).Select(i => (byte)i)],
            TcpFlags = content == IpContent.Tcp ? (byte)2 : (byte)0,
            TcpMss = content == IpContent.Tcp ? 1360 : 0,
            TcpSequence = content == IpContent.Tcp ? 99u : 0,
            TrafficClass = 0xB8,
            Identification = four ? (ushort)7 : (ushort)0,
        };
        var bytes = packet.ToBytes();
        Assert.True(IpPacket.TryRead(bytes, out var read, out var problem), problem);
        Assert.Equal(packet.Payload, read.Payload);
        Assert.Equal(packet with { Payload = read.Payload }, read);

        for (var bit = (four ? 20 : 40) * 8; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(IpPacket.TryRead(bytes, out _, out _), $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (var cut = 0; cut < bytes.Length; cut++)
        {
            Assert.False(IpPacket.TryRead(bytes.AsSpan(0, cut), out _, out _));
        }
    }

    [Fact]
    public void A_device_pings_echoes_and_connects_through_its_routers_tun()
    {
        // The toy core hands each packet from the TUN back to it: two devices on one LAN, in effect.
        var scenario = new Scenario(1);
        var home = scenario.Home("alice").Behind(NatKind.PortRestricted).Build();
        home.Router.Start(new EchoCore());
        var one = new LanDevice(home.Router, IPAddress.Parse("192.168.1.10"), new MacAddress(1));
        var two = new LanDevice(home.Router, IPAddress.Parse("192.168.1.11"), new MacAddress(2)) { Listens = { 80 }, Echoes = { 7 } };

        one.SendPing(two.Address, 5, 1);
        one.SendUdp(two.Address, 4000, 7, "hello"u8);
        one.SendSyn(two.Address, 4001, 80);
        one.SendSyn(two.Address, 4002, 81);
        scenario.World.RunFor(TimeSpan.FromSeconds(1));

        Assert.Equal(4, two.Received.Count);
        Assert.Equal([63], two.Received.Select(p => (int)p.HopLimit).Distinct());
        Assert.Contains(one.Received, p => p is { Content: IpContent.EchoReply, From: 5, To: 1 });
        Assert.Contains(one.Received, p => p is { Content: IpContent.Udp, From: 7, To: 4000 } && p.Payload.AsSpan().SequenceEqual("hello"u8));
        Assert.Contains(one.Received, p => p is { Content: IpContent.Tcp, From: 80, TcpFlags: 18, TcpAcknowledged: 1001, TcpMss: 1460 });
        Assert.Contains(one.Received, p => p is { Content: IpContent.Tcp, From: 81, TcpFlags: 20 });
        Assert.Empty(one.Broken);
        Assert.Empty(two.Broken);
    }
}
