using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Relay;

/// <summary>A party with tunnels and signalling and no will of its own: coordinator or node, as the test has it.</summary>
internal sealed class TestParty : ICore
{
    public TestParty(StaticKeyPair key, SeededEntropy entropy, string zone)
    {
        Key = key;
        Tunnels = new TunnelTable(key, entropy, Outbox) { OnUnknownPeer = (_, peer, _) => Tunnels!.Add(peer, TunnelKind.Ntm) };
        Signals = new SignalChannel(Tunnels, new ZoneAddressing(zone)) { OnSignal = (now, tunnel, _, signal) => OnSignal(now, tunnel, signal) };
    }

    public StaticKeyPair Key { get; }

    public TunnelTable Tunnels { get; }

    public SignalChannel Signals { get; }

    public Outbox Outbox { get; } = new();

    public Func<Now, Ntm.Tunnel.Tunnel, Signal, Signal?> OnSignal { get; set; } = (_, _, _) => null;

    /// <summary>Datagrams that came with a relay channel and are no tunnel's concern here; null: they go to the tunnels.</summary>
    public List<(uint Channel, RealAddress From, byte[] Bytes)>? Relayed { get; set; } = [];

    /// <summary>Inner packets that are not signalling.</summary>
    public List<byte[]> Inner { get; } = [];

    /// <summary>Whether tunnels answer where they are asked from: a coordinator's way.</summary>
    public bool Follows { get; set; } = true;

    public void ReceiveDatagrams(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            var packet = batch[i];
            packet.Disposition = Disposition.Drop;
            if (Relayed is not null && TunnelMessage.ReadChannel(packet.Bytes) is > 0 and var channel)
            {
                Relayed.Add((channel, packet.Path.Remote, packet.Bytes.ToArray()));
                continue;
            }

            var verdict = Tunnels.Open(now, packet, out var tunnel);
            packet.Disposition = Disposition.Drop;
            if (verdict is OpenVerdict.Data or OpenVerdict.KeepAlive && Follows)
            {
                tunnel!.SendPath = tunnel.LastReceivedPath;
            }

            if (verdict == OpenVerdict.Data && !Signals.TryTake(now, tunnel!, packet))
            {
                Inner.Add(packet.Bytes.ToArray());
            }
        }
    }

    public void ReceivePackets(Now now, PacketBatch batch)
    {
    }

    public void HandleTimeout(Now now)
    {
        Tunnels.HandleTimeout(now);
        Signals.HandleTimeout(now);
    }

    public TimeSpan NextDeadline => Tunnels.NextDeadline < Signals.NextDeadline ? Tunnels.NextDeadline : Signals.NextDeadline;
}
