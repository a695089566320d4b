using System.CommandLine;
using Ntm.Simulation;

namespace Ntm.Box.Grid;

/// <summary>`ntm-box grid`: every pair of network kinds, in simulated time and with real NATs (docs/connectivity.md).</summary>
internal static class GridCommand
{
    public static Command Make()
    {
        var simulated = new Option<bool>("--simulated") { Description = "Only the simulated one, which needs no privileges" };
        var real = new Option<bool>("--real") { Description = "Only the real one" };
        var kinds = new Option<string?>("--kinds") { Description = "Real: only pairs of these, by the names it prints, with commas between", HelpName = "NAMES" };
        var write = new Option<FileInfo?>("--write") { Description = "Write what is printed into this document's sections for it", HelpName = "FILE" };
        var hold = new Option<bool>("--hold") { Description = "After a failure wait for Ctrl-C, so that one can look around, before removing everything" };
        var logs = new Option<string?>("--logs") { Description = "Copy the logs of all programs there at the end", HelpName = "DIR" };
        kinds.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<string?>() is { } names && Read(names) is null)
            {
                r.AddError($"--kinds takes some of: {string.Join(", ", GridLand.Kinds.Select(k => k.Name()))}.");
            }
        });
        write.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<FileInfo?>() is { Exists: false } missing)
            {
                r.AddError($"There is no document {missing}.");
            }
        });
        var grid = new Command("grid", "Every pair of network kinds: direct or by the relay, why, and how soon; simulated, and then with real NATs") { simulated, real, kinds, write, hold, logs };
        grid.SetAction(async p =>
        {
            var page = p.GetValue(write);
            var (doSimulated, doReal) = (p.GetValue(simulated), p.GetValue(real));
            if (doSimulated || !doReal)
            {
                Simulated(page);
            }

            return doReal || !doSimulated
                ? await RealAsync(p.GetValue(kinds) is { } names ? Read(names)! : [.. GridLand.Kinds], page, p.GetValue(hold), p.GetValue(logs))
                : BoxCommand.Worked;
        });
        return grid;
    }

    private static void Simulated(FileInfo? page)
    {
        var text = GridText.Of(SimulatedGrid.Measure());
        Console.Out.Write(text);
        if (page is not null)
        {
            File.WriteAllText(page.FullName, GridPage.WithSimulated(File.ReadAllText(page.FullName), text));
        }
    }

    private static Task<int> RealAsync(List<NetworkKind> kinds, FileInfo? page, bool hold, string? logs) =>
        BoxCommand.InBoxAsync(needsPrograms: true, hold, logs, async (copy, programs, tell, stop) =>
        {
            using var grid = new RealGrid(copy, programs, kinds, tell, stop);
            var (text, asForetold) = await grid.RunAsync();
            if (page is not null)
            {
                await File.WriteAllTextAsync(page.FullName, GridPage.WithReal(await File.ReadAllTextAsync(page.FullName, stop), text), stop);
            }

            tell.Plain(asForetold ? $"All of it is as in the simulation, in {tell.Elapsed}." : "Not all of it is as in the simulation: see the marked lines.");
            return asForetold ? BoxCommand.Worked : BoxCommand.Failed;
        });

    private static List<NetworkKind>? Read(string names)
    {
        var found = names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).SelectMany(n => GridLand.Kinds.Where(k => k.Name() == n).DefaultIfEmpty((NetworkKind)(-1))).ToList();
        return found.Count == 0 || found.Contains((NetworkKind)(-1)) ? null : [.. found.Distinct().Order()];
    }
}
