namespace Ntm.Interface;

// The documents of the gateway's HTTP interface (docs/http.md), version 1. JSON, camel case; times ISO 8601 UTC; durations in milliseconds; addresses as text.

/// <summary>GET /api/v1/status</summary>
/// <param name="Removed">Where a zone's owner took this gateway out of the zone: that, as a sentence; else null.</param>
public sealed record StatusDocument(
    string Version, DateTimeOffset Now, double UptimeSeconds, MemberDocument? Member, IReadOnlyList<UplinkDocument> Uplinks, IReadOnlyDictionary<string, long> Counters,
    string? Removed = null)
{
    /// <summary>How packets are carried.</summary>
    public DataPathDocument? DataPath { get; init; }
}

/// <summary>What kernel, devices and processor take part in (docs/data-path.md).</summary>
/// <param name="Tun">"super-packets of TCP and UDP", "super-packets of TCP", "packet by packet"; null: there is no TUN yet.</param>
/// <param name="Lanes">Threads that seal and open.</param>
/// <param name="Ciphers">Offered to other homes, the preferred first.</param>
public sealed record DataPathDocument(string? Tun, int Lanes, string Ciphers, IReadOnlyList<SocketDocument> Sockets);

/// <param name="Family">"IPv4", "IPv6".</param>
/// <param name="Sends">"runs", or "one by one" with the reason.</param>
/// <param name="Receives">"runs", "one by one".</param>
public sealed record SocketDocument(string Uplink, string Family, string Sends, string Receives);

/// <param name="Node">The full name, node.zone.</param>
public sealed record MemberDocument(
    string Zone, string Node, string Vip, string PublicKey, bool Registered, string Reason,
    IReadOnlyList<ServerDocument> Coordinators, IReadOnlyList<ServerDocument> Relays);

public sealed record ServerDocument(string Name, string PublicKey, string Address, bool Connected, double? LastHeardMs);

/// <summary>An element of GET /api/v1/uplinks, and of the status.</summary>
/// <param name="Nat">What its NAT does, in a sentence.</param>
public sealed record UplinkDocument(
    string Name, string State, string Reason, IReadOnlyList<string> Addresses, IReadOnlyList<MappedDocument> Mapped, string Nat, long BytesReceived, long BytesSent)
{
    /// <summary>What is known of its NAT or firewall, in each IP family it has.</summary>
    public IReadOnlyList<NatDocument> Nats { get; init; } = [];

    /// <summary>Whether the box in front has opened the uplink's port: one for each IP family where that matters.</summary>
    public IReadOnlyList<PortDocument> Ports { get; init; } = [];

    /// <summary>How it is, and where it stands among the others; null: not judged yet.</summary>
    public StandingDocument? Standing { get; init; }
}

/// <param name="Condition">"absent", "connecting", "online", "degraded", "offline".</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="SinceMs">How long it has been so.</param>
/// <param name="Rank">0: the one used first; null: it cannot be used.</param>
/// <param name="RankReason">Why it stands there, in words.</param>
/// <param name="Metered">Whether the owner pays for what goes there.</param>
/// <param name="CarriesOrdinary">New ordinary connections of home and gateway leave by it.</param>
/// <param name="Wanted">The owner said that this one is to be used.</param>
/// <param name="RoundTripMs">Of questions to coordinators and relays; null: not known.</param>
public sealed record StandingDocument(
    string Condition, string Reason, double? SinceMs, int? Rank, string RankReason, bool Metered, bool CarriesOrdinary, bool Wanted, double? RoundTripMs);

/// <param name="Family">"IPv4", "IPv6".</param>
/// <param name="By">"PCP", "NAT-PMP", "UPnP"; null: no port is open.</param>
/// <param name="Address">Where it is open from outside, as the box says; null: nowhere.</param>
/// <param name="Until">To the minute, unless it is renewed before; null: no port is open.</param>
/// <param name="Sentence">All of that but the time, or why no port is open.</param>
public sealed record PortDocument(string Family, string? By, string? Address, DateTimeOffset? Until, string Sentence);

/// <param name="Family">"IPv4", "IPv6".</param>
/// <param name="Does">What it does, as a sentence.</param>
/// <param name="Means">What that means for this home, as a sentence.</param>
/// <param name="Mapping">"unknown", "none", "endpoint-independent", "address-dependent", "address-and-port-dependent" (RFC 4787).</param>
/// <param name="Filtering">"unknown", "endpoint-independent", "address-dependent", "address-and-port-dependent".</param>
/// <param name="Ports">How it gives outside ports: "unknown", "preserving", "stepped", "scattered".</param>
/// <param name="Step">From one to the next, where stepped.</param>
/// <param name="Pooled">Several outside addresses take turns.</param>
/// <param name="Carriers">There is a further NAT, of the provider.</param>
/// <param name="RemembersMs">Silence that a mapping survived; null: not known yet.</param>
/// <param name="ForgetsMs">Silence that one did not survive; null: none was that long.</param>
/// <param name="KeepAliveMs">Silence that is kept on tunnels with coordinators and relays at most.</param>
public sealed record NatDocument(
    string Family, string Does, string Means, string Mapping, string Filtering, string Ports, int? Step, bool Pooled, bool Carriers,
    double? RemembersMs, double? ForgetsMs, double KeepAliveMs);

