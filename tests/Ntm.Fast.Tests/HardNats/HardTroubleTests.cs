using Ntm.Fast.Tests.World;
using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.HardNats;

/// <summary>Hard NATs when things go wrong: hopeless pairs, no sockets, lost datagrams, a NAT that restarts, a carrier's quota.</summary>
public sealed class HardTroubleTests
{
    private static TwoHomes Homes(string alices, string bobs, ulong seed = 7, WireConditions? wires = null) =>
        new TwoHomes(h => h.Behind(HardNat.Behaviour(alices)), h => h.Behind(HardNat.Behaviour(bobs)), seed, wires: wires);

    [Theory]
    [InlineData(HardNat.Scattered, HardNat.Scattered, "relay: both NATs give every destination another port without a pattern")]
    [InlineData(HardNat.Stepped, HardNat.Scattered, "relay: both NATs map by destination, and one of them without a pattern")]
    public void Hopeless_pairs_are_not_probed_and_say_why(string alices, string bobs, string reason)
    {
        var homes = Homes(alices, bobs).Resolved();
        Assert.Equal(500, homes.Talk(500));
        foreach (var home in (HomeRouter[])[homes.Alice, homes.Bob])
        {
            Assert.StartsWith(reason, home.Status.Peers.Single().Reason, StringComparison.Ordinal);
            Assert.False(home.Status.Counters.ContainsKey("probes-sent"));
            Assert.Equal(0, home.Home.Router.FurtherSockets);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(9)]
    public void Sockets_that_cannot_be_opened_are_a_smaller_chance_and_no_failure(int sockets)
    {
        var homes = Homes(HardNat.PortRestricted, HardNat.PortSet);
        homes.Alice.SocketsMost = homes.Bob.SocketsMost = sockets;
        homes.Resolved();
        Assert.Equal(600, homes.Talk(600));
        Assert.True(sockets == 0 || homes.Bob.Status.Counters.GetValueOrDefault("probes-sent") > 0);
        Assert.Equal(homes.AlicesPeer.Direct, homes.Bob.Status.Peers.Single().Direct);
    }

    [Theory]
    [InlineData(HardNat.Stepped, HardNat.Stepped)]
    [InlineData(HardNat.PortRestricted, HardNat.PortSet)]
    [InlineData(HardNat.Preserving, HardNat.PortRestricted)]
    public void A_tenth_of_all_datagrams_lost_changes_little(string alices, string bobs)
    {
        var direct = 0;
        for (var seed = 1ul; seed <= 4; seed++)
        {
            var homes = Homes(alices, bobs, seed, new WireConditions { Latency = TimeSpan.FromMilliseconds(10), Loss = 0.025 }).Resolved(5);
            homes.Talk(1500);
            direct += homes.AlicesPeer.Direct ? 1 : 0;
        }

        Assert.InRange(direct, 3, 4);
    }

    /// <summary>The mapping is gone with the box's memory: the relay carries on, and the next trial finds a new one.</summary>
    [Fact]
    public void A_NAT_that_restarts_is_met_again()
    {
        var homes = Homes(HardNat.PortRestricted, HardNat.Stepped).Resolved();
        homes.Talk(200);
        Assert.True(homes.AlicesPeer.Direct, homes.AlicesPeer.Reason);
        homes.Bob.Home.Nat!.Reboot();
        homes.Talk(700); // some are lost until both have noticed
        Assert.Equal(800, homes.Talk(800));
        Assert.True(homes.AlicesPeer.Direct, homes.AlicesPeer.Reason);
        Assert.Equal(2, homes.Alice.Status.Counters["probe-trials-met"]);
        Assert.Equal(100, homes.Talk(100));
        Assert.InRange(homes.Bob.Home.Router.FurtherSockets, 1, 8);
    }

    [Fact]
    public void Without_traffic_nothing_is_tried_and_sockets_of_no_use_are_closed()
    {
        var homes = Homes(HardNat.PortRestricted, HardNat.Scattered, seed: 2).Resolved();
        homes.World.RunFor(TimeSpan.FromMinutes(3) + TimeSpan.FromSeconds(30)); // the handshake counts as traffic
        var before = homes.Alice.Status.Counters.GetValueOrDefault("probes-sent") + homes.Bob.Status.Counters.GetValueOrDefault("probes-sent");
        homes.World.RunFor(TimeSpan.FromHours(1));
        Assert.Equal(before, homes.Alice.Status.Counters.GetValueOrDefault("probes-sent") + homes.Bob.Status.Counters.GetValueOrDefault("probes-sent"));
        Assert.InRange(homes.Alice.Home.Router.FurtherSockets + homes.Bob.Home.Router.FurtherSockets, 0, 2); // one may be on observation
    }

    /// <summary>A carrier that gives each subscriber 200 mappings: a trial, with all else the home does, leaves most of them free. And hours of trials send no more than the budget.</summary>
    [Fact]
    public void A_carriers_quota_is_not_eaten_and_the_budget_holds_for_hours()
    {
        var homes = Homes(HardNat.Scattered, HardNat.PortRestricted, seed: 3).Resolved();
        for (var minute = 0; minute < 180; minute++)
        {
            homes.Talk(10, 500);
            homes.World.RunFor(TimeSpan.FromSeconds(53));
            if (homes.AlicesPeer.Direct)
            {
                break;
            }
        }

        Assert.InRange(homes.Alice.Home.Nat!.MostMappings, 20, 100);
        var hours = homes.World.Clock.Elapsed.TotalMinutes / 10;
        foreach (var home in (HomeRouter[])[homes.Alice, homes.Bob])
        {
            Assert.InRange(home.Status.Counters["probes-sent"], 1, (hours + 1) * Limits.ProbeDatagrams);
        }

        Assert.True(homes.AlicesPeer.Direct, homes.AlicesPeer.Reason); // some trial meets in three hours
    }
}
