namespace Ntm.Node.Paths.Hard;

/// <summary>One probe of a trial.</summary>
/// <param name="After">From the trial's beginning.</param>
/// <param name="Socket">0: the uplink's own; n: the trial's n-th further one.</param>
/// <param name="Port">Of the peer's host.</param>
public readonly record struct ProbeStep(TimeSpan After, int Socket, ushort Port);
