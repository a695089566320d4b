using System.Diagnostics;
using System.Globalization;

namespace Ntm.Benchmarks.Relaying;

/// <summary>A further process of this program, or another's, on one processor of its own. It ends with its standard input, or is killed.</summary>
internal sealed class Child : IDisposable
{
    private readonly Process _process;

    private Child(Process process) => _process = process;

    /// <summary>Processor seconds until now, the kernel's on its behalf included.</summary>
    public double ProcessorSeconds
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime.TotalSeconds;
        }
    }

    /// <summary>Bytes of memory in use: VmRSS.</summary>
    public double ResidentMegabytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / 1e6;
        }
    }

    /// <summary>Starts this program with arguments, on one processor.</summary>
    /// <param name="processor">Its number; null: any.</param>
    public static Child Ours(int? processor, params IEnumerable<string> arguments)
    {
        List<string> command = [Environment.ProcessPath!];
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            command.Add(typeof(Child).Assembly.Location);
        }

        return Start(processor, [.. command, .. arguments]);
    }

    /// <summary>Starts a program inside a namespace.</summary>
    public static Child In(string where, int? processor, params IEnumerable<string> command) => Start(processor, ["ip", "netns", "exec", where, .. command]);

    public void Tell(string line) => _process.StandardInput.WriteLine(line);

    /// <exception cref="InvalidOperationException">It has ended.</exception>
    public string Hear() => _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)} ended.");

    public string Ask(string line)
    {
        Tell(line);
        return Hear();
    }

    /// <summary>Reads and forgets what it prints.</summary>
    public Child Unheard()
    {
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        return this;
    }

    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(2000))
            {
                _process.Kill();
                _process.WaitForExit();
            }
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }

        _process.Dispose();
    }

    private static Child Start(int? processor, params IEnumerable<string> command)
    {
        string[] all = processor is { } number ? ["taskset", "-c", number.ToString(CultureInfo.InvariantCulture), .. command] : [.. command];
        var start = new ProcessStartInfo(all[0], all[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text)
            {
                Console.Error.WriteLine(text);
            }
        };
        process.BeginErrorReadLine();
        return new(process);
    }
}
