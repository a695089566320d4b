using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Coordinator;

/// <summary>What the parts of the coordinator core share. No logic.</summary>
internal sealed class CoordinatorContext(CoordinatorModel model, TunnelTable tunnels)
{
    private const int LongestText = 200; // signalling.proto, Refusal.text

    public CoordinatorModel Model { get; } = model;

    public TunnelTable Tunnels { get; } = tunnels;

    public ZoneAddressing Addressing { get; } = new(model.Zone);

    /// <summary>Set right after construction: it needs the core's callback.</summary>
    public SignalChannel Signals { get; set; } = null!;

    public Counters Counters { get; } = new();

    public Queue<CoordinatorEvent> Events { get; } = new();

    public void Note(string sentence) => Events.Enqueue(new CoordinatorEvent.Notice(false, sentence));

    public void Warn(string sentence) => Events.Enqueue(new CoordinatorEvent.Notice(true, sentence));

    public void Keep(string collection, string key, byte[]? value) => Events.Enqueue(new CoordinatorEvent.Keep(new(collection, key, value)));

    /// <summary>A refusal, counted.</summary>
    /// <param name="counter">Kebab-case reason.</param>
    /// <param name="text">A sentence for the other side's log; cut at 200 characters.</param>
    public Signal Refuse(RefusalReason reason, string counter, string text)
    {
        Counters.Count(counter);
        return new Signal { Refusal = new() { Reason = reason, Text = text.Length > LongestText ? text[..LongestText] : text } };
    }
}
