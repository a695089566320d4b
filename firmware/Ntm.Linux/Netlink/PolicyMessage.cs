using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Ntm.Linux.Netlink;

/// <summary>Routing rules and routes of ours as netlink messages (linux/fib_rules.h, linux/rtnetlink.h).</summary>
internal static class PolicyMessage
{
    public const uint TableMain = 254;

    private const ushort NewRule = 32, DeleteRule = 33, GetRule = 34;
    private const ushort FlagExclusive = 0x200;
    private const int RuleSize = 12, RequestSize = 256;
    private const byte ActionToTable = 1, TypeUnicast = 1, ScopeUniverse = 0, ScopeLink = 253, ScopeNowhere = 255;
    private const uint FlagOnLink = 4;

    // FRA_
    private const ushort RuleArrives = 3, RulePriority = 6, RuleMark = 10, RuleSuppress = 14, RuleTable = 15, RuleMask = 16, RuleProtocol = 21;

    // RTA_
    private const ushort RouteDestination = 1, RouteInterface = 4, RouteGateway = 5, RouteTable = 15;

    /// <summary>Our rules that are there.</summary>
    public static ISet<PolicyRule> Rules(NetlinkSocket netlink)
    {
        var rules = new HashSet<PolicyRule>();
        Dump(netlink, GetRule, RuleSize, (type, payload) =>
        {
            if (type == NewRule && TryParseRule(payload) is { } rule)
            {
                rules.Add(rule);
            }
        });
        return rules;
    }

    /// <summary>Our routes that are there.</summary>
    public static ISet<PolicyRoute> Routes(NetlinkSocket netlink)
    {
        var routes = new HashSet<PolicyRoute>();
        Dump(netlink, NetlinkMessage.GetRoute, NetlinkMessage.RouteSize, (type, payload) =>
        {
            if (type == NetlinkMessage.NewRoute && TryParseRoute(payload) is { } route)
            {
                routes.Add(route);
            }
        });
        return routes;
    }

    public static void Add(NetlinkSocket netlink, PolicyRule rule) =>
        Change(netlink, rule, NewRule, NetlinkMessage.FlagCreate | FlagExclusive, "Adding", Libc.EEXIST);

    public static void Delete(NetlinkSocket netlink, PolicyRule rule) => Change(netlink, rule, DeleteRule, 0, "Taking away", Libc.ENOENT);

    public static void Add(NetlinkSocket netlink, PolicyRoute route) =>
        Change(netlink, route, NetlinkMessage.NewRoute, NetlinkMessage.FlagCreate | NetlinkMessage.FlagReplace, "Adding", 0);

    public static void Delete(NetlinkSocket netlink, PolicyRoute route) => Change(netlink, route, NetlinkMessage.DeleteRoute, 0, "Taking away", Libc.ESRCH);

    public static IPNetwork NetworkOf(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new(new IPAddress(bytes), length);
    }

    /// <summary>struct fib_rule_hdr: 0 family(1) | 1 dst length(1) | 2 src length(1) | 3 TOS(1) | 4 table(1) | 5 pad(2) | 7 action(1) | 8 flags(4) | attributes. Null: not ours.</summary>
    public static PolicyRule? TryParseRule(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < RuleSize || payload[0] is not (Libc.AF_INET or Libc.AF_INET6))
        {
            return null;
        }

        uint priority = 0, mark = 0, table = payload[4];
        var suppress = uint.MaxValue;
        var arrives = "";
        byte protocol = 0;
        var attributes = new AttributeReader(payload[RuleSize..]);
        while (attributes.TryNext())
        {
            switch (attributes.Type)
            {
                case RuleArrives:
                    arrives = Encoding.UTF8.GetString(attributes.Value.TrimEnd((byte)0));
                    break;
                case RuleProtocol when attributes.Value.Length == 1:
                    protocol = attributes.Value[0];
                    break;
                case RulePriority when attributes.Value.Length == sizeof(uint):
                    priority = MemoryMarshal.Read<uint>(attributes.Value);
                    break;
                case RuleMark when attributes.Value.Length == sizeof(uint):
                    mark = MemoryMarshal.Read<uint>(attributes.Value);
                    break;
                case RuleTable when attributes.Value.Length == sizeof(uint):
                    table = MemoryMarshal.Read<uint>(attributes.Value);
                    break;
                case RuleSuppress when attributes.Value.Length == sizeof(uint):
                    suppress = MemoryMarshal.Read<uint>(attributes.Value);
                    break;
            }
        }