public sealed record MappedDocument(string SeenBy, string Address);

/// <summary>An element of GET /api/v1/devices</summary>
/// <param name="Name">The published label; null where not published.</param>
/// <param name="FullName">device.node.zone; null where not published or not a member.</param>
/// <param name="Ports">What of it may be reached: "all", or "tcp/445,udp/5000-5010"; null where not published.</param>
public sealed record DeviceDocument(string Mac, int Number, string? Name, string? FullName, bool Published, IReadOnlyList<string> Addresses, double? LastSeenMs,
    string? Ports = null)
{
    /// <summary>All its MAC addresses, <see cref="Mac"/> first: more than one where the owner merged them.</summary>
    public IReadOnlyList<string> Macs { get; init; } = [Mac];

    /// <summary>What the device calls itself (DHCP), as a label: a suggestion for its name. Null where it told nothing.</summary>
    public string? Hint { get; init; }
}

/// <summary>An element of GET /api/v1/peers</summary>
public sealed record PeerDocument(
    string Name, string PublicKey, string Vip, bool Established, bool Direct, string Reason, double? LastHandshakeMs, double? LastReceivedMs,
    long BytesReceived, long BytesSent, IReadOnlyList<AliasDocument> Aliases, IReadOnlyList<PathDocument> Paths)
{
    /// <summary>How packets to it are sealed now: "AES-256-GCM", "ChaCha20-Poly1305"; null: there is no key.</summary>
    public string? Cipher { get; init; }
}

public sealed record AliasDocument(string Alias, string Vip, string? Name);

public sealed record PathDocument(
    string Uplink, string Address, uint Channel, string Kind, string State, double? RoundTripMs, string Reason, long BytesSent, long BytesReceived)
{
    /// <summary>Bytes of a packet between devices' homes that it carries in one datagram, and how that is known: "probed: 1412 pass, 1420 do not".</summary>
    public int Mtu { get; init; }

    public string MtuReason { get; init; } = "";
}

/// <summary>POST /api/v1/join</summary>
public sealed record JoinOrder(string Code, string? Name);

/// <summary>POST /api/v1/leave</summary>
/// <param name="Zone">The zone to leave, so that no other is left by mistake.</param>
public sealed record LeaveOrder(string Zone);

/// <summary>PUT /api/v1/devices/{mac}/name; DELETE takes it away. The path's {mac} may also be one of its addresses.</summary>
/// <param name="Name">Null or missing: what the device calls itself.</param>
/// <param name="Ports">"tcp/445,udp/5000-5010"; null: all.</param>
public sealed record PublishOrder(string? Name, string? Ports = null);

/// <summary>PUT /api/v1/node/published: the gateway's own services.</summary>
/// <param name="Ports">As in <see cref="PublishOrder"/>.</param>
public sealed record PublishNodeOrder(string? Ports = null);

/// <summary>PUT /api/v1/uplinks/order</summary>
/// <param name="Names">Uplinks, the preferred first; those not named come after. Empty: as they are configured, metered ones last.</param>
public sealed record PreferOrder(IReadOnlyList<string> Names);

/// <summary>PUT /api/v1/uplinks/used</summary>
/// <param name="Name">The uplink to be used; null: whichever is best.</param>
public sealed record UseOrder(string? Name);

/// <summary>PUT /api/v1/uplinks/{uplink}/metered</summary>
/// <param name="Metered">Whether the owner pays for what goes there.</param>
public sealed record MeteredOrder(bool Metered);

/// <summary>GET /api/v1/shares</summary>
/// <param name="NodePublished">What of the gateway itself is published; null: nothing.</param>
public sealed record SharesDocument(string? NodePublished, IReadOnlyList<GivenShareDocument> Given, IReadOnlyList<TakenShareDocument> Taken);

/// <param name="Name">What is shared, in full; null where the device is no longer published.</param>
/// <param name="AcceptedBy">The zone whose owner has it; null: nobody yet.</param>
public sealed record GivenShareDocument(int Id, string? Name, string For, string Ports, DateTimeOffset Expires, bool Expired, string? AcceptedBy);

public sealed record TakenShareDocument(string Name, string Ports, DateTimeOffset Expires, bool Expired);

