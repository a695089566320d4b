namespace Ntm.Tunnel;

/// <summary>Counters of one key that follow each other.</summary>
/// <param name="First">The lowest.</param>
/// <param name="Length">How many, at least 1; <c>First + Length</c> does not overflow.</param>
public readonly record struct CounterRange(ulong First, ulong Length)
{
    /// <summary>The first counter beyond it.</summary>
    public ulong End => First + Length;
}
