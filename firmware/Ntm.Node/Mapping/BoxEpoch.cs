namespace Ntm.Node.Mapping;

/// <summary>
/// Whether a box has lost its mappings, by the seconds that it says it has had them (RFC 6886 section 3.6, RFC 6887 section 8.5). A value: it remembers the
/// latest word and when it came.
/// </summary>
internal readonly record struct BoxEpoch(uint Seconds, TimeSpan HeardAt, bool IsKnown)
{
    private const double Slack = 2;

    public static BoxEpoch Of(TimeSpan now, uint seconds) => new(seconds, now, true);

    /// <summary>Whether the box has its mappings since no longer than the comparison of two words can tell apart.</summary>
    public static bool IsFresh(uint seconds) => seconds <= Slack;

    /// <summary>Whether this word cannot come from a box that kept its mappings since the one before. Nothing known before: false.</summary>
    public bool IsBrokenBy(TimeSpan now, uint seconds)
    {
        if (!IsKnown)
        {
            return false;
        }

        // RFC 6887's, which is the stricter: one second back may be rounding; else both clocks must have gone on alike, to 1/16.
        if ((long)seconds < (long)Seconds - 1)
        {
            return true;
        }

        var ours = (now - HeardAt).TotalSeconds;
        var theirs = (double)seconds - Seconds;
        return ours + Slack < theirs - (theirs / 16) || theirs + Slack < ours - (ours / 16);
    }
}
