using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Ntm.Linux.Netlink;

/// <summary>Sets up one interface: MTU, up, addresses, routes. All of it goes when the interface goes.</summary>
internal static class LinkConfiguration
{
    private const int RequestSize = 256;

    // linux/if_link.h, if_addr.h, rtnetlink.h
    private const ushort LinkMtu = 4, LinkAlias = 20, LinkAddressFamilies = 26, LinkInet6GenerationMode = 8;
    private const byte GenerationModeNone = 1;
    private const ushort AddressAddress = 1, AddressLocal = 2;
    private const byte AddressNoDuplicateDetection = 2;
    private const ushort RouteDestination = 1, RouteOutInterface = 4, RoutePreferredSource = 7, RouteMetrics = 8, MetricMtu = 2;
    private const byte TableMain = 254, ProtocolStatic = 4, ScopeUniverse = 0, ScopeLink = 253, TypeUnicast = 1;
    private const uint InterfaceUp = 1;

    /// <summary>Sets the MTU, keeps the kernel from giving the interface a link-local address of its own, and brings it up.</summary>
    public static void BringUp(NetlinkSocket netlink, string name, int index, int mtu)
    {
        Span<byte> buffer = stackalloc byte[RequestSize];

        // A TUN has no neighbours; without this the kernel would send router solicitations and multicast reports into it.
        var quiet = SetLink(buffer, index, 0);
        var families = quiet.Begin(LinkAddressFamilies);
        var inet6 = quiet.Begin(Libc.AF_INET6);
        quiet.Attribute(LinkInet6GenerationMode, [GenerationModeNone]);
        quiet.End(inet6);
        quiet.End(families);
        var error = netlink.TryRequest(quiet, $"Setting up {name}", out var detail);
        if (error is not (0 or Libc.EAFNOSUPPORT or Libc.EOPNOTSUPP))
        {
            throw new LinuxException($"Switching off automatic addresses on {name}", error, detail);
        }

        var up = SetLink(buffer, index, InterfaceUp);
        up.Attribute(LinkMtu, mtu);
        netlink.Request(up, $"Setting the MTU of {name} to {mtu} and bringing it up");
    }

    /// <summary>Takes the interface down, which ends its routes and its IPv6 addresses.</summary>
    public static void TakeDown(NetlinkSocket netlink, string name, int index)
    {
        Span<byte> buffer = stackalloc byte[RequestSize];
        netlink.Request(SetLink(buffer, index, 0, InterfaceUp), $"Taking {name} down");
    }

    /// <summary>Writes on the interface what it is for, where `ip link` shows it.</summary>
    public static void Mark(NetlinkSocket netlink, string name, int index, string text)
    {
        Span<byte> buffer = stackalloc byte[RequestSize];
        var set = SetLink(buffer, index, 0);
        set.Attribute(LinkAlias, System.Text.Encoding.UTF8.GetBytes(text));
        netlink.Request(set, $"Marking {name}");
    }

    public static void RemoveAddress(NetlinkSocket netlink, string name, int index, IPAddress address, int prefixLength)
    {
        Span<byte> buffer = stackalloc byte[RequestSize];
        var remove = new NetlinkWriter(buffer, NetlinkMessage.DeleteAddress, NetlinkMessage.FlagRequest | NetlinkMessage.FlagAcknowledge);
        var part = remove.Fixed(NetlinkMessage.AddressSize);
        part[0] = Family(address);
        part[1] = (byte)prefixLength;
        MemoryMarshal.Write(part[4..], index);
        remove.Attribute(AddressLocal, address.GetAddressBytes());
        netlink.Request(remove, $"Taking the address {address}/{prefixLength} from {name}");
    }

