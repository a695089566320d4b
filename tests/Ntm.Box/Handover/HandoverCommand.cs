using System.CommandLine;
using System.Globalization;
using Ntm.Simulation;

namespace Ntm.Box.Handover;

/// <summary>`ntm-box handover`: what a change of network costs what is under way (docs/handover.md).</summary>
internal static class HandoverCommand
{
    private const int DefaultRounds = 5, MostRounds = 100;

    public static Command Make()
    {
        var simulated = new Option<bool>("--simulated") { Description = "Only the simulated ones, which need no privileges" };
        var only = new Option<string?>("--rows") { Description = $"Only these, with commas between: {Keys}", HelpName = "ROWS" };
        var rounds = new Option<int>("--rounds") { Description = "Rounds of each row", DefaultValueFactory = _ => DefaultRounds };
        var rate = new Option<string>("--rate") { Description = "The stream each way, with commas between: 500 (packets a second), so many Mb/s as 100M, max (the fastest that the box carries)", DefaultValueFactory = _ => "500,100M,max" };
        var write = new Option<FileInfo?>("--write") { Description = "Write the table into this document's section for it", HelpName = "FILE" };
        var hold = new Option<bool>("--hold") { Description = "After a failure wait for Ctrl-C, so that one can look around, before removing everything" };
        var logs = new Option<string?>("--logs") { Description = "Copy the logs of all programs there at the end", HelpName = "DIR" };
        only.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<string?>() is { } names && Rows(names) is null)
            {
                r.AddError($"--rows takes some of: {Keys}.");
            }
        });
        rounds.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is < 1 or > MostRounds)
            {
                r.AddError($"--rounds takes 1 to {MostRounds}.");
            }
        });
        rate.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<string>() is { } rates && Rates(rates) is null)
            {
                r.AddError("--rate takes some of 500, so many Mb/s (1M to 2000M), and max, with commas between.");
            }
        });
        write.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<FileInfo?>() is { Exists: false } missing)
            {
                r.AddError($"There is no document {missing}.");
            }
        });
        var handover = new Command("handover", "What a change of network costs: each event of the table, beside its goal") { simulated, only, rounds, rate, write, hold, logs };
        handover.SetAction(p => p.GetValue(simulated) ? Task.FromResult(Simulated(p.GetValue(write))) : BoxCommand.InBoxAsync(needsPrograms: true, p.GetValue(hold), p.GetValue(logs), async (copy, programs, tell, stop) =>
        {
            var (rows, declares) = p.GetValue(only) is { } names ? Rows(names)!.Value : (HandoverRows.All, true);
            using var table = new HandoverTable(copy, programs, rows, Rates(p.GetValue(rate)!)!, declares, p.GetValue(rounds), tell, stop);
            var text = await table.RunAsync();
            if (p.GetValue(write) is { } page)
            {
                await File.WriteAllTextAsync(page.FullName, HandoverPage.With(await File.ReadAllTextAsync(page.FullName, stop), text), stop);
            }

            return BoxCommand.Worked;
        }));
        return handover;
    }

    private static int Simulated(FileInfo? page)
    {
        var text = MovesGrid.Text(MovesGrid.Measure());
        Console.Out.Write(text);
        if (page is not null)
        {
            File.WriteAllText(page.FullName, MovesGrid.With(File.ReadAllText(page.FullName), text));
        }

        return BoxCommand.Worked;
    }

    private static string Keys => string.Join(", ", HandoverRows.All.Select(r => r.Key).Append(Declared.Key));

    private static (IReadOnlyList<HandoverRow> Rows, bool Declares)? Rows(string names)
    {
        var keys = names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return keys.Length > 0 && keys.All(k => k == Declared.Key || HandoverRows.All.Any(r => r.Key == k))
            ? ([.. HandoverRows.All.Where(r => keys.Contains(r.Key))], keys.Contains(Declared.Key))
            : null;
    }

    /// <returns>A null among them: the fastest. Null: not to be understood.</returns>
    private static List<StreamRate?>? Rates(string rates)
    {
        var found = new List<StreamRate?>();
        foreach (var rate in rates.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (rate == "500")
            {
                found.Add(StreamRate.Slow);
            }
            else if (rate == "max")
            {
                found.Add(null);
            }
            else if (rate.EndsWith('M') && int.TryParse(rate[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var megabits) && megabits is >= 1 and <= 2000)
            {
                found.Add(StreamRate.Of(megabits));
            }
            else
            {
                return null;
            }
        }

        return found.Count > 0 ? found : null;
    }
}
