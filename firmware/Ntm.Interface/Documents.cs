namespace Ntm.Interface;

// The documents of the gateway's HTTP interface (docs/http.md), version 1. JSON, camel case; times ISO 8601 UTC; durations in milliseconds; addresses as text.

/// <summary>GET /api/v1/status</summary>
/// <param name="Removed">Where a zone's owner took this gateway out of the zone: that, as a sentence; else null.</param>
public sealed record StatusDocument(
    string Version, DateTimeOffset Now, double UptimeSeconds, MemberDocument? Member, IReadOnlyList<UplinkDocument> Uplinks, IReadOnlyDictionary<string, long> Counters,
    string? Removed = null);

/// <param name="Node">The full name, node.zone.</param>
public sealed record MemberDocument(
    string Zone, string Node, string Vip, string PublicKey, bool Registered, string Reason,
    IReadOnlyList<ServerDocument> Coordinators, IReadOnlyList<ServerDocument> Relays);

public sealed record ServerDocument(string Name, string PublicKey, string Address, bool Connected, double? LastHeardMs);

public sealed record UplinkDocument(
    string Name, string State, string Reason, IReadOnlyList<string> Addresses, IReadOnlyList<MappedDocument> Mapped, string Nat, long BytesReceived, long BytesSent);

public sealed record MappedDocument(string SeenBy, string Address);

/// <summary>An element of GET /api/v1/devices</summary>
/// <param name="Name">The published label; null where not published.</param>
/// <param name="FullName">device.node.zone; null where not published or not a member.</param>
public sealed record DeviceDocument(string Mac, int Number, string? Name, string? FullName, bool Published, IReadOnlyList<string> Addresses, double? LastSeenMs);

/// <summary>An element of GET /api/v1/peers</summary>
public sealed record PeerDocument(
    string Name, string PublicKey, string Vip, bool Established, bool Direct, string Reason, double? LastHandshakeMs, double? LastReceivedMs,
    long BytesReceived, long BytesSent, IReadOnlyList<AliasDocument> Aliases, IReadOnlyList<PathDocument> Paths);

public sealed record AliasDocument(string Alias, string Vip, string? Name);

public sealed record PathDocument(
    string Uplink, string Address, uint Channel, string Kind, string State, double? RoundTripMs, string Reason, long BytesSent, long BytesReceived);

/// <summary>POST /api/v1/join</summary>
public sealed record JoinOrder(string Code, string? Name);

/// <summary>POST /api/v1/leave</summary>
/// <param name="Zone">The zone to leave, so that no other is left by mistake.</param>
public sealed record LeaveOrder(string Zone);

/// <summary>PUT /api/v1/devices/{mac}/name; DELETE takes it away. The path's {mac} may also be one of its addresses.</summary>
public sealed record PublishOrder(string Name);

/// <summary>GET /api/v1/resolve/{name}</summary>
public sealed record ResolutionDocument(string Name, string Verdict, string? Vip, string? Alias, string Reason, double TookMs);

/// <summary>What a POST, PUT or DELETE did.</summary>
public sealed record DoneDocument(string Sentence);

/// <summary>Errors, RFC 9457 (application/problem+json): what, where, what to do.</summary>
public sealed record ProblemDocument(string Type, string Title, int Status, string Detail);

/// <summary>GET /api/v1/events: server-sent events, event "picture", one at start and at each change, at most 2 a second.</summary>
public sealed record PictureDocument(StatusDocument Status, IReadOnlyList<DeviceDocument> Devices, IReadOnlyList<PeerDocument> Peers);
