namespace Ntm.Box.Handover;

/// <summary>What became of a stream in one direction.</summary>
/// <param name="Sent">Packets sent.</param>
/// <param name="Lost">That never came.</param>
/// <param name="Twice">That came again.</param>
/// <param name="Late">That came behind a later one.</param>
/// <param name="Gap">The longest time between two new ones.</param>
/// <param name="Oldest">The longest time a packet was under way.</param>
/// <param name="GapAt">When the longest gap began, in nanoseconds of the monotonic clock.</param>
internal readonly record struct StreamReading(int Sent, int Lost, int Twice, int Late, TimeSpan Gap, TimeSpan Oldest, long GapAt)
{
    /// <summary>Both directions: what was lost in either, and the worse of what takes time.</summary>
    public static StreamReading operator +(StreamReading a, StreamReading b) =>
        new(
            a.Sent + b.Sent, a.Lost + b.Lost, a.Twice + b.Twice, a.Late + b.Late, a.Gap > b.Gap ? a.Gap : b.Gap, a.Oldest > b.Oldest ? a.Oldest : b.Oldest, a.Gap > b.Gap ? a.GapAt : b.GapAt);
}
