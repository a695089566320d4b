namespace Ntm.Signalling;

/// <summary>How long a party waits before it registers or announces itself again after a failure: 1, 2, 4 ... 30 s (docs/protocol.md appendix A.3).</summary>
public static class RetryPause
{
    private const int LongestSeconds = 30;

    /// <param name="failures">In a row before this one, 0 or more.</param>
    public static TimeSpan After(int failures) => TimeSpan.FromSeconds(Math.Min(1 << Math.Min(failures, 5), LongestSeconds));
}
