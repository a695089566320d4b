using System.Net;
using Ntm.Linux;
using Ntm.Node;
using Ntm.Protocol;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>The overlay's interface on this machine: a TUN with the gateway's own virtual address, the zone's route and the alias range's.</summary>
public static class Overlay
{
    /// <summary>Bits of a zone's prefix (docs/protocol.md section 2).</summary>
    public const int ZoneLength = 48;

    /// <summary>Sets the TUN up for a member. All of it goes with the TUN.</summary>
    /// <exception cref="LinuxException">Linux refused.</exception>
    public static void SetUp(Tun tun, NodeEvent.Member member, IPNetwork aliases, ILogger log)
    {
        var own = member.Own.ToIPAddress();

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
