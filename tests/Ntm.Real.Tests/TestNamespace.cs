using System.Diagnostics;
using System.Security.Cryptography;
using Ntm.Linux;

namespace Ntm.Real.Tests;

/// <summary>
/// A network namespace of a test, with a unique name, its loopback up. Disposing of it ends the programs it started and takes it away with everything in
/// it: interfaces, routes, veth pairs.
/// </summary>
public sealed class TestNamespace : IDisposable
{
    private readonly List<Process> _started = [];

    /// <param name="hint">A few letters that say which one it is.</param>
    public TestNamespace(string hint)
    {
        Name = $"nt{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}{hint}";
        Execute("ip", ["netns", "add", Name]);
        Run("ip link set lo up");
    }

    public string Name { get; }

    /// <summary>Joins two namespaces by a veth pair and brings both ends up, each with its addresses ("192.0.2.1/24").</summary>
    /// <returns>The pair's device names here and there.</returns>
    public void JoinTo(TestNamespace other, string here, string there, string[] addressesHere, string[] addressesThere)
    {
        Run($"ip link add {here} type veth peer name {there} netns {other.Name}");
        Configure(this, here, addressesHere);
        Configure(other, there, addressesThere);
    }

    /// <summary>Runs a command inside and waits for its end.</summary>
    /// <param name="command">Words separated by spaces; nothing is quoted.</param>
    /// <returns>What it printed.</returns>
    /// <exception cref="InvalidOperationException">It failed, or did not end in time; with what it printed.</exception>
    public string Run(string command, TimeSpan? limit = null) => Execute("ip", ["netns", "exec", Name, .. Words(command)], limit);

    /// <summary>Whether a command inside succeeds.</summary>
    public bool Try(string command, TimeSpan? limit = null)
    {
        try
        {
            Run(command, limit);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Starts a program inside; it is ended with the namespace at the latest.</summary>
    public Process Start(string command, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("ip", ["netns", "exec", Name, .. Words(command)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!; // `ip netns exec` becomes the program: its id is the program's
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _started.Add(process);
        return process;
    }

    /// <summary>Ends one program that was started here.</summary>
    public void Stop(Process process)
    {
        _started.Remove(process);
        End(process);
    }

    /// <summary>Runs code inside: sockets and TUN devices it makes stay here.</summary>
    public T In<T>(Func<T> work) => NetworkNamespace.Run(Name, work);

    public void Dispose()
    {
        _started.ForEach(End);
        _started.Clear();
        Execute("ip", ["netns", "delete", Name]);
    }

    /// <summary>Waits until something holds, looking every 20 ms.</summary>
    /// <exception cref="TimeoutException">It did not within the limit.</exception>
    public static void WaitFor(Func<bool> holds, string what, TimeSpan? limit = null)
    {
        var watch = Stopwatch.StartNew();
        while (!holds())
        {
            if (watch.Elapsed > (limit ?? TimeSpan.FromSeconds(15)))
            {
                throw new TimeoutException($"Waited {watch.Elapsed.TotalSeconds:0.0} s in vain for: {what}.");
            }

            Thread.Sleep(20);
        }
    }

    private static void Configure(TestNamespace where, string device, string[] addresses)
    {
        foreach (var address in addresses)
        {
            where.Run($"ip address add {address} dev {device}{(address.Contains(':') ? " nodad" : "")}");
        }

        where.Run($"ip link set {device} up");
    }

    private static string[] Words(string command) => command.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        process.Dispose();
    }

    private static string Execute(string program, string[] arguments, TimeSpan? limit = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        var ended = process.WaitForExit(limit ?? TimeSpan.FromSeconds(30));
        if (!ended)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        return ended && process.ExitCode == 0
            ? output.Result
            : throw new InvalidOperationException(
                $"`{program} {string.Join(' ', arguments)}` {(ended ? $"ended with {process.ExitCode}" : "did not end in time")}: {errors.Result}{output.Result}");
    }
}
