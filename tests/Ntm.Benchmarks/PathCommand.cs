using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
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
        var leftOut = new List<string>();
        var contestants = options.Entries.SelectMany(entry => Begin(entry, belongings, leftOut)).ToList();
        if (contestants.Count == 0)
        {
            Console.Error.WriteLine("Nobody is left to be measured.");
            return 1;
        }

        var (figures, names) = (new Figures(), contestants.Select(contestant => contestant.Name).ToList());
        Warm(contestants);
        for (var round = 1; round <= options.Rounds; round++)
        {
            Measure(options, contestants, round, figures, leftOut);
        }

        var memory = contestants.Where(contestant => contestant.Ends.Count > 0).ToDictionary(contestant => contestant.Name, contestant => ResidentMemory.Of(contestant.Ends[0]));
        belongings.Clear();

        var sections = new PathReport(options, names, figures, memory).Sections(load, leftOut);
        Page.Publish(options.Page, [.. options.Profile ? sections.Append(Profiling.Measure(belongings, options)) : sections]);
        return 0;
    }

    private static IReadOnlyList<Contestant> Begin(Entry entry, Belongings belongings, List<string> leftOut)
    {
        var reason = entry.Missing() is { Count: > 0 } missing ? $"{string.Join(" and ", missing.Select(Path.GetFileName))} cannot be found." : null;
        try
        {
            if (reason is null)
            {
                return entry.Make(belongings);
            }
        }
        catch (Exception e) when (!entry.IsOurs && (e is InvalidOperationException or TimeoutException))
        {
            Console.WriteLine(e.Message);
            reason = "it did not start.";
        }

        leftOut.Add($"{entry.Key} is left out: {reason}");
        Console.WriteLine(leftOut[^1]);
        return [];
    }

    // Code is compiled for good only after it has run for a while; and paths are found.
    private static void Warm(IReadOnlyList<Contestant> contestants)
    {
        foreach (var contestant in contestants)
        {
            Try(() => Iperf.Run(contestant, TimeSpan.FromSeconds(2), 1));
            using var stream = new Measurements.Stream(contestant);
            stream.Send(20_000, TimeSpan.FromSeconds(0.5));
        }
    }

    private static void Measure(PathOptions options, List<Contestant> contestants, int round, Figures figures, List<string> leftOut)
    {
        foreach (var setting in options.Settings)
        {
            foreach (var measurement in options.Measurements.Where(m => m.EachSetting || setting == options.Settings[^1]))
            {
                foreach (var contestant in contestants.ToList())
                {
                    contestant.Wire.Set(setting);
                    if (!Try(() => measurement.Round(contestant, setting, options.Duration, figures)) && !Try(() => measurement.Round(contestant, setting, options.Duration, figures)))
                    {
                        contestants.Remove(contestant);
                        leftOut.Add($"{contestant.Name} is left out from round {round} on: it failed.");
                        Console.WriteLine(leftOut[^1]);
                    }
                }

                var now = contestants.Select(contestant => (contestant.Name, Sample: figures[contestant.Name, setting, measurement.Shown])).Where(pair => pair.Sample.Count > 0)
                    .Select(pair => $"{pair.Name} {pair.Sample.Last.ToString("0.00", CultureInfo.InvariantCulture)}");
                Console.WriteLine($"round {round}, {PathReport.Name(setting)}, {measurement.Key}: {string.Join(" · ", now)}");
            }
        }
    }

    private static bool Try(Action measure)
    {
        try
        {
            measure();
            return true;
        }
        catch (Exception e) when (e is InvalidOperationException or TimeoutException or JsonException or SocketException)
        {
            Console.WriteLine(e.Message);
            return false;
        }
    }
}
