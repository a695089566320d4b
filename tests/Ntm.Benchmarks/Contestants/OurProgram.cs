using System.Diagnostics;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Contestants;

/// <summary>This program once more, as one end of a path. Its private key goes to its standard input; it ends when that is closed.</summary>
internal sealed class OurProgram : IDisposable
{
    /// <summary>What makes .NET tell perf where compiled code is: a map of its methods, and memory that is not mapped twice.</summary>
    public static readonly (string Name, string Value)[] ForPerf = [("DOTNET_PerfMapEnabled", "1"), ("DOTNET_EnableWriteXorExecute", "0")];

    private readonly Process _process;

    /// <param name="arguments">What it is to be.</param>
    /// <exception cref="InvalidOperationException">It ended instead of being ready.</exception>
    public OurProgram(StaticKeyPair key, bool profiled, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (name, value) in profiled ? ForPerf : [])
        {
            start.Environment[name] = value;
        }

        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(OurProgram).Assembly.Location);
        }

        Array.ForEach(arguments, start.ArgumentList.Add);
        _process = Process.Start(start)!;
        try
        {
            _process.StandardInput.WriteLine(Convert.ToBase64String(key.Private));
            Said = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"`{string.Join(' ', arguments)}` did not start.");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Id => _process.Id;

    /// <summary>What it said when it was ready.</summary>
    public string Said { get; }

    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }

        if (!_process.WaitForExit(5000))
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
