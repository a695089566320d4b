using System.Net.Sockets;
using System.Security.Cryptography;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Real.Tests.Interop;

/// <summary>Interoperation with Debian's wireguard-go on real packets: towards a stock peer we are plain WireGuard.</summary>
public sealed class WithWireGuardGo
{
    [NeedsRootFact("wireguard-go", "wg", "ping")]
    public void We_begin()
    {
        using var pair = new InteropPair(weKnow: true, theyKnow: false);
        pair.PingFromUs();
        pair.PingFromThem(); // they have learnt where we are
        Assert.NotNull(pair.Them.LatestHandshake);
    }

    [NeedsRootFact("wireguard-go", "wg", "ping")]
    public void They_begin()
    {
        using var pair = new InteropPair(weKnow: false, theyKnow: true);
        pair.PingFromThem();
        pair.PingFromUs();
        Assert.True(pair.Us.Ask(() => pair.Us.Core.Tunnel.IsEstablished));
    }

    [NeedsRootFact("wireguard-go", "wg", "ping")]
    public void Over_IPv6_and_with_a_preshared_key()
    {
        var presharedKey = RandomNumberGenerator.GetBytes(32);
        using var pair = new InteropPair(weKnow: true, theyKnow: true, overIPv6: true, presharedKey, presharedKey);
        pair.PingFromUs();
        pair.PingFromThem();
    }

