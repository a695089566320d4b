using System.Buffers.Binary;
using System.Net.Sockets;
using Ntm.Benchmarks.Relaying;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Scaling;

/// <summary>One of the hub's peers, with keys and a port of its own. It answers path checks and echoes UDP to port 7; of bulk data it opens one datagram a look and counts the others.</summary>
internal sealed class ScalePeer : IDisposable
{
    public const ushort EchoPort = 7, BulkPort = 9;

    // Longer than signalling of ours and than an echo.
    private const int Bulk = 1000;

    private const int UdpHeader = 8, IPv6Header = 40;

    private readonly SignalParty _party;
    private readonly Tunnel.Tunnel _hub;
    private readonly PacketBatch _sending;

    public ScalePeer(string name, PublicKey hub, RealAddress hubsAddress, string address, PacketBatch sending)
    {
        (Name, _sending) = (name, sending);
        _party = new SignalParty(StaticKeyPair.Generate(SystemEntropy.Instance), ScaleZone.Name) { OnSignal = Answer };
        _hub = _party.Tunnels.Add(hub, TunnelKind.Ntm);
        _hub.SendPath = new WirePath(0, hubsAddress, 0);
        Socket = UdpSocket.Open(AddressFamily.InterNetwork, batch: 4);
        Address = Rig.Address(address, Socket.Port);
        Vip = new ZoneAddressing(ScaleZone.Name).Node(Key);
    }

    public string Name { get; }

    public PublicKey Key => _party.Tunnels.Key.Public;

    public VirtualAddress Vip { get; }

    public UdpSocket Socket { get; }

    public RealAddress Address { get; }

    public bool IsEstablished => _hub.IsEstablished;

    /// <summary>Datagrams that are on their way to it, for as far as the sender knows.</summary>
    public int Expected { get; set; }

    public void Begin(Now now)
    {
        _party.Tunnels.Begin(now, _hub);
        Flush();
    }

    public void HandleTimeout(Now now)
    {
        _party.HandleTimeout(now);
        Flush();
    }

    /// <summary>Takes what waits.</summary>
    /// <returns>Datagrams of bulk data.</returns>
    public int Receive(Now now, PacketBatch batch)
    {
        var bulk = 0;
        do
        {
            Socket.Receive(batch);
            for (var i = 0; i < batch.Count; i++)
            {
                var isBulk = batch[i].Length >= Bulk;
                bulk += isBulk ? 1 : 0;
                if (!isBulk || bulk == 1)
                {
                    Take(now, batch[i]);
                }
            }
        }
        while (Socket.HasRest);
        Flush();
        return bulk;
    }

    public void Dispose() => Socket.Dispose();

    private void Take(Now now, Packet packet)
    {
        if (_party.Take(now, packet) is not { } tunnel || packet.Length < IPv6Header + UdpHeader
            || BinaryPrimitives.ReadUInt16BigEndian(packet.Bytes[(IPv6Header + 2)..]) != EchoPort)
        {
            return;
        }

        // Back to where it came from; its checksum stays right.
        Span<byte> swap = stackalloc byte[16];
        var bytes = packet.Bytes;
        bytes[8..24].CopyTo(swap);
        bytes[24..40].CopyTo(bytes[8..]);
        swap.CopyTo(bytes[24..]);
        bytes.Slice(IPv6Header, 2).CopyTo(swap);
        bytes.Slice(IPv6Header + 2, 2).CopyTo(bytes[IPv6Header..]);
        swap[..2].CopyTo(bytes[(IPv6Header + 2)..]);
        _party.Tunnels.Seal(now, tunnel, packet);
        if (packet.Disposition == Disposition.ToWire)
        {
            Socket.Stage(packet);
            Socket.Flush();
        }
    }

    private Signal? Answer(Now now, Tunnel.Tunnel tunnel, Signal signal)
    {
        if (signal.PathCheck is { } check)
        {
            var reply = new Signal { PathCheckReply = new PathCheckReply { Id = check.Id, Seen = tunnel.LastReceivedPath.Remote.ToWire() } };
            _party.Signals.Notify(now, tunnel, reply, tunnel.LastReceivedPath);
        }

        return null;
    }

    private void Flush()
    {
        while (_party.Outbox.TryTakeDatagram(out var path, out var datagram))
        {
            _sending.Clear();
            var packet = _sending.Add();
            packet.Fill(datagram);
            packet.Path = path;
            Socket.Stage(packet);
            Socket.Flush();
        }
    }
}
