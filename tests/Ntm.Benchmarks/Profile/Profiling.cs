using System.Diagnostics;
using System.Globalization;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Measurements;
using Ntm.Benchmarks.Report;

namespace Ntm.Benchmarks.Profile;

/// <summary>Where our ends' processor time goes while a TCP stream fills the path, by perf.</summary>
internal static class Profiling
{
    // Code is compiled for good only after it has run for a while.
    private static readonly TimeSpan Warmth = TimeSpan.FromSeconds(6);

    private const int SamplesPerSecond = 997, Symbols = 15;

    public static Section Measure(Belongings belongings, PathOptions options)
    {
        var section = new Section("Where the time goes");
        var ours = Roster.All(options.WireGuards, profiled: true).Where(entry => entry.IsOurs && options.Entries.Any(chosen => chosen.Key == entry.Key)).ToList();
        if (new Entry("perf", ["perf"], _ => []).Missing().Count > 0)
        {
            return section.Say("Not measured: perf is not installed (Debian: linux-perf).");
        }

        section.Say(Text($"""
            Processor time of both ends' processes while one TCP stream fills the wire with offloads, by perf ({SamplesPerSecond} samples a second). What the kernel does for them in their name is in it, what it does elsewhere is not.
            *Our code* is all of the program's own but the cipher, the framework's methods that it calls and the C library are in *.NET*, also where libcrypto calls
            the latter (its lookups by name, strcmp).
            """));
        var shares = new Table("", "cipher", "kernel", "our code", ".NET", "other");
        var most = new List<(string Name, ProfileShares Shares)>();
        foreach (var contestant in ours.SelectMany(entry => entry.Make(belongings)))
        {
            Iperf.Run(contestant, Warmth, 1);
            if (Record(contestant, belongings.Folder(), options.Duration) is not { Count: > 0 } found)
            {
                return section.Say("Not measured: perf could take no samples here.");
            }

            shares.Add([contestant.Name, .. Enum.GetValues<ProfileGroup>().Select(group => Text($"{found[group] * 100:0} %"))]);
            most.Add((contestant.Name, found));
        }

        section.Show(shares);
        foreach (var (name, found) in most)
        {
            var table = new Table(name, "in", "of all");
            foreach (var (group, symbol, share) in found.Most(Symbols))
            {
                table.Add($"`{symbol}`", Show(group), Text($"{share * 100:0.0} %"));
            }

            section.Head($"Most time, {name}").Show(table);
        }

        return section;
    }

    private static ProfileShares? Record(Contestant contestant, string folder, TimeSpan duration)
    {
        var seconds = Text($"{duration.TotalSeconds:0}");
        var bulk = Task.Run(() => Iperf.Run(contestant, duration + TimeSpan.FromSeconds(1), 1));
        var recorded = Perf($"record -q -F {SamplesPerSecond} -p {string.Join(',', contestant.Ends)} -o {folder}/perf.data -- sleep {seconds}");
        bulk.GetAwaiter().GetResult();
        return recorded is null || Perf($"script -i {folder}/perf.data -F ip,sym,dso") is not { } script ? null : new ProfileShares(script.Split('\n'));
    }

    /// <returns>What it printed; null: it failed.</returns>
    private static string? Perf(string arguments)
    {
        using var perf = Process.Start(new ProcessStartInfo("perf", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = perf.StandardError.ReadToEndAsync();
        var output = perf.StandardOutput.ReadToEnd();
        perf.WaitForExit();
        if (perf.ExitCode != 0)
        {
            Console.Error.WriteLine($"perf {arguments}: {errors.GetAwaiter().GetResult()}");
        }

        return perf.ExitCode == 0 ? output : null;
    }

    private static string Show(ProfileGroup group) => group switch
    {
        ProfileGroup.Cipher => "cipher",
        ProfileGroup.Kernel => "kernel",
        ProfileGroup.OurCode => "our code",
        ProfileGroup.Runtime => ".NET",
        _ => "other",
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
