namespace Ntm.Tunnel;

/// <summary>What one side has of a key's datagrams, without the ranges that are missing (docs/protocol.md section 5, "Reports").</summary>
/// <param name="Key">The receiver index that the datagrams carry.</param>
/// <param name="Floor">Nothing is said of lower counters.</param>
/// <param name="Highest">The highest counter that came.</param>
public readonly record struct Receipt(uint Key, ulong Floor, ulong Highest);
