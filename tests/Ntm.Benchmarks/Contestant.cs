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
    private readonly List<TestNamespace> _devices = [];
    private readonly List<IDisposable> _ends = [];
    private readonly List<int> _processes = [];

    // Between whom is measured, and where the receiver listens.
    private TestNamespace _from;
    private TestNamespace _to;
    private string _target = Right;

    private Contestant(string name, bool singleFrames)
    {
        (Name, _from, _to) = (name, _left, _right);
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
        var port = Limits.SignallingPort.ToString(CultureInfo.InvariantCulture);
        c.StartOurs(left, "peer", c._left.Name, right.Public.ToString(), "192.0.2.2:4916", port, $"{Left}/64");
        c.StartOurs(right, "peer", c._right.Name, left.Public.ToString(), "192.0.2.1:4916", port, $"{Right}/64");
    });

    /// <summary>LAN devices behind a router each, through the device proxies.</summary>
    /// <param name="translated">IPv4 devices, translated to IPv6 and back; else IPv6 devices.</param>
    public static Contestant Homes(bool translated, bool singleFrames) => Make($"devices, {(translated ? "IPv4, translated" : "IPv6")}", singleFrames, c =>
    {
        var (left, right) = Keys();
        c._from = c.AddDevice(c._left, "a");
        c._to = c.AddDevice(c._right, "b");
        var found = c.StartOurs(left, "home", c._left.Name, right.Public.ToString(), "192.0.2.2:4916", "left", DeviceOf("a"), RouterOf("a"));
        c.StartOurs(right, "home", c._right.Name, left.Public.ToString(), "192.0.2.1:4916", "right", DeviceOf("b"), RouterOf("b"));
        c._target = found.Split(' ')[translated ? 0 : 1];
    });

    /// <summary>TCP for some seconds.</summary>
    public void Round(int seconds, int streams = 1)
    {
        var before = ProcessorTime();
        using var result = JsonDocument.Parse(_from.Run($"iperf3 -c {_target} -t {seconds} -O 1 -P {streams} -J", TimeSpan.FromSeconds(seconds + 30)));
        var spent = ProcessorTime() - before;
        var sum = result.RootElement.GetProperty("end").GetProperty("sum_received");
        Rounds.Add(sum.GetProperty("bits_per_second").GetDouble() / 1e9);
        SecondsPerGigabyte.Add(spent.TotalSeconds / (sum.GetProperty("bytes").GetDouble() * (seconds + 1) / seconds / 1e9));
    }

    public void Dispose()
    {
        _ends.ForEach(end => end.Dispose());
        _devices.ForEach(device => device.Dispose());
        _left.Dispose();
        _right.Dispose();
    }

    private static Contestant Make(string name, bool singleFrames, Action<Contestant> fill)
    {
        var contestant = new Contestant(name, singleFrames);
        try
        {
            fill(contestant);
            contestant._to.Start("iperf3 -s");
            contestant._from.Run($"ping -c 5 -i 0.2 {contestant._target}");
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

    private static string DeviceOf(string lan) => $"2001:db8:{lan}::10";

    private static string RouterOf(string lan) => $"2001:db8:{lan}::1";

    private TestNamespace AddDevice(TestNamespace router, string lan)
    {
        var device = new TestNamespace(lan);
        _devices.Add(device);
        device.JoinTo(router, "eth0", "lan0", [$"{HomeCore.Device4}/24", $"{DeviceOf(lan)}/64"], [$"{HomeCore.Router4}/24", $"{RouterOf(lan)}/64"]);
        device.Run($"ip route add default via {HomeCore.Router4}");
        device.Run($"ip route add default via {RouterOf(lan)}");
        router.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        return device;
    }

    /// <returns>The line it said when it was ready.</returns>
    private string StartOurs(StaticKeyPair key, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Contestant).Assembly.Location);
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        _ends.Add(new Ended(process));
        _processes.Add(process.Id);
        process.StandardInput.WriteLine(Convert.ToBase64String(key.Private));
        return process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("Our end of the path did not start.");
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
