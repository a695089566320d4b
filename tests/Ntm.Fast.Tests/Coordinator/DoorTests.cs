using System.Security.Cryptography;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Naming;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Fast.Tests.Coordinator;

/// <summary>Who is answered before the asked node's word, and who is not (docs/protocol.md, Directions across zones).</summary>
public sealed class DoorTests
{
    private const string Theirs = "friends.example";
    private static readonly byte[] Seed = SHA256.HashData("the share"u8);

    private readonly Hall _hall = new();
    private readonly OwnerKey _owner = new(SHA256.HashData("the other owner"u8));
    private readonly Party _bob;
    private readonly Party _other;

    public DoorTests()
    {
        _hall.Relay("rs1", "203.0.113.20:4916");
        _bob = _hall.Node("bob", "192.0.2.7:1000");
        RegisterWithDoors(1);
        _other = _hall.Add("their coordinator", "198.51.100.1:4916", Theirs);
        _hall.Records[Theirs] = new(_other.Key.Public, 1, [_other.Address]);
        Tell(1, ShareDoor.Of(Acceptance.PublicKeyOf(Seed), 3, null));
    }

    private IEnumerable<RelayPairing> Pairings => _hall.Find("rs1").Heard.Where(h => h.Signal.RelayPairing is not null).Select(h => h.Signal.RelayPairing);

