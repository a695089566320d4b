using System.Net;
using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Real.Tests.Linux;

/// <summary>A real TUN and real sockets, driven by the pump, in namespaces of their own.</summary>
public sealed class TunAndPump
{
    [NeedsRootFact("ping")]
    public void Pings_of_both_families_come_back_through_the_core()
    {
        using var home = new TestNamespace("h");
        using var pump = new Pump(new LoopbackCore());
        var tun = home.In(() => Tun.Open("ntm0", counters: pump.Counters));
        tun.AddAddress(IPAddress.Parse("2001:db8::1"), 128);
        tun.AddAddress(IPAddress.Parse("192.0.2.1"), 32);
        tun.AddRoute(IPNetwork.Parse("2001:db8:1::/48"));
        tun.AddRoute(IPNetwork.Parse("198.18.0.0/15"), mtu: Limits.MtuInsideIPv4, source: IPAddress.Parse("192.0.2.1"));
        pump.SetTun(tun);
        pump.Start();

        Assert.Contains("3 received", home.Run("ping -c 3 -i 0.05 -W 2 2001:db8:1::5"));
        Assert.Contains("3 received", home.Run("ping -c 3 -i 0.05 -W 2 198.18.0.9"));

        // The longest packets the device and the route let through.
        Assert.Contains("1 received", home.Run("ping -c 1 -W 2 -M do -s 1372 2001:db8:1::5")); // 1372 + 8 + 40 = 1420
        Assert.Contains("1 received", home.Run("ping -c 1 -W 2 -M do -s 1364 198.18.0.9")); // 1364 + 8 + 20 = 1392
        Assert.False(home.Try("ping -c 1 -W 1 -M do -s 1373 198.18.0.9"));

        var link = home.Run("ip address show dev ntm0");
        Assert.Contains("mtu 1420", link);
        Assert.DoesNotContain("fe80", link); // nothing of its own to announce
        Assert.Contains("mtu 1392", home.Run("ip route show 198.18.0.0/15"));
    }

    [NeedsRootFact]
    public void The_device_goes_with_its_pump()
    {
        using var home = new TestNamespace("h");
        using (var pump = new Pump(new LoopbackCore()))
        {
            pump.SetTun(home.In(() => Tun.Open("ntm0")));
            pump.Start();
            home.Run("ip link show dev ntm0");
        }

        Assert.False(home.Try("ip link show dev ntm0"));
    }

    [NeedsRootFact]
    public void A_name_in_use_is_refused_with_a_sentence()
    {
        using var home = new TestNamespace("h");
        using var first = home.In(() => Tun.Open("ntm0"));
        var refusal = Assert.Throws<LinuxException>(() => home.In(() => Tun.Open("ntm0")));
        Assert.Contains("second copy", refusal.Message);
    }

    [NeedsRootFact]
    public void A_namespace_that_does_not_exist_is_refused_with_a_sentence()
    {
        var refusal = Assert.Throws<LinuxException>(() => NetworkNamespace.Run("nt-none", () => 1));
        Assert.Contains("ip netns list", refusal.Message);
        Assert.Throws<ArgumentException>(() => NetworkNamespace.Run("../x", () => 1));
    }

    [NeedsRootFact]
    public void Datagrams_of_both_families_cross_in_batches_with_their_addresses()
    {
        using var left = new TestNamespace("l");
        using var right = new TestNamespace("r");
        left.JoinTo(right, "v0", "v0", ["192.0.2.1/24", "2001:db8::1/64"], ["192.0.2.2/24", "2001:db8::2/64"]);
        var core = new LoopbackCore();
        using var pump = new Pump(core);
        foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
        {
            pump.AddSocket(right.In(() => UdpSocket.Open(family, port: 4916, device: "v0", counters: pump.Counters)));
        }

        pump.Start();
        foreach (var (family, text) in new[] { (AddressFamily.InterNetwork, "192.0.2.2:4916"), (AddressFamily.InterNetworkV6, "[2001:db8::2]:4916") })
        {
            Assert.True(RealAddress.TryParse(text, out var remote));
            using var socket = left.In(() => UdpSocket.Open(family));
            Assert.NotEqual(0, socket.Port);
            var seen = new bool[200];
            var batch = new PacketBatch();
            for (var sent = 0; sent < seen.Length;)
            {
                batch.Clear();
                for (; sent < seen.Length && !batch.IsFull; sent++)
                {
                    var packet = batch.Add();
                    packet.Fill([(byte)sent, .. new byte[10 + sent]]);
                    packet.Path = new WirePath(0, remote, 0);
                    socket.Stage(packet);
                }

                socket.Flush();
            }

            var received = new PacketBatch();
            TestNamespace.WaitFor(() =>
            {
                for (int i = 0, n = socket.Receive(received); i < n; i++)
                {
                    var packet = received[i];
                    Assert.Equal(remote, packet.Path.Remote);
                    Assert.Equal(11 + packet.Bytes[0], packet.Length);
                    seen[packet.Bytes[0]] = true;
                }

                return Array.TrueForAll(seen, s => s);
            }, "200 echoed datagrams");
            Assert.Equal(200, socket.DatagramsSent);
        }

        Assert.True(core.LargestBatch > 1);
    }

