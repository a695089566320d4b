using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Coordinator;

/// <summary>An immutable picture of the coordinator core, for people.</summary>
/// <param name="Provisional">Tunnels of keys that have not joined.</param>
/// <param name="UsedInvites">One-time keys that were bound.</param>
public sealed record CoordinatorStatus(
    string Zone, string Name, PublicKey Key, IReadOnlyList<MemberStatus> Members, IReadOnlyList<RelayStatus> Relays, int Provisional, int UsedInvites,
    IReadOnlyDictionary<string, long> Counters);

/// <param name="Registered">Whether it is registered (nodes) or announced (relays) at present.</param>
/// <param name="Observed">Where it was last seen; none while it is not registered.</param>
/// <param name="Binding">By which the owner's command knows who it is.</param>
public sealed record MemberStatus(
    string Name, Role Role, PublicKey Key, VirtualAddress Vip, bool Registered, RealAddress Observed, IReadOnlyList<string> Devices, SignedBinding Binding);

/// <param name="Legs">Bound legs, as it said.</param>
/// <param name="FreeChannels">Leased and not given to a pair.</param>
/// <param name="Pairs">Pairs of nodes that have channels.</param>
public sealed record RelayStatus(string Name, IReadOnlyList<RealAddress> Endpoints, bool Live, uint Legs, int FreeChannels, int Pairs);
