namespace Ntm.Node.Handovers;

/// <summary>Why a tunnel was to go by another path.</summary>
public enum HandoverCause
{
    /// <summary>The uplink lost its carrier, its address or its route.</summary>
    UplinkLost,

    /// <summary>What was sent was not acknowledged, or checks were not answered.</summary>
    Silent,

    /// <summary>A path of a better rank, by the owner's order of the uplinks.</summary>
    BetterRank,

    /// <summary>A path with a clearly shorter round trip, or a direct one in place of the relay.</summary>
    RoundTrip,

    /// <summary>The owner said so.</summary>
    OwnersWish,

    /// <summary>The peer said that it lost its path.</summary>
    PeerMoved,

    /// <summary>The relay in use is gone, or has not got the channel any more.</summary>
    RelayLost,

    /// <summary>The coordinator's direction, or the peer's word, took the path away.</summary>
    Directed,
}
