using System.Net;
using Ntm.Linux;
using Ntm.Node;
using Ntm.Protocol;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>The overlay's interface on this machine: a TUN with the gateway's own virtual address, the zone's route and the alias range's.</summary>
public static class Overlay
{
    /// <summary>What the TUN is marked with from its making on; once it is set up, with what it is set up for as well.</summary>
    public const string Mark = "ntm-gateway";

    /// <summary>
    /// Makes the TUN, or takes up the one that a gateway before left. It stays when the gateway ends: without its routes the packets of connections under
    /// way would go out to the Internet, or be answered with errors that end them.
    /// </summary>
    /// <exception cref="LinuxException">Linux refused.</exception>
    public static Tun Open(string name, Counters counters) => Tun.Open(name, Limits.MtuInside, counters, Mark);

    /// <summary>Whether an interface that is there already was left by a gateway and is nobody's now.</summary>
    public static bool IsLeftOver(LinkState link) => link.Alias.StartsWith(Mark, StringComparison.Ordinal) && Tun.IsFree(link.Name);

    /// <summary>Bits of a zone's prefix (docs/protocol.md section 2).</summary>
    public const int ZoneLength = 48;

    /// <summary>Sets the TUN up for a member. All of it goes with the TUN.</summary>
    /// <exception cref="LinuxException">Linux refused.</exception>
    public static void SetUp(Tun tun, NodeEvent.Member member, IPNetwork aliases, ILogger log)
    {
        var own = member.Own.ToIPAddress();
        var mark = $"{Mark} {own} {aliases}";
        using (var links = new LinkWatch())
        {
            if (links.Look().Link(tun.Name) is { Alias: var former } && former != mark)
            {
                // Set up for another zone, key or range.
                tun.Clear();
                tun.Mark(mark);
            }
        }

        // The range's first address: what the core knows as its own (AliasTable.RouterAddress).
        var first = aliases.BaseAddress.GetAddressBytes();
        first[3]++;
        var router = new IPAddress(first);
        tun.AddAddress(own, 128);
        tun.AddRoute(new IPNetwork(member.ZonePrefix.ToIPAddress(), ZoneLength), source: own);
        tun.AddAddress(router, 32);

        // Translation to IPv6 adds 20 bytes, and 8 to a fragment: IPv4 gets that much less than the TUN's MTU, and the kernel tells devices so (RFC 1191).
        tun.AddRoute(aliases, Limits.MtuInsideIPv4, router);
        log.Information("{Node}.{Zone} is {Own} on {Tun}; {Aliases} stands there for the addresses of other homes.",
            member.NodeName, member.Zone, own, tun.Name, aliases);
    }
}
