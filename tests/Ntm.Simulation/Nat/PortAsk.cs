namespace Ntm.Simulation;

/// <summary>What a NAT is asked when it makes a new mapping.</summary>
/// <param name="Inside">The inside port.</param>
/// <param name="Elapsed">Simulated time.</param>
/// <param name="Entropy">The box's.</param>
/// <param name="IsTaken">Whether an outside port is in use.</param>
public readonly record struct PortAsk(ushort Inside, TimeSpan Elapsed, SeededEntropy Entropy, Func<ushort, bool> IsTaken);
