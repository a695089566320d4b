using Ntm.Node;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>A zone with two coordinators: either may be lost.</summary>
public sealed class SecondCoordinatorTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Nodes_and_relays_are_known_to_both()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, twoCoordinators: true);
        Assert.All(homes.Alice.Status.Member!.Coordinators, c => Assert.True(c.Connected, c.Name));
        Assert.Equal(2, homes.Alice.Status.Member!.Coordinators.Count);
        Assert.Single(homes.Alice.Status.Member!.Relays);
        Assert.Empty(homes.Alice.Warnings);
        Assert.Equal(50, homes.Resolved().Talk(50));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_name_is_answered_in_time_right_after_one_of_them_died(bool first)
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, twoCoordinators: true);
        (first ? homes.Zone.CoordinatorHost : homes.SecondCoordinator!).Stop();
        Assert.Equal(NameVerdict.Found, homes.Ask("nas.bob.home.example").Verdict);
        homes.World.RunFor(TimeSpan.FromMinutes(2));
        Assert.Equal(50, homes.Resolved().Talk(50));
        Assert.True(homes.Alice.Status.Member!.Registered);
    }

    [Fact]
    public void A_name_that_neither_knows_does_not_exist()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted, twoCoordinators: true);
        Assert.Equal(NameVerdict.NoSuchName, homes.Ask("printer.bob.home.example").Verdict);
    }

    [Fact]
    public void A_node_that_joined_while_one_was_away_is_taken_by_it_later_and_what_stands_goes_on()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted, twoCoordinators: true);
        homes.SecondCoordinator!.Stop();
        var carol = homes.Zone.AddRouter(homes.Scenario.Home("carol").Behind(NatKind.Symmetric).Build());
        carol.Join(homes.Zone.Invite(Ntm.Protocol.Signalling.Role.Node, "carol"));
        homes.World.RunFor(5 * Second);
        Assert.True(carol.JoinEnd!.Value.Done, carol.JoinEnd.Value.Reason);
        homes.Zone.RestartCoordinator(1);
        homes.World.RunFor(60 * Second);
        Assert.All(carol.Status.Member!.Coordinators, c => Assert.True(c.Connected, c.Name));
        homes.Zone.CoordinatorHost.Stop();
        Assert.Equal(NameVerdict.Found, homes.Ask("nas.bob.home.example", carol).Verdict);
        Assert.Equal(50, homes.Resolved().Talk(50));
    }
}
