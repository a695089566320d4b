namespace Ntm.Uplink;

/// <summary>Which uplink comes first, and why: in this order whether it can be used, the owner's "use this one", its condition, the owner's order. Pure.</summary>
public sealed record UplinkChoice
{
    /// <param name="Number">The uplink's.</param>
    /// <param name="Rank">0: the best. Each has its own; those that cannot be used come last.</param>
    /// <param name="Reason">Why it stands there, in words.</param>
    public readonly record struct Place(int Number, int Rank, string Reason);

    /// <summary>All uplinks, the best first.</summary>
    public required IReadOnlyList<Place> Places { get; init; }

    /// <summary>The uplink that carries ordinary traffic; null: none can.</summary>
    public required int? Carrier { get; init; }

    /// <summary>Why that one.</summary>
    public required string Reason { get; init; }

    public int RankOf(int number) => Places.First(p => p.Number == number).Rank;

    public static UplinkChoice Of(IReadOnlyCollection<UplinkStanding> uplinks, UplinkWish wish)
    {
        var order = new List<int>(wish.Order);
        int Wanted(UplinkStanding uplink) => order.IndexOf(uplink.Number) is >= 0 and var at ? at : order.Count;

        // The owner's explicit order counts as it is: he knows what he pays for.
        var sorted = uplinks
            .OrderBy(u => Class(u, wish)).ThenBy(Wanted).ThenBy(u => order.Count == 0 && u.Metered).ThenBy(u => u.Number).ToArray();
        var places = sorted.Select((u, rank) => new Place(u.Number, rank, Why(u, rank, sorted, wish))).ToArray();
        var best = sorted.FirstOrDefault() is { Usable: true } first ? first : null;
        return new()
        {
            Places = places,
            Carrier = best?.Number,
            Reason = best is null ? "no uplink can be used" : $"{best.Name}: {places[0].Reason}",
        };
    }

    private static int Class(UplinkStanding uplink, UplinkWish wish) => uplink switch
    {
        { Usable: false } => 5,
        { Condition: not UplinkCondition.Offline } when uplink.Number == wish.Use => 0,
        { Condition: UplinkCondition.Online } => 1,
        { Condition: UplinkCondition.Degraded } => 2,
        { Condition: UplinkCondition.Offline } => 4,
        _ => 3,
    };

    private static string Why(UplinkStanding uplink, int rank, UplinkStanding[] sorted, UplinkWish wish)
    {
        if (!uplink.Usable)
        {
            return "it cannot be used";
        }

        if (rank == 0)
        {
            return Class(uplink, wish) == 0 ? "the owner wants it used"
                : sorted.Length == 1 || !sorted[1].Usable ? "it is the only one that can be used"
                : Class(sorted[1], wish) != Class(uplink, wish) ? $"it is {Word(uplink)}, {sorted[1].Name} is {Word(sorted[1])}"
                : "it is the first in the owner's order of those that are " + Word(uplink);
        }

        var better = sorted[rank - 1];
        return Class(better, wish) == 0 ? $"the owner wants {better.Name} used"
            : Class(better, wish) != Class(uplink, wish) ? $"it is {Word(uplink)}, {better.Name} is {Word(better)}"
            : wish.Order.Count == 0 && uplink.Metered && !better.Metered ? $"it is metered, {better.Name} is not"
            : $"it comes after {better.Name} in the owner's order";
    }

    private static string Word(UplinkStanding uplink) => uplink.Condition.ToString().ToLowerInvariant();
}
