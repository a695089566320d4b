using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Coordinator;

/// <summary>What the parts of the coordinator core share. No logic.</summary>
internal sealed class CoordinatorContext
{
    private const int LongestText = 200; // signalling.proto, Refusal.text

    public CoordinatorContext(CoordinatorModel model, TunnelTable tunnels)
    {
        (Model, Tunnels, Addressing) = (model, tunnels, new(model.Zone));
        Removals = new(Counters, write => Events.Enqueue(new CoordinatorEvent.Keep(write)));
    }

    public CoordinatorModel Model { get; }

    public TunnelTable Tunnels { get; }

    public ZoneAddressing Addressing { get; }

    /// <summary>Set right after construction: it needs the core's callback.</summary>
    public SignalChannel Signals { get; set; } = null!;

    public Counters Counters { get; } = new();

    /// <summary>Who was taken out of the zone.</summary>
    public Removals Removals { get; }

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

    /// <summary>The refusal of a key that the owner took out of the zone, with the owner's word for it.</summary>
    public Signal RefuseRemoved(VouchedRemoval removal, string counter)
    {
        var signal = Refuse(
            RefusalReason.RefusalRemoved, counter, $"The owner took '{removal.Name}' out of the zone {removal.Zone}. It can join again with a new invite.");
        signal.Refusal.Removal = removal.Signed;
        return signal;
    }
}