    [NeedsRootFact]
    public void What_cannot_be_sent_is_counted_and_the_rest_goes_out()
    {
        using var left = new TestNamespace("l");
        using var right = new TestNamespace("r");
        left.JoinTo(right, "v0", "v0", ["192.0.2.1/24"], ["192.0.2.2/24"]);
        var counters = new Counters();
        using var socket = left.In(() => UdpSocket.Open(AddressFamily.InterNetwork, counters: counters));
        using var there = right.In(() => UdpSocket.Open(AddressFamily.InterNetwork, port: 4916));
        var batch = new PacketBatch(8, 70_000);
        void Stage(string to, int length)
        {
            Assert.True(RealAddress.TryParse(to, out var remote));
            var packet = batch.Add();
            packet.Fill(new byte[length]);
            packet.Path = new WirePath(0, remote, 0);
            socket.Stage(packet);
        }

        Stage("203.0.113.1:4916", 100); // no route
        Stage("192.0.2.2:4916", 101);
        Stage("192.0.2.255:4916", 100); // broadcast
        Stage("192.0.2.2:4916", 65_535); // longer than UDP
        Stage("192.0.2.2:9", 100); // nobody there: ICMP port unreachable, which is nothing to us
        Stage("192.0.2.2:4916", 102);
        socket.Flush();
        Assert.Equal(1, counters["wire-unreachable"]);
        Assert.Equal(1, counters["wire-forbidden"]);
        Assert.Equal(1, counters["wire-too-long"]);

        var lengths = new List<int>();
        var received = new PacketBatch();
        TestNamespace.WaitFor(() =>
        {
            for (int i = 0, n = there.Receive(received); i < n; i++)
            {
                lengths.Add(received[i].Length);
            }

            return lengths.Count == 2;
        }, "the two that can be sent");
        Assert.Equal([101, 102], lengths);
    }

    [NeedsRootFact]
    public void An_oversized_datagram_arrives_empty_and_is_counted()
    {
        using var home = new TestNamespace("h");
        var counters = new Counters();
        using var socket = home.In(() => UdpSocket.Open(AddressFamily.InterNetworkV6, counters: counters));
        using var sender = home.In(() => UdpSocket.Open(AddressFamily.InterNetworkV6));
        var batch = new PacketBatch(1, 20_000);
        var packet = batch.Add();
        packet.Fill(new byte[10_000]);
        Assert.True(RealAddress.TryParse($"[::1]:{socket.Port}", out var to));
        packet.Path = new WirePath(0, to, 0);
        sender.Stage(packet);
        sender.Flush();
        var received = new PacketBatch();
        TestNamespace.WaitFor(() => socket.Receive(received) == 1, "the datagram");
        Assert.Equal(0, received[0].Length);
        Assert.Equal(1, counters["wire-oversized"]);
    }

    [NeedsRootFact]
    public void A_port_in_use_is_refused_with_a_sentence()
    {
        using var home = new TestNamespace("h");
        using var first = home.In(() => UdpSocket.Open(AddressFamily.InterNetwork, port: 4916));
        using var other = home.In(() => UdpSocket.Open(AddressFamily.InterNetworkV6, port: 4916)); // the families do not clash
        var refusal = Assert.Throws<LinuxException>(() => home.In(() => UdpSocket.Open(AddressFamily.InterNetwork, port: 4916)));
        Assert.Contains("4916", refusal.Message);
        Assert.Contains("second copy", refusal.Message);
    }
}
