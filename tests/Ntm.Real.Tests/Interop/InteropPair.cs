using System.Net;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Real.Tests.Interop;

/// <summary>Us and a wireguard-go, each in a namespace, with a wire between them.</summary>
internal sealed class InteropPair : IDisposable
{
    public const int OurPort = 4916, TheirPort = 51820;

    public const string OurInsideIPv4 = "10.7.0.1", OurInside = "2001:db8:7::1", TheirInsideIPv4 = "10.7.0.2", TheirInside = "2001:db8:7::2";

    /// <param name="weKnow">We are told where they are.</param>
    /// <param name="theyKnow">They are told where we are.</param>
    /// <param name="overIPv6">The family outside.</param>
    public InteropPair(bool weKnow, bool theyKnow, bool overIPv6 = false, byte[]? ourPresharedKey = null, byte[]? theirPresharedKey = null)
    {
        try
        {
            OurSide.JoinTo(TheirSide, "v0", "v0", ["192.0.2.1/24", "2001:db8::1/64"], ["192.0.2.2/24", "2001:db8::2/64"]);
            var (ourKey, theirKey) = (StaticKeyPair.Generate(SystemEntropy.Instance), StaticKeyPair.Generate(SystemEntropy.Instance));
            Assert.True(RealAddress.TryParse(overIPv6 ? $"[2001:db8::2]:{TheirPort}" : $"192.0.2.2:{TheirPort}", out var theirAddress));
            Us = new OurPeer(OurSide.Name, ourKey, theirKey.Public, weKnow ? theirAddress : null, OurPort,
                [$"{OurInsideIPv4}/24", $"{OurInside}/64"], ourPresharedKey);
            Them = new WireGuardGo(TheirSide, theirKey, ourKey.Public,
                theyKnow ? overIPv6 ? $"[2001:db8::1]:{OurPort}" : $"192.0.2.1:{OurPort}" : null, TheirPort,
                [$"{TheirInsideIPv4}/24", $"{TheirInside}/64"], theirPresharedKey);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public TestNamespace OurSide { get; } = new("us");

    public TestNamespace TheirSide { get; } = new("wg");

    public OurPeer Us { get; } = null!;

    public WireGuardGo Them { get; } = null!;

    public void PingFromUs(int count = 3) => Assert.Contains($" {count} received", OurSide.Run($"ping -c {count} -i 0.05 -W 5 {TheirInside}"));

    public void PingFromThem(int count = 3) => Assert.Contains($" {count} received", TheirSide.Run($"ping -c {count} -i 0.05 -W 5 {OurInside}"));

    /// <summary>Sends random bytes over TCP through the tunnel and compares their hashes.</summary>
    public void Transfer(bool fromUs, bool ipv4, int bytes)
    {
        var (from, to) = fromUs ? (OurSide, TheirSide) : (TheirSide, OurSide);
        var address = IPAddress.Parse((fromUs, ipv4) switch
        {
            (true, true) => TheirInsideIPv4,
            (true, false) => TheirInside,
            (false, true) => OurInsideIPv4,
            (false, false) => OurInside,
        });
        BulkTransfer.Run(from, to, address, bytes);
    }

    public void Dispose()
    {
        Us?.Dispose();
        Them?.Dispose();
        OurSide.Dispose();
        TheirSide.Dispose();
    }
}
