using Ntm.Protocol;

namespace Ntm.Coordinator;

/// <summary>What the coordinator core tells its program.</summary>
public abstract record CoordinatorEvent
{
    private CoordinatorEvent()
    {
    }

    /// <summary>Keep this over a power cut. What one call of the core wants kept belongs together and is stored before anything it sends.</summary>
    public sealed record Keep(StoreWrite Write) : CoordinatorEvent;

    /// <summary>Another zone's NTM record is wanted: look it up and hand in what was found (<see cref="CoordinatorCore.RecordFound"/>). One at a time for each zone.</summary>
    public sealed record RecordWanted(string Zone) : CoordinatorEvent;

    /// <summary>For the log: a full sentence.</summary>
    public sealed record Notice(bool Warning, string Sentence) : CoordinatorEvent;
}
