using System.Net;
using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Relaying;

/// <summary>
/// A <see cref="RelayedNode"/> with a TUN in a process of its own. On standard input come its private key and its binding, then whom to meet and how; it registers at the relay
/// and ends with its input.
/// </summary>
internal static class NodePeer
{
    /// <param name="options">Namespace, the relay's endpoint and key, port, address inside.</param>
    public static int Run(string[] options)
    {
        var key = new StaticKeyPair(Convert.FromBase64String(Console.ReadLine()!));
        var binding = SignedBinding.Parser.ParseFrom(Convert.FromBase64String(Console.ReadLine()!));
        if (!RealAddress.TryParse(options[1], out var relay) || !PublicKey.TryParse(options[2], out var relayKey))
        {
            return 2;
        }

        var node = new RelayedNode(key, binding, relay, relayKey);
        using var pump = new Pump(node, new PumpOptions { Name = options[0], OnBug = e => Console.Error.WriteLine(e) });
        var tun = NetworkNamespace.Run(options[0], () => Tun.Open("ntm0", counters: pump.Counters));
        pump.AddSocket(NetworkNamespace.Run(options[0], () => UdpSocket.Open(AddressFamily.InterNetwork, int.Parse(options[3]), counters: pump.Counters)));
        pump.Start();
        pump.Post(node.Register);
        while (!pump.Ask(_ => node.IsRegistered).Result)
        {
            Thread.Sleep(10);
        }

        Console.WriteLine("registered");
        var meet = Console.ReadLine()!.Split(' '); // key, endpoint, channel
        if (!PublicKey.TryParse(meet[0], out var peer) || !RealAddress.TryParse(meet[1], out var endpoint))
        {
            return 2;
        }

        var prefix = options[4].Split('/');
        pump.Ask(_ =>
        {
            node.Meet(peer, new WirePath(0, endpoint, uint.Parse(meet[2])));
            pump.SetTun(tun);
            return true;
        }).Wait();
        tun.AddAddress(IPAddress.Parse(prefix[0]), int.Parse(prefix[1]));
        Console.WriteLine("ready");
        Console.ReadLine();
        foreach (var (reason, count) in pump.Ask(_ => pump.Counters.All.Concat(node.Tunnels.Counters.All).ToList()).Result)
        {
            Console.Error.WriteLine($"{options[0]}: {reason} {count}");
        }

        return 0;
    }
}
