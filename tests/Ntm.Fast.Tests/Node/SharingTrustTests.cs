using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Node;

/// <summary>What a coordinator, ours or another zone's, can and cannot do with shares: it can refuse service, and nothing else.</summary>
public sealed class SharingTrustTests
{
    private const string Theirs = "friends.example";
    private readonly LyingCoordinator _liar = new();
    private readonly OwnerKey _dave;

    public SharingTrustTests() => _dave = OwnerKey.Generate(_liar.Entropy);

    [Fact]
    public void A_node_of_another_owner_without_a_share_is_not_believed()
    {
        Assert.Equal(RefusalReason.RefusalBindingInvalid, _liar.Push(From(_dave, null))!.Refusal.Reason);
        Assert.Empty(_liar.Status.Peers);
        Assert.True(_liar.Status.Counters["direction-not-shared"] > 0);
    }

    [Fact]
    public void A_good_acceptance_makes_its_owners_node_a_peer_and_nobody_elses()
    {
        var acceptance = Acceptance.Sign(Offer(), Theirs, _dave.Public);
        Assert.NotNull(_liar.Push(From(_dave, acceptance))!.Acknowledgement);
        Assert.Single(_liar.Status.Peers);

        // The coordinator knows the acceptance now; under it, only that owner's bindings are believed.
        var mallory = OwnerKey.Generate(_liar.Entropy);
        Assert.NotNull(_liar.Push(From(mallory, acceptance))!.Refusal);
        Assert.Single(_liar.Status.Peers);
        Assert.True(_liar.Status.Counters["direction-not-vouched"] > 0);
    }

    [Fact]
    public void A_forged_acceptance_is_not_believed()
    {
        var offer = Offer();
        var good = Acceptance.Sign(offer, Theirs, _dave.Public);
        var other = offer.Clone();
        other.ShareSeed = Google.Protobuf.ByteString.CopyFrom(new byte[32]);
        var wrongKey = Acceptance.Sign(other, Theirs, _dave.Public);
        var changed = good.Clone();
        var inside = ShareAcceptance.Parser.ParseFrom(changed.Acceptance);
        inside.OwnerPublicKey = Google.Protobuf.ByteString.CopyFrom(OwnerKey.Generate(_liar.Entropy).Public);
        changed.Acceptance = Google.Protobuf.MessageExtensions.ToByteString(inside);
        foreach (var forged in (SignedAcceptance[])[wrongKey, changed, new SignedAcceptance()])
        {
            Assert.Equal(RefusalReason.RefusalNotPermitted, _liar.Push(From(_dave, forged))!.Refusal.Reason);
        }

        Assert.Empty(_liar.Status.Peers);
        Assert.Null(_liar.Status.Sharing.Given.Single().AcceptedBy);
        Assert.True(_liar.Status.Counters["share-unknown"] >= 3);
    }

    [Fact]
    public void A_device_that_is_not_shared_is_refused_by_the_node()
    {
        var direction = From(_dave, Acceptance.Sign(Offer(), Theirs, _dave.Public));
        direction.Number = 7;
        Assert.Equal(RefusalReason.RefusalNotPermitted, _liar.Push(direction)!.Refusal.Reason);
        Assert.Empty(_liar.Status.Peers);
    }

    [Fact]
    public void A_name_that_was_accepted_is_only_believed_of_its_owner()
    {
        Accept();
        _liar.Direct = _ => new Signal { RouteDirection = From(OwnerKey.Generate(_liar.Entropy), null, begin: true) };
        Assert.Equal(NameVerdict.Unreachable, _liar.Ask("nas.dave.friends.example").Verdict);
        Assert.Empty(_liar.Status.Peers);
        _liar.Direct = _ => new Signal { RouteDirection = From(_dave, null, begin: true) };
        Assert.Equal(NameVerdict.Found, _liar.Ask("nas.dave.friends.example").Verdict);
        Assert.Equal("dave.friends.example", _liar.Status.Peers.Single().Name);
    }

