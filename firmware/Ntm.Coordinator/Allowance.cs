namespace Ntm.Coordinator;

/// <summary>How much one may ask for: some at once, and so many a second.</summary>
internal sealed class Allowance(int perSecond, int atOnce)
{
    private double _left = atOnce;
    private TimeSpan _reckonedAt;

    /// <summary>Takes one, where there is one.</summary>
    /// <param name="now">Boot time.</param>
    public bool TrySpend(TimeSpan now)
    {
        _left = Math.Min(atOnce, _left + ((now - _reckonedAt).TotalSeconds * perSecond));
        _reckonedAt = now;
        if (_left < 1)
        {
            return false;
        }

        _left--;
        return true;
    }
}
