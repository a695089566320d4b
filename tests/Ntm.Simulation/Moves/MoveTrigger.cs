namespace Ntm.Simulation;

/// <summary>What happens to two homes in the middle of a stream.</summary>
public enum MoveTrigger
{
    /// <summary>The owner wants the other uplink used.</summary>
    Planned,

    /// <summary>The uplink in use loses its carrier.</summary>
    Carrier,

    /// <summary>The other home's does.</summary>
    PeersCarrier,

    /// <summary>Everything vanishes on the uplink in use, and nobody is told.</summary>
    BlackHole,

    /// <summary>What the home sends vanishes.</summary>
    BlackHoleOut,

    /// <summary>What is sent to it vanishes.</summary>
    BlackHoleIn,

    /// <summary>The uplink stands still for 300 ms and goes on.</summary>
    Stall,

    /// <summary>Both homes lose the uplink in use at once.</summary>
    BothEnds,

    /// <summary>Behind NATs that leave the relay alone: that relay dies without a word.</summary>
    RelayDies,

    /// <summary>The same NATs: the uplink by which the relay is reached loses its carrier.</summary>
    RelayedCarrier,

    /// <summary>The uplink in use loses its carrier, and has it again 2 s later.</summary>
    ThereAndBack,
}
