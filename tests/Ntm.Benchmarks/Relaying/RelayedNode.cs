using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Relaying;

/// <summary>A node that registers at a relay and has one peer, by a relay channel or directly: what comes from the TUN goes there.</summary>
internal sealed class RelayedNode : ICore
{
    private readonly SignalParty _party;
    private readonly SignedBinding _binding;
    private readonly Tunnel.Tunnel _relay;

    public RelayedNode(StaticKeyPair key, SignedBinding binding, RealAddress relay, PublicKey relayKey)
    {
        _binding = binding;
        _party = new SignalParty(key, "home.example");
        _relay = _party.Tunnels.Add(relayKey, TunnelKind.Ntm);
        _relay.Candidates.Add(new WirePath(0, relay, 0));
        _relay.PersistentKeepAlive = Limits.KeepAliveFirst;
    }

    public PublicKey Key => _party.Tunnels.Key.Public;

    public StaticKeyPair KeyPair => _party.Tunnels.Key;

    public SignedBinding Binding => _binding;

    /// <summary>Where what comes from the TUN goes.</summary>
    public Tunnel.Tunnel? Peer { get; private set; }

    public TunnelTable Tunnels => _party.Tunnels;

    public bool IsRegistered { get; private set; }

    public Outbox Outbox => _party.Outbox;

    public TimeSpan NextDeadline => _party.NextDeadline;

    /// <summary>Asks the relay to know it by the address it is heard from; ends with <see cref="IsRegistered"/>.</summary>
    public void Register(Now now)
    {
        IsRegistered = false;
        _party.Signals.Request(now, _relay, new Signal { RelayRegistrationRequest = new RelayRegistrationRequest { Binding = _binding } }, (_, answer) =>
        {
            IsRegistered = answer?.RelayRegistrationResponse is not null;
            if (!IsRegistered)
            {
                Console.Error.WriteLine($"The relay did not register a node: {answer}");
            }
        });
    }

    /// <param name="path">With a channel: through the relay.</param>
    public void Meet(PublicKey peer, WirePath path)
    {
        Peer = _party.Tunnels.Add(peer, TunnelKind.Ntm);
        Peer.SendPath = path;
    }

    public void ReceiveDatagrams(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            var packet = batch[i];
            if (_party.Take(now, packet) is { } tunnel && tunnel == Peer)
            {
                packet.Disposition = Disposition.ToTun;
            }
        }
    }

    public void ReceivePackets(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            _party.Tunnels.Seal(now, Peer!, batch[i]);
        }
    }

    public void HandleTimeout(Now now) => _party.HandleTimeout(now);
}
