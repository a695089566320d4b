using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>Where a node is seen on uplinks that no tunnel with a server runs on.</summary>
public sealed class SightingTests
{
    /// <summary>Alice's first uplink has a NAT that gives no hope; her second one's mapped address is what bob can reach.</summary>
    [Fact]
    public void The_second_uplinks_mapped_address_is_a_candidate()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric);
        var router = homes.Alice.Home.Router;
        var segment = new Segment(homes.World, "alice's second uplink");
        var inside = RealAddress.FromIPv4(0x0A00_0002, 41_000);
        var nat = new NatBox(homes.World, "alice's second NAT", NatBehaviour.Of(NatKind.AddressRestricted), segment, homes.World.Backbone, Ntm.Simulation.World.Documentation(2, 200));
        router.Attach(segment, inside).Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(30) };
        router.Call(now => homes.Alice.Core.UplinkChanged(now, new(1, "uplink1", true, "it has an address", [inside])));
        homes.World.RunFor(TimeSpan.FromSeconds(5));
        var second = homes.Alice.Status.Uplinks[1];
        Assert.Contains(second.Mapped, m => m.Address.SameHost(nat.Address) && m.SeenBy == "coordinator");
        Assert.Contains(second.Mapped, m => m.Address.SameHost(nat.Address) && m.SeenBy == "relay");

        homes.Resolved();
        Assert.Equal(100, homes.Talk(100));
        Assert.True(homes.AlicesPeer.Direct, homes.Story());
        Assert.Equal(1, homes.AlicesPeer.Paths.Single(p => p.State == "used").Path.Uplink);

        // An idle hour later the mapping is still there; when the uplink goes, nobody is told of it any more.
        homes.World.RunFor(TimeSpan.FromHours(1));
        Assert.True(nat.Mappings > 0);
        router.Call(now => homes.Alice.Core.UplinkChanged(now, new(1, "uplink1", false, "unplugged", [])));
        Assert.Equal(20, homes.Talk(20));
        Assert.False(homes.AlicesPeer.Direct, homes.Story());
    }
}