    [Fact]
    public void Who_shows_an_acceptance_that_fits_is_answered_before_the_node_and_the_node_still_judges()
    {
        _bob.Answering = s => s.RouteDirection is null ? null : new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } };
        Know();
        var answer = Ask(Request("dave"))!.RouteDirection;
        Assert.True(answer is { Begin: true, Ahead: false, Number: 3, Candidates.Count: > 0 });
        Assert.NotNull(Assert.Single(_bob.Heard, h => h.Signal.RouteDirection is not null).Signal.RouteDirection.Acceptance);

        // It says no: the relay is told so, and who comes next waits for its word.
        _hall.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([false, true], Pairings.Select(p => p.Lifetime == 0));
        Assert.Equal(RefusalReason.RefusalNotPermitted, Ask(Request("dave"))!.Refusal.Reason);
        Assert.Equal(1, _hall.Counted("zone-direction-by-door"));
        Assert.Equal(1, _hall.Counted("door-shut"));
    }

    [Fact]
    public void A_refusal_takes_nothing_from_a_pair_that_the_node_has_taken_before()
    {
        Know();
        Assert.NotNull(Ask(Request("dave"))!.RouteDirection);
        _hall.Advance(TimeSpan.FromSeconds(1));
        _bob.Answering = s => s.RouteDirection is null ? null : new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } };
        Assert.NotNull(Ask(Request("dave"))!.RouteDirection);
        _hall.Advance(TimeSpan.FromSeconds(1));
        Assert.DoesNotContain(Pairings, p => p.Lifetime == 0);
    }

    [Fact]
    public void Nobody_else_is_answered_before_the_node_or_costs_a_signature_or_a_channel()
    {
        _bob.Answering = s => s.RouteDirection is null ? null : new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } };
        Know();
        var stranger = new OwnerKey(SHA256.HashData("a stranger"u8));
        var forged = Accepted(_owner);
        forged.Signature = ByteString.CopyFrom(new byte[64]);
        ZoneDirectionRequest[] bad =
        [
            Request("dave", acceptance: new SignedAcceptance()),
            Request("dave", acceptance: forged),
            Request("dave", acceptance: Accepted(_owner, SHA256.HashData("another share"u8))),
            Request("dave", asker: BindingOf("dave", stranger)),                                  // somebody else's node shows the owner's acceptance
            Request("dave", acceptance: Accepted(_owner, zone: "third.example")),
            Request("dave", name: "bob.home.example"),                                            // what is shared is the device
            Request("dave", asker: BindingOf("dave", _owner, Role.Relay)),
        ];
        foreach (var request in bad)
        {
            Assert.Equal(RefusalReason.RefusalNotPermitted, Ask(request)!.Refusal.Reason);
        }

        Assert.Empty(Pairings);
        Assert.Equal(0, _hall.Counted("zone-direction-by-door"));
    }

    [Fact]
    public void While_the_zone_is_looked_up_the_holder_of_a_share_is_told_the_relay_and_not_where_the_node_is()
    {
        _hall.Records.Clear(); // the DNS takes its time
        var ahead = Ask(Request("dave"))!.RouteDirection;
        Assert.True(ahead is { Begin: true, Ahead: true, Candidates.Count: 0, Nats.Count: 0, Relays.Count: 1 });
        Assert.DoesNotContain(_bob.Heard, h => h.Signal.RouteDirection is not null);
        _hall.Core.RecordFound(_hall.Now, Theirs, Found(_other.Key.Public));
        _hall.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(_bob.Heard, h => h.Signal.RouteDirection is not null);
        Assert.False(Ask(Request("dave"))!.RouteDirection.Ahead);
    }

    [Fact]
    public void Where_the_record_names_somebody_else_the_node_hears_nothing_and_the_relay_forgets_the_pair()
    {
        _hall.Records.Clear();
        Assert.True(Ask(Request("dave"))!.RouteDirection.Ahead);
        _hall.Core.RecordFound(_hall.Now, Theirs, Found(new PublicKey(SHA256.HashData("somebody else"u8))));
        _hall.Advance(TimeSpan.FromSeconds(1));
        Assert.DoesNotContain(_bob.Heard, h => h.Signal.RouteDirection is not null);
        Assert.Equal([false, true], Pairings.Select(p => p.Lifetime == 0));
        Assert.Equal(1, _hall.Counted("zone-direction-taken-back"));
        Assert.Equal(RefusalReason.RefusalNotPermitted, Ask(Request("dave"))!.Refusal.Reason);
    }

    [Fact]
    public void While_a_zone_is_looked_up_strangers_hear_nothing()
    {
        _hall.Records.Clear();
        Signal? answer = null;
        _other.Signals.Request(_hall.Now, _other.Tunnel, new Signal { ZoneDirectionRequest = Request("dave", acceptance: Accepted(_owner, SHA256.HashData("another share"u8))) }, (_, a) => answer = a);
        _hall.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(answer);
        Assert.Empty(Pairings);
    }

    [Fact]
    public void Doors_beyond_the_limit_or_of_another_size_are_refused_and_older_ones_count_no_more()
    {
        var door = ShareDoor.Of(Acceptance.PublicKeyOf(Seed), 3, null);
        Assert.NotNull(_bob.Ask(Doors(9, [.. Enumerable.Repeat(door, Limits.Doors + 1)]))?.Refusal);
        Assert.NotNull(_bob.Ask(Doors(9, ByteString.CopyFrom(1, 2)))?.Refusal);
        Assert.NotNull(_bob.Ask(Doors(7))?.Acknowledgement);
        Assert.NotNull(_bob.Ask(Doors(6, door))?.Acknowledgement); // overtaken on its way
        Know();
        _bob.Answering = s => s.RouteDirection is null ? null : new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } };
        Assert.NotNull(Ask(Request("dave"))?.Refusal);
        Assert.Equal(2, _hall.Counted("doors-malformed"));
        Assert.True(Doors(1, [.. Enumerable.Repeat(door, Limits.Doors)]).CalculateSize() < Limits.SignalBytes);
    }

    [Fact]
    public void A_registration_that_announces_no_doors_shuts_them()
    {
        _bob.Register(5, devices: ("nas", 3));
        Know();
        _bob.Answering = s => s.RouteDirection is null ? null : new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } };
        Assert.NotNull(Ask(Request("dave"))?.Refusal);
    }

    [Fact]
    public void An_owner_who_has_a_share_is_told_apart_from_one_who_has_not()
    {
        Tell(2, ShareDoor.Of(Acceptance.PublicKeyOf(Seed), 3, Acceptance.PublicKeyOf(SHA256.HashData("the first who accepted it"u8))));
        _bob.Answering = s => s.RouteDirection is null ? null : new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } };
        Know();
        Assert.NotNull(Ask(Request("dave"))?.Refusal);
        Assert.Equal(0, _hall.Counted("zone-direction-by-door"));
    }

    // A question that opens no door: afterwards the zone is known.
    private void Know() => Assert.NotNull(Ask(Request("dave", name: "printer.bob.home.example"))?.Refusal);

    private Signal? Ask(ZoneDirectionRequest request) => _other.Ask(new Signal { ZoneDirectionRequest = request });

    private void Tell(ulong generation, params ByteString[] doors) => Assert.NotNull(_bob.Ask(Doors(generation, doors))?.Acknowledgement);

    private static Signal Doors(ulong generation, params ByteString[] doors)
    {
        var told = new Doors { Generation = generation };
        told.Doors_.AddRange(doors);
        return new Signal { Doors = told };
    }

    private void RegisterWithDoors(ulong generation)
    {
        var registration = Party.Registration(generation, [Hall.Candidate(CandidateKind.CandidateLocal, "192.0.2.7:1000")], [("nas", 3)]);
        registration.Doors = true;
        Assert.NotNull(_bob.Ask(new Signal { RegistrationRequest = registration })?.RegistrationResponse);
    }

    private static SignedAcceptance Accepted(OwnerKey owner, byte[]? seed = null, string zone = Theirs) =>
        Acceptance.Sign(new ShareOffer { ShareSeed = ByteString.CopyFrom(seed ?? Seed) }, zone, owner.Public);

    private ZoneDirectionRequest Request(string node, string name = "nas.bob.home.example", SignedBinding? asker = null, SignedAcceptance? acceptance = null) => new()
    {
        Zone = Theirs,
        Name = name,
        Asker = asker ?? BindingOf(node, _owner),
        Acceptance = acceptance ?? Accepted(_owner),
        Candidates = { Hall.Candidate(CandidateKind.CandidateMappedAtCoordinator, "198.51.100.77:5000") },
    };

    private SignedBinding BindingOf(string name, OwnerKey owner, Role role = Role.Node) =>
        InviteCode.Bind(_hall.Invite(role: role, owner: owner, zone: Theirs), name, new PublicKey(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(name))), _hall.Now.Wall);

    private static NtmRecordAnswer Found(PublicKey key) =>
        new(NtmRecordVerdict.Found, new(Theirs, [new(key, 1, [Hall.Address("198.51.100.1:4916")])]), TimeSpan.FromMinutes(5), "It was found.");
}
