using System.Net;
using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Benchmarks;

/// <summary>One home's router in a process of its own. Its private key comes on standard input; it ends with it.</summary>
internal static class HomePeer
{
    /// <param name="options">Namespace, the peer's public key, endpoint, "left" or "right", the device's and the router's IPv6 address on the LAN.</param>
    public static int Run(string[] options)
    {
        var key = new StaticKeyPair(Convert.FromBase64String(Console.ReadLine()!));
        if (!PublicKey.TryParse(options[1], out var peer) || !RealAddress.TryParse(options[2], out var endpoint))
        {
            return 2;
        }

        var core = new HomeCore(key, peer, endpoint, options[3] == "left", IPAddress.Parse(options[4]), IPAddress.Parse(options[5]));
        using var pump = new Pump(core, new PumpOptions { Name = options[0], OnBug = e => Console.Error.WriteLine(e) });
        var tun = NetworkNamespace.Run(options[0], () => Tun.Open("ntm0", counters: pump.Counters));
        tun.AddAddress(core.Own.ToIPAddress(), 128);
        tun.AddRoute(new IPNetwork(VirtualAddress.Compose(0x1122334455, 0, 0).ToIPAddress(), 48), source: core.Own.ToIPAddress());
        tun.AddAddress(core.RouterAlias, 32);
        tun.AddRoute(IPNetwork.Parse("198.18.0.0/15"), Limits.MtuInsideIPv4, core.RouterAlias);
        pump.SetTun(tun);
        pump.AddSocket(NetworkNamespace.Run(options[0], () => UdpSocket.Open(AddressFamily.InterNetwork, Limits.SignallingPort, counters: pump.Counters)));
        pump.Start();
        Console.WriteLine($"{core.Alias} {core.Vip}");
        Console.ReadLine();
        foreach (var (reason, count) in pump.Ask(_ => pump.Counters.All.Concat(core.Table.Counters.All).Concat(core.Counters.All).ToList()).Result)
        {
            Console.Error.WriteLine($"{options[0]}: {reason} {count}");
        }

        return 0;
    }
}
