using Google.Protobuf;
using Ntm.Coordinator;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Coordinator;

/// <summary>Who gets in, who does not, and that a restart changes nothing about it.</summary>
public sealed class JoiningTests
{
    private readonly Hall _hall = new();

    [Fact]
    public void A_good_invite_is_bound_and_kept()
    {
        var node = _hall.Node("alice", "198.51.100.1:1000");
        var member = Assert.Single(_hall.Core.Describe(_hall.Now).Members);
        Assert.Equal(("alice", Role.Node, node.Key.Public, false), (member.Name, member.Role, member.Key, member.Registered));
        Assert.Equal(_hall.Addressing.Node(node.Key.Public), member.Vip);
        Assert.Equal(0, _hall.Core.Describe(_hall.Now).Provisional);
        Assert.Contains(_hall.Notices, n => n.StartsWith("Node 'alice' joined", StringComparison.Ordinal));
        Assert.Equal(["binding", "tunnel", "used-invite"], _hall.Memory.Keys.Select(k => k.Collection).Append("tunnel").Distinct().Order());
    }

    [Fact]
    public void A_join_tells_where_it_was_seen_and_may_be_repeated()
    {
        var node = _hall.Add("alice", "198.51.100.1:1000");
        var invite = _hall.Invite();
        for (var i = 0; i < 2; i++)
        {
            Assert.True(node.Join(invite, "alice")!.JoinResponse.Observed.TryRead(out var seen));
            Assert.Equal(node.Address, seen);
        }

        Assert.Single(_hall.Core.Describe(_hall.Now).Members);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_invite_is_used_once(bool restarted)
    {
        var invite = _hall.Invite();
        Assert.NotNull(_hall.Add("alice", "198.51.100.1:1000").Join(invite, "alice")!.JoinResponse);
        if (restarted)
        {
            _hall.Restart();
        }

        Refused(_hall.Add("mallory", "198.51.100.2:1000").Join(invite, "mallory"), RefusalReason.RefusalInviteUsed, "join-invite-used");
    }

    [Fact]
    public void A_name_belongs_to_one_key()
    {
        _hall.Node("alice", "198.51.100.1:1000");
        Refused(_hall.Add("other", "198.51.100.2:1000").Join(_hall.Invite(), "alice"), RefusalReason.RefusalNameTaken, "join-name-taken");
        Refused(_hall.Add("third", "198.51.100.3:1000").Join(_hall.Invite(), "dc"), RefusalReason.RefusalNameTaken, "join-name-taken");
    }

    [Fact]
    public void A_key_has_one_name_and_may_renew_its_binding()
    {
        var node = _hall.Node("alice", "198.51.100.1:1000");
        Refused(node.Join(_hall.Invite(), "bob"), RefusalReason.RefusalNotPermitted, "join-second-name");
        Assert.NotNull(node.Join(_hall.Invite(), "alice")!.JoinResponse);
        Assert.Equal(2, _hall.Core.Describe(_hall.Now).UsedInvites);
    }

    [Fact]
    public void Another_owners_invite_is_refused() => Refused(
        _hall.Add("alice", "198.51.100.1:1000").Join(_hall.Invite(owner: OwnerKey.Generate(new HallEntropy("other"))), "alice"),
        RefusalReason.RefusalBindingInvalid, "join-not-vouched");

    [Fact]
    public void Another_zones_invite_is_refused() => Refused(
        _hall.Add("alice", "198.51.100.1:1000").Join(_hall.Invite(zone: "other.example"), "alice"), RefusalReason.RefusalBindingInvalid, "join-not-vouched");

    [Fact]
    public void A_name_other_than_the_granted_one_is_refused() => Refused(
        _hall.Add("alice", "198.51.100.1:1000").Join(_hall.Invite(name: "bob"), "alice"), RefusalReason.RefusalBindingInvalid, "join-not-vouched");

    [Fact]
    public void An_expired_invite_is_refused_whatever_its_binding_is_dated()
    {
        var invite = _hall.Invite(days: 1);
        _hall.Advance(TimeSpan.FromHours(25));
        Refused(_hall.Add("alice", "198.51.100.1:1000").Join(invite, "alice"), RefusalReason.RefusalBindingInvalid, "join-invite-expired");
    }

    [Fact]
    public void A_coordinators_invite_is_refused() => Refused(
        _hall.Add("alice", "198.51.100.1:1000").Join(_hall.Invite(Role.Coordinator), "alice"), RefusalReason.RefusalNotPermitted, "join-role");

    [Fact]
    public void Anothers_binding_is_refused()
    {
        var alice = _hall.Node("alice", "198.51.100.1:1000");
        var mallory = _hall.Add("mallory", "198.51.100.2:1000");
        Refused(mallory.Ask(new Signal { JoinRequest = new() { Binding = alice.Binding } }), RefusalReason.RefusalBindingInvalid, "join-other-key");
    }

    [Fact]
    public void A_forged_binding_is_refused()
    {
        var alice = _hall.Add("alice", "198.51.100.1:1000");
        var signed = InviteCode.Bind(_hall.Invite(), "alice", alice.Key.Public, _hall.Now.Wall);
        var binding = Binding.Parser.ParseFrom(signed.Binding);
        binding.Name = "bob";
        signed.Binding = binding.ToByteString();
        Refused(alice.Ask(new Signal { JoinRequest = new() { Binding = signed } }), RefusalReason.RefusalBindingInvalid, "join-not-vouched");
        Refused(alice.Ask(new Signal { JoinRequest = new() }), RefusalReason.RefusalBindingInvalid, "join-not-vouched");
        Assert.Empty(_hall.Core.Describe(_hall.Now).Members);
    }

    [Fact]
    public void Nothing_but_a_join_is_heard_of_an_unknown_key()
    {
        var stranger = _hall.Add("stranger", "198.51.100.1:1000");
        Refused(stranger.Direction("alice.home.example"), RefusalReason.RefusalNotJoined, "signal-before-join");
        Refused(stranger.Ask(new Signal { RegistrationRequest = Party.Registration(1) }), RefusalReason.RefusalNotJoined, "signal-before-join");
        Assert.Equal(1, _hall.Core.Describe(_hall.Now).Provisional);
        _hall.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(0, _hall.Core.Describe(_hall.Now).Provisional);
    }

    [Fact]
    public void Unknown_keys_are_many_but_not_more_than_the_limit()
    {
        for (var i = 0; i < Limits.ProvisionalTunnels + 6; i++)
        {
            var party = _hall.Add($"stranger {i}", $"198.51.100.{i + 1}:1000");
            party.Tunnels.Begin(_hall.Now, party.Tunnel);
            _hall.RunUntil(() => true, TimeSpan.Zero);
        }

        Assert.Equal(Limits.ProvisionalTunnels, _hall.Core.Describe(_hall.Now).Provisional);
        Assert.True(_hall.Counted("provisional-full") >= 6);
    }

    [Fact]
    public void Strangers_in_one_place_do_not_keep_out_others()
    {
        for (var i = 0; i < Limits.ProvisionalTunnels + 6; i++)
        {
            var party = _hall.Add($"stranger {i}", $"198.51.100.1:{i + 1000}");
            party.Tunnels.Begin(_hall.Now, party.Tunnel);
            _hall.RunUntil(() => true, TimeSpan.Zero);
        }

        Assert.Equal(6, _hall.Counted("provisional-full"));
        Assert.NotNull(_hall.Add("alice", "198.51.100.200:1000").Join(_hall.Invite(), "alice")!.JoinResponse);
        Assert.Equal(1, _hall.Counted("provisional-shared-out"));
    }

    [Fact]
    public void A_stranger_is_heard_64_times_in_10_seconds()
    {
        var stranger = _hall.Add("stranger", "198.51.100.1:1000");
        for (var i = 0; i < 100; i++)
        {
            stranger.Signals.Request(_hall.Now, stranger.Tunnel, new Signal { JoinRequest = new() { Binding = new() } }, static (_, _) => { });
        }

        _hall.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(Limits.ProvisionalRequests, _hall.Counted("join-not-vouched"));
        Assert.Equal(100 - Limits.ProvisionalRequests, _hall.Counted("signal-stranger-asks-too-much"));
        _hall.Advance(TimeSpan.FromSeconds(20));
        Assert.NotNull(stranger.Join(_hall.Invite(), "alice")!.JoinResponse);
    }

    [Fact]
    public void A_flood_of_initiations_does_not_keep_out_who_has_an_invite()
    {
        for (var i = 0; i < Limits.ProvisionalTunnels + 6; i++)
        {
            var outbox = new Outbox();
            var tunnels = new TunnelTable(StaticKeyPair.Generate(new HallEntropy($"stranger {i}")), new HallEntropy($"stranger {i} too"), outbox);
            var tunnel = tunnels.Add(_hall.Key.Public, TunnelKind.Ntm);
            tunnel.Candidates.Add(new WirePath(0, Hall.CoordinatorAddress, 0));
            tunnels.Begin(_hall.Now, tunnel);
            Assert.True(outbox.TryTakeDatagram(out _, out var initiation));
            _hall.Deliver(Hall.Address($"198.51.100.{i + 1}:1000"), initiation);
        }

        Assert.Equal(Limits.ProvisionalTunnels, _hall.Core.Describe(_hall.Now).Provisional);
        Assert.Equal((6, 0), (_hall.Counted("provisional-gave-way"), _hall.Counted("provisional-full")));
        Assert.NotNull(_hall.Add("alice", "198.51.100.200:1000").Join(_hall.Invite(), "alice")!.JoinResponse);
    }

    [Fact]
    public void A_second_key_with_a_known_virtual_address_is_refused()
    {
        // No two keys with one hash can be had, so every key gets the same address here.
        var tunnels = new TunnelTable(_hall.Key, new HallEntropy("x"), new Outbox());
        var context = new CoordinatorContext(new CoordinatorModel(Hall.Zone, _hall.Owner.Public, "dc"), tunnels);
        var members = new Members(context, key => key == _hall.Key.Public ? _hall.Addressing.Node(key) : new VirtualAddress(0xFD00_0000_0000_0000, 1));
        Assert.True(Join("alice", out _));
        Assert.False(Join("bob", out var refusal));
        Assert.Equal(RefusalReason.RefusalNotPermitted, refusal!.Refusal.Reason);
        Assert.Equal(1, context.Counters["join-vip-clash"]);

        bool Join(string name, out Signal? refusal)
        {
            var key = StaticKeyPair.Generate(new HallEntropy(name)).Public;
            return members.TryJoin(_hall.Now, key, InviteCode.Bind(_hall.Invite(), name, key, _hall.Now.Wall), out _, out refusal);
        }
    }

    [Fact]
    public void A_restart_keeps_members_but_not_those_of_another_owner()
    {
        _hall.Node("alice", "198.51.100.1:1000");
        _hall.Memory[("binding", "nonsense")] = [1, 2, 3];
        _hall.Memory[("devices", "nonsense")] = [255];
        _hall.Memory[("lease", "nonsense")] = [255];
        _hall.Memory[("pair", "")] = [255];
        _hall.Restart();
        Assert.Equal("alice", Assert.Single(_hall.Core.Describe(_hall.Now).Members).Name);

        var other = new CoordinatorCore(
            new CoordinatorModel(Hall.Zone, OwnerKey.Generate(new HallEntropy("other")).Public, "dc"), _hall.Key, new HallEntropy("x"),
            _hall.Memory.Select(m => new StoreWrite(m.Key.Collection, m.Key.Key, m.Value)));
        Assert.Empty(other.Describe(_hall.Now).Members);
    }

    private void Refused(Signal? answer, RefusalReason reason, string counter)
    {
        Assert.Equal(reason, answer?.Refusal?.Reason);
        Assert.NotEmpty(answer!.Refusal!.Text);
        Assert.True(_hall.Counted(counter) > 0, counter);
    }
}
