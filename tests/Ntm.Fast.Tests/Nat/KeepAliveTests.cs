using Ntm.Fast.Tests.World;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Simulation;
using Xunit.Abstractions;

namespace Ntm.Fast.Tests.Nat;

/// <summary>How long a NAT remembers is learnt, and keep-alives are as rare as it allows.</summary>
public sealed class KeepAliveTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(20, false, 16.2)]
    [InlineData(30, false, 25.2)]
    [InlineData(30, true, 25.2)]
    [InlineData(60, false, 49.5)]
    [InlineData(120, false, 82.5)]
    [InlineData(120, true, 82.5)]
    [InlineData(300, false, 165)]
    public void The_interval_is_learnt_within_two_hours_and_a_restart_keeps_it(int lifetime, bool inboundRefreshes, double interval)
    {
        var homes = Idle(NatKind.PortRestricted, lifetime, inboundRefreshes);
        Assert.Equal(Limits.KeepAliveFirst, ObservedNatTests.IPv4Of(homes.Alice).KeepAlive);
        homes.World.RunFor(2 * Hour);
        Assert.Equal(interval, ObservedNatTests.IPv4Of(homes.Alice).KeepAlive.TotalSeconds, 1);
        Assert.Contains(
            $"forgets silent mappings after about {Ntm.Node.Nat.NatWords.Time(lifetime)}", ObservedNatTests.IPv4Of(homes.Alice).Words, StringComparison.Ordinal);
        homes.Alice.Start();
        homes.World.RunFor(TimeSpan.FromMinutes(1));
        Assert.Equal(interval, ObservedNatTests.IPv4Of(homes.Alice).KeepAlive.TotalSeconds, 1);
        homes.World.RunFor(TimeSpan.FromMinutes(1));
        output.WriteLine($"{lifetime} s: {BytesOfAnHour(homes):0} bytes an hour");
    }

    [Theory]
    [InlineData(20, NatKind.EndpointIndependent, false)]
    [InlineData(20, NatKind.PortRestricted, true)]
    [InlineData(30, NatKind.EndpointIndependent, false)]
    [InlineData(30, NatKind.Symmetric, false)]
    [InlineData(120, NatKind.EndpointIndependent, true)]
    [InlineData(300, NatKind.Symmetric, true)]
    public void After_an_idle_hour_a_peer_gets_through_at_once(int lifetime, NatKind kind, bool inboundRefreshes)
    {
        // Bob idles behind the NAT; alice, whose NAT is no obstacle, wants something of him.
        var homes = new TwoHomes(NatKind.EndpointIndependent, kind);
        Set(homes.Bob, lifetime, inboundRefreshes);
        homes.World.Flow.IsRecording = false;
        foreach (var minutes in (int[])[1, 60, 180])
        {
            homes.World.RunFor(TimeSpan.FromMinutes(minutes));
            homes.Resolved();
            var before = homes.Nas.Received.Count;
            homes.Tv.SendUdp(homes.Alias, 5000, 7, "there?"u8);
            homes.World.RunFor(TimeSpan.FromMilliseconds(500));
            Assert.True(homes.Nas.Received.Count > before, $"after {minutes} minutes: {homes.Story()}");
            homes.World.RunFor(TimeSpan.FromSeconds(3));
            Assert.True(homes.AlicesPeer.Direct, $"after {minutes} minutes: {homes.Story()}");
        }
    }

    [Theory]
    [InlineData(30)]
    [InlineData(60)]
    public void A_direct_path_that_was_used_lately_is_still_open_though_there_is_no_relay_to_help(int lifetime)
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.EndpointIndependent, withRelay: false);
        Set(homes.Alice, lifetime, inboundRefreshes: false);
        Set(homes.Bob, lifetime, inboundRefreshes: false);
        homes.Resolved();
        homes.Talk(5);
        homes.World.RunFor(TimeSpan.FromMinutes(4.7)); // the television's own flow lasts 5 min, and path checks 3 min
        var before = homes.Tv.Received.Count;
        homes.Nas.SendUdp(homes.Nas.Received[^1].Source, 7, 5000, "still there"u8);
        homes.World.RunFor(TimeSpan.FromMilliseconds(500));
        Assert.Equal(before + 1, homes.Tv.Received.Count);

        // And then it is left alone.
        homes.World.RunFor(TimeSpan.FromMinutes(20));
        var sent = homes.AlicesPeer.BytesSent;
        homes.World.RunFor(TimeSpan.FromMinutes(10));
        Assert.Equal(sent, homes.AlicesPeer.BytesSent);
    }

    [Fact]
    public void Another_network_is_another_NAT()
    {
        var homes = Idle(NatKind.PortRestricted, 120, false);
        homes.World.RunFor(2 * Hour);
        Assert.Equal(82.5, ObservedNatTests.IPv4Of(homes.Alice).KeepAlive.TotalSeconds);
        homes.Alice.Home.Nat!.MappingLifetime = TimeSpan.FromSeconds(30);
        homes.Alice.Home.Nat.Readdress(Ntm.Simulation.World.Documentation(0, 222));
        homes.World.RunFor(TimeSpan.FromMinutes(3));
        Assert.InRange(ObservedNatTests.IPv4Of(homes.Alice).KeepAlive.TotalSeconds, 15, 26);
        homes.World.RunFor(Hour);
        Assert.Equal(25.2, ObservedNatTests.IPv4Of(homes.Alice).KeepAlive.TotalSeconds, 1);
    }

    [Fact]
    public void A_NAT_that_begins_to_forget_sooner_is_noticed_and_learnt_anew()
    {
        var homes = Idle(NatKind.Symmetric, 300, false);
        homes.World.RunFor(2 * Hour);
        Assert.Equal(165, ObservedNatTests.IPv4Of(homes.Alice).KeepAlive.TotalSeconds);
        homes.Alice.Home.Nat!.MappingLifetime = TimeSpan.FromSeconds(60);
        homes.World.RunFor(TimeSpan.FromMinutes(6));
        Assert.True(homes.Alice.Status.Counters.ContainsKey("nat-forgot-sooner"));
        homes.World.RunFor(Hour);
        Assert.Equal(49.5, ObservedNatTests.IPv4Of(homes.Alice).KeepAlive.TotalSeconds, 1);
    }

    [Fact]
    public void A_lossy_wire_does_not_make_a_NAT_forgetful()
    {
        var homes = Idle(NatKind.PortRestricted, 120, false, new WireConditions { Latency = TimeSpan.FromMilliseconds(20), Loss = 0.03 });
        homes.World.RunFor(4 * Hour);
        Assert.InRange(ObservedNatTests.IPv4Of(homes.Alice).KeepAlive.TotalSeconds, 25, 82.5);
    }

    [Fact]
    public void A_dead_node_is_noticed_when_it_was_silent_for_two_intervals_or_is_asked_for()
    {
        var homes = Idle(NatKind.PortRestricted, 120, false);
        homes.World.RunFor(2 * Hour);
        homes.Bob.Home.Router.Stop();
        homes.World.RunFor(TimeSpan.FromSeconds((2 * 82) + 30 - 90));
        Assert.True(IsRegistered(homes, "bob"));
        homes.World.RunFor(TimeSpan.FromSeconds(95));
        Assert.False(IsRegistered(homes, "bob"));
        homes.Bob.Start();
        homes.World.RunFor(TimeSpan.FromSeconds(3));
        homes.Resolved();

        homes.Bob.Home.Router.Stop();
        homes.Alice.Start(); // it remembers the name for 30 s
        homes.World.RunFor(TimeSpan.FromSeconds(3));
        homes.Ask("nas.bob.home.example");
        homes.World.RunFor(TimeSpan.FromSeconds(9));
        Assert.False(IsRegistered(homes, "bob"));
    }

    [Fact]
    public void Who_was_silent_too_long_is_back_with_its_next_word()
    {
        var homes = Idle(NatKind.PortRestricted, 120, false);
        homes.Bob.Home.Wire.IsCut = true;
        homes.World.RunFor(TimeSpan.FromSeconds(75));
        Assert.Equal(NameVerdict.Unreachable, homes.Ask("nas.bob.home.example").Verdict);
        homes.Bob.Home.Wire.IsCut = false;
        homes.World.RunFor(TimeSpan.FromSeconds(16));
        homes.Resolved();
    }

    [Fact]
    public void A_server_that_is_gone_is_noticed_with_the_next_key()
    {
        var homes = Idle(NatKind.PortRestricted, 120, false);
        homes.World.RunFor(2 * Hour);
        homes.Zone.Relays["rs1"].Host.Stop();
        homes.World.RunFor(TimeSpan.FromMinutes(3.5));
        Assert.False(homes.Alice.Status.Member!.Relays.Single().Connected);
        homes.Zone.RestartRelay();
        homes.World.RunFor(TimeSpan.FromSeconds(45));
        Assert.True(homes.Alice.Status.Member!.Relays.Single().Connected);
    }

    private static bool IsRegistered(TwoHomes homes, string name) =>
        homes.Zone.Coordinator.Describe(homes.Zone.CoordinatorHost.Now).Members.Single(m => m.Name == name).Registered;

    private static TwoHomes Idle(NatKind kind, int lifetime, bool inboundRefreshes, WireConditions? wires = null)
    {
        var homes = new TwoHomes(kind, kind, wires: wires);
        Set(homes.Alice, lifetime, inboundRefreshes);
        Set(homes.Bob, lifetime, inboundRefreshes);
        homes.World.Flow.IsRecording = false;
        return homes;
    }

    private static void Set(HomeRouter router, int lifetime, bool inboundRefreshes) =>
        (router.Home.Nat!.MappingLifetime, router.Home.Nat.InboundRefreshes) = (TimeSpan.FromSeconds(lifetime), inboundRefreshes);

    /// <summary>Both ways, with IP and UDP headers.</summary>
    private static double BytesOfAnHour(TwoHomes homes)
    {
        var tap = new Tap();
        homes.Alice.Home.Wire.Middlemen.Add(tap);
        homes.World.RunFor(Hour);
        homes.Alice.Home.Wire.Middlemen.Remove(tap);
        return tap.Seen.Sum(d => d.Datagram.SizeOnWire);
    }
}
