using Ntm.Protocol;

namespace Ntm.Node.Sharing;

/// <summary>
/// The time by which shares expire: the wall clock, or where that is evidently unset (a Pi at power-on) what the stored handshake mark says it must be at
/// least, so that pulling the plug makes no expired share good again.
/// </summary>
public static class GrantClock
{
    private static readonly DateTimeOffset Plausible = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="mark">The tunnel table's timestamp mark, nanoseconds since 1970; it runs ahead of use by a block.</param>
    public static DateTimeOffset Read(Now now, ulong mark)
    {
        if (now.Wall >= Plausible)
        {
            return now.Wall;
        }

        var kept = DateTimeOffset.UnixEpoch + TimeSpan.FromTicks((long)Math.Min(mark / 100, long.MaxValue / 2)) - Limits.TimestampBlock;
        return kept > now.Wall ? kept : now.Wall;
    }
}
