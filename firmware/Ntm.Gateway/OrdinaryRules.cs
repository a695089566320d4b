using System.Text;
using Ntm.Linux;

namespace Ntm.Gateway;

/// <summary>
/// The nftables tables by which an ordinary connection stays on the uplink that it began on: its mark says by which one it left or came, and what it sends later is routed by that mark
/// (<see cref="UplinkRoutes"/>). Pure. The mark follows the way really taken, so that the owner's own routes and rules go first.
/// </summary>
public static class OrdinaryRules
{
    public const string Table = "ntm_gateway_uplinks";

    // Adding first makes the deletion good whether or not it was there.
    public static string Removal { get; } = string.Concat(Families.Select(family => $"add table {family} {Table}\ndelete table {family} {Table}\n"));

    private static string[] Families => ["inet", "arp"];

    /// <summary>Whether the tables are there: a command that fails where one is not.</summary>
    public static string Question { get; } = string.Concat(Families.Select(family => $"list table {family} {Table}\n"));

    /// <summary>All of it, in place of what may be there.</summary>
    /// <param name="devices">The uplinks' interfaces; the place is the uplink's number.</param>
    public static string Of(IReadOnlyList<string> devices)
    {
        const uint mask = UplinkRoutes.MarkMask;
        var any = $"{{ {string.Join(", ", devices.Select(device => $"\"{device}\""))} }}";
        var rules = new StringBuilder(Removal);
        string Set(string what, uint mark) => $"{what} set {what} and 0x{~mask:x8} or 0x{mark:x8}";
        string Is(uint mark) => $"ct mark and 0x{mask:x8} == 0x{mark:x8}";
        void Each(Func<string, int, string> rule)
        {
            for (var i = 0; i < devices.Count; i++)
            {
                rules.AppendLine($"    {rule(devices[i], i)}");
            }
        }

        rules.AppendLine($"table inet {Table} {{");
        rules.AppendLine("  chain arriving {");
        rules.AppendLine("    type filter hook prerouting priority mangle; policy accept;");

        // Looked back at by this mark, an uplink's datagrams come by the right way, whatever the main table says (reverse path filter).
        Each((device, n) => $"iifname \"{device}\" ct state new {Is(0)} {Set("ct mark", UplinkRoutes.StayMark(n))}");
        Each((device, n) => $"iifname \"{device}\" {Set("meta mark", UplinkRoutes.BackMark(n))} return");
        Each((_, n) => $"{Is(UplinkRoutes.StayMark(n))} {Set("meta mark", UplinkRoutes.StayMark(n))} return");
        rules.AppendLine("  }");
        rules.AppendLine("  chain own {");
        rules.AppendLine("    type route hook output priority mangle; policy accept;");
        Each((device, n) => $"oifname \"{device}\" {Is(UplinkRoutes.StayMark(n))} return"); // is on it: not routed twice
        Each((_, n) => $"oifname {any} {Is(UplinkRoutes.StayMark(n))} {Set("meta mark", UplinkRoutes.StayMark(n))} return");
        rules.AppendLine("  }");
        rules.AppendLine("  chain leaving {");
        rules.AppendLine("    type filter hook postrouting priority mangle; policy accept;");
        Each((device, n) => $"oifname \"{device}\" ct mark and 0x{mask:x8} != 0x{UplinkRoutes.StayMark(n):x8} {Set("ct mark", UplinkRoutes.StayMark(n))}");
        rules.AppendLine("  }");
        rules.AppendLine("}");

        // Two uplinks may have the same network: who asks for an address there is looked back at, too.
        rules.AppendLine($"table arp {Table} {{");
        rules.AppendLine("  chain arriving {");
        rules.AppendLine("    type filter hook input priority 0; policy accept;");
        Each((device, n) => $"iifname \"{device}\" meta mark set 0x{UplinkRoutes.BackMark(n):x8}");
        return rules.AppendLine("  }").AppendLine("}").ToString();
    }
}
