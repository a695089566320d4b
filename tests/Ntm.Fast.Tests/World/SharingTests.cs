using System.Net;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Simulation;
using Xunit.Abstractions;

namespace Ntm.Fast.Tests.World;

/// <summary>Shares between owners, across zones: the papers' first sequence, and who may do what by it.</summary>
public sealed class SharingTests(ITestOutputHelper output)
{
    [Fact]
    public void A_shared_device_is_reached_by_name_across_zones()
    {
        var world = new TwoZones().Shared();
        var answer = world.Ask();
        Assert.True(answer.Verdict == NameVerdict.Found, answer.Reason + world.Story());
        Assert.Equal(10, world.Talk(10));
        var peer = world.Dave.Status.Peers.Single();
        Assert.Equal("alice.home.example", peer.Name);
        Assert.True(peer.Direct, peer.Reason);
        Assert.Equal("dave.friends.example", world.Alice.Status.Peers.Single().Name);
    }

    [Fact]
    public void Behind_two_symmetric_nats_the_responders_relay_carries_a_guest_for_good()
    {
        var world = new TwoZones(NatKind.Symmetric, NatKind.Symmetric).Shared();
        var answer = world.Ask();
        Assert.True(answer.Verdict == NameVerdict.Found, answer.Reason + world.Story());
        Assert.Equal(10, world.Talk(10));
        world.World.RunFor(TimeSpan.FromMinutes(4));
        Assert.Equal(10, world.Talk(10));
        Assert.False(world.Dave.Status.Peers.Single().Direct);
        var relay = world.Home.Relays["rs1"].Core.Describe(world.Home.Relays["rs1"].Host.Now);
        Assert.Contains(relay.Nodes, n => n.Name.StartsWith("guest", StringComparison.Ordinal) && n.LastHeard is not null);
    }

    [Fact]
    public void Without_a_share_nothing_of_another_zone_is_reached_or_told()
    {
        var world = new TwoZones();
        Assert.Equal(NameVerdict.NotOurs, world.Ask().Verdict);
        Assert.Empty(world.Alice.Status.Peers);
    }

    [Fact]
    public void Only_the_shared_device_and_ports_are_reached()
    {
        var world = new TwoZones().Shared("udp/7");
        Assert.Equal(NameVerdict.Found, world.Ask().Verdict);
        Assert.Equal(5, world.Talk(5, port: 7));
        Assert.Equal(0, world.Talk(5, port: 8));
        Assert.True(world.Alice.Status.Counters["admission-not-published"] >= 5);
    }

    [Fact]
    public void By_ipv6_the_shared_device_is_reached_too_and_the_nodes_other_numbers_are_not()
    {
        var world = new TwoZones().Shared("udp/7");
        var answer = world.Ask();
        Assert.True(answer.Verdict == NameVerdict.Found, answer.Reason + world.Story());
        var tv6 = world.Dave.AddDevice(11, IPAddress.Parse("2001:db8:1::11"));
        tv6.SendUdp(answer.Vip.ToIPAddress(), 5000, 7, [1]);
        world.World.RunFor(TimeSpan.FromSeconds(2));
        Assert.Equal(answer.Vip.ToIPAddress(), tv6.Received.Single().Source);

        var printer = world.Alice.AddDevice(21);
        Assert.True(world.Alice.Publish(printer, "printer").Done);
        tv6.SendUdp(answer.Vip.WithNumber(2).ToIPAddress(), 5000, 7, [1]);
        world.World.RunFor(TimeSpan.FromSeconds(2));
        Assert.Equal(1, world.Alice.Status.Counters["admission-not-published"]);
        Assert.Empty(printer.Received);
    }