    public static void AddAddress(NetlinkSocket netlink, string name, int index, IPAddress address, int prefixLength)
    {
        Span<byte> buffer = stackalloc byte[RequestSize];
        var add = new NetlinkWriter(buffer, NetlinkMessage.NewAddress, NetlinkMessage.FlagRequest | NetlinkMessage.FlagAcknowledge
            | NetlinkMessage.FlagCreate | NetlinkMessage.FlagReplace);
        var part = add.Fixed(NetlinkMessage.AddressSize); // struct ifaddrmsg: family, prefix length, flags, scope, index(4)
        part[0] = Family(address);
        part[1] = (byte)prefixLength;
        part[2] = part[0] == Libc.AF_INET6 ? AddressNoDuplicateDetection : (byte)0;
        part[3] = ScopeUniverse;
        MemoryMarshal.Write(part[4..], index);
        var bytes = address.GetAddressBytes();
        add.Attribute(AddressLocal, bytes);
        add.Attribute(AddressAddress, bytes);
        netlink.Request(add, $"Giving {name} the address {address}/{prefixLength}");
    }

    public static void AddRoute(NetlinkSocket netlink, string name, int index, IPNetwork destination, int? mtu, IPAddress? source)
    {
        Span<byte> buffer = stackalloc byte[RequestSize];
        var add = new NetlinkWriter(buffer, NetlinkMessage.NewRoute, NetlinkMessage.FlagRequest | NetlinkMessage.FlagAcknowledge
            | NetlinkMessage.FlagCreate | NetlinkMessage.FlagReplace);

        // struct rtmsg: family, destination length, source length, TOS, table, protocol, scope, type, flags(4)
        var part = add.Fixed(NetlinkMessage.RouteSize);
        part[0] = Family(destination.BaseAddress);
        part[1] = (byte)destination.PrefixLength;
        part[4] = TableMain;
        part[5] = ProtocolStatic;
        part[6] = part[0] == Libc.AF_INET ? ScopeLink : ScopeUniverse;
        part[7] = TypeUnicast;
        if (destination.PrefixLength > 0)
        {
            add.Attribute(RouteDestination, destination.BaseAddress.GetAddressBytes());
        }

        add.Attribute(RouteOutInterface, index);
        if (source is not null)
        {
            add.Attribute(RoutePreferredSource, source.GetAddressBytes());
        }

        if (mtu is { } bytes)
        {
            var metrics = add.Begin(RouteMetrics);
            add.Attribute(MetricMtu, bytes);
            add.End(metrics);
        }

        netlink.Request(add, $"Routing {destination} to {name}");
    }

    /// <summary>Takes a route away; one that is not there is no error.</summary>
    public static void RemoveRoute(NetlinkSocket netlink, string name, int index, IPNetwork destination)
    {
        Span<byte> buffer = stackalloc byte[RequestSize];
        var remove = new NetlinkWriter(buffer, NetlinkMessage.DeleteRoute, NetlinkMessage.FlagRequest | NetlinkMessage.FlagAcknowledge);
        var part = remove.Fixed(NetlinkMessage.RouteSize);
        part[0] = Family(destination.BaseAddress);
        part[1] = (byte)destination.PrefixLength;
        part[4] = TableMain;
        part[6] = 255; // RT_SCOPE_NOWHERE: whatever its scope
        remove.Attribute(RouteDestination, destination.BaseAddress.GetAddressBytes());
        remove.Attribute(RouteOutInterface, index);
        var error = netlink.TryRequest(remove, $"Taking the route of {destination} from {name}", out var detail);
        if (error is not (0 or Libc.ESRCH or Libc.ENODEV))
        {
            throw new LinuxException($"Taking the route of {destination} from {name}", error, detail);
        }
    }

    private static NetlinkWriter SetLink(Span<byte> buffer, int index, uint flags) => SetLink(buffer, index, flags, flags);

    private static NetlinkWriter SetLink(Span<byte> buffer, int index, uint flags, uint change)
    {
        var set = new NetlinkWriter(buffer, NetlinkMessage.NewLink, NetlinkMessage.FlagRequest | NetlinkMessage.FlagAcknowledge);
        var part = set.Fixed(NetlinkMessage.LinkSize); // struct ifinfomsg: family, pad, type(2), index(4), flags(4), change mask(4)
        MemoryMarshal.Write(part[4..], index);
        MemoryMarshal.Write(part[8..], flags);
        MemoryMarshal.Write(part[12..], change);
        return set;
    }

    private static byte Family(IPAddress address) =>
        (byte)(address.AddressFamily == AddressFamily.InterNetwork ? Libc.AF_INET : Libc.AF_INET6);
}
