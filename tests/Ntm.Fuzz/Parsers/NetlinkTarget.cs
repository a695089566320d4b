using System.Runtime.InteropServices;
using Ntm.Linux;
using Ntm.Linux.Netlink;

namespace Ntm.Fuzz.Parsers;

/// <summary>Netlink datagrams: the walk, and every parser on each payload.</summary>
public sealed class NetlinkTarget : Target
{
    private readonly List<DefaultRoute> _routes = [];

    public override string Name => "netlink";

    public override string Law => "NetlinkReader, AttributeReader, links, addresses, routes, neighbours: never throws; the walk ends; nothing is read beyond the end";

    public override int LongestInput => 1024;

    public override IEnumerable<(string Name, byte[] Bytes)> Golden()
    {
        yield return ("link", Message(NetlinkMessage.NewLink, [0, 0, 1, 0, 2, 0, 0, 0, 0x41, 0, 0, 0, 0, 0, 0, 0], (3, "eth0\0"u8.ToArray()), (4, [0xDC, 5, 0, 0])));
        yield return ("address", Message(NetlinkMessage.NewAddress, [2, 24, 0x80, 0, 2, 0, 0, 0], (1, [192, 0, 2, 7]), (2, [192, 0, 2, 7]), (8, [0x80, 0, 0, 0])));
        yield return ("address6", Message(NetlinkMessage.NewAddress, [10, 64, 0x80, 0, 2, 0, 0, 0], (1, Sixteen()), (8, [0, 2, 0, 0])));
        yield return ("route", Message(
            NetlinkMessage.NewRoute, [2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0], (5, [192, 0, 2, 1]), (4, [2, 0, 0, 0]), (6, [100, 0, 0, 0]), (15, [254, 0, 0, 0])));
        yield return ("multipath", Message(
            NetlinkMessage.NewRoute, [2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0],
            (9, [16, 0, 0, 0, 2, 0, 0, 0, 8, 0, 5, 0, 192, 0, 2, 1, 16, 0, 0, 0, 3, 0, 0, 0, 8, 0, 5, 0, 192, 0, 2, 2])));
        yield return ("neighbour", Message(NetlinkMessage.NewNeighbour, [2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 1], (1, [192, 0, 2, 9]), (2, [2, 0, 0, 0, 0, 9])));
        yield return ("done", Message(NetlinkMessage.Done, [0, 0, 0, 0]));
        yield return ("error", Message(NetlinkMessage.Error, [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]));
    }

    public override int Execute(ReadOnlySpan<byte> input)
    {
        var reader = new NetlinkReader(input);
        var outcome = 0;
        var steps = 0;
        while (reader.TryNext())
        {
            Require(++steps <= (input.Length / NetlinkMessage.HeaderSize) + 1, "the walk ends");
            outcome |= Payload(reader.Payload);
        }

        // The parsers also see what no walk would hand them.
        return (outcome << 8) | (Payload(input) << 16) | Math.Min(steps, 8);
    }

    private int Payload(ReadOnlySpan<byte> payload)
    {
        var outcome = 0;
        if (LinkWatch.TryParseLink(payload) is { } link)
        {
            outcome |= 1;
            Require(link.Name.Length <= payload.Length, "a name is no longer than where it was read");
        }

        outcome |= LinkWatch.TryParseAddress(payload) is not null ? 2 : 0;
        outcome |= NeighbourTable.TryParse(payload, out var entry) ? 4 : 0;
        Require(entry.Mac.Value >> 48 == 0, "a MAC address has 48 bits");
        _routes.Clear();
        LinkWatch.ParseDefaultRoutes(payload, _routes);
        Require(_routes.Count <= 1 + (payload.Length / 8), "there are no more hops than bytes for them");
        return outcome | (Math.Min(_routes.Count, 3) << 3);
    }

    private static byte[] Sixteen() => [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];

    private static byte[] Message(ushort type, byte[] part, params (ushort Type, byte[] Value)[] attributes)
    {
        var bytes = new List<byte>(new byte[NetlinkMessage.HeaderSize]);
        bytes.AddRange(part);
        foreach (var (kind, value) in attributes)
        {
            var length = (ushort)(NetlinkMessage.AttributeHeaderSize + value.Length);
            bytes.AddRange([(byte)length, (byte)(length >> 8), (byte)kind, (byte)(kind >> 8), .. value, .. new byte[(4 - (value.Length % 4)) % 4]]);
        }

        var message = bytes.ToArray();
        MemoryMarshal.Write(message, (uint)message.Length);
        MemoryMarshal.Write(message.AsSpan(4), type);
        return message;
    }
}
