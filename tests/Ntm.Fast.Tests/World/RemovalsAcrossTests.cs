using Ntm.Node;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>A node that its own owner took out of its zone is out for the homes of other zones as well that share with it.</summary>
public sealed class RemovalsAcrossTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    private static TwoZones Sharing()
    {
        var world = new TwoZones().Shared();
        Assert.Equal(NameVerdict.Found, world.Ask().Verdict);
        Assert.Equal(5, world.Talk(5));
        return world;
    }

    [Fact]
    public void The_one_who_shares_cuts_a_node_that_its_own_owner_removed_within_5_s()
    {
        var world = Sharing();
        world.Friends.Remove("dave");
        Assert.True(world.World.RunUntil(() => world.Alice.Status.Peers.Count == 0, Soon), world.Story());
        Assert.Contains(world.Alice.Notices, n => n.Contains("the owner of friends.example took it out", StringComparison.Ordinal));
        world.Alice.Start();
        world.World.RunFor(Soon);
        Assert.Empty(world.Alice.Status.Peers);
        Assert.Equal(0, world.Talk(5));
    }

    [Fact]
    public void The_one_who_accepted_cuts_a_node_that_its_own_owner_removed_within_5_s()
    {
        var world = Sharing();
        world.Home.Remove("alice");
        Assert.True(world.World.RunUntil(() => world.Dave.Status.Peers.Count == 0, Soon), world.Story());
        Assert.Contains(world.Dave.Notices, n => n.Contains("the owner of home.example took it out", StringComparison.Ordinal));
    }

    [Fact]
    public void A_home_that_is_away_obeys_when_it_is_back()
    {
        var world = Sharing();
        world.Alice.Home.Router.Stop();
        world.Friends.Remove("dave");
        world.World.RunFor(TimeSpan.FromMinutes(3));
        world.Alice.Start();
        Assert.True(world.World.RunUntil(() => world.Alice.Status is { Member.Registered: true, Peers.Count: 0 }, Soon + Soon), world.Story());
    }

    [Fact]
    public void The_other_coordinator_that_is_away_is_told_when_it_is_back()
    {
        var world = Sharing();
        world.Home.CoordinatorHost.Stop();
        world.Friends.Remove("dave");
        world.World.RunFor(TimeSpan.FromMinutes(1));
        Assert.Single(world.Alice.Status.Peers);
        world.Home.StartCoordinator();
        Assert.True(world.World.RunUntil(() => world.Alice.Status.Peers.Count == 0, TimeSpan.FromMinutes(3)), world.Story());
    }
}
