using Ntm.Protocol;

namespace Ntm.Node.Paths.Hard;

/// <summary>What trials with one peer came to, and when the next may be.</summary>
public sealed class ProbeHistory
{
    /// <summary>The other node's clock and ours need not agree to the second.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    /// <summary>Trials since the last that met something.</summary>
    public int Failures { get; private set; }

    public TimeSpan NextAt { get; private set; }

    /// <summary>Why there is no direct path, for people; null: nothing is known against one.</summary>
    public string? Reason { get; set; }

    /// <summary>Whether the other node may ask for a trial now.</summary>
    public bool MayAsk(TimeSpan now) => now >= NextAt - Slack;

    public void Postpone(TimeSpan at) => NextAt = at > NextAt ? at : NextAt;

    public void Succeeded(TimeSpan now) => (Failures, NextAt, Reason) = (0, now + Limits.ProbeAgainFirst, null);

    /// <param name="least">Not before: the budget is spent until then.</param>
    /// <returns>How long until the next.</returns>
    public TimeSpan Failed(TimeSpan now, TimeSpan least = default)
    {
        var pause = PauseAfter(++Failures);
        pause = pause > least ? pause : least;
        NextAt = now + pause;
        return pause;
    }

    /// <summary>Pure.</summary>
    public static TimeSpan PauseAfter(int failures)
    {
        if (failures < 2)
        {
            return Limits.ProbeAgainFirst;
        }

        var pause = Limits.ProbeAgain;
        for (var n = 2; n < failures && pause < Limits.ProbeAgainMost; n++)
        {
            pause *= 2;
        }

        return pause;
    }
}
