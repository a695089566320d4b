using Ntm.Protocol;

namespace Ntm.Node;

/// <summary>An immutable picture of the node core, for people. Times are boot times.</summary>
/// <param name="Removed">Where the owner took this node out of its zone: that, as a sentence; else null.</param>
public sealed record NodeStatus(
    MemberStatus? Member,
    IReadOnlyList<UplinkStatus> Uplinks,
    IReadOnlyList<DeviceStatus> Devices,
    IReadOnlyList<PeerStatus> Peers,
    IReadOnlyDictionary<string, long> Counters,
    string? Removed = null);

public sealed record MemberStatus(
    string Zone, string NodeName, VirtualAddress Own, PublicKey Key, bool Registered, string RegistrationReason,
    IReadOnlyList<ServerStatus> Coordinators, IReadOnlyList<ServerStatus> Relays);

/// <param name="Name">Its name, or its key's first characters.</param>
public sealed record ServerStatus(string Name, PublicKey Key, RealAddress Address, bool Connected, TimeSpan? LastHeard);

/// <param name="Mapped">Addresses seen from outside, each with who saw it ("coordinator", "relay").</param>
public sealed record UplinkStatus(
    UplinkState State, IReadOnlyList<(string SeenBy, RealAddress Address)> Mapped, string NatMapping, long BytesReceived, long BytesSent);

/// <param name="Name">The published name; null where it is not published.</param>
/// <param name="Number">Its number for good.</param>
/// <param name="Addresses">LAN addresses, the latest first.</param>
public sealed record DeviceStatus(MacAddress Mac, int Number, string? Name, IReadOnlyList<System.Net.IPAddress> Addresses, TimeSpan? LastSeen);

/// <param name="Reason">Why the used path is used.</param>
public sealed record PeerStatus(
    string Name, PublicKey Key, VirtualAddress Vip, bool Established, bool Direct, string Reason, TimeSpan? LastHandshake, TimeSpan? LastReceived,
    long BytesReceived, long BytesSent, IReadOnlyList<AliasStatus> Aliases, IReadOnlyList<PathStatus> Paths);

/// <param name="Name">The name it was asked for by; null where unknown.</param>
public sealed record AliasStatus(uint Alias, VirtualAddress Vip, string? Name);

/// <param name="Kind">"relay", "local", "mapped", "peer-reflexive".</param>
/// <param name="State">"used", "proven", "checking", "suspect", "unproven", "failed".</param>
public sealed record PathStatus(WirePath Path, string Kind, string State, TimeSpan? RoundTrip, string Reason, long BytesSent, long BytesReceived);
