namespace Ntm.Linux.Offloads;

/// <summary>Whether a packet goes on a run of segments.</summary>
public enum MergeVerdict
{
    /// <summary>It is of another flow: the run stays open.</summary>
    OtherFlow,

    /// <summary>It is of the same flow and does not go on it: the run ends, so that the order within the flow stays.</summary>
    NotNext,

    /// <summary>It is the run's next segment.</summary>
    Next,

    /// <summary>It is the run's next and last segment.</summary>
    Last,
}
