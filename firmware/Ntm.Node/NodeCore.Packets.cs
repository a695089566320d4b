using Ntm.Node.Devices;
using Ntm.Node.Paths;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Node;

/// <summary>A packet's journey through the node: between the tunnels and the TUN, by way of the device proxy (DESIGN.md).</summary>
public sealed partial class NodeCore
{
    public IBatchWork? Ahead(Now now, PacketBatch batch) => _context.Tunnels.OpenAhead(now, batch);

    public IBatchWork? Left => _context.Tunnels.LeftToSeal;

    public void ReceiveDatagrams(Now now, PacketBatch batch)
    {
        Start(now);
        for (var i = 0; i < batch.Count; i++)
        {
            Inbound(now, batch[i]);
        }

        _leaving.CarryOut(now);
    }

    public void ReceivePackets(Now now, PacketBatch batch)
    {
        Start(now);
        for (var i = 0; i < batch.Count; i++)
        {
            var count = batch.Count;
            Outbound(now, batch[i], batch, i);
            i += batch.Count - count; // a second half behind it
        }
    }

    public void NeighboursSeen(Now now, IReadOnlyList<Neighbour> neighbours)
    {
        Start(now);
        foreach (var neighbour in neighbours)
        {
            _devices.NeighbourSeen(now, neighbour);
        }

        _held.Release(packet =>
        {
            Outbound(now, packet, batch: null);
            switch (packet.Disposition)
            {
                case Disposition.ToWire:
                    Outbox.Send(packet.Path, packet.Bytes);
                    break;
                case Disposition.ToTun:
                    Outbox.Deliver(packet.Bytes);
                    break;
            }
        });
    }

    private void Inbound(Now now, Packet packet)
    {
        packet.Disposition = Disposition.Drop;
        var bytes = packet.Length;
        var verdict = _context.Tunnels.Open(now, packet, out var tunnel);
        if (verdict is not (OpenVerdict.Data or OpenVerdict.KeepAlive))
        {
            return;
        }

        _watch.Heard(now, packet.Path.Uplink);
        var peer = tunnel!.Owner as Peer;
        if (peer is not null)
        {
            _checks.Heard(now, peer, packet.Path, bytes);
            _context.Recorder.Heard(now, peer, packet.Path);
        }
        else if (tunnel.Owner is ServerLink link)
        {
            _context.Recorder.Heard(now, link, packet.Path);
        }

        if (verdict == OpenVerdict.KeepAlive)
        {
            if (peer is not null && packet.Length > 0)
            {
                _reports.Heard(now, peer); // a half
            }

            return;
        }

        if (_context.Signals is not { } signals || signals.TryTake(now, tunnel, packet))
        {
            return;
        }

        if (peer is null)
        {
            _context.Counters.Count("server-sent-a-packet"); // coordinators and relays have nothing to say to the LAN
        }
        else
        {
            _reports.Heard(now, peer);
            switch (_proxy!.Inbound(now, packet, peer.Vip))
            {
                case InboundVerdict.ToLan:
                    peer.LastTraffic = now.Boot;
                    _peers.Used(now, peer);
                    packet.Disposition = Disposition.ToTun;
                    break;
                case InboundVerdict.Answered:
                    SendTo(now, peer, packet, mayWait: true);
                    break;
            }
        }
    }

    private void Outbound(Now now, Packet packet, PacketBatch? batch, int at = 0)
    {
        packet.Disposition = Disposition.Drop;
        if (_proxy is not { } proxy)
        {
            _context.Counters.Count("packet-before-joining");
            return;
        }

        switch (proxy.Outbound(now, packet, out var remote))
        {
            case OutboundVerdict.NeighbourWanted when batch is null:
                _context.Counters.Count(HeldPackets.DeviceUnknown);
                break;
            case OutboundVerdict.NeighbourWanted:
                if (_held.TryHold(now.Boot, packet.Bytes))
                {
                    _context.Events.Enqueue(NodeEvent.NeighbourWanted.Soon);
                }

                break;
            case OutboundVerdict.ToPeer when _peers.FindByVip(remote) is { } peer:
                SendTo(now, peer, packet, mayWait: batch is not null, batch, at);
                break;
            case OutboundVerdict.Answered:
                packet.Disposition = Disposition.ToTun;
                break;
        }
    }

    // Sealed at once where its bytes are needed again here, or where it lies in no batch.
    private void SendTo(Now now, Peer peer, Packet packet, bool mayWait, PacketBatch? batch = null, int at = 0)
    {
        if (!peer.Tunnel.IsEstablished || now.Boot > peer.RenewAt)
        {
            _directions.Refresh(now, peer);
        }

        _checks.Sending(now, peer);
        _peers.Used(now, peer);
        if (peer.Used is { IsDirect: true, State: PathState.Unproven } unproven && peer.Tunnel.IsEstablished
            && (packet.Length > peer.Tunnel.Mtu || !peer.Tunnel.MaySend!(now, unproven.Path, packet.Length + TunnelMessage.TransportOverhead)))
        {
            _context.Tunnels.Hold(peer.Tunnel, packet); // whose address it is shows with the answer to our check
            return;
        }

        if (packet.Length > peer.Tunnel.Mtu && peer.Tunnel is { JoinsHalves: true, IsEstablished: true })
        {
            SendHalves(now, peer, packet, batch, at);
            return;
        }

        _context.Tunnels.Seal(now, peer.Tunnel, packet, mayWait && peer.Double is null);
        Sent(now, peer, packet);
    }

    // The second half goes into the batch behind the first, so that halves are runs like all else and nothing overtakes them.
    private void SendHalves(Now now, Peer peer, Packet packet, PacketBatch? batch, int at)
    {
        var second = batch?.InsertAfter(at) ?? _otherHalf;
        _context.Tunnels.SealHalves(now, peer.Tunnel, packet, second, batch is not null && peer.Double is null);
        Sent(now, peer, packet);
        Sent(now, peer, second);
        if (batch is null && second.Disposition == Disposition.ToWire)
        {
            Outbox.Send(packet.Path, packet.Bytes);
            Outbox.Send(second.Path, second.Bytes);
            packet.Disposition = Disposition.Drop;
        }
    }

    private void Sent(Now now, Peer peer, Packet packet)
    {
        if (packet.Disposition != Disposition.ToWire)
        {
            return; // staged
        }

        if (peer.Used is { } used)
        {
            used.BytesSent += packet.Length;
            used.LongestSent = Math.Max(used.LongestSent, packet.Length);
            _context.Recorder.Sent(now, peer, used.Path);
        }

        if (peer.Double is { } second)
        {
            _scratch.Reset();
            _scratch.Fill(packet.Bytes);
            TunnelMessage.WriteChannel(_scratch.Bytes, second.Path.Channel);
            Outbox.Send(second.Path, _scratch.Bytes);
            second.BytesSent += packet.Length;
            peer.Doubled++;
            _context.Recorder.Sent(now, peer, second.Path);
        }
    }
}
