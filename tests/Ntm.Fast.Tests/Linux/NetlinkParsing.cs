using System.Net;
using System.Runtime.InteropServices;
using Ntm.Linux;
using Ntm.Linux.Netlink;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Linux;

/// <summary>The pure half of the netlink code: what the kernel says is read right, and nothing that it might say breaks us.</summary>
public sealed class NetlinkParsing
{
    private const byte IPv4 = 2, IPv6 = 10;

    [Fact]
    public void A_written_request_reads_back()
    {
        var buffer = new byte[256];
        var writer = new NetlinkWriter(buffer, NetlinkMessage.NewRoute, NetlinkMessage.FlagRequest);
        writer.Fixed(NetlinkMessage.RouteSize)[1] = 48;
        writer.Attribute(7, [1, 2, 3]);
        var nested = writer.Begin(8);
        writer.Attribute(2, 1400);
        writer.End(nested);
        var message = writer.Finish(77);

        var reader = new NetlinkReader(message);
        Assert.True(reader.TryNext());
        Assert.Equal(NetlinkMessage.NewRoute, reader.Type);
        Assert.Equal(77u, reader.Sequence);
        Assert.Equal(48, reader.Payload[1]);
        var attributes = new AttributeReader(reader.Payload[NetlinkMessage.RouteSize..]);
        Assert.True(attributes.TryNext());
        Assert.Equal(7, attributes.Type);
        Assert.Equal([1, 2, 3], attributes.Value.ToArray());
        Assert.True(attributes.TryNext());
        Assert.Equal(8, attributes.Type);
        var inner = new AttributeReader(attributes.Value);
        Assert.True(inner.TryNext());
        Assert.Equal(1400, MemoryMarshal.Read<int>(inner.Value));
        Assert.False(inner.TryNext());
        Assert.False(attributes.TryNext());
        Assert.False(reader.TryNext());
    }

    [Theory]
    [InlineData(0x02, true)] // reachable
    [InlineData(0x80, true)] // permanent
    [InlineData(0x04, false)] // stale
    public void A_neighbour_is_read(ushort state, bool confirmed)
    {
        Assert.True(NeighbourTable.TryParse(Neighbour(IPv4, state, [192, 0, 2, 7], [2, 0, 0, 0, 0, 9]), out var entry));
        Assert.Equal(new NeighbourEntry(5, IPAddress.Parse("192.0.2.7"), new MacAddress(0x0200_0000_0009), confirmed), entry);
    }

    [Fact]
    public void A_neighbour_of_IPv6_is_read()
    {
        var address = IPAddress.Parse("2001:db8::7");
        Assert.True(NeighbourTable.TryParse(Neighbour(IPv6, 2, address.GetAddressBytes(), [2, 0, 0, 0, 0, 9]), out var entry));
        Assert.Equal(address, entry.Address);
    }

    [Theory]
    [InlineData(0x01, 4, 6)] // incomplete
    [InlineData(0x20, 4, 6)] // failed
    [InlineData(0x02, 16, 6)] // an address of the other family's length
    [InlineData(0x02, 4, 8)] // an InfiniBand-like address
    [InlineData(0x02, 4, 0)]
    public void What_names_no_MAC_address_is_left_out(ushort state, int addressBytes, int macBytes)
    {
        Assert.False(NeighbourTable.TryParse(Neighbour(IPv4, state, new byte[addressBytes], [.. Enumerable.Repeat((byte)2, macBytes)]), out _));
    }

    [Fact]
    public void A_link_is_up_running_or_neither()
    {
        var running = LinkWatch.TryParseLink(Link(0x1 | 0x40, "eth0\0"u8));
        Assert.Equal(new LinkState(5, "eth0", true, true, 1500), running);
        Assert.False(LinkWatch.TryParseLink(Link(0x1, "eth0\0"u8))!.Running);
        Assert.False(LinkWatch.TryParseLink(Link(0x40, "eth0\0"u8))!.Running);
    }

    [Fact]
    public void The_own_end_of_a_point_to_point_link_is_the_address()
    {
        var message = Message(NetlinkMessage.AddressSize, part =>
        {
            part[0] = IPv4;
            part[1] = 32;
            MemoryMarshal.Write(part.AsSpan(4), 5);
        }, (1, [192, 0, 2, 2]), (2, [192, 0, 2, 1]));
        Assert.Equal(new LinkAddress(5, IPAddress.Parse("192.0.2.1"), 32, true, false), LinkWatch.TryParseAddress(message));
    }

    [Theory]
    [InlineData(0x80, true, false)] // permanent
    [InlineData(0x40, false, false)] // tentative
    [InlineData(0x20, false, false)] // deprecated
    [InlineData(0x08, false, false)] // duplicate
    [InlineData(0x01, true, true)] // temporary
    public void An_address_of_IPv6_is_judged_by_its_long_flags(int flags, bool usable, bool temporary)
    {
        var bytes = IPAddress.Parse("2001:db8::1").GetAddressBytes();
        var message = Message(NetlinkMessage.AddressSize, part => (part[0], part[1]) = (IPv6, 64), (1, bytes), (8, BitConverter.GetBytes(flags)));
        var address = LinkWatch.TryParseAddress(message)!;
        Assert.Equal((usable, temporary), (address.Usable, address.Temporary));
    }

