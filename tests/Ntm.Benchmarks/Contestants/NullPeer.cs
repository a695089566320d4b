using System.Net;
using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Benchmarks.Contestants;

/// <summary>One end of the path that does not encrypt, in a process of its own. It ends with its standard input.</summary>
internal static class NullPeer
{
    /// <param name="options">Namespace, the peer's public key (of no use), endpoint, port, address inside.</param>
    public static int Run(string[] options)
    {
        if (!RealAddress.TryParse(options[2], out var endpoint))
        {
            return 2;
        }

        Console.ReadLine();
        using var pump = new Pump(new NullCore(endpoint), new PumpOptions { Name = options[0], OnBug = e => Console.Error.WriteLine(e) });
        var tun = NetworkNamespace.Run(options[0], () => Tun.Open("ntm0", counters: pump.Counters));
        pump.SetTun(tun);
        var inside = IPNetwork.Parse(options[4].Replace("/64", "/128", StringComparison.Ordinal)).BaseAddress;
        tun.AddAddress(inside, 64);
        pump.AddSocket(NetworkNamespace.Run(options[0], () => UdpSocket.Open(AddressFamily.InterNetwork, int.Parse(options[3]), counters: pump.Counters)));
        pump.Start();
        Console.WriteLine("ready");
        Console.ReadLine();
        return 0;
    }
}
