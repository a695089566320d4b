namespace Ntm.Simulation;

/// <summary>Two homes of two zones.</summary>
/// <param name="One">The asking home's network.</param>
/// <param name="Other">The other's.</param>
/// <param name="First">The two zones' coordinators have not met yet.</param>
/// <param name="Again">They have, and the homes have not.</param>
public sealed record GridAcross(NetworkKind One, NetworkKind Other, GridRun First, GridRun Again);