    [Fact]
    public void A_default_route_is_told_from_others()
    {
        static byte[] Route(byte length, byte type) => Message(NetlinkMessage.RouteSize, part =>
        {
            (part[0], part[1], part[4], part[7]) = (IPv4, length, 254, type);
        }, (4, BitConverter.GetBytes(5)), (5, [192, 0, 2, 254]), (6, BitConverter.GetBytes(100)));

        Assert.Equal([new DefaultRoute(5, true, IPAddress.Parse("192.0.2.254"), 100, 254)], DefaultRoutes(Route(0, 1)));
        Assert.Empty(DefaultRoutes(Route(24, 1)));
        Assert.Empty(DefaultRoutes(Route(0, 7))); // unreachable default
    }

    [Fact]
    public void A_default_route_over_two_interfaces_is_two()
    {
        static byte[] Hop(int index, byte last) => [16, 0, 0, 0, (byte)index, 0, 0, 0, 8, 0, 5, 0, 192, 0, 2, last];
        var message = Message(NetlinkMessage.RouteSize, part => (part[0], part[4], part[7]) = (IPv4, 254, 1), (9, [.. Hop(5, 1), .. Hop(6, 2)]));
        Assert.Equal(
            [new DefaultRoute(5, true, IPAddress.Parse("192.0.2.1"), 0, 254), new DefaultRoute(6, true, IPAddress.Parse("192.0.2.2"), 0, 254)],
            DefaultRoutes(message));
    }

    [Fact]
    public void Every_truncation_and_a_thousand_mutations_are_survived()
    {
        byte[][] samples =
        [
            Neighbour(IPv6, 2, IPAddress.IPv6Loopback.GetAddressBytes(), [2, 0, 0, 0, 0, 9]),
            Link(0x41, "eth0\0"u8),
            Message(NetlinkMessage.AddressSize, part => (part[0], part[1]) = (IPv4, 24), (1, [192, 0, 2, 2]), (8, new byte[4])),
            Message(NetlinkMessage.RouteSize, part => (part[0], part[7]) = (IPv4, 1), (4, BitConverter.GetBytes(5)), (5, [192, 0, 2, 254])),
            Message(NetlinkMessage.RouteSize, part => (part[0], part[7]) = (IPv4, 1), (9, [16, 0, 0, 0, 5, 0, 0, 0, 8, 0, 5, 0, 192, 0, 2, 1])),
        ];
        var random = new Random(4916);
        foreach (var sample in samples)
        {
            for (var length = 0; length <= sample.Length; length++)
            {
                ParseAll(sample.AsSpan(0, length));
            }

            for (var i = 0; i < 1000; i++)
            {
                var mutated = (byte[])sample.Clone();
                for (var n = random.Next(1, 6); n > 0; n--)
                {
                    mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
                }

                ParseAll(mutated);
            }
        }
    }

    [Fact]
    public void Capabilities_are_read_from_the_status()
    {
        const string status = "Name:\tx\nCapInh:\t0000000000000000\nCapEff:\t0000000000001000\nCapBnd:\tffffffffffffffff\n";
        Assert.True(Preflight.HasCapability(status, 12));
        Assert.False(Preflight.HasCapability(status, 21));
        Assert.False(Preflight.HasCapability("CapEff:\tgarbage\n", 12));
        Assert.False(Preflight.HasCapability("", 12));
    }

    private static void ParseAll(ReadOnlySpan<byte> payload)
    {
        _ = NeighbourTable.TryParse(payload, out _);
        _ = LinkWatch.TryParseLink(payload);
        _ = LinkWatch.TryParseAddress(payload);
        _ = DefaultRoutes(payload);
        var reader = new NetlinkReader(payload);
        while (reader.TryNext())
        {
            var attributes = new AttributeReader(reader.Payload);
            while (attributes.TryNext())
            {
            }
        }
    }

    private static List<DefaultRoute> DefaultRoutes(ReadOnlySpan<byte> payload)
    {
        var routes = new List<DefaultRoute>();
        LinkWatch.ParseDefaultRoutes(payload, routes);
        return routes;
    }

    private static byte[] Neighbour(byte family, ushort state, byte[] address, byte[] mac) => Message(NetlinkMessage.NeighbourSize, part =>
    {
        part[0] = family;
        MemoryMarshal.Write(part.AsSpan(4), 5);
        MemoryMarshal.Write(part.AsSpan(8), state);
    }, (1, address), (2, mac));

    private static byte[] Link(uint flags, ReadOnlySpan<byte> name) => Message(NetlinkMessage.LinkSize, part =>
    {
        MemoryMarshal.Write(part.AsSpan(4), 5);
        MemoryMarshal.Write(part.AsSpan(8), flags);
    }, (3, name.ToArray()), (4, BitConverter.GetBytes(1500)));

    /// <summary>A message's payload: its fixed part and attributes.</summary>
    private static byte[] Message(int fixedSize, Action<byte[]> fill, params (ushort Type, byte[] Value)[] attributes)
    {
        var buffer = new byte[512];
        var writer = new NetlinkWriter(buffer, 0, 0);
        var part = new byte[fixedSize];
        fill(part);
        part.CopyTo(writer.Fixed(fixedSize));
        foreach (var (type, value) in attributes)
        {
            writer.Attribute(type, value);
        }

        return writer.Finish(1)[NetlinkMessage.HeaderSize..].ToArray();
    }
}
