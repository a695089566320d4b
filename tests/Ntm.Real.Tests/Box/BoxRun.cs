using System.Diagnostics;
using System.Text;

namespace Ntm.Real.Tests.Box;

/// <summary>One run of the real ntm-box as a program of its own, as a user starts it.</summary>
internal sealed class BoxRun : IAsyncDisposable
{
    private readonly Process process;
    private readonly StringBuilder said = new();

    private BoxRun(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>All it printed until now.</summary>
    public string Said
    {
        get
        {
            lock (said)
            {
                return said.ToString();
            }
        }
    }

    /// <summary>The id it gave its copy; empty before it did.</summary>
    public string Copy => Said.IndexOf("copy ", StringComparison.Ordinal) is >= 0 and var at ? Said.Substring(at + 5, 4) : "";

    public static BoxRun Start(params string[] arguments)
    {
        // bin/<configuration>/net10.0 of this project stands beside that of the box.
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../Ntm.Box/bin", Configuration, "net10.0/ntm-box"));
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        return new BoxRun(Process.Start(start)!);
    }

    public static async Task<(int Code, string Said)> ToEndAsync(params string[] arguments)
    {
        await using var run = Start(arguments);
        return (await run.EndAsync(), run.Said);
    }

    public async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        await process.WaitForExitAsync(limit.Token);
        process.WaitForExit(); // the output's end
        return process.ExitCode;
    }

    /// <summary>Waits until it has printed something.</summary>
    public async Task UntilSaidAsync(string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!Said.Contains(text, StringComparison.Ordinal))
        {
            Assert.False(process.HasExited, $"it ended before it said '{text}': {Said}");
            await Task.Delay(50, limit.Token);
        }
    }

    public void Signal(string name)
    {
        using var kill = Process.Start("kill", ["-s", name, $"{process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Namespaces, /etc files, directories and processes of a copy that still exist.</summary>
    public static IReadOnlyList<string> RemainsOf(string copy)
    {
        Assert.Equal(4, copy.Length);
        var mark = $"NTM_BOX_COPY={copy}";
        return
        [
            .. Entries("/run/netns", $"nb{copy}-*"), .. Entries("/etc/netns", $"nb{copy}-*"), .. Entries("/var/lib/ntm-boxes", copy + "*"),
            .. Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0]) && Environment(d).Contains(mark)),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            Signal("TERM");
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private static IEnumerable<string> Entries(string directory, string pattern) =>
        Directory.Exists(directory) ? Directory.GetFileSystemEntries(directory, pattern) : [];

    private static string[] Environment(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "environ")).Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private void Add(string? line)
    {
        lock (said)
        {
            said.AppendLine(line);
        }
    }
}
