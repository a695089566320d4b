using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Ntm.Linux.Netlink;

namespace Ntm.Linux;

/// <summary>
/// Tells when links, addresses or routes change, and what they are now. The notices themselves are not read: a change says "look again", which
/// stays right when notices are lost. It belongs to the network namespace it was made in. Not thread-safe.
/// </summary>
public sealed class LinkWatch : IDisposable
{
    // linux/rtnetlink.h: RTMGRP_LINK | IPV4_IFADDR | IPV4_ROUTE | IPV6_IFADDR | IPV6_ROUTE; RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE as bits
    private const uint Groups = 0x1 | 0x10 | 0x40 | 0x100 | 0x400 | 0x80 | 0x40000;

    private const uint FlagUp = 1, FlagRunning = 0x40;
    private const uint AddressTemporary = 0x01, AddressDuplicate = 0x08, AddressDeprecated = 0x20, AddressTentative = 0x40;
    private const byte TypeUnicast = 1;

    private readonly NetlinkSocket _notices = new(Groups);
    private readonly NetlinkSocket _requests = new();

    /// <summary>Readable when something changed; then call <see cref="TakeChanges"/>.</summary>
    public int Descriptor => _notices.Descriptor;

    /// <summary>Whether anything changed since the last call.</summary>
    public bool TakeChanges() => _notices.TakeNotices();

    /// <summary>Everything as it is now.</summary>
    public LinkPicture Look()
    {
        var links = new List<LinkState>();
        var addresses = new List<LinkAddress>();
        var routes = new List<DefaultRoute>();
        Dump(NetlinkMessage.GetLink, NetlinkMessage.LinkSize, (type, payload) =>
        {
            if (type == NetlinkMessage.NewLink && TryParseLink(payload) is { } link)
            {
                links.Add(link);
            }
        });
        Dump(NetlinkMessage.GetAddress, NetlinkMessage.AddressSize, (type, payload) =>
        {
            if (type == NetlinkMessage.NewAddress && TryParseAddress(payload) is { } address)
            {
                addresses.Add(address);
            }
        });
        Dump(NetlinkMessage.GetRoute, NetlinkMessage.RouteSize, (type, payload) =>
        {
            if (type == NetlinkMessage.NewRoute)
            {
                ParseDefaultRoutes(payload, routes);
            }
        });
        return new LinkPicture(links, addresses, routes);
    }

    public void Dispose()
    {
        _notices.Dispose();
        _requests.Dispose();
    }

    /// <summary>struct ifinfomsg: 0 family(1) | 1 pad(1) | 2 type(2) | 4 index(4) | 8 flags(4) | 12 change(4) | attributes. Null: does not parse.</summary>
    public static LinkState? TryParseLink(ReadOnlySpan<byte> payload)
    {
        const ushort name = 3, mtu = 4, alias = 20;
        if (payload.Length < NetlinkMessage.LinkSize)
        {
            return null;
        }

        string? text = null;
        var written = "";
        var bytes = 0;
        var attributes = new AttributeReader(payload[NetlinkMessage.LinkSize..]);
        while (attributes.TryNext())
        {
            if (attributes.Type == name)
            {
                text = Encoding.UTF8.GetString(attributes.Value.TrimEnd((byte)0));
            }
            else if (attributes.Type == alias)
            {
                written = Encoding.UTF8.GetString(attributes.Value.TrimEnd((byte)0));
            }
            else if (attributes.Type == mtu && attributes.Value.Length == sizeof(int))
            {
                bytes = MemoryMarshal.Read<int>(attributes.Value);
            }
        }

        var flags = MemoryMarshal.Read<uint>(payload[8..]);
        return text is null
            ? null
            : new(MemoryMarshal.Read<int>(payload[4..]), text, (flags & FlagUp) != 0, (flags & (FlagUp | FlagRunning)) == (FlagUp | FlagRunning), bytes,
                written);
    }

