using System.Diagnostics;
using Ntm.Linux;
using Ntm.Real.Tests.Interop;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Contestants;

/// <summary>wireguard-go at both ends, configured by wireguard-tools.</summary>
internal static class WireGuardPair
{
    private const int Port = 51820;

    /// <param name="program">A name or a path.</param>
    public static Contestant Make(Belongings belongings, string program)
    {
        var wire = new Wire(belongings);
        var (left, right) = (StaticKeyPair.Generate(SystemEntropy.Instance), StaticKeyPair.Generate(SystemEntropy.Instance));
        var ends = new[]
        {
            belongings.Add(() => new WireGuardGo(wire.Left, left, right.Public, $"{Wire.RightAddress}:{Port}", Port, [$"{Wire.LeftInside}/64"], program: program)),
            belongings.Add(() => new WireGuardGo(wire.Right, right, left.Public, $"{Wire.LeftAddress}:{Port}", Port, [$"{Wire.RightInside}/64"], program: program)),
        };
        return new Contestant($"wireguard-go {Version(program)}", wire, Wire.RightInside, [.. ends.Select(end => end.Id)]);
    }

    /// <summary>What it says of itself ("0.0.20220316"); its name where it says nothing.</summary>
    public static string Version(string program)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true })!;
            var said = process.StandardOutput.ReadToEnd().Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            return said.Length > 1 ? said[1].TrimStart('v') : program;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return program;
        }
    }
}
