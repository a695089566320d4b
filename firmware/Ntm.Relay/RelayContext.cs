using Ntm.Protocol;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Relay;

/// <summary>What the parts of the relay core share: its tunnels, its membership, its way to speak. No logic.</summary>
internal sealed class RelayContext
{
    public RelayContext(TunnelTable tunnels, Outbox outbox, RelayModel model)
    {
        (Tunnels, Outbox, Model) = (tunnels, outbox, model);
        Removals = new(Counters, write => Events.Enqueue(new RelayEvent.Keep(write)));
    }

    public TunnelTable Tunnels { get; }

    public Outbox Outbox { get; }

    public RelayModel Model { get; set; }

    public Counters Counters { get; } = new();

    /// <summary>Whom the owner took out of the zone.</summary>
    public Removals Removals { get; }

    public Queue<RelayEvent> Events { get; } = new();

    /// <summary>Null until joined.</summary>
    public Membership? Membership { get; set; }

    /// <summary>Null until joining: its framing needs the zone.</summary>
    public SignalChannel? Signals { get; set; }

    public void Note(string sentence) => Events.Enqueue(new RelayEvent.Notice(false, sentence));

    public void Warn(string sentence) => Events.Enqueue(new RelayEvent.Notice(true, sentence));

    public void Keep(string collection, string key, byte[]? value) => Events.Enqueue(new RelayEvent.Keep(new StoreWrite(collection, key, value)));
}
