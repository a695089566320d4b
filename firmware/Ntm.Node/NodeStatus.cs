using Ntm.Crypto;
using Ntm.Node.Nat;
using Ntm.Protocol;

namespace Ntm.Node;

/// <summary>An immutable picture of the node core, for people. Times are boot times.</summary>
/// <param name="Removed">Where the owner took this node out of its zone: that, as a sentence; else null.</param>
public sealed record NodeStatus(
    MemberStatus? Member,
    IReadOnlyList<UplinkStatus> Uplinks,
    IReadOnlyList<DeviceStatus> Devices,
    IReadOnlyList<PeerStatus> Peers,
    SharingStatus Sharing,
    IReadOnlyDictionary<string, long> Counters,
    string? Removed = null);

/// <summary>Shares, both ways.</summary>
/// <param name="NodePublished">What of the node itself is published; null: nothing.</param>
public sealed record SharingStatus(PortSet? NodePublished, IReadOnlyList<GivenShareStatus> Given, IReadOnlyList<TakenShareStatus> Taken);

/// <param name="Name">The shared name in full as it is now; null where the device is no longer published.</param>
/// <param name="AcceptedBy">The zone whose owner has it; null: nobody yet.</param>
public sealed record GivenShareStatus(int Id, string? Name, string For, PortSet Ports, DateTimeOffset Expires, bool Expired, string? AcceptedBy);

public sealed record TakenShareStatus(string Name, string Ports, DateTimeOffset Expires, bool Expired);

public sealed record MemberStatus(
    string Zone, string NodeName, VirtualAddress Own, PublicKey Key, bool Registered, string RegistrationReason,
    IReadOnlyList<ServerStatus> Coordinators, IReadOnlyList<ServerStatus> Relays);

/// <param name="Name">Its name, or its key's first characters.</param>
public sealed record ServerStatus(string Name, PublicKey Key, RealAddress Address, bool Connected, TimeSpan? LastHeard);

/// <param name="Mapped">Addresses seen from outside, each with who saw it ("coordinator", "relay").</param>
public sealed record UplinkStatus(
    UplinkState State, IReadOnlyList<(string SeenBy, RealAddress Address)> Mapped, string NatMapping, long BytesReceived, long BytesSent)
{
    /// <summary>What is known of its NAT, in each IP family it has.</summary>
    public IReadOnlyList<NatStatus> Nats { get; init; } = [];
}

/// <param name="KeepAlive">A tunnel with a coordinator or relay is silent for no longer.</param>
/// <param name="Words">What it does, as a sentence for the owner.</param>
/// <param name="Meaning">What that means for the owner, likewise.</param>
public sealed record NatStatus(bool IPv4, NatJudgement Judgement, LifetimeSearch Lifetime, TimeSpan KeepAlive, string Words, string Meaning);

/// <param name="Name">The published name; null where it is not published.</param>
/// <param name="Number">Its number for good.</param>
/// <param name="Addresses">LAN addresses, the latest first.</param>
/// <param name="Ports">What of it may be reached while it is published.</param>
public sealed record DeviceStatus(MacAddress Mac, int Number, string? Name, IReadOnlyList<System.Net.IPAddress> Addresses, TimeSpan? LastSeen, PortSet Ports)
{
    /// <summary>All its MAC addresses; the one it is kept under first.</summary>
    public IReadOnlyList<MacAddress> Macs { get; init; } = [Mac];

    /// <summary>What it calls itself (DHCP), as a label: a suggestion for its name. Null where it told nothing.</summary>
    public string? Hint { get; init; }
}

/// <param name="Reason">Why the used path is used.</param>
public sealed record PeerStatus(
    string Name, PublicKey Key, VirtualAddress Vip, bool Established, bool Direct, string Reason, TimeSpan? LastHandshake, TimeSpan? LastReceived,
    long BytesReceived, long BytesSent, IReadOnlyList<AliasStatus> Aliases, IReadOnlyList<PathStatus> Paths)
{
    /// <summary>How packets to it are sealed now; null: no key is there.</summary>
    public CipherSuite? Suite { get; init; }
}

/// <param name="Name">The name it was asked for by; null where unknown.</param>
public sealed record AliasStatus(uint Alias, VirtualAddress Vip, string? Name);

/// <param name="Kind">"relay", "local", "mapped", "peer-reflexive".</param>
/// <param name="State">"used", "proven", "checking", "suspect", "unproven", "failed".</param>
public sealed record PathStatus(WirePath Path, string Kind, string State, TimeSpan? RoundTrip, string Reason, long BytesSent, long BytesReceived);
