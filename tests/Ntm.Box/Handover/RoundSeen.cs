namespace Ntm.Box.Handover;

/// <summary>What was observed of one round.</summary>
/// <param name="Stream">Of both directions.</param>
/// <param name="Switches">Changes of the path in use that the asking home's gateway showed.</param>
/// <param name="Repeated">Frames of the stream on the links beyond those sent.</param>
/// <param name="BeyondRing">Datagrams that gave way in the ring unacknowledged, as both gateways counted.</param>
/// <param name="Full">Frames that links had no room for.</param>
/// <param name="Silence">The download's longest.</param>
/// <param name="WasWarm">Whether both ends had two proven paths before.</param>
/// <param name="WentOn">Whether the stream went on in both directions at the end.</param>
internal sealed record RoundSeen(StreamReading Stream, int Switches, long Repeated, long BeyondRing, long Full, TimeSpan Silence, bool WasWarm, bool WentOn)
{
    /// <summary>The uplinks that carried the stream when it was struck: the asking home's, and the other's.</summary>
    public string On { get; init; } = "";
}