    [Fact]
    public void Another_zones_name_keeps_its_key()
    {
        Accept();
        _liar.Direct = _ => new Signal { RouteDirection = From(_dave, null, begin: true) };
        Assert.Equal(NameVerdict.Found, _liar.Ask("nas.dave.friends.example").Verdict);
        _liar.World.RunFor(TimeSpan.FromSeconds(31));
        Assert.Equal(NameVerdict.Unreachable, _liar.Ask("nas.dave.friends.example").Verdict); // From makes another key each time
        Assert.True(_liar.Status.Counters["direction-key-changed"] > 0);
    }

    [Fact]
    public void Who_accepted_a_share_of_ours_in_the_name_of_another_owners_zone_is_not_found_under_its_names()
    {
        Accept();
        var mallory = OwnerKey.Generate(_liar.Entropy);
        var claim = Acceptance.Sign(Offer(), Theirs, mallory.Public);
        _liar.Direct = _ => new Signal { RouteDirection = From(mallory, claim, begin: true) };
        Assert.Equal(NameVerdict.Unreachable, _liar.Ask("nas.dave.friends.example").Verdict);
        Assert.NotNull(_liar.Push(From(mallory, claim))!.Refusal);
        Assert.Empty(_liar.Status.Peers);
        Assert.True(_liar.Status.Counters["share-of-another-owner"] > 0);
        Assert.Null(_liar.Status.Sharing.Given.Single().AcceptedBy);
    }

    [Fact]
    public void A_zone_has_one_owner_here_whoever_else_names_it_as_his()
    {
        var mallory = OwnerKey.Generate(_liar.Entropy);
        Assert.NotNull(_liar.Push(From(mallory, Acceptance.Sign(Offer(), Theirs, mallory.Public)))!.Acknowledgement);
        Assert.NotNull(_liar.Push(From(_dave, Acceptance.Sign(Offer(), Theirs, _dave.Public)))!.Refusal);
        Verdict verdict = default;
        _liar.Router.Router.Call(now => verdict = _liar.Core.Accept(now, ShareCode.Write(Offer(_dave))));
        Assert.False(verdict.Done);
        Assert.Contains("ntm unshare 1", verdict.Reason, StringComparison.Ordinal);
        _liar.Router.Router.Call(now => Assert.True(_liar.Core.Unshare(now, 1).Done));
        Accept();
        Assert.NotNull(_liar.Push(From(_dave, Acceptance.Sign(Offer(), Theirs, _dave.Public)))!.Acknowledgement);
    }

    [Fact]
    public void A_share_that_we_accepted_lets_nobody_ask_for_us()
    {
        Accept();
        Assert.NotNull(_liar.Push(From(_dave, null))!.Refusal);
        Assert.Empty(_liar.Status.Peers);
    }

