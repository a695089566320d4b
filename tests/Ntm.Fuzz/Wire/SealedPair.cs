using Ntm.Fuzz.Cores;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Fuzz.Wire;

/// <summary>Alice's and bob's tunnel tables with a tunnel that stands, and every datagram it took to get there. Bob is the one under test.</summary>
internal sealed class SealedPair
{
    private readonly Packet _packet = new();

    public SealedPair()
    {
        Alice = new TunnelTable(Cast.Alice.Key, Cast.Entropy("alice tunnels"), AlicesOutbox);
        Bob = new TunnelTable(Cast.Bob.Key, Cast.Entropy("bob tunnels"), BobsOutbox);
        Tunnel = Alice.Add(Cast.Bob.Key.Public, TunnelKind.Ntm);
        Tunnel.SendPath = new(0, Cast.Bob.Address, 0);
        Bobs = Bob.Add(Cast.Alice.Key.Public, TunnelKind.Ntm);
        Bobs.SendPath = new(0, Cast.Alice.Address, 0);
        Alice.Begin(Now, Tunnel);
        Exchange();
        Alice.Send(Now, Tunnel, Frame.Make(Cast.Alice.Vip, Cast.Bob.Vip, [1, 2, 3]));
        Exchange();
        if (!Bobs.IsEstablished)
        {
            throw new InvalidOperationException("The tunnel does not stand.");
        }
    }

    public Now Now { get; set; } = new(TimeSpan.FromHours(1), Cast.Wall + TimeSpan.FromHours(1));

    public Outbox AlicesOutbox { get; } = new();

    public Outbox BobsOutbox { get; } = new();

    public TunnelTable Alice { get; }

    public TunnelTable Bob { get; }

    /// <summary>Alice's tunnel with bob.</summary>
    public Tunnel.Tunnel Tunnel { get; }

    /// <summary>Bob's tunnel with alice.</summary>
    public Tunnel.Tunnel Bobs { get; }

    /// <summary>To bob, in order: initiation, keep-alive, data.</summary>
    public List<byte[]> ToBob { get; } = [];

    public List<byte[]> ToAlice { get; } = [];

    /// <summary>A datagram into bob's table.</summary>
    public OpenVerdict Open(ReadOnlySpan<byte> datagram, out int length)
    {
        _packet.Reset();
        _packet.Fill(datagram);
        _packet.Path = new(0, Cast.Alice.Address, 0);
        var verdict = Bob.Open(Now, _packet, out _);
        length = _packet.Length;
        return verdict;
    }

    private void Exchange()
    {
        for (var more = true; more;)
        {
            more = false;
            while (AlicesOutbox.TryTakeDatagram(out _, out var datagram))
            {
                more = true;
                ToBob.Add(datagram);
                Open(datagram, out _);
            }

            while (BobsOutbox.TryTakeDatagram(out _, out var datagram))
            {
                more = true;
                ToAlice.Add(datagram);
                _packet.Reset();
                _packet.Fill(datagram);
                _packet.Path = new(0, Cast.Bob.Address, 0);
                Alice.Open(Now, _packet, out _);
            }
        }
    }
}
