using System.Diagnostics;

namespace Ntm.Box.Links;

/// <summary>Threads that play wires and clocks: they come before the programs that are measured, as a wire does, however busy the machine is.</summary>
internal static unsafe class Promptness
{
    private const int ThisThread = 0, OfProcess = 0, Sooner = -15, TimerSlack = 29, Monotonic = 1, Absolute = 1; // sys/resource.h, sys/prctl.h, time.h

    /// <summary>The calling thread goes first, and its sleeps end to the microsecond. It needs root; without, it is as all others.</summary>
    public static void Claim()
    {
        _ = TapNative.SetPriority(OfProcess, ThisThread, Sooner);
        _ = TapNative.Control(TimerSlack, 1_000, 0, 0, 0);
    }

    /// <summary>Sleeps until a time of <see cref="Now"/>.</summary>
    public static void SleepUntil(long nanoseconds)
    {
        var until = new TapNative.TimeSpec { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
        while (TapNative.SleepUntil(Monotonic, Absolute, &until, null) == 4 && Now() < nanoseconds)
        {
            // Interrupted by a signal: it goes on sleeping.
        }
    }

    /// <summary>Nanoseconds of the monotonic clock, which the stopwatch reads on Linux.</summary>
    public static long Now() => Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);
}
