using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fuzz.Cores;

/// <summary>A party of the zone.</summary>
/// <param name="OneTimeKey">Of the invite it joined with.</param>
public sealed record CastMember(string Name, StaticKeyPair Key, RealAddress Address, SignedBinding Binding, ByteString OneTimeKey)
{
    public string Zone { get; init; } = Cast.Zone;

    public VirtualAddress Vip => (Zone == Cast.Zone ? Cast.Addressing : Cast.TheirAddressing).Node(Key.Public);
}

/// <summary>Who is in the play: one zone, its owner, coordinator and relay, three nodes. The same in every run, so that corpora stay right.</summary>
public static class Cast
{
    public const string Zone = "home.example";

    public static readonly DateTimeOffset Wall = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static ZoneAddressing Addressing { get; } = new(Zone);

    /// <summary>Another owner's zone.</summary>
    public const string TheirZone = "friends.example";

    public static ZoneAddressing TheirAddressing { get; } = new(TheirZone);

    public static OwnerKey TheirOwner { get; } = OwnerKey.Generate(Entropy("their owner"));

    public static OwnerKey Owner { get; } = OwnerKey.Generate(Entropy("owner"));

    public static CastMember Coordinator { get; } = Make("dc1", Role.Coordinator, 10);

    public static CastMember Relay { get; } = Make("rs1", Role.Relay, 11);

    public static CastMember Alice { get; } = Make("alice", Role.Node, 12);

    public static CastMember Bob { get; } = Make("bob", Role.Node, 13);

    /// <summary>Has an invite and has not joined.</summary>
    public static CastMember Carol { get; } = Make("carol", Role.Node, 14);

    /// <summary>The other zone's coordinator, and a node of it.</summary>
    public static CastMember TheirCoordinator { get; } = Make("dc9", Role.Coordinator, 15, TheirZone);

    public static CastMember Dave { get; } = Make("dave", Role.Node, 16, TheirZone);

    /// <summary>What Dave's owner shares with ours.</summary>
    public static ShareOffer Offer { get; } = new()
    {
        Zone = TheirZone, OwnerPublicKey = ByteString.CopyFrom(TheirOwner.Public), Node = "dave", Device = "cam", ShareSeed = ByteString.CopyFrom(new byte[32]),
        Expires = Wall.AddYears(4).ToUnixTimeSeconds(), Ports = "tcp/443",
    };

    /// <summary>That their owner has what alice shares (her stored share has this seed's public key).</summary>
    public static SignedAcceptance Accepted { get; } = Acceptance.Sign(Offer, TheirZone, TheirOwner.Public);

    /// <summary>The other zone's coordinator asks for Dave.</summary>
    public static ZoneDirectionRequest TheirRequest()
    {
        var request = new ZoneDirectionRequest { Zone = TheirZone, Name = "nas.bob.home.example", Asker = Dave.Binding, Acceptance = Accepted };
        request.Candidates.AddRange(Candidates());
        return request;
    }

    public static SeededEntropy Entropy(string label) => new SeededEntropy(0xF022).Fork(label);

    public static Server CoordinatorServer()
    {
        var server = new Server { PublicKey = Coordinator.Key.Public.ToWire() };
        server.Endpoints.Add(Coordinator.Address.ToWire());
        return server;
    }

    public static IEnumerable<Candidate> Candidates() =>
    [
        new() { Kind = CandidateKind.CandidateMappedAtCoordinator, Endpoint = World.Documentation(1, 77, 41_000).ToWire() },
        new() { Kind = CandidateKind.CandidateMappedAtRelay, Endpoint = World.Documentation(1, 77, 41_001).ToWire() },
        new() { Kind = CandidateKind.CandidateLocal, Endpoint = RealAddress.FromIPv4(0xC0A8_0102, 41_000).ToWire() },
        new() { Kind = CandidateKind.CandidateLocal, Endpoint = World.Documentation6(7, 2, 41_000).ToWire(), Uplink = 1 },
    ];

    /// <summary>As the coordinator directs someone to a peer.</summary>
    public static RouteDirection Direction(CastMember peer, bool begin)
    {
        var direction = new RouteDirection
        {
            Peer = peer.Binding, Begin = begin, Verdict = RouteVerdict.RouteRelayThenDirect, Reason = "neither NAT maps by destination", Number = begin ? 1u : 0,
        };
        direction.Candidates.Add(new Candidate { Kind = CandidateKind.CandidateMappedAtCoordinator, Endpoint = peer.Address.ToWire() });
        var leg = new RelayLeg { RelayPublicKey = Relay.Key.Public.ToWire(), Channel = 256, Lifetime = 3600 };
        leg.Endpoints.Add(Relay.Address.ToWire());
        direction.Relays.Add(leg);
        return direction;
    }

    public static RelayPairing Pairing(uint a, uint b) =>
        new() { ChannelA = a, KeyA = Alice.Key.Public.ToWire(), ChannelB = b, KeyB = Bob.Key.Public.ToWire(), Lifetime = 3600 };

    /// <summary>The owner's word that one is out.</summary>
    public static SignedRemoval Removal(CastMember member) => Owner.Remove(
        new(Zone, Role.Node, member.Name, member.Key.Public, member.OneTimeKey, member.Binding), Wall.AddMinutes(1));

    private static CastMember Make(string name, Role role, byte host, string zone = Zone)
    {
        var entropy = Entropy(name);
        var key = StaticKeyPair.Generate(entropy);
        var invite = (zone == Zone ? Owner : TheirOwner).Invite(zone, role, name, Wall.AddYears(4), [new Server { PublicKey = ByteString.CopyFrom(new byte[32]) }], entropy);
        return new(name, key, World.Documentation(0, host, Limits.SignallingPort), InviteCode.Bind(invite, name, key.Public, Wall), Grant.Parser.ParseFrom(invite.Grant).OneTimePublicKey)
        {
            Zone = zone,
        };
    }
}