/// <summary>POST /api/v1/shares</summary>
/// <param name="Device">The device's published label; null: the gateway itself.</param>
/// <param name="For">For whom, in the owner's words.</param>
/// <param name="Hours">How long it lasts; null: 168, seven days.</param>
public sealed record ShareOrder(string? Device, string For, string? Ports = null, double? Hours = null);

/// <summary>The answer to it. The code is shown this once.</summary>
public sealed record SharedDocument(string Sentence, string Code);

/// <summary>POST /api/v1/shares/taken</summary>
public sealed record AcceptOrder(string Code);

/// <summary>GET /api/v1/resolve/{name}</summary>
public sealed record ResolutionDocument(string Name, string Verdict, string? Vip, string? Alias, string Reason, double TookMs);

/// <summary>An element of GET /api/v1/handovers, and GET /api/v1/handovers/{id}: how one tunnel came to go by another path. Times are ms after it was noticed.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Event">The same for all that one cause on one uplink made together: the first one's number.</param>
/// <param name="Peer">The other home's name, or the server's.</param>
/// <param name="Server">The tunnel is one with a coordinator or relay.</param>
/// <param name="At">When it was noticed.</param>
/// <param name="Cause">"uplink-lost", "silent", "better-rank", "round-trip", "owners-wish", "peer-moved", "relay-lost", "directed".</param>
/// <param name="Why">How it was noticed, as a clause.</param>
/// <param name="From">Null: no path was in use.</param>
/// <param name="To">Null: none was decided on.</param>
/// <param name="Reason">Why that path, as a clause.</param>
/// <param name="End">"under-way", "settled", "returned" (a near miss: nothing was changed), "failed", "interrupted" (the gateway stopped).</param>
public sealed record HandoverDocument(
    long Id, long Event, string Peer, bool Server, DateTimeOffset At, string Cause, string Why, HandoverWayDocument? From, HandoverWayDocument? To, string? Reason, string End)
{
    /// <summary>The uplink was taken away by a drill.</summary>
    public bool Drill { get; init; }

    /// <summary>Paths that were decided on, one after the other.</summary>
    public int Moves { get; init; }

    /// <summary>The first decision.</summary>
    public double? DecidedMs { get; init; }

    /// <summary>The last one; null: there was one alone.</summary>
    public double? LastDecidedMs { get; init; }

    /// <summary>First packet out on another path; null: nothing was sent.</summary>
    public double? FirstOutMs { get; init; }

    /// <summary>First packet that came back on one.</summary>
    public double? FirstBackMs { get; init; }

    /// <summary>Longest time in which nothing was heard of the peer.</summary>
    public double GapMs { get; init; }

    /// <summary>Packets sent again on the new path.</summary>
    public long SentAgain { get; init; }

    /// <summary>Packets of which nobody knows whether they arrived.</summary>
    public long Lost { get; init; }

    /// <summary>Packets that were acknowledged only after they were sent again.</summary>
    public long Late { get; init; }

    /// <summary>Packets sent on two paths at once.</summary>
    public long Doubled { get; init; }
}

/// <param name="Direct">False: by a relay.</param>
/// <param name="Address">The other home's, or the relay's.</param>
public sealed record HandoverWayDocument(string Uplink, bool Direct, string Address);

/// <summary>POST /api/v1/uplinks/{name}/drill</summary>
/// <param name="Seconds">1 to 300; null: 10.</param>
/// <param name="Silent">"both", "out", "in": swallows what goes that way, and the gateway must find out. Null: as if the carrier were lost.</param>
/// <param name="Force">Also where it is the only usable uplink.</param>
public sealed record DrillOrder(double? Seconds = null, string? Silent = null, bool? Force = null);

/// <summary>GET /api/v1/drill: the one under way, or the last since the gateway's start.</summary>
/// <param name="Uplink">Null: there was none.</param>
/// <param name="Silent">As in the order.</param>
/// <param name="Before">Handovers with higher numbers began after it did.</param>
/// <param name="Ended">Why it ended; null: it has not.</param>
public sealed record DrillDocument(string? Uplink, string? Silent, DateTimeOffset? Began, double ForMs, bool UnderWay, double LeftMs, long Before, string? Ended)
{
    public static DrillDocument None { get; } = new(null, null, null, 0, false, 0, 0, null);
}

/// <summary>What a POST, PUT or DELETE did.</summary>
public sealed record DoneDocument(string Sentence);

/// <summary>Errors, RFC 9457 (application/problem+json): what, where, what to do.</summary>
public sealed record ProblemDocument(string Type, string Title, int Status, string Detail);

/// <summary>GET /api/v1/events: server-sent events, event "picture", one at start and at each change, at most 2 a second.</summary>
public sealed record PictureDocument(StatusDocument Status, IReadOnlyList<DeviceDocument> Devices, IReadOnlyList<PeerDocument> Peers);
