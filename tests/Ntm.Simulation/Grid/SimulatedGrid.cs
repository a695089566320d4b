namespace Ntm.Simulation;

/// <summary>Every pair of network kinds in simulated time. The same on every machine, whatever runs beside it.</summary>
/// <param name="Pairs">Every pair within a zone, each kind with itself included.</param>
/// <param name="Across">Some pairs of two zones.</param>
/// <param name="Idle">Each kind with itself, after an hour of silence.</param>
public sealed record SimulatedGrid(
    IReadOnlyList<GridPair> Pairs, IReadOnlyList<GridAcross> Across, IReadOnlyList<(NetworkKind Kind, GridIdle Idle)> Idle)
{
    /// <summary>Of as many datagrams that follow a question, every second one is lost, each in a run of its own; the next pair loses the others.</summary>
    public const int LossesTried = 12;

    private static readonly (NetworkKind One, NetworkKind Other)[] AcrossZones =
    [
        (NetworkKind.Public, NetworkKind.Public), (NetworkKind.PortRestricted, NetworkKind.AddressRestricted), (NetworkKind.Symmetric, NetworkKind.Symmetric),
        (NetworkKind.CarrierNat, NetworkKind.DoubleNat), (NetworkKind.IPv6Only, NetworkKind.DualStack), (NetworkKind.IPv4Only, NetworkKind.IPv6Only),
    ];

    /// <summary>Measures all of it.</summary>
    public static SimulatedGrid Measure()
    {
        var kinds = NetworkKinds.All;
        var pairs = from one in kinds from other in kinds where one <= other select (One: one, Other: other);
        return new(
            [.. pairs.AsParallel().AsOrdered().Select(p => Measure(p.One, p.Other))],
            [.. AcrossZones.AsParallel().AsOrdered().Select(p => MeasureAcross(p.One, p.Other))],
            [.. kinds.AsParallel().AsOrdered().Select(k => (k, MeasureIdle(k)))]);
    }

    /// <summary>Only whether a home of the one kind reaches one of the other directly.</summary>
    public static bool IsDirect(NetworkKind one, NetworkKind other) => new PairWorld(one, other, Seed(one, other)).Run().Direct is not null;

    /// <summary>One pair within a zone.</summary>
    public static GridPair Measure(NetworkKind one, NetworkKind other)
    {
        var world = new PairWorld(one, other, Seed(one, other));
        var there = world.Run();
        world.Forget();
        var back = world.Run(back: true);
        TimeSpan? worst = TimeSpan.Zero;
        for (var i = ((int)one + (int)other) % 2; i < LossesTried && worst is not null; i += 2)
        {
            var isBack = i / 2 % 2 == 1;
            world.Forget();
            var cost = world.RunLosing(i, isBack) - (isBack ? back : there).FirstPacket;
            worst = cost is null ? null : cost > worst ? cost : worst;
        }

        return new(one, other, there, back, worst);
    }

    /// <summary>One pair of two zones.</summary>
    public static GridAcross MeasureAcross(NetworkKind one, NetworkKind other)
    {
        var world = new PairWorld(one, other, Seed(one, other), acrossZones: true);
        var first = world.Run();

        // The asking home is a guest at the other zone's relay already, and comes from the same addresses as before.
        world.Forget(withBoxes: false);
        return new(one, other, first, world.Run());
    }

    private static GridIdle MeasureIdle(NetworkKind kind)
    {
        var world = new PairWorld(kind, kind, Seed(kind, kind));
        world.Run();
        return world.RunIdle();
    }

    private static ulong Seed(NetworkKind one, NetworkKind other) => 100 + ((ulong)one * 32) + (ulong)other;
}
