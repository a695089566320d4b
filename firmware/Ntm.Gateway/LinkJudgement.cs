using System.Net;
using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Node;
using Ntm.Protocol;

namespace Ntm.Gateway;

/// <summary>What an uplink has of what it needs, by the kernel's word. Pure.</summary>
public static class LinkJudgement
{
    /// <summary>What an uplink is, from what Linux says. Pure.</summary>
    /// <param name="port4">The IPv4 socket's port; null: there is none. Likewise <paramref name="port6"/>.</param>
    /// <param name="failure">Why there are no sockets, where that is so.</param>
    public static UplinkState Of(int number, UplinkConfig uplink, LinkPicture picture, ushort? port4, ushort? port6, string? failure)
    {
        UplinkState State(bool usable, string reason, IReadOnlyList<RealAddress> addresses) => new(number, uplink.Name, usable, reason, addresses);
        if (picture.Link(uplink.Interface) is not { } link)
        {
            return State(false, $"there is no interface {uplink.Interface}", []);
        }

        if (failure is not null)
        {
            return State(false, failure, []);
        }

        if (!link.Up)
        {
            return State(false, $"the interface {uplink.Interface} is down", []);
        }

        if (!link.Running)
        {
            return State(false, $"the interface {uplink.Interface} has no carrier", []);
        }

        var addresses = picture.AddressesOf(link.Index).ToList();
        if (addresses.Count == 0 && picture.Addresses.FirstOrDefault(a => a.Interface == link.Index && a.Duplicate) is { } twice)
        {
            return State(false, $"the address {twice.Address} of {uplink.Interface} is another machine's, too", []);
        }

        if (addresses.Count == 0)
        {
            return State(false, $"the interface {uplink.Interface} has no address", []);
        }

        var reachable = new List<RealAddress>();
        foreach (var address in addresses.OrderBy(address => address.Temporary))
        {
            var ipv4 = address.Address.AddressFamily == AddressFamily.InterNetwork;
            if ((ipv4 ? port4 : port6) is { } port && picture.DefaultRouteOf(link.Index, ipv4) is not null)
            {
                reachable.Add(RealAddress.From(new IPEndPoint(address.Address, port)));
            }
        }

        var families = reachable.Select(address => address.IsIPv4 ? "IPv4" : "IPv6").Distinct().Order().ToList();
        return families.Count == 0
            ? State(false, $"the interface {uplink.Interface} has an address but no default route", [])
            : State(true, $"it has an address and a default route by {string.Join(" and ", families)}", reachable) with
            {
                Gateways = [.. new[] { true, false }.Select(ipv4 => picture.DefaultRouteOf(link.Index, ipv4)?.Gateway).OfType<IPAddress>()
                    .Select(gateway => RealAddress.From(new IPEndPoint(gateway, 0)))],
                MapsPorts = uplink.MapsPorts,
            };
    }
}
