namespace Ntm.Node.Handovers;

/// <summary>What a tunnel has counted since it was made; a record holds what was added to it meanwhile.</summary>
/// <param name="Lost">Packets that left the ring unacknowledged.</param>
/// <param name="Late">Packets that were acknowledged only after they were sent again.</param>
/// <param name="Doubled">Packets that went on two paths at once.</param>
public readonly record struct HandoverCounts(long Lost, long Late, long Doubled)
{
    public static HandoverCounts operator -(HandoverCounts now, HandoverCounts then) =>
        new(now.Lost - then.Lost, now.Late - then.Late, now.Doubled - then.Doubled);
}
