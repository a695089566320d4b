namespace Ntm.Protocol;

/// <summary>Counts under a reason: what a core refused, and how often. The reasons are constants of our own, so the table is bounded.</summary>
public sealed class Counters
{
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public void Count(string reason, long by = 1) => _counts[reason] = _counts.GetValueOrDefault(reason) + by;

    public long this[string reason] => _counts.GetValueOrDefault(reason);

    public IReadOnlyDictionary<string, long> All => _counts;
}
