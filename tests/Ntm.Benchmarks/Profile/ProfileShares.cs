using System.Text.RegularExpressions;

namespace Ntm.Benchmarks.Profile;

/// <summary>Samples of perf, sorted by whose code they were taken in.</summary>
internal sealed partial class ProfileShares
{
    private const string Unknown = "[unknown]";

    private readonly Dictionary<ProfileGroup, int> _groups = [];
    private readonly Dictionary<(ProfileGroup Group, string Symbol), int> _symbols = [];

    /// <param name="lines">Of `perf script -F ip,sym,dso`: address, symbol, and in brackets the file it is in.</param>
    public ProfileShares(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            if (Sample().Match(line) is { Success: true } sample)
            {
                var (symbol, file) = (sample.Groups[1].Value, sample.Groups[2].Value);
                var group = GroupOf(symbol, file);
                _groups[group] = _groups.GetValueOrDefault(group) + 1;
                var key = (group, symbol == Unknown ? Path.GetFileName(file) : Shorten(symbol));
                _symbols[key] = _symbols.GetValueOrDefault(key) + 1;
                Count++;
            }
        }
    }

    public int Count { get; private set; }

    /// <summary>0 to 1.</summary>
    public double this[ProfileGroup group] => Count == 0 ? 0 : (double)_groups.GetValueOrDefault(group) / Count;

    /// <summary>Where most samples were taken, with their parts of all.</summary>
    public IEnumerable<(ProfileGroup Group, string Symbol, double Share)> Most(int count) =>
        _symbols.OrderByDescending(pair => pair.Value).Take(count).Select(pair => (pair.Key.Group, pair.Key.Symbol, (double)pair.Value / Count));

    /// <param name="symbol">As perf has it; managed code is found by the map that .NET writes.</param>
    /// <param name="file">The library, "[kernel.kallsyms]", or the map.</param>
    public static ProfileGroup GroupOf(string symbol, string file) => file switch
    {
        _ when file.Contains("libcrypto", StringComparison.Ordinal) || symbol.Contains("[Ntm.Crypto]", StringComparison.Ordinal) => ProfileGroup.Cipher,
        _ when file.StartsWith("[kernel", StringComparison.Ordinal) || file.StartsWith("[guest.kernel", StringComparison.Ordinal) || file is "[vdso]" => ProfileGroup.Kernel,
        _ when symbol.Contains("[Ntm.", StringComparison.Ordinal) || symbol.Contains("[ntm-", StringComparison.Ordinal) => ProfileGroup.OurCode,
        _ when symbol.Contains("[System.", StringComparison.Ordinal) || symbol.Contains("[Microsoft.", StringComparison.Ordinal) || RuntimeFile().IsMatch(file) => ProfileGroup.Runtime,
        _ => ProfileGroup.Other,
    };

    // "void [Ntm.Linux] Ntm.Linux.Pump::Turn()[OptimizedTier1]" is Pump::Turn.
    private static string Shorten(string symbol) => Method().Match(symbol) is { Success: true } method ? method.Groups[1].Value : symbol;

    [GeneratedRegex(@"^\s*[0-9a-f]+\s+(.+?)\s+\(((?:/|\[|\S+$)[^()]*(?:\(deleted\))?)\)\s*$")]
    private static partial Regex Sample();

    [GeneratedRegex(@"\] (?:[\w.]+\.)?([\w<>`+]+::[^(\[]+)")]
    private static partial Regex Method();

    [GeneratedRegex(@"lib(coreclr|clrjit|clrgc|System\.[A-Za-z.]+|hostpolicy|hostfxr|c|pthread|stdc\+\+)[.\-]|\b(System|Microsoft)\.[A-Za-z.]+\.dll$|doublemapper|perf-\d+\.map|\bld-linux")]
    private static partial Regex RuntimeFile();
}
