namespace Ntm.Simulation;

/// <summary>What the grid's figures are to be ("Reaching a name for the first time": every two parties 20 ms apart).</summary>
public static class GridTargets
{
    /// <summary>Between any two parties, there and back.</summary>
    public static readonly TimeSpan RoundTrip = 2 * PairWorld.OneWay;

    /// <summary>From the question to the first answered packet: one round trip to the coordinator, two to the peer by the relay.</summary>
    public static readonly TimeSpan FirstPacket = RoundTrip + (2 * 2 * RoundTrip);

    /// <summary>The same across zones: one more round trip between coordinators.</summary>
    public static readonly TimeSpan FirstPacketAcrossZones = FirstPacket + RoundTrip;

    /// <summary>The same where the coordinators have yet to look one another up, each once.</summary>
    public static readonly TimeSpan FirstPacketOfZones = FirstPacketAcrossZones + (2 * Scenario.LookUp);

    /// <summary>From the first answered packet to the direct path in use.</summary>
    public static readonly TimeSpan DirectAfter = TimeSpan.FromSeconds(1);

    /// <summary>What one lost datagram may cost.</summary>
    public static readonly TimeSpan LossCost = TimeSpan.FromMilliseconds(300);

    /// <summary>What of the targets a pair misses, in words; empty: nothing.</summary>
    public static IReadOnlyList<string> Missed(GridPair pair)
    {
        var missed = new List<string>();
        Judge(pair.IsConnected, "it does not connect");
        Judge(pair.FirstPacket is not { } first || first <= FirstPacket, "the first packet is late");
        Judge(pair.DirectAfter is not { } direct || direct <= DirectAfter, "the direct path is late");
        Judge(pair.Lost == 0, "packets are lost");
        Judge(pair.Twice == 0, "packets arrive twice");
        Judge(pair.LossCost is { } cost && cost <= LossCost, "a lost datagram costs too much");
        Judge(!pair.IsMixed, "it depends on who asks");
        return missed;

        void Judge(bool good, string problem)
        {
            if (!good)
            {
                missed.Add(problem);
            }
        }
    }
}