        return protocol == UplinkRoutes.Protocol && priority is >= UplinkRoutes.ArrivedPriority and <= UplinkRoutes.ChosenPriority
            ? new(payload[0] == Libc.AF_INET, priority, arrives, mark, table, suppress == 0)
            : null;
    }

    /// <summary>struct rtmsg, as in <see cref="LinkWatch.ParseDefaultRoutes"/>. Null: not ours.</summary>
    public static PolicyRoute? TryParseRoute(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < NetlinkMessage.RouteSize || payload[5] != UplinkRoutes.Protocol || payload[0] is not (Libc.AF_INET or Libc.AF_INET6))
        {
            return null;
        }

        var ipv4 = payload[0] == Libc.AF_INET;
        var bytes = ipv4 ? 4 : 16;
        uint table = payload[4];
        var index = 0;
        IPAddress? gateway = null;
        var destination = ipv4 ? IPAddress.Any : IPAddress.IPv6Any;
        var attributes = new AttributeReader(payload[NetlinkMessage.RouteSize..]);
        while (attributes.TryNext())
        {
            switch (attributes.Type)
            {
                case RouteDestination when attributes.Value.Length == bytes:
                    destination = new(attributes.Value);
                    break;
                case RouteInterface when attributes.Value.Length == sizeof(int):
                    index = MemoryMarshal.Read<int>(attributes.Value);
                    break;
                case RouteGateway when attributes.Value.Length == bytes:
                    gateway = new(attributes.Value);
                    break;
                case RouteTable when attributes.Value.Length == sizeof(uint):
                    table = MemoryMarshal.Read<uint>(attributes.Value);
                    break;
            }
        }

        return UplinkRoutes.Owns(table) && payload[1] <= bytes * 8 ? new(ipv4, table, NetworkOf(destination, payload[1]), gateway, index) : null;
    }

    private static void Change(NetlinkSocket netlink, PolicyRule rule, ushort type, ushort flags, string doing, int harmless)
    {
        Span<byte> buffer = stackalloc byte[RequestSize];
        var message = new NetlinkWriter(buffer, type, (ushort)(NetlinkMessage.FlagRequest | NetlinkMessage.FlagAcknowledge | flags));
        var part = message.Fixed(RuleSize);
        part[0] = (byte)(rule.IsIPv4 ? Libc.AF_INET : Libc.AF_INET6);
        part[7] = ActionToTable;
        message.Attribute(RulePriority, (int)rule.Priority);
        message.Attribute(RuleTable, (int)rule.Table);
        message.Attribute(RuleProtocol, [UplinkRoutes.Protocol]);
        if (rule.Arrives.Length > 0)
        {
            message.Attribute(RuleArrives, [.. Encoding.UTF8.GetBytes(rule.Arrives), 0]);
        }

        if (rule.Mark != 0)
        {
            message.Attribute(RuleMark, (int)rule.Mark);
            message.Attribute(RuleMask, (int)UplinkRoutes.MarkMask);
        }

        if (rule.SkipsDefault)
        {
            message.Attribute(RuleSuppress, 0);
        }

        Request(netlink, message, $"{doing} the routing rule {rule.Priority} of table {rule.Table}", harmless);
    }

    private static void Change(NetlinkSocket netlink, PolicyRoute route, ushort type, ushort flags, string doing, int harmless)
    {
        Span<byte> buffer = stackalloc byte[RequestSize];
        var message = new NetlinkWriter(buffer, type, (ushort)(NetlinkMessage.FlagRequest | NetlinkMessage.FlagAcknowledge | flags));
        var part = message.Fixed(NetlinkMessage.RouteSize);
        part[0] = (byte)(route.IsIPv4 ? Libc.AF_INET : Libc.AF_INET6);
        part[1] = (byte)route.Destination.PrefixLength;
        part[5] = UplinkRoutes.Protocol;
        part[6] = type == NetlinkMessage.DeleteRoute ? ScopeNowhere : route is { IsIPv4: true, Gateway: null } ? ScopeLink : ScopeUniverse;
        part[7] = TypeUnicast;
        if (route.Gateway is not null && type == NetlinkMessage.NewRoute)
        {
            MemoryMarshal.Write(part[8..], FlagOnLink); // its network may be another uplink's, too
        }

        message.Attribute(RouteTable, (int)route.Table);
        if (route.Destination.PrefixLength > 0)
        {
            message.Attribute(RouteDestination, route.Destination.BaseAddress.GetAddressBytes());
        }

        message.Attribute(RouteInterface, route.Interface);
        if (route.Gateway is not null)
        {
            message.Attribute(RouteGateway, route.Gateway.GetAddressBytes());
        }

        Request(netlink, message, $"{doing} the route of {route.Destination} in table {route.Table}", harmless);
    }

    private static void Request(NetlinkSocket netlink, scoped NetlinkWriter message, string what, int harmless)
    {
        var error = netlink.TryRequest(message, what, out var detail);
        if (error != 0 && error != harmless)
        {
            throw new LinuxException(what, error, detail);
        }
    }

    private static void Dump(NetlinkSocket netlink, ushort type, int size, NetlinkSocket.Taker taker)
    {
        Span<byte> buffer = stackalloc byte[64];
        var get = new NetlinkWriter(buffer, type, NetlinkMessage.FlagRequest | NetlinkMessage.FlagDump);
        get.Fixed(size);
        netlink.Dump(get, taker, "Reading routing rules and routes");
    }
}
