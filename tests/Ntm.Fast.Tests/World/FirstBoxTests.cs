using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>What the home's own box says of its outside address, and what servers see.</summary>
public sealed class FirstBoxTests
{
    /// <summary>Both NATs map and filter alike: that there are two, nothing shows but the box's own word.</summary>
    [Theory]
    [InlineData(NetworkKind.DoubleNat, true)]
    [InlineData(NetworkKind.PortRestricted, false)]
    public void A_box_whose_outside_address_no_server_sees_is_behind_the_providers_NAT_and_the_owner_is_told(NetworkKind kind, bool isCarriers)
    {
        var scenario = new Scenario(7);
        var zone = new Zone(scenario);
        zone.AddRelay();
        var networks = new Networks(scenario);
        var home = networks.Build(scenario.Home("alice"), kind);
        var gateway = RealAddress.FromIPv4(0xC0A8_0101, 0);
        networks.Nats[^1].AddPcp(gateway);
        var alice = zone.AddRouter(home);
        home.Router.Call(now => alice.Core.UplinkChanged(now, new(0, "uplink0", true, "it has an address", home.Router.Uplinks[0].Addresses) { Gateways = [gateway] }));
        scenario.World.RunFor(TimeSpan.FromSeconds(2));
        alice.Join(zone.Invite(Role.Node, "alice"));
        scenario.World.RunFor(TimeSpan.FromSeconds(30));
        Assert.Single(alice.Status.Uplinks[0].Ports, p => p.By is not null);
        var nat = alice.Status.Uplinks[0].Nats.Single(n => n.IPv4);
        Assert.Equal(isCarriers, nat.Judgement.IsCarriers);
        Assert.StartsWith(isCarriers ? "Behind a NAT of the provider" : "Behind a NAT that", nat.Words, StringComparison.Ordinal);
    }
}
