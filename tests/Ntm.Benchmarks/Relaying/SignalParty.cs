using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Relaying;

/// <summary>A party with tunnels and signalling that answers where it is asked from: the least there is of a coordinator or a node.</summary>
internal sealed class SignalParty : ICore
{
    public SignalParty(StaticKeyPair key, string zone)
    {
        Tunnels = new TunnelTable(key, SystemEntropy.Instance, Outbox) { OnUnknownPeer = (_, peer, _) => Tunnels!.Add(peer, TunnelKind.Ntm) };
        Signals = new SignalChannel(Tunnels, new ZoneAddressing(zone)) { OnSignal = (now, tunnel, _, signal) => OnSignal(now, tunnel, signal) };
    }

    public TunnelTable Tunnels { get; }

    public SignalChannel Signals { get; }

    public Outbox Outbox { get; } = new();

    public Func<Now, Tunnel.Tunnel, Signal, Signal?> OnSignal { get; init; } = static (_, _, _) => null;

    public TimeSpan NextDeadline => Tunnels.NextDeadline < Signals.NextDeadline ? Tunnels.NextDeadline : Signals.NextDeadline;

    public void ReceiveDatagrams(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            Take(now, batch[i]);
        }
    }

    /// <summary>Takes a datagram.</summary>
    /// <returns>The tunnel of a packet inside that is not signalling; null: there is none.</returns>
    public Tunnel.Tunnel? Take(Now now, Packet packet)
    {
        var verdict = Tunnels.Open(now, packet, out var tunnel);
        if (verdict is not (OpenVerdict.Data or OpenVerdict.KeepAlive))
        {
            return null;
        }

        if (!tunnel!.LastReceivedPath.IsRelayed)
        {
            tunnel.SendPath = tunnel.LastReceivedPath;
        }

        return verdict == OpenVerdict.Data && !Signals.TryTake(now, tunnel, packet) ? tunnel : null;
    }

    public void ReceivePackets(Now now, PacketBatch batch)
    {
    }

    public void HandleTimeout(Now now)
    {
        Tunnels.HandleTimeout(now);
        Signals.HandleTimeout(now);
    }
}
