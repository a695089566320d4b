using Ntm.Protocol;

namespace Ntm.Relay;

/// <summary>An immutable picture of the relay core, for people. Times are boot times.</summary>
public sealed record RelayStatus(
    string? Zone, string? Name, PublicKey Key, IReadOnlyList<RealAddress> Endpoints,
    IReadOnlyList<RelayCoordinatorStatus> Coordinators,
    IReadOnlyList<RelayNodeStatus> Nodes,
    IReadOnlyList<LegStatus> Legs,
    int LeasedChannels,
    IReadOnlyDictionary<string, long> Counters);

/// <param name="Announced">Whether its last answer to an announcement was good.</param>
/// <param name="Reason">Why it is or is not.</param>
public sealed record RelayCoordinatorStatus(PublicKey Key, RealAddress Address, bool Announced, string Reason, TimeSpan? LastHeard);

/// <param name="Address">Where its own tunnel was last heard from; none: never.</param>
public sealed record RelayNodeStatus(string Name, PublicKey Key, RealAddress Address, TimeSpan? LastHeard);

/// <param name="Channel">The leg's channel.</param>
/// <param name="Other">The channel of the other leg.</param>
/// <param name="Address">Where its datagrams are sent; none: unbound.</param>
/// <param name="Provisional">Bound by a handshake message only.</param>
/// <param name="Datagrams">Forwarded that came in on this leg.</param>
/// <param name="Bytes">Forwarded that came in on this leg.</param>
public sealed record LegStatus(
    uint Channel, uint Other, PublicKey Key, RealAddress Address, bool Provisional, long Datagrams, long Bytes, TimeSpan ExpiresIn);
