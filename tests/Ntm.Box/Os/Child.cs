using System.Diagnostics;

namespace Ntm.Box.Os;

/// <summary>A program that runs until the box stops it: in a session (and so a process group) of its own, its output in one log file.</summary>
internal sealed class Child
{
    private readonly Process process;

    private Child(string name, string logFile, Process process)
    {
        Name = name;
        LogFile = logFile;
        this.process = process;
    }

    /// <summary>Where and what, for example "alice/gateway".</summary>
    public string Name { get; }

    public string LogFile { get; }

    public int Id => process.Id;

    public bool Running => !process.HasExited;

    /// <summary>Whether it was ended on purpose, or may end by itself: its end is no failure of the box.</summary>
    public bool MayEnd { get; set; }

    /// <summary>How it ended, for people.</summary>
    public string State => process.HasExited ? $"{Name} has ended with {process.ExitCode}" : $"{Name} is running";

    /// <summary>Starts it and writes it down in the copy's list, before anything else can go wrong.</summary>
    public static Child Start(Copy copy, string name, IReadOnlyList<string> argv)
    {
        var log = Path.Combine(copy.LogDirectory, name.Replace('/', '-') + ".log");
        var start = new ProcessStartInfo("setsid") { UseShellExecute = false };

        // The shell only moves the output to the log and becomes the program; setsid does not fork here, so the id stays the same throughout.
        foreach (var argument in (string[])["sh", "-c", "exec \"$@\" >>\"$0\" 2>&1 </dev/null", log, .. argv])
        {
            start.ArgumentList.Add(argument);
        }

        var child = new Child(name, log, Process.Start(start)!);
        copy.Began(child);
        return child;
    }

    /// <summary>Asks it to end, and ends it when it does not within <paramref name="grace"/>.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        MayEnd = true;
        Signals.ToGroup(Id, Signals.Terminate);
        using var limit = new CancellationTokenSource(grace);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Signals.ToGroup(Id, Signals.Kill);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        // What it may have left in its group.
        Signals.ToGroup(Id, Signals.Kill);
    }

    /// <summary>Sends it a signal that ends it, and waits until it has.</summary>
    public async Task EndAsync(int signal, TimeSpan limit, CancellationToken stop)
    {
        MayEnd = true;
        Signals.ToGroup(Id, signal);
        await EndedAsync(limit, stop);
    }

    /// <summary>Waits for its own end.</summary>
    public async Task EndedAsync(TimeSpan limit, CancellationToken stop)
    {
        MayEnd = true;
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timer.CancelAfter(limit);
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new BoxFailed($"{Name} has not ended within {limit.TotalSeconds:0} s");
        }
    }

    public IReadOnlyList<string> Tail(int lines)
    {
        try
        {
            using var stream = new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            stream.Seek(-Math.Min(stream.Length, 64 * 1024), SeekOrigin.End);
            using var reader = new StreamReader(stream);
            return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(lines)];
        }
        catch (IOException)
        {
            return [];
        }
    }
}
