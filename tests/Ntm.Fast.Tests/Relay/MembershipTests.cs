using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Relay;

/// <summary>Joining, announcing, and who is admitted.</summary>
public sealed class MembershipTests
{
    private readonly RelayBench _bench = new();

    [Fact]
    public void A_relay_joins_and_announces_itself_at_once_and_every_half_lifetime()
    {
        _bench.Joined();
        var first = Assert.Single(_bench.Announced);
        Assert.Equal(_bench.RelayAddress.Port, (int)first.Endpoints[0].Port);
        Assert.True(BindingCheck.TryVouch(first.Binding, _bench.Owner.Public, RelayBench.Zone, out var vouched, out _));
        Assert.Equal((Role.Relay, "rs1", _bench.RelayKey.Public), (vouched.Role, vouched.Name, vouched.Key));
        _bench.World.RunFor(TimeSpan.FromSeconds(300));
        Assert.Equal(11, _bench.Announced.Count);
        Assert.Contains(_bench.Notices, n => !n.Warning && n.Sentence.StartsWith("Announced to coordinator", StringComparison.Ordinal));
        Assert.DoesNotContain(_bench.Notices, n => n.Warning);
    }

    [Fact]
    public void A_lost_coordinator_is_announced_to_again_when_it_is_back()
    {
        _bench.Joined();
        var (host, party) = _bench.Coordinators[0];
        host.Stop();
        _bench.World.RunFor(TimeSpan.FromMinutes(10));
        _bench.Drain();
        Assert.Contains(_bench.Notices, n => n.Warning && n.Sentence.Contains("no answer", StringComparison.Ordinal));
        Assert.False(Assert.Single(_bench.Core.Describe(_bench.RelayHost.Now).Coordinators).Announced);

        var fresh = new TestParty(party.Key, new SeededEntropy(99), RelayBench.Zone) { OnSignal = party.OnSignal };
        host.Start(fresh);
        var before = _bench.Announced.Count;
        Assert.True(_bench.World.RunUntil(() => _bench.Announced.Count > before, TimeSpan.FromSeconds(45)));
        _bench.World.RunFor(TimeSpan.FromSeconds(1));
        Assert.True(Assert.Single(_bench.Core.Describe(_bench.RelayHost.Now).Coordinators).Announced);
    }

    [Fact]
    public void Changed_endpoints_are_announced_at_once()
    {
        _bench.Joined();
        var moved = Ntm.Simulation.World.Documentation(0, 99, 4916);
        _bench.RelayHost.Call(now => _bench.Core.Apply(now, new Ntm.Relay.RelayModel([moved])));
        _bench.World.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(2, _bench.Announced.Count);
        Assert.Equal(moved.AddressBytes(), _bench.Announced[1].Endpoints[0].Address);
    }

    [Theory]
    [InlineData("node", "not for a relay")]
    [InlineData("garbage", "not an invite code")]
    [InlineData("no name", "needs a name")]
    [InlineData("other name", "is for the name 'rs9'")]
    [InlineData("bad name", "needs a name")]
    public void A_wrong_invite_or_name_is_refused_with_the_reason(string what, string reason)
    {
        var (code, name) = what switch
        {
            "node" => (_bench.Invite(Role.Node), "rs1"),
            "garbage" => ("hello", "rs1"),
            "no name" => (_bench.Invite(), null),
            "other name" => (_bench.Invite(name: "rs9"), "rs1"),
            _ => (_bench.Invite(), "RS_1"),
        };
        _bench.RelayHost.Call(now => _bench.Core.Join(now, code, name));
        _bench.Drain();
        var ended = Assert.Single(_bench.JoinsEnded);
        Assert.False(ended.Joined);
        Assert.Contains(reason, ended.Reason, StringComparison.Ordinal);
        Assert.Equal(0, _bench.Kept("membership"));
    }

    [Fact]
    public void A_refused_join_leaves_nothing_and_may_be_tried_again()
    {
        _bench.OnJoin = _ => new Signal { Refusal = new Refusal { Reason = RefusalReason.RefusalInviteUsed, Text = "This invite was used already." } };
        _bench.RelayHost.Call(now => _bench.Core.Join(now, _bench.Invite(), "rs1"));
        _bench.World.RunFor(TimeSpan.FromSeconds(1));
        _bench.Drain();
        Assert.Contains("used already", Assert.Single(_bench.JoinsEnded).Reason, StringComparison.Ordinal);
        Assert.False(_bench.Core.IsMember);
        _bench.JoinsEnded.Clear();
        _bench.OnJoin = _ => new Signal { JoinResponse = new JoinResponse() };
        _bench.Joined();
    }

    [Fact]
    public void The_second_coordinator_is_asked_when_the_first_is_silent()
    {
        var bench = new RelayBench(2, coordinators: 2);
        bench.Coordinators[0].Host.Stop();
        bench.RelayHost.Call(now => bench.Core.Join(now, bench.Invite(), "rs1"));
        bench.World.RunFor(TimeSpan.FromSeconds(12));
        bench.Drain();
        Assert.True(Assert.Single(bench.JoinsEnded).Joined);
        Assert.Single(bench.Announced);
    }

