using System.Globalization;
using Ntm.Linux;

namespace Ntm.Benchmarks;

/// <summary>
/// TCP throughput of one stream through our tunnel against wireguard-go's, side by side on this machine: both ends, both tunnels' processes and both
/// ends of the test share its processors. Rounds are interleaved, so that what else the machine does falls on all alike; medians are compared.
/// </summary>
internal static class PathBenchmark
{
    public const string Usage = """
        path [--rounds N] [--seconds N] [--streams N] [--wireguard-go PROGRAM]... [--devices] [--alone] [--single-frames]
          --rounds         interleaved rounds, 5 unless told
          --seconds        of each measurement, 5 unless told
          --streams        TCP streams at once, 1 unless told
          --devices        LAN devices behind both ends as well, over IPv4 (translated) and IPv6
          --alone          ours only: for comparing builds
          --wireguard-go   which wireguard-go to compare with (a name or a path; may be repeated), "wireguard-go" unless told
          --single-frames  switch the wire's segmentation offloads off, as between network cards (needs ethtool)
        """;

    public static int Run(string[] options)
    {
        if (!TryRead(options, out var rounds, out var seconds, out var streams, out var programs, out var devices, out var alone, out var singleFrames))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        var missing = Preflight.Missing(Need.Administration | Need.Tun | Need.IPv6 | Need.NetworkNamespaces);
        if (missing.Count > 0)
        {
            Console.Error.WriteLine(string.Join('\n', missing));
            return 1;
        }

        var contestants = new List<Contestant>();
        try
        {
            contestants.Add(Contestant.Ours(singleFrames));
            if (devices)
            {
                contestants.Add(Contestant.Homes(translated: true, singleFrames));
                contestants.Add(Contestant.Homes(translated: false, singleFrames));
            }

            if (!alone)
            {
                contestants.AddRange(programs.Select(program => Contestant.WireGuard(program, singleFrames)));
                contestants.Add(Contestant.Plain(singleFrames));
            }

            for (var round = 1; round <= rounds; round++)
            {
                contestants.ForEach(c => c.Round(seconds, streams));
                Console.WriteLine($"round {round}: " + string.Join(" · ", contestants.Select(c => Show($"{c.Name} {c.Rounds[^1]:0.00}"))));
            }

            Report(contestants, streams);
            return 0;
        }
        finally
        {
            contestants.ForEach(c => c.Dispose());
        }
    }

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static void Report(List<Contestant> contestants, int streams)
    {
        var ours = Median(contestants[0].Rounds);
        Console.WriteLine($"TCP, {streams} stream{(streams == 1 ? "" : "s")}, MTU 1420 inside: median Gb/s (lowest-highest) · ratio ours : theirs · processor seconds of both ends per GB");
        foreach (var c in contestants)
        {
            var median = Median(c.Rounds);
            Console.WriteLine(Show($"{c.Name,-28} {median:0.00} ({c.Rounds.Min():0.00}-{c.Rounds.Max():0.00}) · {ours / median:0.00} · {Median(c.SecondsPerGigabyte):0.0}"));
        }
    }

    private static string Show(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static bool TryRead(string[] options, out int rounds, out int seconds, out int streams, out List<string> programs, out bool devices, out bool alone, out bool singleFrames)
    {
        (rounds, seconds, streams, programs, devices, alone, singleFrames) = (5, 5, 1, [], false, false, false);
        for (var i = 0; i < options.Length; i++)
        {
            var value = i + 1 < options.Length ? options[i + 1] : "";
            switch (options[i])
            {
                case "--single-frames":
                    singleFrames = true;
                    continue;
                case "--alone":
                    alone = true;
                    continue;
                case "--devices":
                    devices = true;
                    continue;
                case "--rounds" when int.TryParse(value, out rounds) && rounds > 0:
                case "--streams" when int.TryParse(value, out streams) && streams > 0:
                case "--seconds" when int.TryParse(value, out seconds) && seconds > 0:
                    break;
                case "--wireguard-go" when value.Length > 0:
                    programs.Add(value);
                    break;
                default:
                    return false;
            }

            i++;
        }

        if (programs.Count == 0)
        {
            programs.Add("wireguard-go");
        }

        return true;
    }
}
