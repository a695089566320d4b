using System.Net;
using Ntm.Hosting;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Coordinator.Host;

/// <summary>The configuration's "dns": how a coordinator answers for its zone in the public DNS.</summary>
/// <param name="Listen">UDP and TCP; at least one.</param>
/// <param name="Addresses">By which the world reaches it there.</param>
public sealed record DnsConfig(IReadOnlyList<IPEndPoint> Listen, IReadOnlyList<IPAddress> Addresses)
{
    /// <returns>Null where it is not there.</returns>
    internal static DnsConfig? Read(ConfigSection root, IReadOnlyList<RealAddress> endpoints)
    {
        if (!root.Has("dns"))
        {
            return null;
        }

        var section = root.Section("dns");
        var listen = section.Addresses("listen").Select(a => a.ToIPEndPoint()).ToArray();
        var addresses = section.Values<IPAddress>("addresses", "an IP address", TryReadAddress);
        if (listen.Length == 0)
        {
            section.Refuse("listen", "must list at least one address of this machine with a port, such as \"203.0.113.10:53\".");
        }

        if (addresses.Count == 0)
        {
            addresses = AddressesOf(endpoints);
        }

        if (addresses.Count > NtmRecord.EndpointsMost)
        {
            section.Refuse("addresses", $"must list {NtmRecord.EndpointsMost} addresses at most.");
        }

        return new(listen, addresses);
    }

    /// <summary>The IP addresses of endpoints, each once.</summary>
    internal static IReadOnlyList<IPAddress> AddressesOf(IEnumerable<RealAddress> endpoints) => [.. endpoints.Select(e => e.ToIPAddress()).Distinct()];

    private static bool TryReadAddress(string text, out IPAddress address)
    {
        var good = IPAddress.TryParse(text, out var read);
        address = read ?? IPAddress.None;
        return good;
    }
}
