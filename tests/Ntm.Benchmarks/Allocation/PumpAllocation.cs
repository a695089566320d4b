using System.Net;
using System.Net.Sockets;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Measurements;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Real.Tests.Interop;
using Ntm.Real.Tests;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Allocation;

/// <summary>Pumps with TUN and sockets in namespaces, in this process, while iperf3 sends through them: what their threads allocate.</summary>
internal static class PumpAllocation
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(2);

    public static IEnumerable<PathAllocation> Measure(Belongings belongings) => [.. Bare(belongings, lanes: 1), .. Bare(belongings, lanes: 2), .. Homes(belongings)];

    private static IEnumerable<PathAllocation> Bare(Belongings belongings, int lanes)
    {
        var wire = new Wire(belongings);
        var (left, right, toLeft, toRight) = Keys();
        OurPeer Start(TestNamespace where, StaticKeyPair key, PublicKey peer, RealAddress endpoint, IPAddress inside) =>
            belongings.Add(() => new OurPeer(where.Name, key, peer, endpoint, Limits.SignallingPort, [$"{inside}/64"], lanes: lanes));
        var (one, other) = (Start(wire.Left, left, right.Public, toRight, Wire.LeftInside), Start(wire.Right, right, left.Public, toLeft, Wire.RightInside));
        return Run($"tunnel, {lanes} lane{(lanes == 1 ? "" : "s")}", new Contestant("pump, tunnel", wire, Wire.RightInside), one.Pump, other.Pump);
    }

    private static IEnumerable<PathAllocation> Homes(Belongings belongings)
    {
        var wire = new Wire(belongings);
        var (left, right, toLeft, toRight) = Keys();
        var (from, to) = (Device(belongings, wire.Left, "a"), Device(belongings, wire.Right, "b"));
        var (core, leftPump) = Start(belongings, wire.Left, left, right.Public, toRight, true, "a");
        var (_, rightPump) = Start(belongings, wire.Right, right, left.Public, toLeft, false, "b");
        return
        [
            .. Run("home, IPv4, translated", new Contestant("IPv4", wire, from, to, core.Alias), leftPump, rightPump),
            .. Run("home, IPv6", new Contestant("IPv6", wire, from, to, core.Vip), leftPump, rightPump),
        ];
    }

    private static IEnumerable<PathAllocation> Run(string path, Contestant contestant, Pump left, Pump right)
    {
        Iperf.Run(contestant, Duration, 1); // until code is compiled for good
        var before = new[] { left, right }.Select(Look).ToArray();
        Iperf.Run(contestant, Duration, 1);
        foreach (var (pump, then, side) in new[] { (left, before[0], "sender"), (right, before[1], "receiver") })
        {
            var now = Look(pump);
            yield return new($"pump, {path}, {side}", now.Packets - then.Packets, now.Bytes - then.Bytes);
        }
    }

    private static (long Packets, long Bytes) Look(Pump pump) =>
        pump.Ask(_ => (pump.Sockets.Sum(socket => socket.DatagramsSent + socket.DatagramsReceived), GC.GetAllocatedBytesForCurrentThread())).Result;

    private static (HomeCore Core, Pump Pump) Start(Belongings belongings, TestNamespace where, StaticKeyPair key, PublicKey peer, RealAddress endpoint, bool isLeft, string lan)
    {
        var core = new HomeCore(key, peer, endpoint, isLeft, IPAddress.Parse(DeviceOf(lan)), IPAddress.Parse(RouterOf(lan)));
        var pump = belongings.Add(() => new Pump(core, new PumpOptions { Name = where.Name, OnBug = e => Console.Error.WriteLine(e) }));
        var tun = NetworkNamespace.Run(where.Name, () => Tun.Open("ntm0", counters: pump.Counters));
        tun.AddAddress(core.Own.ToIPAddress(), 128);
        tun.AddRoute(new IPNetwork(VirtualAddress.Compose(HomeCore.Site, 0, 0).ToIPAddress(), 48), source: core.Own.ToIPAddress());
        tun.AddAddress(core.RouterAlias, 32);
        tun.AddRoute(IPNetwork.Parse("198.18.0.0/15"), Limits.MtuInsideIPv4, core.RouterAlias);
        pump.SetTun(tun);
        pump.AddSocket(NetworkNamespace.Run(where.Name, () => UdpSocket.Open(AddressFamily.InterNetwork, Limits.SignallingPort, counters: pump.Counters)));
        pump.Start();
        return (core, pump);
    }

    private static TestNamespace Device(Belongings belongings, TestNamespace router, string lan)
    {
        var device = belongings.Namespace(lan);
        device.JoinTo(router, "eth0", "lan0", [$"{HomeCore.Device4}/24", $"{DeviceOf(lan)}/64"], [$"{HomeCore.Router4}/24", $"{RouterOf(lan)}/64"]);
        device.Run($"ip route add default via {HomeCore.Router4}");
        device.Run($"ip route add default via {RouterOf(lan)}");
        router.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        return device;
    }

    private static (StaticKeyPair Left, StaticKeyPair Right, RealAddress ToLeft, RealAddress ToRight) Keys()
    {
        RealAddress.TryParse($"{Wire.LeftAddress}:{Limits.SignallingPort}", out var toLeft);
        RealAddress.TryParse($"{Wire.RightAddress}:{Limits.SignallingPort}", out var toRight);
        return (StaticKeyPair.Generate(SystemEntropy.Instance), StaticKeyPair.Generate(SystemEntropy.Instance), toLeft, toRight);
    }

    private static string DeviceOf(string lan) => $"2001:db8:{lan}::10";

    private static string RouterOf(string lan) => $"2001:db8:{lan}::1";
}
