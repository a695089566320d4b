using System.Net;
using System.Net.Sockets;
using Ntm.Crypto;
using Ntm.Linux;
using Ntm.Linux.Offloads;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Real.Tests.Interop;

/// <summary>Our side of an interoperation: a <see cref="StockCore"/> with a real TUN and real sockets of both families in a namespace.</summary>
internal sealed class OurPeer : IDisposable
{
    public const string Device = "ntm0";

    private readonly string _namespace;

    /// <param name="where">Name of the network namespace.</param>
    /// <param name="port">0: any.</param>
    /// <param name="inside">Our addresses inside the tunnel, each routing its whole prefix ("10.7.0.1/24").</param>
    /// <param name="offloads">Of the TUN.</param>
    /// <param name="suites">What both ends have, as signalling would have told them.</param>
    /// <param name="aes">Whose AES-256-GCM.</param>
    /// <param name="lanes">Threads that seal and open.</param>
    public OurPeer(string where, StaticKeyPair key, PublicKey peer, RealAddress? endpoint, int port, string[] inside, byte[]? presharedKey = null,
        TunOffloads offloads = TunOffloads.All, SuiteAgreement suites = default, int lanes = 1, AesGcmSource aes = AesGcmSource.Library)
    {
        _namespace = where;
        Core = new StockCore(key, peer, endpoint, presharedKey, lanes, aes);
        Core.Tunnel.Suites = suites;
        Pump = new Pump(Core, new PumpOptions { Name = where, Lanes = lanes, OnBug = e => Console.Error.WriteLine(e) });
        var tun = NetworkNamespace.Run(where, () => Tun.Open(Device, counters: Pump.Counters, offloads: offloads));
        Pump.SetTun(tun);
        foreach (var prefix in inside.Select(text => text.Split('/')))
        {
            tun.AddAddress(IPAddress.Parse(prefix[0]), int.Parse(prefix[1]));
        }

        AddSockets(port);
        Pump.Start();
    }

    public StockCore Core { get; }

    public Pump Pump { get; }

    public ushort Port(AddressFamily family) => Ask(() => Pump.Sockets.First(s => s.Family == family).Port);

    /// <summary>Looks at the core on its own thread.</summary>
    public T Ask<T>(Func<T> question) => Pump.Ask(_ => question()).Result;

    /// <summary>Begins a handshake.</summary>
    public void Begin() => Pump.Ask(now =>
    {
        Core.Table.Begin(now, Core.Tunnel);
        return true;
    }).Wait();

    /// <summary>Goes on from other ports, as behind a NAT that forgot us.</summary>
    public void ChangePorts() => Ask(() =>
    {
        foreach (var socket in Pump.Sockets.ToArray())
        {
            Pump.RemoveSocket(socket);
        }

        AddSockets(0);
        return true;
    });

    public void Dispose() => Pump.Dispose();

    private void AddSockets(int port)
    {
        foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
        {
            Pump.AddSocket(NetworkNamespace.Run(_namespace, () => UdpSocket.Open(family, port, counters: Pump.Counters)));
        }
    }
}
