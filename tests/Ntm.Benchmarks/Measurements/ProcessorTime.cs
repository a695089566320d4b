using System.Diagnostics;
using System.Globalization;
using Ntm.Benchmarks.Contestants;

namespace Ntm.Benchmarks.Measurements;

/// <summary>What the processors did since some moment: for a contestant's ends, and in all.</summary>
internal sealed class ProcessorTime(Contestant contestant)
{
    private const double TicksPerSecond = 100; // USER_HZ

    private readonly double _ends = OfEnds(contestant);
    private readonly double _machine = OfMachine(File.ReadLines("/proc/stat").First());

    /// <summary>Processor seconds of both ends' processes.</summary>
    public double Ends => OfEnds(contestant) - _ends;

    /// <summary>Seconds in which processors of this machine were busy, with whatever: the kernel's own work and the two ends of the test are in it.</summary>
    public double Machine => OfMachine(File.ReadLines("/proc/stat").First()) - _machine;

    /// <param name="line">The first of /proc/stat (proc(5)): user, nice, system, idle, iowait, irq, softirq, steal, ...</param>
    public static double OfMachine(string line)
    {
        var ticks = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(word => double.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / TicksPerSecond;
    }

    private static double OfEnds(Contestant contestant) => contestant.Ends.Sum(id =>
    {
        using var process = Process.GetProcessById(id);
        return process.TotalProcessorTime.TotalSeconds;
    });
}
