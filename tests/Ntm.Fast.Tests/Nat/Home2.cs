using Ntm.Fast.Tests.World;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Nat;

/// <summary>A further home, behind two NATs: its own, and a provider's that gives it an address of 100.64.0.0/10. It has joined.</summary>
internal sealed class Home2
{
    public Home2(TwoHomes homes, string name, NatKind outer, NatKind inner)
    {
        var home = homes.Scenario.Home(name).Behind(outer).Build();
        var inside = new Segment(homes.World, $"{name}'s inner network");
        _ = new NatBox(homes.World, $"{name}'s own NAT", NatBehaviour.Of(inner), inside, home.Segment!, RealAddress.FromIPv4(0x6440_0003, 0));
        home.Router.Move(0, inside, RealAddress.FromIPv4(0x6440_0102, 41_000)).Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(10) };
        Router = homes.Zone.AddRouter(home);
        Router.Join(homes.Zone.Invite(Role.Node, name));
    }

    public HomeRouter Router { get; }
}
