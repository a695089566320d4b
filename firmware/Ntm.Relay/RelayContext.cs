using Ntm.Protocol;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Relay;

/// <summary>What the parts of the relay core share: its tunnels, its membership, its way to speak. No logic.</summary>
internal sealed class RelayContext(TunnelTable tunnels, Outbox outbox, RelayModel model)
{
    public TunnelTable Tunnels { get; } = tunnels;

    public Outbox Outbox { get; } = outbox;

    public RelayModel Model { get; set; } = model;

    public Counters Counters { get; } = new();

    public Queue<RelayEvent> Events { get; } = new();

    /// <summary>Null until joined.</summary>
    public Membership? Membership { get; set; }

    /// <summary>Null until joining: its framing needs the zone.</summary>
    public SignalChannel? Signals { get; set; }

    public void Note(string sentence) => Events.Enqueue(new RelayEvent.Notice(false, sentence));

    public void Warn(string sentence) => Events.Enqueue(new RelayEvent.Notice(true, sentence));

    public void Keep(string collection, string key, byte[]? value) => Events.Enqueue(new RelayEvent.Keep(new StoreWrite(collection, key, value)));
}
