using Ntm.Node;
using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>A zone with more relays than a node has: two homes may have none in common.</summary>
public sealed class RelaysApartTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_node_meets_the_relay_of_another_by_its_direction(bool oldAsksNew)
    {
        // Alice and bob have the first two, and load them.
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric);
        homes.Zone.AddRelay("rs2");
        homes.World.RunFor(TimeSpan.FromMinutes(1));
        homes.Resolved();
        Assert.Equal(20, homes.Talk(20));
        homes.World.RunFor(TimeSpan.FromMinutes(1));

        // Carol comes when there are two without load.
        homes.Zone.AddRelay("rs3");
        homes.Zone.AddRelay("rs4");
        homes.World.RunFor(TimeSpan.FromMinutes(1));
        var carol = homes.Zone.AddRouter(homes.Scenario.Home("carol").Behind(NatKind.Symmetric).Build());
        carol.Join(homes.Zone.Invite(Role.Node, "carol"));
        homes.World.RunFor(TimeSpan.FromSeconds(30));
        Assert.Equal(["relay rs3", "relay rs4"], Names(carol));
        Assert.Equal(["relay rs1", "relay rs2"], Names(homes.Bob));

        var camera = carol.AddDevice(30);
        camera.Echoes.Add(7);
        carol.Home.Router.Call(now => carol.Core.NeighboursSeen(now, [new(camera.Address, camera.Mac)]));
        Assert.True(carol.Publish(camera, "camera").Done);
        homes.World.RunFor(TimeSpan.FromSeconds(2));
        var asker = oldAsksNew ? homes.Bob : carol;
        var answer = homes.Ask(oldAsksNew ? "camera.carol.home.example" : "nas.bob.home.example", asker);
        Assert.True(answer.Verdict == NameVerdict.Found, answer.Reason);
        homes.World.RunFor(TimeSpan.FromSeconds(2));
        var peer = asker.Status.Peers.Single(p => p.Name == (oldAsksNew ? "carol" : "bob"));
        Assert.True(peer.Established, peer.Reason);
        Assert.Contains(peer.Paths, p => p is { Kind: "relay", State: "used" });
        Assert.Equal(3, Names(asker).Count);
    }

    private static List<string> Names(HomeRouter router) => [.. router.Status.Member!.Relays.Select(r => r.Name).Order(StringComparer.Ordinal)];
}
