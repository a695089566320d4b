using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>Simulated time: moves only when the world's event loop moves it.</summary>
public sealed class SimClock
{
    /// <summary>Wall time at the world's beginning.</summary>
    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Time since the world began.</summary>
    public TimeSpan Elapsed { get; private set; }

    /// <summary>What a host that booted <paramref name="sinceBoot"/> before the world began, with a wall clock that is off, calls now.</summary>
    public Now Read(TimeSpan sinceBoot, TimeSpan wallSkew) => new(Elapsed + sinceBoot, Epoch + Elapsed + wallSkew);

    internal void AdvanceTo(TimeSpan elapsed)
    {
        if (elapsed < Elapsed)
        {
            throw new InvalidOperationException($"Simulated time would run backwards, from {Elapsed} to {elapsed}.");
        }

        Elapsed = elapsed;
    }
}
