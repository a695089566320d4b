namespace Ntm.Node.Paths;

/// <summary>What is owed to a peer as <see cref="PathReports"/>, and how many of its reports may be taken.</summary>
public sealed class ReportDuty
{
    // One each 50 ms for two keys and their repeats, by two paths, and what a stall of a second lets through at once.
    private const int AtOnce = 128;
    private const int PerSecond = 128;

    private double _may = AtOnce;
    private TimeSpan _filled;

    /// <summary>Data came that no report has spoken of.</summary>
    public bool IsOwed { get; set; }

    /// <summary>Boot time at which that report is due.</summary>
    public TimeSpan At { get; set; }

    /// <summary>A time is set for it, for the report or for its repeat.</summary>
    public bool IsTimed { get; set; }

    /// <summary>Whether one more is looked at: each may cost a look at all that is kept.</summary>
    public bool TryTake(TimeSpan boot)
    {
        _may = Math.Min(AtOnce, _may + ((boot - _filled).TotalSeconds * PerSecond));
        _filled = boot;
        if (_may < 1)
        {
            return false;
        }

        _may--;
        return true;
    }
}
