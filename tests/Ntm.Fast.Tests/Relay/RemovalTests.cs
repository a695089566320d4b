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
    public void A_forged_removal_changes_nothing()
    {
        var bob = _bench.Node("bob").Registered();
        Assert.NotNull(Notice(Remove(bob.Binding, OwnerKey.Generate(new Ntm.Simulation.SeededEntropy(3))))!.Acknowledgement);
        Assert.Single(_bench.Core.Describe(_bench.RelayHost.Now).Nodes);
        Assert.Equal(1, _bench.Count("removal-not-vouched"));
    }

    private SignedRemoval Remove(SignedBinding binding, OwnerKey? by = null)
    {
        Assert.True(BindingCheck.TryVouch(binding, _bench.Owner.Public, RelayBench.Zone, out var vouched, out _));
        return (by ?? _bench.Owner).Remove(vouched, _bench.RelayHost.Now.Wall);
    }

    private Signal? Notice(SignedRemoval removal) => _bench.Ask(_bench.Coordinators[0], new Signal { RemovalNotice = new() { Removals = { removal } } });
}
