using System.Net;
using Ntm.Linux.Netlink;

namespace Ntm.Linux;

/// <summary>
/// Policy routes by which connections stay on their uplink, and new ones take the one that is chosen: a table for each uplink, and rules that look up there by mark. What is ours is
/// known by its numbers and its protocol number; nothing else is touched. It compares what is there with what is wanted each time, so others' deletions and its own death mend
/// themselves. Of the network namespace it was made in. Not thread-safe.
/// </summary>
public sealed class UplinkRoutes : IDisposable
{
    /// <summary>Uplink n has table <c>TableFirst</c> + n.</summary>
    public const uint TableFirst = 49_160;

    /// <summary>Uplinks at most, and so tables.</summary>
    public const int UplinksMost = 8;

    /// <summary>
    /// Priorities of the rules: what came in by an uplink goes by the main table's routes, the default ones aside; what an uplink brought, looked back at; connections with a mark;
    /// all else by the main table likewise; and then by the uplink that is chosen.
    /// </summary>
    public const uint ArrivedPriority = 14_910, BackPriority = 14_912, StayPriority = 14_920, SpecificPriority = 14_940, ChosenPriority = 14_941;

    /// <summary>The bits of packet and connection marks that are ours.</summary>
    public const uint MarkMask = 0x1F00_0000;

    /// <summary>Of routes and rules: who made them (rtm_protocol, FRA_PROTOCOL). 0 to 4 and many below 200 are others'.</summary>
    public const byte Protocol = 0xD4;

    private readonly NetlinkSocket _netlink = new();

    /// <summary>The mark of connections that stay on an uplink.</summary>
    public static uint StayMark(int number) => (uint)(number + 1) << 24;

    /// <summary>The mark of packets that an uplink brings in: by it the kernel looks back (reverse path filter).</summary>
    public static uint BackMark(int number) => StayMark(number) | 0x1000_0000;

    public static uint TableOf(int number) => TableFirst + (uint)number;

    /// <summary>Whether a routing table is one of ours.</summary>
    public static bool Owns(uint table) => table is >= TableFirst and < TableFirst + UplinksMost;

    /// <summary>Makes rules and routes what they should be; nothing happens where they are.</summary>
    /// <param name="ways">The uplinks that are there.</param>
    /// <param name="chosen">The number of the one that new connections take; null: none.</param>
    /// <exception cref="LinuxException">The kernel refused something; the rest is done.</exception>
    public void Set(IReadOnlyList<UplinkWay> ways, int? chosen)
    {
        LinuxException? refused = null;
        var routes = WantedRoutes(ways);
        var there = PolicyMessage.Routes(_netlink);
        Each(routes.Except(there), PolicyMessage.Add, ref refused);
        var rules = WantedRules(ways, chosen);
        var set = PolicyMessage.Rules(_netlink);
        Each(rules.Except(set), PolicyMessage.Add, ref refused);

        // Behind the additions: no packet meets a moment without rules.
        Each(set.Except(rules), PolicyMessage.Delete, ref refused);
        Each(there.Except(routes), PolicyMessage.Delete, ref refused);
        if (refused is not null)
        {
            throw refused;
        }
    }

    /// <summary>Takes all of it away, also what another run left.</summary>
    /// <exception cref="LinuxException">The kernel refused something; the rest is done.</exception>
    public void Remove() => Set([], null);

    public void Dispose() => _netlink.Dispose();

    /// <summary>The rules wanted. Pure.</summary>
    public static IReadOnlySet<PolicyRule> WantedRules(IReadOnlyList<UplinkWay> ways, int? chosen)
    {
        var rules = new HashSet<PolicyRule>();
        foreach (var ipv4 in (bool[])[true, false])
        {
            foreach (var way in ways.Where(way => way.Defaults.Any(d => d.IsIPv4 == ipv4)))
            {
                rules.Add(new(ipv4, ArrivedPriority, way.Device, 0, PolicyMessage.TableMain, SkipsDefault: true));
                rules.Add(new(ipv4, BackPriority, "", BackMark(way.Number), TableOf(way.Number), SkipsDefault: false));
                if (way.Lives)
                {
                    rules.Add(new(ipv4, StayPriority, "", StayMark(way.Number), TableOf(way.Number), SkipsDefault: false));
                }

                if (way.Number == chosen)
                {
                    rules.Add(new(ipv4, SpecificPriority, "", 0, PolicyMessage.TableMain, SkipsDefault: true));
                    rules.Add(new(ipv4, ChosenPriority, "", 0, TableOf(way.Number), SkipsDefault: false));
                }
            }
        }

        return rules;
    }

    /// <summary>The routes wanted. Pure.</summary>
    public static IReadOnlySet<PolicyRoute> WantedRoutes(IReadOnlyList<UplinkWay> ways)
    {
        var routes = new HashSet<PolicyRoute>();
        foreach (var way in ways)
        {
            foreach (var address in way.Networks)
            {
                var ipv4 = address.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork;
                if (address.PrefixLength < (ipv4 ? 32 : 128) && way.Defaults.Any(d => d.IsIPv4 == ipv4))
                {
                    routes.Add(new(ipv4, TableOf(way.Number), PolicyMessage.NetworkOf(address.Address, address.PrefixLength), null, way.Interface));
                }
            }

            foreach (var route in way.Defaults)
            {
                routes.Add(new(route.IsIPv4, TableOf(way.Number), new IPNetwork(route.IsIPv4 ? IPAddress.Any : IPAddress.IPv6Any, 0), route.Gateway, way.Interface));
            }
        }

        return routes;
    }

    private delegate void Change<in T>(NetlinkSocket netlink, T one);

    private void Each<T>(IEnumerable<T> all, Change<T> change, ref LinuxException? refused)
    {
        foreach (var one in all)
        {
            try
            {
                change(_netlink, one);
            }
            catch (LinuxException failure)
            {
                refused ??= failure;
            }
        }
    }
}