    [Fact]
    public void One_other_owner_has_64_peers_here_however_many_keys_it_makes()
    {
        var acceptance = Acceptance.Sign(Offer(), Theirs, _dave.Public);
        for (var i = 0; i < 70; i++)
        {
            var direction = From(_dave, acceptance);
            direction.Peer = _liar.Binding(_dave, $"node{i}", StaticKeyPair.Generate(_liar.Entropy).Public, Role.Node, Theirs);
            Assert.Equal(i < 64, _liar.Push(direction, TimeSpan.FromMilliseconds(300))!.Acknowledgement is not null);
        }

        Assert.Equal(64, _liar.Status.Peers.Count);
        Assert.Equal(6, _liar.Status.Counters["direction-too-many-of-others"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Another_owners_word_does_not_move_a_relay_of_ours(bool theirsFirst)
    {
        Accept();
        var key = StaticKeyPair.Generate(_liar.Entropy).Public;
        var ours = new RelayServer { Binding = _liar.Binding(_liar.Owner, "rs1", key, Role.Relay), Endpoints = { LyingCoordinator.At("203.0.113.50:4916").Endpoint } };
        var direction = From(_dave, null, begin: true);
        direction.Relays.Add(new RelayLeg
        {
            RelayPublicKey = key.ToWire(), Channel = 300, Lifetime = 600, Binding = _liar.Binding(_dave, "rs9", key, Role.Relay, Theirs), Endpoints = { LyingCoordinator.At("203.0.113.99:4916").Endpoint },
        });
        _liar.Direct = _ => new Signal { RouteDirection = direction };
        if (!theirsFirst)
        {
            _liar.Relays.Add(ours);
            _liar.World.RunFor(TimeSpan.FromSeconds(20));
        }

        Assert.Equal(NameVerdict.Found, _liar.Ask("nas.dave.friends.example").Verdict);
        _liar.Relays.Clear();
        _liar.Relays.Add(ours);
        _liar.World.RunFor(TimeSpan.FromSeconds(20));
        var steps = _liar.World.Flow.Steps.Count;
        _liar.World.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal("relay rs1", _liar.Status.Member!.Relays.Single().Name);
        Assert.DoesNotContain(_liar.World.Flow.Steps.Skip(steps), s => s.To.StartsWith("203.0.113.99", StringComparison.Ordinal));
    }

    [Fact]
    public void A_relay_that_the_other_owner_does_not_vouch_for_is_not_sent_to()
    {
        Accept();
        var direction = From(_dave, null, begin: true);
        var key = StaticKeyPair.Generate(_liar.Entropy).Public;
        foreach (var binding in (SignedBinding[])
            [_liar.Binding(OwnerKey.Generate(_liar.Entropy), "rs9", key, Role.Relay, Theirs), _liar.Binding(_dave, "rs9", key, Role.Node, Theirs)])
        {
            direction.Relays.Add(new RelayLeg
            {
                RelayPublicKey = key.ToWire(), Channel = 300, Lifetime = 600, Binding = binding, Endpoints = { LyingCoordinator.At("203.0.113.99:4916").Endpoint },
            });
        }

        _liar.Direct = _ => new Signal { RouteDirection = direction };
        Assert.Equal(NameVerdict.Found, _liar.Ask("nas.dave.friends.example").Verdict);
        _liar.World.RunFor(TimeSpan.FromSeconds(5));
        Assert.Empty(_liar.Status.Member!.Relays);
        Assert.DoesNotContain(_liar.World.Flow.Steps, s => s.To.StartsWith("203.0.113.99", StringComparison.Ordinal));
        Assert.Equal(2, _liar.Status.Counters["direction-relay-not-vouched"]);
    }

    [Fact]
    public void A_removal_in_another_zone_counts_by_that_zones_owner_alone()
    {
        Accept();
        var direction = From(_dave, null, begin: true);
        _liar.Direct = _ => new Signal { RouteDirection = direction };
        Assert.Equal(NameVerdict.Found, _liar.Ask("nas.dave.friends.example").Verdict);
        Assert.True(BindingCheck.TryVouch(direction.Peer, _dave.Public, Theirs, out var vouched, out _));
        var wall = _liar.World.Clock.Read(default, default).Wall.AddMinutes(1);
        foreach (var owner in (OwnerKey[])[OwnerKey.Generate(_liar.Entropy), _liar.Owner])
        {
            Notify(owner.Remove(vouched!, wall));
            Assert.Single(_liar.Status.Peers);
        }

        Notify(_dave.Remove(vouched!, wall));
        Assert.Empty(_liar.Status.Peers);

        // The coordinator directs us to it all the same: its binding is of no worth any more.
        _liar.World.RunFor(TimeSpan.FromSeconds(31));
        Assert.Equal(NameVerdict.Unreachable, _liar.Ask("nas.dave.friends.example").Verdict);
        Assert.Empty(_liar.Status.Peers);
    }

    private void Notify(SignedRemoval removal)
    {
        _liar.Host.Call(now => _liar.Party.Signals.Request(
            now, _liar.Party.Tunnels.All.Single(), new Signal { RemovalNotice = new() { Removals = { removal } } }, static (_, _) => { }));
        _liar.World.RunFor(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_code_that_pins_another_owner_for_a_known_zone_is_refused()
    {
        Accept();
        var other = Offer(OwnerKey.Generate(_liar.Entropy), "cam");
        Verdict verdict = default;
        _liar.Router.Router.Call(now => verdict = _liar.Core.Accept(now, ShareCode.Write(other)));
        Assert.False(verdict.Done);
        Assert.Contains("another owner key", verdict.Reason, StringComparison.Ordinal);
        Assert.Single(_liar.Status.Sharing.Taken);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ntm1abc")]
    [InlineData("ntms1")]
    [InlineData("ntms1????")]
    [InlineData("ntms1AAAAAAAAAAAA")]
    public void A_code_that_is_none_is_refused_and_says_what_to_do(string code)
    {
        Verdict verdict = default;
        _liar.Router.Router.Call(now => verdict = _liar.Core.Accept(now, code));
        Assert.False(verdict.Done);
        Assert.True(verdict.Reason.Contains("Copy all of it", StringComparison.Ordinal) || verdict.Reason.Contains("not a share code", StringComparison.Ordinal), verdict.Reason);
        Assert.Empty(_liar.Status.Sharing.Taken);
    }

    [Fact]
    public void Every_changed_character_of_a_code_is_noticed()
    {
        var code = ShareCode.Write(Offer(_dave));
        Assert.True(ShareCode.TryRead($" {code[..20]}\n{code[20..]} ", out _, out _));
        for (var i = ShareCode.Prefix.Length; i < code.Length; i++)
        {
            var changed = code[..i] + (code[i] == 'A' ? 'B' : 'A') + code[(i + 1)..];
            Assert.False(ShareCode.TryRead(changed, out _, out _), $"character {i}");
        }
    }

    [Fact]
    public void A_node_that_came_back_under_another_owner_key_has_what_that_owner_was_given()
    {
        var (key, rotated) = (StaticKeyPair.Generate(_liar.Entropy).Public, OwnerKey.Generate(_liar.Entropy));
        Assert.NotNull(_liar.Push(Of(_dave))!.Acknowledgement);
        Assert.NotNull(_liar.Push(Of(rotated))!.Refusal); // a zone has one owner here, until what that one has is taken back
        Verdict verdict = default;
        _liar.Router.Router.Call(now => verdict = _liar.Core.Unshare(now, 1));
        Assert.True(verdict.Done);
        Assert.Empty(_liar.Status.Peers);
        Assert.NotNull(_liar.Push(Of(rotated))!.Acknowledgement);
        Assert.Equal(key, Assert.Single(_liar.Status.Peers).Key);
        foreach (var id in (int[])[2, 3])
        {
            _liar.Router.Router.Call(now => verdict = _liar.Core.Unshare(now, id));
        }

        Assert.Empty(_liar.Status.Peers);

        RouteDirection Of(OwnerKey owner)
        {
            var direction = From(owner, Acceptance.Sign(Offer(), Theirs, owner.Public));
            direction.Peer = _liar.Binding(owner, "dave", key, Role.Node, Theirs);
            return direction;
        }
    }

    // What the owner here has given: the node itself, so that no device is needed.
    private ShareOffer Offer()
    {
        string? code = null;
        _liar.Router.Router.Call(now => Assert.True(_liar.Core.Share(now, null, "Dave", PortSet.All, TimeSpan.FromDays(1), out code).Done));
        Assert.True(ShareCode.TryRead(code, out var offer, out var problem), problem);
        return offer;
    }

    private ShareOffer Offer(OwnerKey owner, string device = "nas")
    {
        var seed = new byte[32];
        _liar.Entropy.Fill(seed);
        return new()
        {
            Zone = Theirs, OwnerPublicKey = Google.Protobuf.ByteString.CopyFrom(owner.Public), Node = "dave", Device = device, ShareSeed = Google.Protobuf.ByteString.CopyFrom(seed),
            Expires = _liar.World.Clock.Read(default, default).Wall.AddDays(1).ToUnixTimeSeconds(), Ports = "all",
        };
    }

    private void Accept() => _liar.Router.Router.Call(now => Assert.True(_liar.Core.Accept(now, ShareCode.Write(Offer(_dave))).Done));

    private RouteDirection From(OwnerKey owner, SignedAcceptance? acceptance, bool begin = false) => new()
    {
        Peer = _liar.Binding(owner, "dave", StaticKeyPair.Generate(_liar.Entropy).Public, Role.Node, Theirs),
        Begin = begin,
        Verdict = RouteVerdict.RouteDirectOnly,
        Reason = "because",
        Acceptance = acceptance,
    };
}
