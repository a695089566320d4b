using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>Homes whose NAT opens ports by PCP: direct where no direct path could be otherwise.</summary>
public sealed class OpenPortTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric)]
    [InlineData(NatKind.Symmetric, NatKind.PortRestricted)]
    [InlineData(NatKind.PortRestricted, NatKind.Symmetric)]
    [InlineData(NatKind.EndpointIndependent, NatKind.Symmetric)]
    public void An_open_port_at_either_end_makes_the_pair_direct(NatKind alices, NatKind bobs)
    {
        foreach (var atAlices in (bool[])[true, false])
        {
            var homes = new TwoHomes(alices, bobs, open: name => (name == "alice") == atAlices);
            var open = atAlices ? homes.Alice : homes.Bob;
            Assert.True(homes.World.RunUntil(() => Port(open).By is not null, Soon), Port(open).Sentence);
            Assert.StartsWith("port 41000 is open at ", Port(open).Sentence, StringComparison.Ordinal);
            homes.Resolved();
            Assert.Equal(100, homes.Talk(100));
            Assert.True(homes.AlicesPeer.Direct, homes.Story());
            Assert.True(homes.Bob.Status.Peers.Single().Direct, homes.Story());
            Assert.Equal(50, homes.Talk(50));
        }
    }

    [Fact]
    public void The_kind_of_path_is_said()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, open: name => name == "bob").Resolved();
        Assert.Equal(100, homes.Talk(100));
        Assert.Contains(homes.AlicesPeer.Paths, p => p is { Kind: "port-mapped", State: "used" });
    }

    [Fact]
    public void A_port_that_is_opened_while_the_pair_is_relayed_makes_it_direct()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, open: name => name == "bob", refuses: 7).Resolved();
        Assert.Equal(20, homes.Talk(20));
        Assert.False(homes.AlicesPeer.Direct);
        Assert.Contains("PCP: it has no connection itself", Port(homes.Bob).Sentence, StringComparison.Ordinal);
        homes.Bob.Home.Nat!.Pcp!.Result = 0;
        homes.World.RunFor(TimeSpan.FromMinutes(6));
        Assert.Equal(200, homes.Talk(200));
        Assert.True(homes.AlicesPeer.Direct, homes.Story());
    }

    [Fact]
    public void A_box_that_restarts_and_says_so_is_asked_again()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, open: name => name == "bob").Resolved();
        var (router, nat) = (homes.Bob.Home.Router, homes.Bob.Home.Nat!);
        homes.World.RunFor(TimeSpan.FromMinutes(2));
        Assert.Single(nat.Pcp!.Ports);
        nat.Reboot();
        Assert.Empty(nat.Pcp.Ports);
        router.Receive(
            new SimDatagram("box", nat.Pcp.Inside, router.Uplinks[0].Addresses[0].WithPort(Limits.MappingAnnouncementPort), nat.Pcp.Announcement()), router.Uplinks[0].Segment);
        Assert.True(homes.World.RunUntil(() => nat.Pcp.Ports.Any(), Soon));
    }

    [Fact]
    public void A_box_that_comes_back_with_another_address_is_asked_again_without_a_word_of_its_own()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, open: name => name == "bob").Resolved();
        var nat = homes.Bob.Home.Nat!;
        homes.World.RunFor(TimeSpan.FromMinutes(2));
        nat.Readdress(Ntm.Simulation.World.Documentation(2, 77));
        Assert.True(homes.World.RunUntil(() => nat.Pcp!.Ports.Any() && Port(homes.Bob).External.SameHost(nat.Address), TimeSpan.FromMinutes(3)), Port(homes.Bob).Sentence);
        homes.World.RunFor(TimeSpan.FromSeconds(1)); // the other home hears of it
        Assert.Equal(100, homes.Talk(100));
    }

    [Fact]
    public void A_restarted_gateway_has_its_port_again_though_the_box_still_holds_it()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, open: name => name == "bob");
        homes.World.RunFor(TimeSpan.FromMinutes(1));
        var port = Port(homes.Bob).External;
        homes.Bob.Start();
        Assert.True(homes.World.RunUntil(() => Port(homes.Bob).By is not null, Soon), Port(homes.Bob).Sentence);
        Assert.Equal(port, Port(homes.Bob).External);
        Assert.Equal(2, homes.Bob.Home.Nat!.Pcp!.Asked);
    }

    [Fact]
    public void At_the_end_the_port_is_closed()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, open: name => name == "bob").Resolved();
        Assert.Equal(100, homes.Talk(100));
        homes.Bob.Home.Router.Call(homes.Bob.Core.ReleaseMappings);
        Assert.True(homes.World.RunUntil(() => homes.Bob.PortsReleased, Soon));
        Assert.Empty(homes.Bob.Home.Nat!.Pcp!.Ports);
        homes.World.RunFor(TimeSpan.FromMinutes(10));
        Assert.Equal(2, homes.Bob.Home.Nat.Pcp.Asked); // and nothing is asked for again
    }

    [Fact]
    public void Leaving_the_zone_closes_the_port_and_joining_again_opens_it()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, open: name => name == "bob");
        homes.World.RunFor(TimeSpan.FromSeconds(5));
        Assert.True(homes.Bob.Leave("home.example").Done);
        homes.World.RunFor(TimeSpan.FromSeconds(5));
        Assert.Empty(homes.Bob.Home.Nat!.Pcp!.Ports);
        Assert.Equal("no port is open: this gateway is in no zone", Port(homes.Bob).Sentence);
        homes.Bob.Join(homes.Zone.Invite(Role.Node, "bob"));
        Assert.True(homes.World.RunUntil(() => homes.Bob.Home.Nat!.Pcp!.Ports.Any(), TimeSpan.FromMinutes(1)));
    }

    /// <summary>A NAT behind the NAT, or a box that lies: what it claims is somebody else's, the coordinator's, private, or ours.</summary>
    [Theory]
    [InlineData("203.0.113.99", "another NAT stands behind the box, so that it does not help")]
    [InlineData("192.0.2.10", "another NAT stands behind the box, so that it does not help")] // the coordinator
    [InlineData("10.9.9.9", "that address is private")]
    [InlineData("192.168.1.2", "which cannot be")] // our own
    [InlineData("192.168.77.20", "which cannot be")] // a device of our LAN
    [InlineData("127.0.0.1", "which cannot be")]
    public void A_box_that_claims_another_address_sends_nobody_there(string claimed, string words)
    {
        var claims = RealAddress.From(new(System.Net.IPAddress.Parse(claimed), 0));
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, open: name => name == "bob", claims: claims);
        homes.World.RunFor(TimeSpan.FromSeconds(10));
        Assert.Contains(words, Port(homes.Bob).Sentence, StringComparison.Ordinal);
        homes.Resolved();
        Assert.Equal(50, homes.Talk(50));
        Assert.DoesNotContain(homes.AlicesPeer.Paths, p => p.Path.Remote.SameHost(claims) && !p.Path.IsRelayed);
        Assert.False(homes.AlicesPeer.Direct);
    }

    [Theory]
    [InlineData("192.168.1.2", "192.168.1.1", false, "the configuration says not to ask")]
    [InlineData("203.0.113.7", "203.0.113.1", true, "the uplink has a public address")]
    [InlineData("192.168.1.2", "192.168.77.1", true, "in the home's own network")]
    [InlineData("192.168.1.2", "192.168.1.2", true, "in the home's own network")]
    [InlineData("192.168.1.2", "127.0.0.1", true, "in the home's own network")]
    [InlineData("192.168.1.2", "224.0.0.1", true, "in the home's own network")]
    [InlineData("192.168.1.2", null, true, "no default gateway of its own")]
    public void Who_is_not_asked(string own, string? gateway, bool maps, string why)
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, open: name => name == "bob");
        var asked = homes.Bob.Home.Nat!.Pcp!.Asked;
        homes.Bob.Home.Router.Call(now => homes.Bob.Core.UplinkChanged(now, new(0, "uplink0", true, "it has an address", [Address(own, 41000)])
        {
            Gateways = gateway is null ? [] : [Address(gateway, 0)],
            MapsPorts = maps,
        }));
        homes.World.RunFor(TimeSpan.FromMinutes(15));
        Assert.Contains(why, Port(homes.Bob).Sentence, StringComparison.Ordinal);
        Assert.Equal(asked, homes.Bob.Home.Nat.Pcp.Asked);

        static RealAddress Address(string text, int port) => RealAddress.From(new(System.Net.IPAddress.Parse(text), port));
    }

    [Fact]
    public void Lost_questions_and_answers_are_asked_again()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, open: name => name == "bob");
        homes.Bob.Home.Wire.Conditions = new() { Latency = TimeSpan.FromMilliseconds(10), Loss = 0.3 };
        homes.World.RunFor(TimeSpan.FromMinutes(70)); // two renewals
        Assert.NotNull(Port(homes.Bob).By);
        Assert.InRange(homes.Bob.Home.Nat!.Pcp!.Asked, 3, 12);
    }

    private static PortStatus Port(HomeRouter router) => router.Status.Uplinks.Single().Ports.Single(p => p.IPv4);
}
