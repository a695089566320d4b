namespace Ntm.Simulation;

/// <summary>Two kinds of network, asked for from both sides. Where the two sides differ, the worse figure counts.</summary>
/// <param name="One">The one kind.</param>
/// <param name="Other">The other.</param>
/// <param name="There">A home of the first kind asks.</param>
/// <param name="Back">The other one asks.</param>
/// <param name="LossCost">What one lost datagram costs until the first answered packet, the worst of those tried; null: with one of them there never was one.</param>
public sealed record GridPair(NetworkKind One, NetworkKind Other, GridRun There, GridRun Back, TimeSpan? LossCost)
{
    public TimeSpan? Answer => Worse(There.Answer, Back.Answer);

    public TimeSpan? FirstPacket => Worse(There.FirstPacket, Back.FirstPacket);

    /// <summary>From the first answered packet to the direct path in use; below zero where that came first, null where there is none.</summary>
    public TimeSpan? DirectAfter => Worse(There.Direct - There.FirstPacket, Back.Direct - Back.FirstPacket);

    public int Lost => There.Lost + Back.Lost;

    public int Twice => There.Twice + Back.Twice;

    public bool IsConnected => FirstPacket is not null;

    public bool IsDirect => There.Direct is not null && Back.Direct is not null;

    /// <summary>Whether it was direct from one side only: it depends on who asks, or on which ports a NAT drew.</summary>
    public bool IsMixed => (There.Direct is null) != (Back.Direct is null);

    private static TimeSpan? Worse(TimeSpan? one, TimeSpan? other) => one is null || other is null ? null : one > other ? one : other;
}
