using Ntm.Node;
using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>What goes wrong on real days: servers restart, addresses change, wires lose, someone meddles.</summary>
public sealed class TroubleTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_relay_that_restarts_costs_a_relayed_conversation_next_to_nothing()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric).Resolved();
        Assert.Equal(50, homes.Talk(50));
        homes.World.RunFor(15 * Second);   // addresses are kept within 10 s
        homes.Zone.RestartRelay();
        Assert.Equal(50, homes.Talk(50));
        homes.World.RunFor(TimeSpan.FromMinutes(5));
        Assert.True(homes.Talk(50) >= 49, homes.Story());
    }

    [Fact]
    public void A_relay_that_goes_does_not_disturb_a_direct_conversation()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        Assert.Equal(100, homes.Talk(100));
        homes.Zone.Relays["rs1"].Host.Stop();
        Assert.Equal(500, homes.Talk(500, 500));
    }

    [Theory]
    [InlineData(NatKind.PortRestricted)]
    [InlineData(NatKind.Symmetric)]
    public void A_coordinator_that_is_away_does_not_disturb_what_stands(NatKind kind)
    {
        var homes = new TwoHomes(kind, kind).Resolved();
        Assert.Equal(50, homes.Talk(50));
        homes.Zone.CoordinatorHost.Stop();
        Assert.True(homes.Talk(600, 1000) >= 598, homes.Story());   // ten minutes: five new keys
    }

    [Fact]
    public void A_coordinator_that_restarts_knows_its_zone_again()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric);
        homes.Zone.CoordinatorHost.Stop();
        homes.World.RunFor(2 * Second);
        homes.Zone.StartCoordinator();
        homes.World.RunFor(TimeSpan.FromSeconds(75));
        Assert.Equal(50, homes.Resolved().Talk(50));
    }

    [Theory]
    [InlineData(NatKind.PortRestricted)]
    [InlineData(NatKind.Symmetric)]
    public void A_home_that_gets_another_address_is_back_within_seconds(NatKind kind)
    {
        var homes = new TwoHomes(kind, kind).Resolved();
        Assert.Equal(100, homes.Talk(100));
        homes.Alice.Home.Nat!.Readdress(Ntm.Simulation.World.Documentation(2, 222));
        homes.Talk(300, 100);
        Assert.Equal(50, homes.Talk(50));
        homes.Talk(900, 100);
        Assert.True((kind != NatKind.Symmetric) == homes.AlicesPeer.Direct, homes.Story());
    }

    [Fact]
    public void Rough_wires_lose_what_they_lose_and_nothing_else()
    {
        var rough = new WireConditions
        {
            Latency = TimeSpan.FromMilliseconds(30), Jitter = TimeSpan.FromMilliseconds(20), Loss = 0.03, Reorder = 0.05, Duplicate = 0.03,
        };
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.AddressRestricted, wires: rough).Resolved(tries: 3);
        homes.Talk(50);
        var back = homes.Talk(1000);
        Assert.InRange(back, 820, 950);   // 0.97 to the 4th: 885
    }

    [Fact]
    public void A_middleman_who_duplicates_corrupts_and_replays_gains_nothing()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        Assert.Equal(50, homes.Talk(50));
        var replayer = new Replayer();
        homes.Alice.Home.Wire.Middlemen.AddRange(
        [
            new Duplicator(1, TimeSpan.FromMilliseconds(3)), new Corrupter(homes.World.Entropy.Fork("corrupter"), 0.3), replayer,
        ]);
        var back = homes.Talk(500);   // each number at most once: Talk asserts it
        Assert.InRange(back, 350, 500);
        var received = homes.Tv.Received.Count + homes.Nas.Received.Count;
        homes.Alice.Home.Wire.Middlemen.Clear();
        replayer.ReplayAll();
        replayer.ReplayAll(Ntm.Simulation.World.Documentation(2, 250, 9999));
        homes.World.RunFor(2 * Second);
        Assert.Equal(received, homes.Tv.Received.Count + homes.Nas.Received.Count);
        Assert.Equal(50, homes.Talk(50));
        Assert.True(homes.AlicesPeer.Direct, homes.Story());
    }

    [Fact]
    public void Half_an_hour_of_a_packet_a_second_loses_none()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        homes.World.Flow.IsRecording = false;
        Assert.Equal(1800, homes.Talk(1800, 1000));
    }

    [Fact]
    public void A_relayed_conversation_outlives_its_channels_lease()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric).Resolved();
        homes.World.Flow.IsRecording = false;
        homes.Alice.Home.Router.Stop();   // asleep, to simulate less: the lease runs on
        homes.Bob.Home.Router.Stop();
        homes.World.RunFor(TimeSpan.FromHours(47.5));
        homes.Alice.Start();
        homes.Bob.Start();
        homes.World.RunFor(5 * Second);
        for (var minutes = 0; minutes < 60; minutes += 3)
        {
            Assert.True(homes.Talk(3) == 3, $"after {minutes} minutes: {homes.AlicesPeer.Reason}");
            homes.World.RunFor(TimeSpan.FromMinutes(3));
        }
    }

    [Fact]
    public void What_is_not_published_has_no_name_and_strange_names_are_not_ours()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted);
        homes.Bob.AddDevice(21);
        Assert.Equal(NameVerdict.NoSuchName, homes.Ask("printer.bob.home.example").Verdict);
        Assert.Equal(NameVerdict.NoSuchName, homes.Ask("nas.carol.home.example").Verdict);
        Assert.Equal(NameVerdict.NotOurs, homes.Ask("www.example.net").Verdict);
        Assert.Equal(NameVerdict.Found, homes.Ask("bob.home.example").Verdict);
    }

    [Fact]
    public void A_third_home_behind_bad_luck_still_talks_to_both()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.PortRestricted).Resolved();
        var carol = homes.Zone.AddRouter(homes.Scenario.Home("carol").Behind(NatKind.Symmetric).Build());
        carol.Join(homes.Zone.Invite(Role.Node, "carol"));
        homes.World.RunFor(4 * Second);
        var tablet = carol.AddDevice(30);
        var answer = homes.Ask("nas.bob.home.example", carol);
        Assert.Equal(NameVerdict.Found, answer.Verdict);
        var alias = new System.Net.IPAddress([(byte)(answer.Alias >> 24), (byte)(answer.Alias >> 16), (byte)(answer.Alias >> 8), (byte)answer.Alias]);
        tablet.SendPing(alias, 1, 1);
        homes.World.RunFor(Second);
        Assert.Contains(tablet.Received, p => p.Content == IpContent.EchoReply);
        Assert.Equal(50, homes.Talk(50));
    }

    [Fact]
    public void The_same_seed_gives_the_same_world_to_the_last_byte()
    {
        var first = Run(21);
        Assert.Equal(first, Run(21));
        Assert.NotEqual(first, Run(22));

        static string Run(ulong seed)
        {
            var homes = new TwoHomes(NatKind.PortRestricted, NatKind.Symmetric, seed, wires: new WireConditions { Latency = TimeSpan.FromMilliseconds(10), Loss = 0.02 })
                .Resolved(tries: 5);
            homes.Talk(50);
            return homes.World.Flow.Transcript();
        }
    }

    [Fact]
    public void A_new_device_speaks_while_its_path_is_suspect()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        Assert.Equal(50, homes.Talk(50));
        Assert.True(homes.AlicesPeer.Direct, homes.Story());
        homes.Bob.Home.Wire.IsCut = true;
        for (byte n = 100; n < 220; n++)
        {
            // Each is held until the neighbour table was looked at, and sent on both paths then.
            homes.Alice.AddDevice(n).SendUdp(homes.Alias, 5000, 7, [n]);
            homes.World.RunFor(TimeSpan.FromMilliseconds(50));
        }

        homes.Bob.Home.Wire.IsCut = false;
        homes.World.RunFor(20 * Second);
        Assert.Equal(50, homes.Talk(50));
    }

    [Theory]
    [InlineData(6)]
    [InlineData(10)]
    public void A_direct_path_without_a_relay_is_back_two_seconds_after_its_wire(int cutFor)
    {
        var homes = new TwoHomes(NatKind.EndpointIndependent, NatKind.EndpointIndependent, withRelay: false).Resolved(3);
        Assert.Equal(50, homes.Talk(50));
        homes.Bob.Home.Wire.IsCut = true;
        homes.Talk(cutFor * 10 - 20, 100);
        homes.Bob.Home.Wire.IsCut = false;
        homes.World.RunFor(TimeSpan.FromSeconds(2.5));
        Assert.True(homes.AlicesPeer.Paths.Any(p => p.State == "used"), homes.Story());
    }

    [Fact]
    public void Two_homes_that_have_nothing_to_say_fall_silent()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        Assert.Equal(50, homes.Talk(50));
        homes.World.RunFor(TimeSpan.FromMinutes(20));
        var (bytes, received) = (homes.AlicesPeer.BytesSent, homes.AlicesPeer.BytesReceived);
        homes.World.RunFor(TimeSpan.FromMinutes(10));
        Assert.Equal((bytes, received), (homes.AlicesPeer.BytesSent, homes.AlicesPeer.BytesReceived));
    }
}
