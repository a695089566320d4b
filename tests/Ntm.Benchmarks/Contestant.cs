using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Real.Tests;
using Ntm.Real.Tests.Interop;
using Ntm.Tunnel;

namespace Ntm.Benchmarks;

/// <summary>A path between two namespaces of its own, made by one kind of tunnel, with an iperf3 server at its end.</summary>
internal sealed class Contestant : IDisposable
{
    private const string Left = "2001:db8:7::1", Right = "2001:db8:7::2";

    private readonly TestNamespace _left = new("l");
    private readonly TestNamespace _right = new("r");
    private readonly List<IDisposable> _ends = [];
    private readonly List<int> _processes = [];

    private Contestant(string name, bool singleFrames)
    {
        Name = name;
        _left.JoinTo(_right, "v0", "v0", ["192.0.2.1/24"], ["192.0.2.2/24"]);
        if (singleFrames)
        {
            foreach (var end in new[] { _left, _right })
            {
                end.Run("ethtool -K v0 tso off gso off gro off tx-udp-segmentation off");
            }
        }
    }

    public string Name { get; }

    /// <summary>TCP throughput of each round, Gb/s.</summary>
    public List<double> Rounds { get; } = [];

    /// <summary>Processor seconds of both tunnel processes for each gigabyte carried; the kernel's work on its own behalf is not in it.</summary>
    public List<double> SecondsPerGigabyte { get; } = [];

    public static Contestant Plain(bool singleFrames) => Make("veth without a tunnel", singleFrames, c =>
    {
        c._left.Run($"ip address add {Left}/64 dev v0 nodad");
        c._right.Run($"ip address add {Right}/64 dev v0 nodad");
    });

    public static Contestant WireGuard(string program, bool singleFrames) => Make(program, singleFrames, c =>
    {
        var (left, right) = Keys();
        foreach (var end in new[]
        {
            new WireGuardGo(c._left, left, right.Public, "192.0.2.2:51820", 51820, [$"{Left}/64"], program: program),
            new WireGuardGo(c._right, right, left.Public, "192.0.2.1:51820", 51820, [$"{Right}/64"], program: program),
        })
        {
            c._ends.Add(end);
            c._processes.Add(end.Id);
        }
    });

    public static Contestant Ours(bool singleFrames) => Make("NTM Gateway", singleFrames, c =>
    {
        var (left, right) = Keys();
        c.StartOurs(c._left, left, right.Public, "192.0.2.2:4916", $"{Left}/64");
        c.StartOurs(c._right, right, left.Public, "192.0.2.1:4916", $"{Right}/64");
    });

    /// <summary>One TCP stream for some seconds.</summary>
    public void Round(int seconds)
    {
        var before = ProcessorTime();
        using var result = JsonDocument.Parse(_left.Run($"iperf3 -c {Right} -t {seconds} -O 1 -J", TimeSpan.FromSeconds(seconds + 30)));
        var spent = ProcessorTime() - before;
        var sum = result.RootElement.GetProperty("end").GetProperty("sum_received");
        Rounds.Add(sum.GetProperty("bits_per_second").GetDouble() / 1e9);
        SecondsPerGigabyte.Add(spent.TotalSeconds / (sum.GetProperty("bytes").GetDouble() * (seconds + 1) / seconds / 1e9));
    }

    public void Dispose()
    {
        _ends.ForEach(end => end.Dispose());
        _left.Dispose();
        _right.Dispose();
    }

    private static Contestant Make(string name, bool singleFrames, Action<Contestant> fill)
    {
        var contestant = new Contestant(name, singleFrames);
        try
        {
            fill(contestant);
            contestant._right.Start("iperf3 -s");
            contestant._left.Run($"ping -c 3 -i 0.2 {Right}");
            return contestant;
        }
        catch
        {
            contestant.Dispose();
            throw;
        }
    }

    private static (StaticKeyPair Left, StaticKeyPair Right) Keys() =>
        (StaticKeyPair.Generate(SystemEntropy.Instance), StaticKeyPair.Generate(SystemEntropy.Instance));

    private TimeSpan ProcessorTime()
    {
        var sum = TimeSpan.Zero;
        foreach (var id in _processes)
        {
            using var process = Process.GetProcessById(id);
            sum += process.TotalProcessorTime;
        }

        return sum;
    }

    private void StartOurs(TestNamespace where, StaticKeyPair key, PublicKey peer, string endpoint, string inside)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Contestant).Assembly.Location);
        }

        foreach (var argument in new[] { "peer", where.Name, peer.ToString(), endpoint, Limits.SignallingPort.ToString(CultureInfo.InvariantCulture), inside })
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        _ends.Add(new Ended(process));
        _processes.Add(process.Id);
        process.StandardInput.WriteLine(Convert.ToBase64String(key.Private));
        if (process.StandardOutput.ReadLine() != "ready")
        {
            throw new InvalidOperationException("Our end of the path did not start.");
        }
    }

    private sealed class Ended(Process process) : IDisposable
    {
        public void Dispose()
        {
            process.StandardInput.Close();
            if (!process.WaitForExit(5000))
            {
                process.Kill();
            }

            process.Dispose();
        }
    }
}
