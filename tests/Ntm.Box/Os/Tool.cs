using System.ComponentModel;
using System.Diagnostics;

namespace Ntm.Box.Os;

/// <summary>What a program that ran to its end left behind.</summary>
/// <param name="Code">Its exit code; 124 where it was stopped because its time was up, 127 where it could not be started.</param>
internal readonly record struct Outcome(string CommandLine, int Code, string Out, string Err)
{
    public bool Ok => Code == 0;

    /// <summary>For people: what ran, how it ended, and the end of what it said.</summary>
    public string Sentence
    {
        get
        {
            var said = (Err.Trim().Length > 0 ? Err : Out).Trim();
            var last = string.Join(" / ", said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(3));
            var how = Code == 124 ? "did not end in time" : $"ended with {Code}";
            return $"`{CommandLine}` {how}{(last.Length > 0 ? $" and said: {last}" : " and said nothing")}";
        }
    }
}

/// <summary>Runs a program to its end, in a session of its own, so that a time limit or Ctrl-C ends all of it.</summary>
internal static class Tool
{
    public static async Task<Outcome> RunAsync(IReadOnlyList<string> argv, TimeSpan limit, CancellationToken stop, string? input = null)
    {
        var line = string.Join(' ', argv.Select(a => a.Length > 80 ? a[..20] + "..." : a));
        var start = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        foreach (var argument in argv)
        {
            start.ArgumentList.Add(argument);
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            return new Outcome(line, 127, "", e.Message);
        }

        using (process)
        {
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(stop);
            timer.CancelAfter(limit);
            var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
            try
            {
                if (input is not null)
                {
                    await process.StandardInput.WriteAsync(input.AsMemory(), timer.Token);
                }

                process.StandardInput.Close();
                await process.WaitForExitAsync(timer.Token);
                return new Outcome(line, process.ExitCode, await output, await errors);
            }
            catch (IOException)
            {
                // It ended without reading its input: its exit code says more than the broken pipe.
                await process.WaitForExitAsync(timer.Token);
                return new Outcome(line, process.ExitCode, await output, await errors);
            }
            catch (OperationCanceledException)
            {
                Signals.ToGroup(process.Id, Signals.Kill);
                await process.WaitForExitAsync(CancellationToken.None);
                stop.ThrowIfCancellationRequested();
                return new Outcome(line, 124, await output, await errors);
            }
        }
    }
}
