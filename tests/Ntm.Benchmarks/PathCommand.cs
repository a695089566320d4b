using System.Globalization;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Measurements;
using Ntm.Benchmarks.Profile;
using Ntm.Benchmarks.Report;
using Ntm.Linux;

namespace Ntm.Benchmarks;

/// <summary>
/// Whole paths side by side on this machine: both ends, both tunnels' processes and both ends of the test share its processors. In each round every contestant
/// is measured, one after the other, so that what else the machine does falls on all alike.
/// </summary>
internal static class PathCommand
{
    public static int Run(string[] words)
    {
        if (PathOptions.Read(words) is not { } options)
        {
            Console.Error.WriteLine(PathOptions.Usage);
            return 2;
        }

        var missing = Preflight.Missing(Need.Administration | Need.Tun | Need.IPv6 | Need.NetworkNamespaces);
        if (missing.Count > 0)
        {
            Console.Error.WriteLine(string.Join('\n', missing));
            return 1;
        }

        var load = Machine.Load();
        using var belongings = new Belongings();
        var contestants = options.Entries.SelectMany(entry => Begin(entry, belongings)).ToList();
        if (contestants.Count == 0)
        {
            Console.Error.WriteLine("Nobody is left to be measured.");
            return 1;
        }

        var figures = new Figures();
        Warm(contestants);
        for (var round = 1; round <= options.Rounds; round++)
        {
            Measure(options, contestants, round, figures);
        }

        var memory = contestants.Where(contestant => contestant.Ends.Count > 0).ToDictionary(contestant => contestant.Name, contestant => ResidentMemory.Of(contestant.Ends[0]));
        belongings.Clear();

        var report = new PathReport(options, [.. contestants.Select(contestant => contestant.Name)], figures, memory);
        var sections = report.Sections(load);
        Page.Publish(options.Page, [.. options.Profile ? sections.Append(Profiling.Measure(belongings, options)) : sections]);
        return 0;
    }

    private static IReadOnlyList<Contestant> Begin(Entry entry, Belongings belongings)
    {
        if (entry.Missing() is { Count: > 0 } missing)
        {
            Console.WriteLine($"{entry.Key} is left out: {string.Join(" and ", missing)} cannot be found.");
            return [];
        }

        try
        {
            return entry.Make(belongings);
        }
        catch (Exception e) when (!entry.IsOurs && e is InvalidOperationException or TimeoutException)
        {
            Console.WriteLine($"{entry.Key} is left out: {e.Message}");
            return [];
        }
    }

    // Code is compiled for good only after it has run for a while; and paths are found.
    private static void Warm(IReadOnlyList<Contestant> contestants)
    {
        foreach (var contestant in contestants)
        {
            Iperf.Run(contestant, TimeSpan.FromSeconds(2), 1);
            using var stream = new Measurements.Stream(contestant);
            stream.Send(20_000, TimeSpan.FromSeconds(0.5));
        }
    }

    private static void Measure(PathOptions options, IReadOnlyList<Contestant> contestants, int round, Figures figures)
    {
        foreach (var setting in options.Settings)
        {
            foreach (var measurement in options.Measurements.Where(m => m.EachSetting || setting == options.Settings[^1]))
            {
                foreach (var contestant in contestants)
                {
                    contestant.Wire.Set(setting);
                    measurement.Round(contestant, setting, options.Duration, figures);
                }

                var now = string.Join(" · ", contestants.Select(contestant => $"{contestant.Name} {figures[contestant.Name, setting, measurement.Shown].Last.ToString("0.00", CultureInfo.InvariantCulture)}"));
                Console.WriteLine($"round {round}, {PathReport.Name(setting)}, {measurement.Key}: {now}");
            }
        }
    }
}
