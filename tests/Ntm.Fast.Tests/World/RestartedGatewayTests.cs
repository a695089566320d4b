using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>The gateway is killed and starts again with what it kept: tunnels in use are back within 3 s, whoever has something to say.</summary>
public sealed class RestartedGatewayTests
{
    [Theory]
    [InlineData(NatKind.PortRestricted, NatKind.PortRestricted, true)]
    [InlineData(NatKind.PortRestricted, NatKind.PortRestricted, false)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric, true)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric, false)]
    [InlineData(NatKind.AddressRestricted, NatKind.Symmetric, false)]
    public void Tunnels_in_use_are_back_within_3_s(NatKind alices, NatKind bobs, bool askersSide)
    {
        var homes = new TwoHomes(alices, bobs).Resolved();
        Assert.Equal(100, homes.Talk(100));
        var restarted = askersSide ? homes.Alice : homes.Bob;
        restarted.Home.Router.Stop();
        homes.World.RunFor(TimeSpan.FromSeconds(1));
        restarted.Start();
        var at = homes.World.Clock.Elapsed;

        // Nobody behind the restarted one says a word: it must begin by itself.
        Assert.True(homes.World.RunUntil(() => restarted.Status.Peers.Single().Established, TimeSpan.FromSeconds(3)), homes.Story());
        if (!askersSide)
        {
            // Its confirmation is still on its way: what the other side seals until then, it seals with the lost key.
            homes.World.RunFor(TimeSpan.FromMilliseconds(100));

            // What is published is reached at once; what is not gets answers again with its own next packet (docs/protocol.md section 7).
            var heard = homes.Nas.Received.Count;
            homes.Tv.SendUdp(homes.Alias, 5000, 7, "are you there"u8);
            homes.World.RunFor(TimeSpan.FromMilliseconds(300));
            Assert.Equal(heard + 1, homes.Nas.Received.Count);
            Assert.True(homes.World.Clock.Elapsed - at < TimeSpan.FromSeconds(3));
        }

        homes.World.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(50, homes.Talk(50));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_restart_takes_up_no_connection_that_was_cut_before_it(bool cut)
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        homes.Nas.Listens.Add(80);
        homes.Tv.SendSyn(homes.Alias, 40_000, 80);
        homes.World.RunFor(TimeSpan.FromSeconds(1));
        var first = Assert.Single(homes.Nas.Received, p => p.Content == IpContent.Tcp);
        if (cut)
        {
            // As well as another device: that one of them was cut is all that is remembered.
            Assert.True(homes.Bob.Order((core, now) => core.Unpublish(now, homes.Nas.Mac)).Done);
        }

        homes.Bob.Start();
        homes.World.RunFor(TimeSpan.FromSeconds(3));
        homes.Nas.Send(new IpPacket { Source = homes.Nas.Address, Destination = first.Source, Content = IpContent.EchoRequest, Payload = new byte[8] }); // its alias is known again
        homes.Tv.Send(new IpPacket
        {
            Source = homes.Tv.Address, Destination = homes.Alias, Content = IpContent.Tcp, From = 40_000, To = 80, TcpFlags = 0x10, TcpSequence = 1001, TcpAcknowledged = 5001,
            Payload = "more"u8.ToArray(),
        });
        homes.World.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(cut ? 1 : 2, homes.Nas.Received.Count(p => p.Content == IpContent.Tcp));
    }

    [Fact]
    public void A_clock_that_was_far_ahead_once_keeps_no_tunnel_from_being_taken_up_again()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        var carol = homes.Zone.AddRouter(homes.Scenario.Home("carol").Behind(NatKind.PortRestricted).Build());
        carol.Join(homes.Zone.Invite(Protocol.Signalling.Role.Node, "carol"));
        homes.World.RunFor(TimeSpan.FromSeconds(4));
        homes.Alice.Home.Router.WallSkew = TimeSpan.FromDays(3650);
        var answer = homes.Ask("carol.home.example");
        homes.Tv.SendPing(new System.Net.IPAddress([(byte)(answer.Alias >> 24), (byte)(answer.Alias >> 16), (byte)(answer.Alias >> 8), (byte)answer.Alias]), 1, 1);
        homes.World.RunFor(TimeSpan.FromSeconds(1));
        homes.Alice.Home.Router.WallSkew = TimeSpan.Zero;
        Assert.Equal(20, homes.Talk(20));
        homes.Alice.Start();
        Assert.True(
            homes.World.RunUntil(() => homes.Alice.Status.Peers.Any(p => p.Name == "bob" && p.Established), TimeSpan.FromSeconds(3)), string.Join('\n', homes.Alice.Status.Peers));
    }
}
