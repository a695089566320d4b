using System.Globalization;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Measurements;

namespace Ntm.Benchmarks;

/// <summary>What `path` was asked for.</summary>
internal sealed class PathOptions
{
    public const string Usage = """
        path                     measure whole paths, side by side with others; needs root
          --rounds N             interleaved rounds, 5 unless told
          --seconds N            of each measurement, 4 unless told
          --quick                one round of a second each, over the wire with offloads: some two minutes
          --only A,B             these contestants: ours, ours-aes, ours-aes-instructions, homes, null, wireguard-go, nebula, openvpn, tinc, plain
          --without A,B          all but these
          --measure A,B          these measurements: tcp, packets, idle, loaded, mixed
          --wire SETTING         offloads, single (frames), or both, which it is unless told
          --wireguard-go PROGRAM which wireguard-go (a name or a path; may be repeated), "wireguard-go" unless told
          --profile              say where the time goes as well (needs perf)
          --write FILE           put the report into this page
        """;

    private readonly List<string> _wireGuards = [];
    private string[] _only = [];
    private string[] _without = [];
    private string[] _measure = [];

    private PathOptions(IReadOnlyList<string> words) => Words = words;

    public IReadOnlyList<string> Words { get; }

    public int Rounds { get; private set; } = 5;

    public TimeSpan Duration { get; private set; } = TimeSpan.FromSeconds(4);

    public IReadOnlyList<WireSetting> Settings { get; private set; } = [WireSetting.Offloads, WireSetting.SingleFrames];

    public bool Profile { get; private set; }

    public string? Page { get; private set; }

    public IReadOnlyList<string> WireGuards => _wireGuards.Count > 0 ? _wireGuards : ["wireguard-go"];

    public IReadOnlyList<Entry> Entries => [.. Roster.All(WireGuards).Where(entry => (_only.Length == 0 || _only.Contains(entry.Key)) && !_without.Contains(entry.Key))];

    public IReadOnlyList<Measurement> Measurements => [.. Measurement.All.Where(measurement => _measure.Length == 0 || _measure.Contains(measurement.Key))];

    /// <returns>Null where something is not understood.</returns>
    public static PathOptions? Read(IReadOnlyList<string> words)
    {
        var options = new PathOptions(words);
        for (var i = 0; i < words.Count; i++)
        {
            if (options.TakeFlag(words[i]))
            {
                continue;
            }

            if (++i == words.Count || !options.Take(words[i - 1], words[i]))
            {
                return null;
            }
        }

        return options;
    }

    private bool TakeFlag(string word)
    {
        switch (word)
        {
            case "--quick":
                (Rounds, Duration, Settings) = (1, TimeSpan.FromSeconds(1), [WireSetting.Offloads]);
                return true;
            case "--profile":
                return Profile = true;
            default:
                return false;
        }
    }

    private bool Take(string word, string value)
    {
        switch (word)
        {
            case "--rounds" when TryNumber(value, out var rounds):
                Rounds = rounds;
                return true;
            case "--seconds" when TryNumber(value, out var seconds):
                Duration = TimeSpan.FromSeconds(seconds);
                return true;
            case "--only" when TryList(value, Roster.All([""]).Select(entry => entry.Key), out _only):
            case "--without" when TryList(value, Roster.All([""]).Select(entry => entry.Key), out _without):
            case "--measure" when TryList(value, Measurement.All.Select(measurement => measurement.Key), out _measure):
                return true;
            case "--wire" when value is "offloads" or "single" or "both":
                Settings = value switch
                {
                    "offloads" => [WireSetting.Offloads],
                    "single" => [WireSetting.SingleFrames],
                    _ => [WireSetting.Offloads, WireSetting.SingleFrames],
                };
                return true;
            case "--wireguard-go" when value.Length > 0:
                _wireGuards.Add(value);
                return true;
            case "--write" when value.Length > 0:
                Page = value;
                return true;
            default:
                return false;
        }
    }

    private static bool TryNumber(string value, out int number) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;

    private static bool TryList(string value, IEnumerable<string> known, out string[] list)
    {
        list = value.Split(',', StringSplitOptions.RemoveEmptyEntries);
        return list.Length > 0 && list.All(known.ToHashSet().Contains);
    }
}