    /// <summary>struct ifaddrmsg: 0 family(1) | 1 prefix length(1) | 2 flags(1) | 3 scope(1) | 4 index(4) | attributes. Null: does not parse.</summary>
    public static LinkAddress? TryParseAddress(ReadOnlySpan<byte> payload)
    {
        const ushort address = 1, local = 2, longFlags = 8;
        if (payload.Length < NetlinkMessage.AddressSize)
        {
            return null;
        }

        var expected = AddressBytes(payload[0]);
        uint flags = payload[2];
        IPAddress? own = null, peerOrOwn = null;
        var attributes = new AttributeReader(payload[NetlinkMessage.AddressSize..]);
        while (attributes.TryNext())
        {
            switch (attributes.Type)
            {
                case local when attributes.Value.Length == expected:
                    own = new IPAddress(attributes.Value); // on point-to-point links "address" is the other end's
                    break;
                case address when attributes.Value.Length == expected:
                    peerOrOwn = new IPAddress(attributes.Value);
                    break;
                case longFlags when attributes.Value.Length == sizeof(uint):
                    flags = MemoryMarshal.Read<uint>(attributes.Value);
                    break;
            }
        }

        // In IPv4 the bit of "temporary" means "secondary", which is as good an address as any.
        return (own ?? peerOrOwn) is not { } ip || payload[1] > expected * 8
            ? null
            : new(MemoryMarshal.Read<int>(payload[4..]), ip, payload[1], (flags & (AddressDuplicate | AddressDeprecated | AddressTentative)) == 0,
                expected == 16 && (flags & AddressTemporary) != 0) { Duplicate = (flags & AddressDuplicate) != 0 };
    }

    /// <summary>
    /// struct rtmsg: 0 family(1) | 1 destination length(1) | 2 source length(1) | 3 TOS(1) | 4 table(1) | 5 protocol(1) | 6 scope(1) | 7 type(1) |
    /// 8 flags(4) | attributes. Adds a default route for each of its next hops; nothing where it does not parse or is another route.
    /// </summary>
    public static void ParseDefaultRoutes(ReadOnlySpan<byte> payload, ICollection<DefaultRoute> routes)
    {
        const ushort outInterface = 4, gateway = 5, priority = 6, multipath = 9, longTable = 15;
        if (payload.Length < NetlinkMessage.RouteSize || payload[1] != 0 || payload[7] != TypeUnicast || AddressBytes(payload[0]) is not (> 0 and var bytes))
        {
            return;
        }

        uint table = payload[4], metric = 0;
        var index = 0;
        IPAddress? next = null;
        ReadOnlySpan<byte> hops = default;
        var attributes = new AttributeReader(payload[NetlinkMessage.RouteSize..]);
        while (attributes.TryNext())
        {
            switch (attributes.Type)
            {
                case outInterface when attributes.Value.Length == sizeof(int):
                    index = MemoryMarshal.Read<int>(attributes.Value);
                    break;
                case gateway when attributes.Value.Length == bytes:
                    next = new IPAddress(attributes.Value);
                    break;
                case priority when attributes.Value.Length == sizeof(uint):
                    metric = MemoryMarshal.Read<uint>(attributes.Value);
                    break;
                case longTable when attributes.Value.Length == sizeof(uint):
                    table = MemoryMarshal.Read<uint>(attributes.Value);
                    break;
                case multipath:
                    hops = attributes.Value;
                    break;
            }
        }

        if (index != 0)
        {
            routes.Add(new(index, bytes == 4, next, metric, table));
        }

        // struct rtnexthop: 0 length(2) | 2 flags(1) | 3 weight(1) | 4 interface(4) | attributes
        const int hopSize = 8;
        while (hops.Length >= hopSize && MemoryMarshal.Read<ushort>(hops) is >= hopSize and var length && length <= hops.Length)
        {
            next = null;
            attributes = new AttributeReader(hops[hopSize..length]);
            while (attributes.TryNext())
            {
                next = attributes.Type == gateway && attributes.Value.Length == bytes ? new IPAddress(attributes.Value) : next;
            }

            routes.Add(new(MemoryMarshal.Read<int>(hops[4..]), bytes == 4, next, metric, table));
            hops = hops[Math.Min(NetlinkMessage.Align(length), hops.Length)..];
        }
    }

    private static int AddressBytes(byte family) => family switch { Libc.AF_INET => 4, Libc.AF_INET6 => 16, _ => -1 };

    private void Dump(ushort type, int fixedSize, NetlinkSocket.Taker taker)
    {
        Span<byte> buffer = stackalloc byte[64];
        var get = new NetlinkWriter(buffer, type, NetlinkMessage.FlagRequest | NetlinkMessage.FlagDump);
        get.Fixed(fixedSize);
        _requests.Dump(get, taker, "Reading links, addresses and routes");
    }
}
