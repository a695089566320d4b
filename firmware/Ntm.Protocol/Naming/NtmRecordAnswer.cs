namespace Ntm.Protocol.Naming;

/// <summary>What became of asking for a zone's NTM record.</summary>
public enum NtmRecordVerdict
{
    Found,

    /// <summary>The DNS knows no such zone.</summary>
    NoSuchZone,

    /// <summary>The zone has none, or none that can be used.</summary>
    NoRecord,

    /// <summary>It does not parse.</summary>
    Damaged,

    /// <summary>No resolver answered in time.</summary>
    ResolverSilent,

    /// <summary>The resolver answered that it cannot say: it refuses, or reached nobody itself.</summary>
    ResolverFailed,

    /// <summary>It is no zone's name, or too many others are being asked for.</summary>
    NotAsked,
}

/// <param name="Record">With <see cref="NtmRecordVerdict.Found"/> only.</param>
/// <param name="TimeToLive">How long this answer is remembered yet.</param>
/// <param name="Reason">A sentence, for people.</param>
public sealed record NtmRecordAnswer(NtmRecordVerdict Verdict, NtmRecord? Record, TimeSpan TimeToLive, string Reason);
