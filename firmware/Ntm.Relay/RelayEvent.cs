using Ntm.Protocol;

namespace Ntm.Relay;

/// <summary>What the relay core tells its program. Taken after each call, and before the outbox is sent.</summary>
public abstract record RelayEvent
{
    private RelayEvent()
    {
    }

    /// <summary>Keep this over a power cut; before anything that the same call put into the outbox is sent.</summary>
    public sealed record Keep(StoreWrite Write) : RelayEvent;

    /// <summary>For the log: a full sentence. Not a warning: what an operator cares about.</summary>
    public sealed record Notice(bool Warning, string Sentence) : RelayEvent;

    /// <summary>The end of a <see cref="RelayCore.Join"/>.</summary>
    public sealed record JoinEnded(bool Joined, string Reason) : RelayEvent;
}
