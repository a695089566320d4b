using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Fast.Tests.Relay;

/// <summary>The owner's removal of a node that uses the relay, and of the relay itself.</summary>
public sealed class RemovalTests
{
    private readonly RelayBench _bench = new RelayBench().Joined();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_removed_node_has_no_legs_and_is_not_taken_again(bool restarted)
    {
        var alice = _bench.Node("alice").Registered();
        var bob = _bench.Node("bob").Registered();
        var first = _bench.Lease().First;
        Assert.NotNull(_bench.Pair(first, alice.Key, first + 1, bob.Key)!.Acknowledgement);
        Assert.NotNull(_bench.Leg(first));
        Assert.NotNull(Notice(Remove(bob.Binding))!.Acknowledgement);
        Assert.Null(_bench.Leg(first));
        if (restarted)
        {
            _bench.Restart();
            _bench.World.RunFor(TimeSpan.FromSeconds(3));
        }

        Assert.Equal(["alice"], _bench.Core.Describe(_bench.RelayHost.Now).Nodes.Select(n => n.Name));
        Assert.Equal(RefusalReason.RefusalRemoved, _bench.Pair(first, alice.Key, first + 1, bob.Key)!.Refusal.Reason);
        var refusal = bob.Register()!.Refusal;
        Assert.Equal(RefusalReason.RefusalRemoved, refusal.Reason);
        Assert.NotNull(refusal.Removal);
        Assert.True(_bench.Count("relay-node-removed") > 0 && _bench.Count("relay-pairing-of-removed") > 0);
    }

    [Fact]
    public void A_removed_node_that_registered_as_a_guest_has_no_legs_either()
    {
        var alice = _bench.Node("alice").Registered();
        var bob = _bench.Node("bob");
        var first = _bench.Lease().First;
        Assert.NotNull(_bench.Pair(first, alice.Key, first + 1, bob.Key)!.Acknowledgement);
        Assert.NotNull(bob.Register(new SignedBinding())!.RelayRegistrationResponse); // of no zone of ours, as far as that tells
        Assert.NotNull(Notice(Remove(bob.Binding))!.Acknowledgement);
        Assert.Null(_bench.Leg(first));
        Assert.Equal(["alice"], _bench.Core.Describe(_bench.RelayHost.Now).Nodes.Select(n => n.Name));
        Assert.Equal(RefusalReason.RefusalRemoved, _bench.Pair(first, alice.Key, first + 1, bob.Key)!.Refusal.Reason);
        Assert.NotNull(bob.Register(new SignedBinding())!.Refusal);
    }

    [Fact]
    public void A_forged_removal_changes_nothing()
    {
        var bob = _bench.Node("bob").Registered();
        Assert.NotNull(Notice(Remove(bob.Binding, OwnerKey.Generate(new Ntm.Simulation.SeededEntropy(3))))!.Acknowledgement);
        Assert.Single(_bench.Core.Describe(_bench.RelayHost.Now).Nodes);
        Assert.Equal(1, _bench.Count("removal-not-vouched"));
    }

    [Fact]
    public void A_key_that_is_paired_but_never_registered_loses_its_legs_too()
    {
        var alice = _bench.Node("alice").Registered();
        var bob = _bench.Node("bob");
        var first = _bench.Lease().First;
        Assert.NotNull(_bench.Pair(first, alice.Key, first + 1, bob.Key)!.Acknowledgement);
        Assert.NotNull(Notice(Remove(bob.Binding))!.Acknowledgement);
        Assert.Null(_bench.Leg(first));
    }

    [Fact]
    public void A_removal_takes_whom_its_invite_bound_here_under_another_key()
    {
        var bob = _bench.Node("bob");
        Assert.True(InviteCode.TryRead(_bench.Invite(Role.Node), out var invite, out _, out _));
        var other = InviteCode.Bind(invite, "robert", Ntm.Tunnel.StaticKeyPair.Generate(new Ntm.Simulation.SeededEntropy(4)).Public, _bench.RelayHost.Now.Wall);
        Assert.NotNull(bob.Register(InviteCode.Bind(invite, "bob", bob.Key, _bench.RelayHost.Now.Wall))!.RelayRegistrationResponse);
        Assert.NotNull(Notice(Remove(other))!.Acknowledgement);
        Assert.Empty(_bench.Core.Describe(_bench.RelayHost.Now).Nodes);
    }

    [Fact]
    public void A_removal_while_a_restarted_relay_begins_its_tunnels_again()
    {
        var nodes = Enumerable.Range(0, 60).Select(n => _bench.Node($"node{n}").Registered()).ToArray();
        _bench.World.RunFor(TimeSpan.FromSeconds(12));
        _bench.Drain();
        _bench.Restart();
        Assert.NotNull(Notice(Remove(nodes[^1].Binding))!.Acknowledgement);
        Assert.True(_bench.Core.Describe(_bench.RelayHost.Now).Nodes.Count(n => n.LastHeard is null) > 0); // it was not through yet
        _bench.World.RunFor(TimeSpan.FromSeconds(5));
        Assert.Equal(59, _bench.Core.Describe(_bench.RelayHost.Now).Nodes.Count);
    }

    [Fact]
    public void Pairings_made_and_taken_away_without_end_leave_nothing_behind()
    {
        var alice = _bench.Node("alice").Registered();
        var bob = _bench.Node("bob").Registered();
        var first = _bench.Lease().First;
        for (var i = 0; i < 300; i++)
        {
            Assert.NotNull(_bench.Pair(first, alice.Key, first + 1, bob.Key, 86_400)!.Acknowledgement);
            Assert.NotNull(_bench.Pair(first, alice.Key, first + 1, bob.Key, 0)!.Acknowledgement);
        }

        Assert.InRange(_bench.Core.LegDeadlines, 0, 130);
    }

    private SignedRemoval Remove(SignedBinding binding, OwnerKey? by = null)
    {
        Assert.True(BindingCheck.TryVouch(binding, _bench.Owner.Public, RelayBench.Zone, out var vouched, out _));
        return (by ?? _bench.Owner).Remove(vouched, _bench.RelayHost.Now.Wall);
    }

    private Signal? Notice(SignedRemoval removal) => _bench.Ask(_bench.Coordinators[0], new Signal { RemovalNotice = new() { Removals = { removal } } });
}