    [Fact]
    public void A_share_taken_back_cuts_its_flows_and_the_tunnel()
    {
        var world = new TwoZones().Shared();
        Assert.Equal(NameVerdict.Found, world.Ask().Verdict);
        Assert.Equal(5, world.Talk(5));
        Assert.True(world.Alice.Order((core, now) => core.Unshare(now, 1)).Done);
        Assert.Equal(0, world.Talk(50));
        Assert.Empty(world.Alice.Status.Peers);
        world.World.RunFor(TimeSpan.FromMinutes(1));
        var answer = world.Ask();
        Assert.NotEqual(NameVerdict.Found, answer.Verdict);
        Assert.Contains("taken back", answer.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_is_remembered_for_30_seconds_from_the_direction_on_whoever_remembers_it()
    {
        var world = new TwoZones().Shared();
        Assert.Equal(30u, world.Ask().TtlSeconds);
        Assert.Equal(5, world.Talk(5));
        world.World.RunFor(TimeSpan.FromSeconds(20));
        Assert.InRange(world.Ask().TtlSeconds, 1u, 10u);
        Assert.True(world.Alice.Order((core, now) => core.Unshare(now, 1)).Done);
        world.World.RunFor(TimeSpan.FromSeconds(10));
        Assert.NotEqual(NameVerdict.Found, world.Ask().Verdict);
    }

    [Fact]
    public void A_share_taken_back_while_the_other_is_away_holds_when_it_comes_back()
    {
        var world = new TwoZones().Shared();
        Assert.Equal(NameVerdict.Found, world.Ask().Verdict);
        Assert.Equal(5, world.Talk(5));
        Assert.True(world.Alice.Order((core, now) => core.Unshare(now, 1)).Done);
        world.Dave.Start(); // a power cut there, and everything it kept
        world.World.RunFor(TimeSpan.FromSeconds(5));
        Assert.Equal(0, world.Talk(20));
        Assert.Empty(world.Alice.Status.Peers);
    }

    [Fact]
    public void A_share_expires_at_the_receiver_to_the_second()
    {
        var world = new TwoZones().Shared(lasts: TimeSpan.FromMinutes(2));
        Assert.Equal(NameVerdict.Found, world.Ask().Verdict);
        Assert.Equal(5, world.Talk(5));
        world.World.RunFor(TimeSpan.FromMinutes(2));
        Assert.Equal(0, world.Talk(20));
        Assert.Empty(world.Alice.Status.Peers);
        Assert.Contains(world.Alice.Notices, n => n == "Share 1, for Dave, has expired.");
    }

    [Fact]
    public void The_first_owner_who_uses_a_code_has_the_share()
    {
        var world = new TwoZones();
        var code = world.Alice.Share("nas");
        Assert.True(world.Dave.Order((core, now) => core.Accept(now, code)).Done);
        Assert.Equal(NameVerdict.Found, world.Ask().Verdict);
        var third = new Zone(world.Scenario, "thieves.example");
        var eve = third.AddRouter(world.Scenario.Home("eve").Behind(NatKind.EndpointIndependent).Build());
        world.World.RunFor(TimeSpan.FromSeconds(2));
        eve.Join(third.Invite(Protocol.Signalling.Role.Node, "eve"));
        Assert.True(world.World.RunUntil(() => eve.JoinEnd is { Done: true }, TimeSpan.FromSeconds(10)));
        Assert.True(eve.Order((core, now) => core.Accept(now, code)).Done);
        world.World.RunFor(TimeSpan.FromSeconds(3));
        var answer = world.Ask(from: eve);
        Assert.Equal(NameVerdict.Unreachable, answer.Verdict);
        Assert.Contains("another owner", answer.Reason, StringComparison.Ordinal);
        Assert.Equal("dave.friends.example", world.Alice.Status.Peers.Single().Name);
        Assert.Equal(1, world.Alice.Status.Counters["share-of-another-owner"]);
    }

    [Fact]
    public void The_one_who_shares_reaches_nothing_of_the_other_in_return()
    {
        var world = new TwoZones().Shared();
        var box = world.Dave.AddDevice(30);
        Assert.True(world.Dave.Publish(box, "box").Done);
        world.World.RunFor(TimeSpan.FromSeconds(2));
        Assert.Equal(NameVerdict.Found, world.Ask().Verdict);
        Assert.Equal(3, world.Talk(3));
        Assert.Equal(NameVerdict.NotOurs, world.Ask("box.dave.friends.example", world.Alice).Verdict);
    }

    [Fact]
    public void Shares_and_their_peers_survive_a_restart_of_both()
    {
        var world = new TwoZones().Shared();
        Assert.Equal(NameVerdict.Found, world.Ask().Verdict);
        Assert.Equal(5, world.Talk(5));
        world.Alice.Start();
        world.Dave.Start();
        world.World.RunFor(TimeSpan.FromSeconds(3));
        Assert.Equal(5, world.Talk(5));
        Assert.Equal(NameVerdict.Found, world.Ask().Verdict);
        Assert.Equal("Dave", world.Alice.Status.Sharing.Given.Single().For);
        Assert.Equal("friends.example", world.Alice.Status.Sharing.Given.Single().AcceptedBy);
    }

    [Fact]
    public void A_second_coordinator_of_the_other_zone_is_asked_when_the_first_is_gone()
    {
        var world = new TwoZones(twoCoordinators: true).Shared();
        world.Home.CoordinatorHost.Stop();
        var answer = world.Ask();
        for (var tries = 0; tries < 3 && answer.Verdict != NameVerdict.Found; tries++)
        {
            answer = world.Ask();
        }

        Assert.True(answer.Verdict == NameVerdict.Found, answer.Reason + world.Story());
        Assert.Equal(5, world.Talk(5));
    }

    [Fact]
    public void Without_the_other_zones_record_the_name_is_unreachable_and_says_why()
    {
        var world = new TwoZones().Shared();
        world.Scenario.Records.Remove("home.example");
        var answer = world.Ask();
        Assert.Equal(NameVerdict.Unreachable, answer.Verdict);
        Assert.Contains("NTM record", answer.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_coordinator_that_its_zones_record_does_not_name_is_not_heard()
    {
        var world = new TwoZones().Shared();
        world.Scenario.Records["friends.example"] = world.Home; // somebody else's keys
        world.Ask(); // the share's door opens: by which relay she would be reached is said, and no more
        Assert.True(world.Dave.Status.Peers is [] or [{ Direct: false }]);
        Assert.Equal(0, world.Talk(5));
        Assert.Empty(world.Alice.Status.Peers);
        Assert.NotEqual(NameVerdict.Found, world.Ask().Verdict);
        Assert.True(world.Home.Coordinator.Describe(world.Home.CoordinatorHost.Now).Counters.GetValueOrDefault("zone-request-not-in-record") > 0, world.Story());
    }

    [Fact]
    public void The_node_itself_is_shared_only_where_it_is_published()
    {
        var world = new TwoZones();
        var code = world.Alice.Share(null);
        Assert.True(world.Dave.Order((core, now) => core.Accept(now, code)).Done);
        Assert.Equal(NameVerdict.Found, world.Ask("alice.home.example").Verdict);
        Assert.Equal(NameVerdict.Unreachable, world.Ask().Verdict);
        Assert.True(world.Alice.Order((core, now) => core.PublishNode(now, PortSet.All)).Done);
    }

    /// <summary>
    /// A node's round trip to a server is 30 ms, a server's to a server 20, two nodes' by the relay 60, and a look-up takes 40. Within a zone the first answer takes 30 + 2 x 60;
    /// across, there come two look-ups, the coordinators' handshake and question, and the asked node's judgement.
    /// </summary>
    [Theory]
    [InlineData(NatKind.AddressRestricted, NatKind.PortRestricted)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric)]
    public void The_first_answer_across_zones_takes_the_round_trips_it_must(NatKind alices, NatKind daves)
    {
        var world = new TwoZones(alices, daves).Shared();
        var (first, _) = Reach(world);
        world.World.RunFor(TimeSpan.FromMinutes(10)); // peers' tunnels idle out; those of coordinators, too
        var (again, _) = Reach(world);
        output.WriteLine($"{alices} and {daves}: first {first.TotalMilliseconds} ms, again {again.TotalMilliseconds} ms");
        Assert.InRange(first.TotalMilliseconds, 1, 320);
        Assert.InRange(again.TotalMilliseconds, 1, 280);
    }

    private static (TimeSpan Answered, NameAnswer Name) Reach(TwoZones world)
    {
        var begun = world.World.Clock.Elapsed;
        var name = world.Ask();
        Assert.True(name.Verdict == NameVerdict.Found, name.Reason);
        var before = world.Tv.Received.Count;
        world.Tv.SendUdp(world.Alias, 5000, 7, [1]);
        Assert.True(world.World.RunUntil(() => world.Tv.Received.Count > before, TimeSpan.FromSeconds(3)), world.Story());
        return (world.World.Clock.Elapsed - begun, name);
    }

    [Fact]
    public void A_restart_makes_no_connection_of_an_expired_share_good_again()
    {
        var world = new TwoZones().Shared(lasts: TimeSpan.FromMinutes(2));
        var box = world.Alice.AddDevice(21);
        Assert.True(world.Alice.Publish(box, "box").Done);
        var lasting = world.Alice.Share("box", "Dave"); // so that he is a peer all the time
        Assert.True(world.Dave.Order((core, now) => core.Accept(now, lasting)).Done);
        world.World.RunFor(TimeSpan.FromSeconds(2));
        Assert.Equal(NameVerdict.Found, world.Ask().Verdict);
        var nas = world.Alias;
        Assert.Equal(NameVerdict.Found, world.Ask("box.alice.home.example").Verdict);
        world.Nas.Listens.Add(80);
        world.Tv.SendSyn(nas, 40_000, 80);
        world.World.RunFor(TimeSpan.FromSeconds(1));
        Assert.Single(world.Nas.Received, p => p.Content == IpContent.Tcp);
        world.World.RunFor(TimeSpan.FromMinutes(2));
        Send();
        Assert.Single(world.Nas.Received, p => p.Content == IpContent.Tcp);
        world.Alice.Start();
        world.World.RunFor(TimeSpan.FromSeconds(3));
        box.SendPing(box.Address, 1, 1);
        world.Nas.SendPing(world.Nas.Address, 1, 1); // both are known again
        Assert.True(world.Alice.Publish(box, "box").Done);
        Send();
        Send();
        Assert.Single(world.Alice.Status.Peers, p => p.Established);
        Assert.Single(world.Nas.Received, p => p.Content == IpContent.Tcp);

        void Send()
        {
            world.Tv.Send(new IpPacket
            {
                Source = world.Tv.Address, Destination = nas, Content = IpContent.Tcp, From = 40_000, To = 80, TcpFlags = 0x10, TcpSequence = 1001, TcpAcknowledged = 5001,
                Payload = "more"u8.ToArray(),
            });
            world.World.RunFor(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void Who_is_in_no_zone_has_no_ways_into_others_and_who_comes_back_is_told_of_all()
    {
        var world = new TwoZones().Shared();
        Assert.Equal(NameVerdict.Found, world.Ask().Verdict);
        Assert.Equal(5, world.Talk(5));
        Assert.Equal("friends.example", Assert.Single(world.Alice.OtherZones!).Name);
        Assert.True(world.Alice.Leave("home.example").Done);
        world.Alice.Start();
        world.World.RunFor(TimeSpan.FromMinutes(3));
        Assert.Null(world.Alice.OtherZones);
        world.Alice.Join(world.Home.Invite(Protocol.Signalling.Role.Node, ""), "alice");
        world.World.RunFor(TimeSpan.FromSeconds(5));
        Assert.Equal("friends.example", Assert.Single(world.Alice.OtherZones!).Name);

        // With none left it is said as well: the interface that stayed may still have the way.
        Assert.True(world.Alice.Order((core, now) => core.Unshare(now, 1)).Done);
        world.Alice.Start();
        world.World.RunFor(TimeSpan.FromSeconds(1));
        Assert.Empty(world.Alice.OtherZones!);
    }
}
