using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>The two times a core is handed: CLOCK_BOOTTIME, which counts suspend and cannot be set, and the wall clock.</summary>
public static class BootClock
{
    public static Now Now => new(Boot, DateTimeOffset.UtcNow);

    /// <summary>Time since boot, to 100 ns.</summary>
    public static unsafe TimeSpan Boot
    {
        get
        {
            Libc.TimeSpec time;
            _ = Libc.ClockGetTime(Libc.CLOCK_BOOTTIME, &time); // cannot fail: the clock exists since Linux 2.6.39
            return new TimeSpan((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / TimeSpan.NanosecondsPerTick));
        }
    }
}