    [Fact]
    public void No_coordinator_at_all_is_said_with_what_was_tried()
    {
        _bench.Coordinators[0].Host.Stop();
        _bench.RelayHost.Call(now => _bench.Core.Join(now, _bench.Invite(), "rs1"));
        _bench.World.RunFor(TimeSpan.FromSeconds(12));
        _bench.Drain();
        var ended = Assert.Single(_bench.JoinsEnded);
        Assert.False(ended.Joined);
        Assert.Contains(_bench.Coordinators[0].Host.Uplinks[0].Addresses[0].ToString(), ended.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_does_not_join_again()
    {
        _bench.Joined();
        _bench.RelayHost.Call(now => _bench.Core.Join(now, _bench.Invite(), "rs2"));
        _bench.Drain();
        Assert.Contains("serves zone home.example already", _bench.JoinsEnded[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_registers_and_learns_its_mapped_address()
    {
        _bench.Joined();
        var alice = _bench.Node("alice").Registered();
        var status = Assert.Single(_bench.Core.Describe(_bench.RelayHost.Now).Nodes);
        Assert.Equal(("alice", alice.Key, alice.Mapped), (status.Name, status.Key, status.Address));
        alice.Registered();
        Assert.Single(_bench.Core.Describe(_bench.RelayHost.Now).Nodes);
    }

    [Fact]
    public void Nodes_without_a_good_binding_of_their_own_are_refused()
    {
        _bench.Joined();
        var stranger = _bench.Node("eve", owner: OwnerKey.Generate(new SeededEntropy(5)));
        Assert.Equal(RefusalReason.RefusalBindingInvalid, stranger.Register()!.Refusal.Reason);
        Assert.Equal(1, _bench.Count("relay-binding-invalid"));

        var alice = _bench.Node("alice").Registered();
        Assert.Equal(RefusalReason.RefusalBindingInvalid, stranger.Register(alice.Binding)!.Refusal.Reason);
        Assert.Equal(1, _bench.Count("relay-binding-of-another"));

        var relay = _bench.Node("rs2", role: Role.Relay);
        Assert.Equal(RefusalReason.RefusalBindingInvalid, relay.Register()!.Refusal.Reason);

        var second = _bench.Node("alice2");
        Assert.True(InviteCode.TryRead(_bench.Invite(Role.Node), out var invite, out _, out _));
        var taken = InviteCode.Bind(invite, "alice", second.Key, SimClock.Epoch);
        Assert.Equal(RefusalReason.RefusalNameTaken, second.Register(taken)!.Refusal.Reason);
        Assert.Equal(1, _bench.Count("relay-name-taken"));
        Assert.Single(_bench.Core.Describe(_bench.RelayHost.Now).Nodes);
    }

    [Fact]
    public void Strangers_hold_at_most_64_provisional_tunnels_for_30_seconds_and_say_nothing_but_registrations()
    {
        _bench.Joined();
        var stranger = _bench.Node("eve", owner: OwnerKey.Generate(new SeededEntropy(5)));
        var answer = _bench.Ask(stranger.At, new Signal { ChannelLeaseRequest = new ChannelLeaseRequest { Count = 1 } });
        Assert.Equal(RefusalReason.RefusalNotRegistered, answer!.Refusal.Reason);

        var many = Enumerable.Range(0, 70).Select(i => _bench.Node($"n{i}", NatKind.None)).ToArray();
        foreach (var node in many)
        {
            // One after the other: of those that are known by their initiation alone, the oldest gives way to a new one.
            node.Home.Router.Call(now => node.Party.Tunnels.Begin(now, _bench.TunnelToRelay(node.At)));
            _bench.World.RunFor(TimeSpan.FromSeconds(0.3));
        }

        Assert.Equal(0, _bench.Count("relay-provisional-gave-way"));
        Assert.True(_bench.Count("relay-provisional-full") >= 7);
        Assert.Equal(63, many.Count(n => _bench.TunnelToRelay(n.At).IsEstablished));
        foreach (var node in many)
        {
            node.Home.Router.Stop();
        }

        stranger.Home.Router.Stop();
        _bench.World.RunFor(TimeSpan.FromSeconds(31));
        Assert.Equal(64, _bench.Count("relay-provisional-ended"));
        _bench.Node("late").Registered();
    }

    [Fact]
    public void A_flood_of_initiations_does_not_keep_a_node_out()
    {
        _bench.Joined();
        var many = Enumerable.Range(0, 70).Select(i => _bench.Node($"n{i}", NatKind.None)).ToArray();
        foreach (var node in many)
        {
            node.Home.Router.Call(now => node.Party.Tunnels.Begin(now, _bench.TunnelToRelay(node.At)));
            node.Home.Router.Stop(); // it never hears an answer
        }

        _bench.World.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(6, _bench.Count("relay-provisional-gave-way"));
        Assert.Equal(0, _bench.Count("relay-provisional-full"));
        _bench.Node("alice").Registered();
        Assert.Equal(7, _bench.Count("relay-provisional-gave-way"));
    }
}
