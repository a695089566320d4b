using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Real.Tests.Names;

/// <summary>An NTM record of four coordinators with four IPv6 addresses each.</summary>
internal static class LongRecord
{
    public static IReadOnlyList<NtmRecordEntry> Entries(string zone) =>
    [
        .. Enumerable.Range(1, NtmRecord.CoordinatorsMost).Select(i => new NtmRecordEntry(
            (ushort)i, $"c{i}.{zone}", 4916, new PublicKey([.. Enumerable.Repeat((byte)i, PublicKey.Size)]),
            [.. Enumerable.Range(1, NtmRecord.EndpointsMost).Select(j => RealAddress.TryParse($"[2001:db8::{i}:{j}]:4916", out var address) ? address : default)])),
    ];

    public static IEnumerable<string> Lines(string zone) => Entries(zone).Select(e => e.ToZoneFile(zone, NtmRecord.TtlSeconds));
}
