using System.Globalization;
using System.Runtime.InteropServices;

namespace Ntm.Benchmarks.Report;

/// <summary>What a run was made on, in a line for a page's reader.</summary>
internal static class Machine
{
    public static string Describe()
    {
        var processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
        var isVirtual = File.ReadLines("/proc/cpuinfo").Any(line => line.StartsWith("flags", StringComparison.Ordinal) && line.Contains(" hypervisor", StringComparison.Ordinal));
        return string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores of {processor}{(isVirtual ? " (a virtual machine)" : "")}, ")
            + $"Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}, {RuntimeInformation.FrameworkDescription}";
    }

    /// <summary>How a command of this program is typed.</summary>
    public static string Command(params IEnumerable<string> words) => $"dotnet run -c Release --project tests/Ntm.Benchmarks -- {string.Join(' ', words)}";

    /// <summary>Processes that wanted to run in the last minute, on average (proc_loadavg(5)).</summary>
    public static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    public static string Today() => DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
