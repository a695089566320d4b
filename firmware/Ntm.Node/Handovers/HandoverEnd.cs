namespace Ntm.Node.Handovers;

/// <summary>How a handover ended.</summary>
public enum HandoverEnd
{
    /// <summary>It has not yet.</summary>
    UnderWay,

    /// <summary>The tunnel goes by the new path, and the peer was heard there if anything was sent.</summary>
    Settled,

    /// <summary>A near miss: the suspicion ended and nothing was changed.</summary>
    Returned,

    /// <summary>No other path was found, or nothing came back on it.</summary>
    Failed,

    /// <summary>The gateway stopped before its end.</summary>
    Interrupted,
}
