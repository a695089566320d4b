using System.Globalization;

namespace Ntm.Benchmarks.Measurements;

/// <summary>Resident memory of a process (proc_pid_status(5)), MB.</summary>
internal static class ResidentMemory
{
    /// <returns>What it has now, and the most it ever had.</returns>
    public static (double Now, double Most) Of(int process)
    {
        var lines = File.ReadAllLines($"/proc/{process}/status");
        double Read(string key) => long.Parse(lines.First(line => line.StartsWith(key, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
        return (Read("VmRSS:"), Read("VmHWM:"));
    }
}
