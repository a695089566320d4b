using System.Globalization;
using System.Text.Json;
using Ntm.Benchmarks.Contestants;

namespace Ntm.Benchmarks.Measurements;

/// <summary>TCP through a contestant, as fast as it goes, by iperf3.</summary>
internal static class Iperf
{
    /// <returns>What arrived.</returns>
    /// <exception cref="InvalidOperationException">iperf3 failed; with what it said.</exception>
    public static (double Gigabits, double Gigabytes) Run(Contestant contestant, TimeSpan duration, int streams)
    {
        var seconds = Math.Max(1, (int)Math.Round(duration.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        using var result = JsonDocument.Parse(contestant.From.Run($"iperf3 -c {contestant.Target} -t {seconds} -P {streams} -J", duration + TimeSpan.FromSeconds(30)));
        if (!result.RootElement.TryGetProperty("end", out var end) || !end.TryGetProperty("sum_received", out var sum))
        {
            throw new InvalidOperationException($"iperf3 through {contestant.Name}: {(result.RootElement.TryGetProperty("error", out var error) ? error.GetString() : "no result")}.");
        }

        return (sum.GetProperty("bits_per_second").GetDouble() / 1e9, sum.GetProperty("bytes").GetDouble() / 1e9);
    }
}
