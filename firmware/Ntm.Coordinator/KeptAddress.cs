namespace Ntm.Coordinator;

/// <summary>A member's address as it is kept.</summary>
/// <param name="Uplink">0 for a coordinator of one socket pair.</param>
/// <param name="Address">With port.</param>
internal sealed record KeptAddress(int Uplink, string? Address);
