namespace Ntm.Protocol.Naming;

/// <summary>
/// A zone's NTM record (docs/protocol.md section 8): where its coordinators are and with which keys they answer. It says where, not who: that a node belongs to
/// the zone is what the owner key vouches for.
/// </summary>
/// <param name="Zone">Canonical.</param>
/// <param name="Coordinators">1 to <see cref="CoordinatorsMost"/>, the lowest priority first, among equals the lower key.</param>
public sealed record NtmRecord(string Zone, IReadOnlyList<NtmRecordCoordinator> Coordinators)
{
    public const int CoordinatorsMost = 4;
    public const int EndpointsMost = 4;

    /// <summary>How long it may be remembered where a coordinator publishes it.</summary>
    public const uint TtlSeconds = 300;

    // Counted, besides those of NtmRecordEntry.
    public const string TooMany = "ntm-record-too-many";
    public const string NoCoordinator = "ntm-record-no-coordinator";

    /// <summary>What stands before the zone's name.</summary>
    public const string Label = "_ntm";

    /// <summary>The name that has the record: null where the zone's name is none, or too long to have one.</summary>
    public static string? NameOf(string zone) => NtmName.IsZone(zone) && zone.Length + Label.Length + 1 <= NtmName.NameMost ? $"{Label}.{zone}" : null;

    /// <summary>
    /// Reads the entries of an answer. One malformed entry spoils all of them (RFC 9460 section 2.2); those that use what this version does not know, and aliases, are
    /// passed over.
    /// </summary>
    /// <param name="zone">Canonical.</param>
    /// <param name="data">RDATA of each.</param>
    /// <param name="entries">What can be used; their hints may be empty.</param>
    /// <returns>Null; or the reason, kebab-case, why there is nothing to use.</returns>
    public static string? Read(string zone, IReadOnlyList<byte[]> data, out IReadOnlyList<NtmRecordEntry> entries)
    {
        var list = new List<NtmRecordEntry>();
        entries = list;
        string? passed = null;
        if (data.Count > CoordinatorsMost * EndpointsMost)
        {
            return TooMany;
        }

        foreach (var rdata in data)
        {
            switch (NtmRecordEntry.Decode(rdata, zone, out var entry))
            {
                case null:
                    list.Add(entry!);
                    break;
                case (NtmRecordEntry.NotUnderstood or NtmRecordEntry.Alias) and var reason:
                    passed = reason;
                    break;
                case var reason:
                    list.Clear();
                    return reason;
            }
        }

        return list.Count > 0 ? null : passed ?? NoCoordinator;
    }

    /// <summary>Puts entries together: those of one key are one coordinator; without an address they are none.</summary>
    /// <returns>Null; or the reason why there is no record.</returns>
    public static string? Of(string zone, IReadOnlyList<NtmRecordEntry> entries, out NtmRecord? record)
    {
        record = null;
        var coordinators = new List<NtmRecordCoordinator>();
        foreach (var group in entries.GroupBy(e => e.Key))
        {
            var endpoints = group.OrderBy(e => e.Priority).SelectMany(e => e.Hints).Distinct().ToArray();
            if (endpoints.Length > EndpointsMost || (endpoints.Length > 0 && coordinators.Count == CoordinatorsMost))
            {
                return TooMany;
            }

            if (endpoints.Length > 0)
            {
                coordinators.Add(new(group.Key, group.Min(e => e.Priority), endpoints));
            }
        }

        if (coordinators.Count == 0)
        {
            return NoCoordinator;
        }

        record = new(zone, [.. coordinators.OrderBy(c => c.Priority).ThenBy(c => c.Key)]);
        return null;
    }
}
