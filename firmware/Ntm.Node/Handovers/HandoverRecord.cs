namespace Ntm.Node.Handovers;

/// <summary>One tunnel's handover as a timeline, made from what was observed. Times are ms after it was noticed, from the packets themselves.</summary>
/// <param name="Id">Grows, over restarts too.</param>
/// <param name="Event">The first record's <paramref name="Id"/> of those that one cause on one uplink made together.</param>
/// <param name="Peer">The peer's name, or the server's.</param>
/// <param name="At">When it was noticed, wall time.</param>
/// <param name="Why">How it was noticed, as a clause.</param>
/// <param name="From">Null: there was no path in use.</param>
public sealed record HandoverRecord(long Id, long Event, string Peer, DateTimeOffset At, HandoverCause Cause, string Why, HandoverWay? From)
{
    /// <summary>Of a tunnel with a coordinator or relay.</summary>
    public bool IsServer { get; init; }

    /// <summary>The uplink was taken away by a drill.</summary>
    public bool IsDrill { get; init; }

    /// <summary>Null: nothing was decided.</summary>
    public HandoverWay? To { get; init; }

    /// <summary>Why that path, as a clause.</summary>
    public string? Reason { get; init; }

    /// <summary>Paths that were decided on, one after the other; the last is <see cref="To"/>.</summary>
    public int Moves { get; init; }

    /// <summary>The first decision.</summary>
    public double? DecidedMs { get; init; }

    /// <summary>The last one, where there were several.</summary>
    public double? LastDecidedMs { get; init; }

    /// <summary>First packet out on another path than <see cref="From"/>; before the decision where it went on both. Null: nothing was sent there.</summary>
    public double? FirstOutMs { get; init; }

    /// <summary>First datagram of the peer's that came by a path on which something had gone out.</summary>
    public double? FirstBackMs { get; init; }

    /// <summary>Longest time without anything of the peer, ms, from the last thing heard before it was noticed; where nothing was being said, from when it was noticed.</summary>
    public double GapMs { get; init; }

    /// <summary>Packets sent again on the new path.</summary>
    public long SentAgain { get; init; }

    public HandoverCounts Counts { get; init; }

    public HandoverEnd End { get; init; }
}
