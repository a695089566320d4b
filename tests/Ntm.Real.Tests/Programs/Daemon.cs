using System.Diagnostics;
using System.Globalization;
using Ntm.Box.Os;

namespace Ntm.Real.Tests.Programs;

/// <summary>One of our programs while it runs in a namespace, its output in a file. Whatever happens, it is ended with its namespace.</summary>
internal sealed class Daemon : IDisposable
{
    // The shell only moves the output to the file and becomes the program, so that the id stays the program's.
    private const string Script = "log=$1; shift; exec \"$@\" >\"$log\" 2>&1 </dev/null\n";

    private readonly TestNamespace _where;
    private readonly Process _process;
    private bool _ended;

    private Daemon(TestNamespace where, Process process, string logFile) => (_where, _process, LogFile) = (where, process, logFile);

    public string LogFile { get; }

    public bool Running => !_process.HasExited;

    public string Log => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    public long LogBytes => new FileInfo(LogFile).Length;

    /// <summary>Resident memory, MB (proc_pid_status(5), VmRSS).</summary>
    public double ResidentMegabytes
    {
        get
        {
            var line = File.ReadLines($"/proc/{_process.Id}/status").Single(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
        }
    }

    /// <param name="folder">Where script and log go.</param>
    /// <param name="command">Words separated by spaces.</param>
    public static Daemon Start(TestNamespace where, string folder, string command)
    {
        var script = Path.Combine(folder, "daemon.sh");
        if (!File.Exists(script))
        {
            File.WriteAllText(script, Script);
        }

        var log = Path.Combine(folder, $"{Path.GetFileName(command.Split(' ')[0])}-{Guid.NewGuid():N}.log");
        return new Daemon(where, where.Start($"sh {script} {log} {command}"), log);
    }

    /// <summary>Waits until it has logged something; fails at once where it ended before.</summary>
    public Daemon UntilLogged(string text)
    {
        TestNamespace.WaitFor(() =>
        {
            Assert.True(Running || Log.Contains(text, StringComparison.Ordinal), $"It ended before it logged '{text}': {Log}");
            return Log.Contains(text, StringComparison.Ordinal);
        }, $"'{text}' in {LogFile}", TimeSpan.FromSeconds(40));
        return this;
    }

    /// <summary>As the kernel ends a program that it must: without a word (SIGKILL).</summary>
    public void Kill()
    {
        _where.Stop(_process);
        _ended = true;
    }

    /// <summary>As systemd stops it.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> TerminateAsync()
    {
        Signals.ToProcess(_process.Id, Signals.Terminate);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _process.WaitForExitAsync(limit.Token);
        var code = _process.ExitCode;
        Kill();
        return code;
    }

    /// <summary>Ends it where it was not ended yet.</summary>
    public void Dispose()
    {
        if (!_ended)
        {
            Kill();
        }
    }
}
