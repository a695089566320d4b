using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>What two homes that have nothing to say to one another send.</summary>
public sealed class QuietTests
{
    /// <summary>Whatever path they use, and whether the direct one was found or not.</summary>
    [Theory]
    [InlineData(NatKind.PortRestricted, NatKind.Symmetric)]
    [InlineData(NatKind.PortRestricted, NatKind.PortRestricted)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric)]
    public void Homes_that_do_not_talk_any_more_send_one_another_nothing(NatKind alices, NatKind bobs)
    {
        var homes = new TwoHomes(alices, bobs).Resolved();
        Assert.Equal(20, homes.Talk(20));
        homes.World.RunFor(Limits.WarmFor + TimeSpan.FromMinutes(5));
        var before = homes.World.Flow.Steps.Count;
        homes.World.RunFor(TimeSpan.FromMinutes(10));
        var servers = new[] { homes.Zone.CoordinatorHost.Name, "rs1" };
        var between = homes.World.Flow.Steps.Skip(before).Where(s => s.Channel != 0 || !(servers.Contains(s.From) || servers.Contains(s.To)));
        Assert.Empty(between);
    }

    /// <summary>Both sides' first checks cross, and each opens the NAT for the other's next, which does not wait for its turn.</summary>
    [Fact]
    public void The_peers_check_makes_ours_go_at_once()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        var asked = homes.World.Clock.Elapsed;
        homes.Tv.SendUdp(homes.Alias, 5000, 7, "hello"u8);
        Assert.True(homes.World.RunUntil(() => homes.AlicesPeer.Direct && homes.Bob.Status.Peers.Single().Direct, TimeSpan.FromSeconds(3)), homes.Story());

        // Well below the 250 ms between two checks of a round; one way takes 20 ms, and the handshake came first.
        var took = homes.World.Clock.Elapsed - asked;
        Assert.True(took < TimeSpan.FromMilliseconds(200), $"{took}\n{homes.Story()}");
    }
}
