using System.Net;
using System.Net.Sockets;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Coordinator.Naming;

/// <summary>All that the public DNS is told of a zone: its coordinators. Of nodes and devices nothing is in here, so nothing can get out.</summary>
/// <param name="Zone">Canonical.</param>
/// <param name="Hosts">Of the coordinators; this one's first.</param>
/// <param name="Entries">The NTM record's.</param>
public sealed record PublicZone(string Zone, IReadOnlyList<ZoneHost> Hosts, IReadOnlyList<NtmRecordEntry> Entries)
{
    /// <summary>Of SOA, NS and the coordinators' addresses, s.</summary>
    public const uint TtlSeconds = 3600;

    /// <summary>How long resolvers may remember that there is no such name, s (RFC 2308).</summary>
    public const uint NegativeTtlSeconds = 300;

    /// <summary>The name that has the NTM record.</summary>
    public string RecordName => NtmRecord.NameOf(Zone) ?? throw new InvalidOperationException($"'{Zone}' is too long a zone for an NTM record.");

    /// <summary>What a DNS server that has the zone already must hold, a line a record.</summary>
    public IEnumerable<string> RecordLines() => [.. Entries.Select(e => e.ToZoneFile(Zone, NtmRecord.TtlSeconds)), .. Hosts.SelectMany(Addresses)];

    /// <summary>What the parent zone must hold so that the coordinators answer for the zone; empty where none does.</summary>
    public IEnumerable<string> DelegationLines() =>
    [
        .. Hosts.Where(h => h.IsNameServer).Select(h => string.Create(null, $"{Zone}. {TtlSeconds} IN NS {h.Name}.")),
        .. Hosts.Where(h => h.IsNameServer).SelectMany(Addresses),
    ];

    /// <summary>An address as a record of a host.</summary>
    internal static DnsRecord Address(string name, IPAddress address) =>
        new(name, address.AddressFamily == AddressFamily.InterNetwork ? DnsType.A : DnsType.Aaaa, TtlSeconds, address.GetAddressBytes());

    private static IEnumerable<string> Addresses(ZoneHost host) =>
        host.Addresses.Select(a => string.Create(null, $"{host.Name}. {TtlSeconds} IN {(a.AddressFamily == AddressFamily.InterNetwork ? "A" : "AAAA")} {a}"));
}