    [NeedsRootFact("wireguard-go", "wg", "ping")]
    public void Another_preshared_key_gets_no_tunnel_in_either_role()
    {
        using var pair = new InteropPair(true, true, false, RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32));
        Assert.False(pair.OurSide.Try($"ping -c 1 -W 1 {InteropPair.TheirInside}"));
        Assert.False(pair.TheirSide.Try($"ping -c 1 -W 1 {InteropPair.OurInside}"));
        Assert.Null(pair.Them.LatestHandshake);
        Assert.False(pair.Us.Ask(() => pair.Us.Core.Tunnel.IsEstablished));
    }

    [NeedsRootFact("wireguard-go", "wg", "ping")]
    public void Packets_of_every_length_and_bulk_data_arrive_whole()
    {
        using var pair = new InteropPair(weKnow: true, theyKnow: true);
        foreach (var bytes in new[] { 0, 1, 7, 8, 15, 16, 500, 1371, 1372 }) // 1372 + 8 + 40 = 1420: padding must not exceed the MTU
        {
            pair.OurSide.Run($"ping -c 1 -W 5 -M do -s {bytes} {InteropPair.TheirInside}");
            pair.TheirSide.Run($"ping -c 1 -W 5 -M do -s {bytes} {InteropPair.OurInside}");
        }

        pair.Transfer(fromUs: true, ipv4: false, 20_000_000);
        pair.Transfer(fromUs: false, ipv4: false, 20_000_000);
        pair.Transfer(fromUs: true, ipv4: true, 5_000_000);
        pair.Transfer(fromUs: false, ipv4: true, 5_000_000);
        var refused = pair.Us.Ask(() => pair.Us.Core.Table.Counters.All.ToDictionary());
        Assert.True(refused.Count == 0, string.Join(", ", refused));
    }

    [NeedsRootFact("wireguard-go", "wg", "ping")]
    public void A_new_key_made_early_loses_nothing()
    {
        using var pair = new InteropPair(weKnow: true, theyKnow: true);
        pair.PingFromUs(1);
        var ping = Task.Run(() => pair.OurSide.Run($"ping -c 40 -i 0.05 -W 2 {InteropPair.TheirInside}"));
        for (var i = 0; i < 3; i++)
        {
            var before = pair.Us.Ask(() => pair.Us.Core.Tunnel.LastHandshake);
            Thread.Sleep(300); // the peer takes one initiation in 50 ms at most
            pair.Us.Begin();
            TestNamespace.WaitFor(() => pair.Us.Ask(() => pair.Us.Core.Tunnel.LastHandshake) > before, "the new key");
        }

        Assert.Contains(" 0% packet loss", ping.Result);
    }

    [NeedsRootFact("wireguard-go", "wg", "ping")]
    public void They_roam_and_we_follow()
    {
        using var pair = new InteropPair(weKnow: true, theyKnow: true);
        pair.PingFromThem(1);
        var ping = Task.Run(() => pair.TheirSide.Run($"ping -c 160 -i 0.05 -W 1 {InteropPair.OurInside}"));
        Thread.Sleep(500);
        pair.Them.ChangePort(51821);
        TestNamespace.WaitFor(() => pair.Us.Ask(() => pair.Us.Core.Tunnel.SendPath.Remote.ToString()) == "192.0.2.2:51821", "their new port");

        // Another address. wireguard-go holds on to its former source address (on kernels that say ENETUNREACH where it waits for EINVAL) until it
        // binds again, so the port changes, too.
        pair.TheirSide.Run("ip address add 192.0.2.22/24 dev v0");
        pair.TheirSide.Run("ip address del 192.0.2.2/24 dev v0");
        pair.TheirSide.Try("ip address add 192.0.2.22/24 dev v0"); // a secondary address goes with its primary
        pair.Them.ChangePort(51822);
        TestNamespace.WaitFor(() => pair.Us.Ask(() => pair.Us.Core.Tunnel.SendPath.Remote.ToString()) == "192.0.2.22:51822", "their new address");
        Assert.InRange(Received(ping.Result), 120, 160); // 8 s; what is lost fell into the moments without an address
        pair.PingFromUs();
    }

    [NeedsRootFact("wireguard-go", "wg", "ping")]
    public void We_roam_and_they_follow()
    {
        using var pair = new InteropPair(weKnow: true, theyKnow: true);
        pair.PingFromUs(1);
        Assert.Equal($"192.0.2.1:{InteropPair.OurPort}", pair.Them.Endpoint);
        var ping = Task.Run(() => pair.OurSide.Run($"ping -c 160 -i 0.05 -W 1 {InteropPair.TheirInside}"));
        Thread.Sleep(500);
        pair.Us.ChangePorts();
        var port = pair.Us.Port(AddressFamily.InterNetwork);
        TestNamespace.WaitFor(() => pair.Them.Endpoint == $"192.0.2.1:{port}", "our new port");
        pair.OurSide.Run("ip address add 192.0.2.11/24 dev v0");
        pair.OurSide.Run("ip address del 192.0.2.1/24 dev v0");
        pair.OurSide.Try("ip address add 192.0.2.11/24 dev v0");
        TestNamespace.WaitFor(() => pair.Them.Endpoint == $"192.0.2.11:{port}", "our new address");
        Assert.InRange(Received(ping.Result), 120, 160); // 8 s; what is lost fell into the moments without an address
        pair.PingFromThem();
    }

    [NeedsRootFact("wireguard-go", "wg", "ping")]
    public void Garbage_on_the_port_changes_nothing()
    {
        using var pair = new InteropPair(weKnow: true, theyKnow: true);
        pair.PingFromUs(1);
        using (var socket = pair.TheirSide.In(() => new UdpClient(AddressFamily.InterNetwork)))
        {
            var random = new Random(4916);
            for (var i = 0; i < 500; i++)
            {
                var bytes = new byte[i % 200 == 0 ? TunnelMessage.InitiationSize : random.Next(0, 1500)];
                random.NextBytes(bytes);
                if (bytes.Length > 4)
                {
                    (bytes[0], bytes[1], bytes[2], bytes[3]) = ((byte)random.Next(1, 5), 0, 0, 0);
                }

                socket.Send(bytes, bytes.Length, "192.0.2.1", InteropPair.OurPort);
            }
        }

        TestNamespace.WaitFor(() => pair.Us.Ask(() => pair.Us.Core.Table.Counters.All.Values.Sum()) >= 500, "500 refusals");
        Assert.Equal("192.0.2.2:51820", pair.Us.Ask(() => pair.Us.Core.Tunnel.SendPath.Remote.ToString()));
        pair.PingFromUs();
        pair.PingFromThem();
    }

    private static int Received(string ping)
    {
        var summary = ping.Split('\n').First(line => line.Contains("received"));
        return int.Parse(summary.Split(',')[1].Trim().Split(' ')[0]);
    }
}
