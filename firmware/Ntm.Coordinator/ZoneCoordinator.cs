using Ntm.Protocol;

namespace Ntm.Coordinator;

/// <summary>A coordinator of another zone, as that zone's NTM record names it.</summary>
/// <param name="Endpoints">At least one.</param>
public sealed record ZoneCoordinator(PublicKey Key, IReadOnlyList<RealAddress> Endpoints);
