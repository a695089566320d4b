using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>An uplink whose device spoils runs of datagrams is found out by the first proven path, and gets them one by one.</summary>
public sealed class RunCheckTests
{
    [Theory]
    [InlineData(NatKind.PortRestricted)]
    [InlineData(NatKind.Symmetric)] // by the relay
    public void A_device_that_spoils_runs_is_found_out_and_its_peer_is_not_blamed(NatKind nat)
    {
        var homes = new TwoHomes(nat, nat);
        homes.Alice.Home.Router.SpoilsRuns = true;
        homes.Resolved();
        homes.Talk(100);
        homes.World.RunFor(TimeSpan.FromSeconds(10));
        Assert.False(Assert.Single(homes.Alice.Runs).Allowed);
        Assert.Contains(homes.Alice.Warnings, w => w.Contains("one by one", StringComparison.Ordinal));
        Assert.Empty(homes.Bob.Runs);
        Assert.Equal(1, homes.Alice.Status.Counters["uplink-spoils-runs"]);
        Assert.Equal(50, homes.Talk(50));
    }

    [Fact]
    public void Where_nothing_is_spoilt_nothing_is_said_and_few_datagrams_are_spent()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        homes.Talk(100);
        homes.World.RunFor(TimeSpan.FromSeconds(60));
        Assert.Empty(homes.Alice.Runs);
        Assert.Empty(homes.Bob.Runs);
    }

    [Fact]
    public void An_uplink_that_comes_back_is_tried_anew()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted);
        var router = homes.Alice.Home.Router;
        router.SpoilsRuns = true;
        homes.Resolved();
        homes.Talk(100);
        homes.World.RunFor(TimeSpan.FromSeconds(10));
        Assert.False(homes.Alice.Runs.Last().Allowed);
        foreach (var usable in new[] { false, true })
        {
            router.Call(now => homes.Alice.Core.UplinkChanged(now, new(0, "uplink0", usable, "a cable", router.Uplinks[0].Addresses)));
            homes.World.RunFor(TimeSpan.FromSeconds(1));
        }

        Assert.True(homes.Alice.Runs.Last().Allowed);
        for (var i = 0; i < 6; i++)
        {
            homes.World.RunFor(TimeSpan.FromSeconds(10)); // a trial whose path goes meanwhile is put off by 30 s
            homes.Talk(20);
        }

        Assert.False(homes.Alice.Runs.Last().Allowed);
        Assert.Equal(3, homes.Alice.Runs.Count);
    }
}
