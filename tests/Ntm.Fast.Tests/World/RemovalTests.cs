using Ntm.Node;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>The owner takes a node or relay out of the zone: who hears of it, when, and what is left (docs/protocol.md section 3).</summary>
public sealed class RemovalTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(NatKind.PortRestricted, NatKind.PortRestricted)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric)]
    public void Established_flows_of_a_removed_node_end_within_5_s(NatKind alices, NatKind bobs)
    {
        var homes = new TwoHomes(alices, bobs).Resolved();
        Assert.Equal(50, homes.Talk(50));
        homes.Zone.Remove("bob");
        var at = homes.World.Clock.Elapsed;
        var (heard, last) = (homes.Nas.Received.Count, at);
        for (var i = 0; i < 500; i++)
        {
            homes.Tv.SendUdp(homes.Alias, 5000, 7, BitConverter.GetBytes(i));
            homes.World.RunFor(TimeSpan.FromMilliseconds(20));
            if (homes.Nas.Received.Count > heard)
            {
                (heard, last) = (homes.Nas.Received.Count, homes.World.Clock.Elapsed);
            }
        }

        Assert.True(last - at < 5 * Second, $"the last packet came {last - at} after the removal");
        Assert.Empty(homes.Alice.Status.Peers);
        Assert.Contains(homes.Alice.Warnings, w => w.Contains("'bob' out of the zone", StringComparison.Ordinal));

        // Bob was told, too; he is a home without a zone now, and no coordinator or relay knows him.
        Assert.Null(homes.Bob.Status.Member);
        Assert.Empty(homes.Bob.Status.Peers);
        Assert.Contains("out of the zone", homes.Bob.Status.Removed, StringComparison.Ordinal);
        Assert.DoesNotContain(homes.Zone.Coordinator.Describe(homes.Zone.CoordinatorHost.Now).Members, m => m.Name == "bob");
        var relay = homes.Zone.Relays["rs1"];
        Assert.DoesNotContain(relay.Core.Describe(relay.Host.Now).Nodes, n => n.Name == "bob");
        Assert.Empty(relay.Core.Describe(relay.Host.Now).Legs);
        Assert.Equal(NameVerdict.NoSuchName, homes.Ask("nas.bob.home.example").Verdict);
    }

    [Fact]
    public void What_the_lan_does_besides_goes_on_and_the_removed_node_falls_silent()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        homes.Zone.Remove("bob");
        homes.World.RunFor(10 * Second);
        var sent = homes.Bob.Home.Router.DatagramsSent;
        homes.World.RunFor(TimeSpan.FromMinutes(10));
        Assert.Equal(sent, homes.Bob.Home.Router.DatagramsSent);
        Assert.Equal("nas", Assert.Single(homes.Bob.Status.Devices, d => d.Mac == homes.Nas.Mac).Name);
        homes.Bob.Start();
        Assert.Contains("out of the zone", homes.Bob.Status.Removed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_node_that_was_away_obeys_when_it_is_back(bool coordinatorRestarts)
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        Assert.Equal(20, homes.Talk(20));
        homes.Alice.Home.Router.Stop();
        homes.Bob.Home.Router.Stop();
        homes.Zone.Remove("bob");
        homes.World.RunFor(TimeSpan.FromMinutes(3));
        if (coordinatorRestarts)
        {
            homes.Zone.StartCoordinator();
        }

        homes.Bob.Start();
        homes.Alice.Start();
        Assert.True(homes.World.RunUntil(() => homes.Alice.Status.Peers.Count == 0 && homes.Bob.Status.Member is null, 15 * Second));
        Assert.NotNull(homes.Bob.Status.Removed);

        // It is remembered over the next restart.
        homes.Alice.Start();
        homes.World.RunFor(5 * Second);
        Assert.Empty(homes.Alice.Status.Peers);
        Assert.NotEqual(NameVerdict.Found, homes.Ask("nas.bob.home.example").Verdict);
    }

    [Fact]
    public void The_name_is_free_for_another_key_and_the_old_removal_changes_nothing_then()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        var removal = homes.Zone.Removal("bob");
        homes.Zone.Remove("bob");
        homes.World.RunFor(5 * Second);
        var other = homes.Zone.AddRouter(homes.Scenario.Home("other").Behind(NatKind.PortRestricted).Build());
        var nas = other.AddDevice(21);
        nas.Echoes.Add(7);
        other.Join(homes.Zone.Invite(Role.Node, "bob"));
        homes.World.RunFor(5 * Second);
        Assert.True(other.JoinEnd!.Value.Done, other.JoinEnd.Value.Reason);
        Assert.True(other.Publish(nas, "nas").Done);
        homes.World.RunFor(2 * Second);
        homes.Resolved();
        homes.Zone.CoordinatorHost.Call(now => Assert.False(homes.Zone.Coordinator.Remove(now, removal).Done));
        homes.Zone.StartCoordinator(); // tells all of it again
        homes.World.RunFor(90 * Second);
        Assert.Equal(other.Status.Member!.Key, Assert.Single(homes.Alice.Status.Peers).Key);
        var before = nas.Received.Count;
        homes.Tv.SendUdp(homes.Alias, 5000, 7, "hello"u8);
        homes.World.RunFor(Second);
        Assert.Equal(before + 1, nas.Received.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-20 * 365)] // a box without a clock of its own
    public void A_removed_node_comes_back_with_a_new_invite_and_the_same_virtual_address(int daysBehind)
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        var vip = homes.Bob.Status.Member!.Own;
        homes.Zone.Remove("bob");
        homes.World.RunFor(5 * Second);
        homes.Bob.Home.Router.WallSkew = TimeSpan.FromDays(daysBehind);
        homes.Bob.Join(homes.Zone.Invite(Role.Node, ""), "bob");
        homes.World.RunFor(30 * Second);
        Assert.True(homes.Bob.JoinEnd!.Value.Done, homes.Bob.JoinEnd.Value.Reason);
        Assert.Equal((vip, null), (homes.Bob.Status.Member!.Own, homes.Bob.Status.Removed));
        Assert.Equal(20, homes.Resolved().Talk(20));
        homes.Zone.StartCoordinator(); // tells the old removal again
        homes.World.RunFor(90 * Second);
        Assert.NotNull(homes.Bob.Status.Member);
        Assert.Equal(20, homes.Talk(20));
    }

    [Fact]
    public void A_used_invite_of_a_removed_node_is_of_no_use()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted);
        var code = homes.Zone.Invite(Role.Node, "carol");
        var carol = homes.Zone.AddRouter(homes.Scenario.Home("carol").Behind(NatKind.Symmetric).Build());
        carol.Join(code);
        homes.World.RunFor(5 * Second);
        homes.Zone.Remove("carol");
        homes.World.RunFor(5 * Second);
        carol.Join(code);
        homes.World.RunFor(5 * Second);
        Assert.False(carol.JoinEnd!.Value.Done);
        Assert.Contains("out of the zone", carol.JoinEnd.Value.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_removal_that_the_owner_did_not_sign_or_of_another_zone_changes_nothing()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        var forged = homes.Zone.Removal("bob", OwnerKey.Generate(homes.Scenario.World.Entropy.Fork("mallory")));
        var changed = homes.Zone.Removal("bob");
        var removal = Removal.Parser.ParseFrom(changed.Removal);
        removal.Zone = "other.example";
        changed.Removal = Google.Protobuf.MessageExtensions.ToByteString(removal);
        homes.Zone.CoordinatorHost.Call(now =>
        {
            Assert.False(homes.Zone.Coordinator.Remove(now, forged).Done);
            Assert.False(homes.Zone.Coordinator.Remove(now, changed).Done);
            Assert.False(homes.Zone.Coordinator.Remove(now, new()).Done);
        });
        homes.World.RunFor(10 * Second);
        Assert.Equal(20, homes.Talk(20));
    }

    [Fact]
    public void A_removed_relay_forwards_nothing_and_is_used_by_nobody()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric).Resolved();
        homes.Zone.AddRelay("rs2");
        homes.World.RunFor(30 * Second);
        Assert.Equal(20, homes.Resolved().Talk(20));
        homes.Zone.Remove("rs1");
        homes.World.RunFor(5 * Second);
        Assert.False(homes.Zone.Relays["rs1"].Core.IsMember);
        Assert.DoesNotContain(homes.Alice.Status.Member!.Relays, r => r.Name == "relay rs1");
        homes.World.RunFor(60 * Second);
        Assert.Equal(20, homes.Resolved().Talk(20));
        Assert.DoesNotContain(homes.Alice.Status.Member!.Relays, r => r.Name == "relay rs1");
        Assert.False(homes.Zone.RestartRelay("rs1").IsMember);
    }

    [Fact]
    public void With_two_coordinators_of_which_one_was_told_the_node_is_cut_all_the_same()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted, twoCoordinators: true).Resolved();
        Assert.Equal(20, homes.Talk(20));
        homes.Zone.Remove("bob");
        homes.World.RunFor(5 * Second);
        Assert.Empty(homes.Alice.Status.Peers);
        Assert.NotEqual(NameVerdict.Found, homes.Ask("nas.bob.home.example").Verdict);
        homes.World.RunFor(60 * Second);
        Assert.Empty(homes.Alice.Status.Peers);
        Assert.Null(homes.Bob.Status.Member);
    }
}
