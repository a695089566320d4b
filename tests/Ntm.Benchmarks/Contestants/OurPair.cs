using System.Globalization;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Contestants;

/// <summary>Our tunnel from host to host, as wireguard-go's is: TUN, pump and tunnel table at both ends.</summary>
internal static class OurPair
{
    /// <param name="name">As tables show it.</param>
    /// <param name="verb">What each end is: "peer", or "null" for the one that does not encrypt.</param>
    /// <param name="profiled">Whether the ends tell perf where their code is.</param>
    /// <param name="more">Further arguments of both ends.</param>
    public static Contestant Make(Belongings belongings, string name, string verb, bool profiled = false, params string[] more)
    {
        var wire = new Wire(belongings);
        var (left, right) = (StaticKeyPair.Generate(SystemEntropy.Instance), StaticKeyPair.Generate(SystemEntropy.Instance));
        OurProgram Start(string where, StaticKeyPair key, PublicKey peer, string endpoint, System.Net.IPAddress inside) => belongings.Add(() => new OurProgram(
            key, profiled, [verb, where, peer.ToString(), $"{endpoint}:{Port}", Port, $"{inside}/64", .. more]));
        var ends = new[]
        {
            Start(wire.Left.Name, left, right.Public, Wire.RightAddress, Wire.LeftInside),
            Start(wire.Right.Name, right, left.Public, Wire.LeftAddress, Wire.RightInside),
        };
        return new Contestant(name, wire, Wire.RightInside, [.. ends.Select(end => end.Id)]);
    }

    private static string Port => Limits.SignallingPort.ToString(CultureInfo.InvariantCulture);
}
