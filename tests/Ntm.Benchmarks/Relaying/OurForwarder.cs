using System.Diagnostics;
using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Real.Tests;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Relaying;

/// <summary>Our relay, whose coordinator has paired a node with several others. The nodes have registered; what they send each other is noise, which the relay cannot tell from what is sealed.</summary>
internal sealed class OurForwarder : IForwarder
{
    private readonly List<(RelayedNode Node, UdpSocket Socket)> _nodes = [];
    private readonly RelayZone _zone;
    private readonly PacketBatch _batch = new();

    public OurForwarder(TestNamespace left, TestNamespace middle, TestNamespace right, int channels, int length, int processor)
    {
        var key = StaticKeyPair.Generate(SystemEntropy.Instance);
        _zone = new RelayZone(middle.Name, Rig.MiddleLeft);
        Process = Child.Ours(processor, "relay-peer", middle.Name, $"{Rig.MiddleLeft}:{Rig.Port}");
        Process.Tell(Convert.ToBase64String(key.Private));
        Process.Tell(InviteCode.Write(_zone.Invite(Role.Relay)));
        Process.Hear();
        Target = Rig.Address(Rig.MiddleLeft, Rig.Port);
        Join(left, Target, key.Public);
        for (var i = 0; i < channels; i++)
        {
            Join(right, Rig.Address(Rig.MiddleRight, Rig.Port), key.Public);
        }

        var paired = _zone.Pair([.. _nodes.Skip(1).Select(n => (_nodes[0].Node.Key, n.Node.Key))]);
        Frames = [.. paired.Select(p => Frame(p.First, length))];
        Renew();
    }

    public string Name => "NTM Gateway's relay";

    public Child Process { get; }

    public UdpSocket Sender => _nodes[0].Socket;

    public RealAddress Target { get; }

    public IReadOnlyList<byte[]> Frames { get; }

    public IReadOnlyList<UdpSocket> Sinks => [.. _nodes.Skip(1).Select(n => n.Socket)];

    public void Renew()
    {
        foreach (var (node, socket) in _nodes)
        {
            node.Register(BootClock.Now);
            for (var clock = Stopwatch.StartNew(); !node.IsRegistered; Thread.Sleep(1))
            {
                if (clock.Elapsed > TimeSpan.FromSeconds(10))
                {
                    throw new InvalidOperationException("A node did not register at the relay.");
                }

                Turn(node, socket);
            }

            Turn(node, socket);
        }
    }

    public void Dispose()
    {
        _nodes.ForEach(n => n.Socket.Dispose());
        _zone.Dispose();
        Process.Dispose();
    }

    // A sealed datagram as far as a relay can tell: type, channel, receiver, counter, text and tag.
    private static byte[] Frame(uint channel, int length)
    {
        var frame = new byte[length];
        new Random(4916).NextBytes(frame);
        frame[0] = TunnelMessage.Transport;
        TunnelMessage.WriteChannel(frame, channel);
        return frame;
    }

    private void Join(TestNamespace where, RealAddress relay, PublicKey relayKey) =>
        _nodes.Add((_zone.Node(relay, relayKey), where.In(() => UdpSocket.Open(AddressFamily.InterNetwork))));

    private void Turn(RelayedNode node, UdpSocket socket)
    {
        node.HandleTimeout(BootClock.Now);
        while (socket.Receive(_batch) > 0)
        {
            node.ReceiveDatagrams(BootClock.Now, _batch);
        }

        _batch.Clear();
        while (!_batch.IsFull && node.Outbox.TryTakeDatagram(out var path, out var datagram))
        {
            var packet = _batch.Add();
            packet.Fill(datagram);
            packet.Path = path;
            socket.Stage(packet);
        }

        socket.Flush();
    }
}
