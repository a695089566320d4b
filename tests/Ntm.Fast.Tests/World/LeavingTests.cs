using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>A gateway leaves its zone, and a zone's owner key is rotated.</summary>
public sealed class LeavingTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_node_that_left_is_in_no_zone_keeps_its_devices_and_can_join_again()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        var vip = homes.Bob.Status.Member!.Own;
        var number = homes.Bob.Status.Devices.Single().Number;
        Assert.False(homes.Bob.Leave("other.example").Done);
        Assert.True(homes.Bob.Leave("home.example").Done);
        Assert.False(homes.Bob.Leave("home.example").Done);
        homes.World.RunFor(5 * Second);
        Assert.Null(homes.Bob.Status.Member);
        Assert.Empty(homes.Bob.Status.Peers);
        Assert.Equal(NameVerdict.NoCoordinator, homes.Ask("alice.home.example", homes.Bob).Verdict);
        homes.Bob.Start();
        Assert.Null(homes.Bob.Status.Member);
        Assert.Null(homes.Bob.Status.Removed);
        homes.Bob.Join(homes.Zone.Invite(Role.Node, ""), "bob");
        homes.World.RunFor(10 * Second);
        Assert.True(homes.Bob.JoinEnd!.Value.Done, homes.Bob.JoinEnd.Value.Reason);
        Assert.Equal((vip, number, "nas"), (homes.Bob.Status.Member!.Own, homes.Bob.Status.Devices.Single().Number, homes.Bob.Status.Devices.Single().Name));
        Assert.Equal(20, homes.Resolved().Talk(20));
    }

    [Fact]
    public void After_the_owner_key_was_rotated_addresses_stay_and_only_its_bindings_count()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        var alias = homes.Alias;
        var (alice, bob) = (homes.Alice.Status.Member!.Own, homes.Bob.Status.Member!.Own);
        homes.Zone.RotateOwnerKey();
        homes.World.RunFor(Limits.ServerSilence + 60 * Second);

        // The old members are none any more; what stands between them goes on until they leave.
        Assert.Empty(homes.Zone.Coordinator.Describe(homes.Zone.CoordinatorHost.Now).Members);
        Assert.False(homes.Alice.Status.Member!.Registered);
        Assert.Equal(20, homes.Talk(20));
        Assert.True(homes.Alice.Leave("home.example").Done);
        homes.Alice.Join(homes.Zone.Invite(Role.Node, "alice"));
        homes.World.RunFor(5 * Second);
        Assert.True(homes.Alice.JoinEnd!.Value.Done, homes.Alice.JoinEnd.Value.Reason);
        Assert.Equal(NameVerdict.NoSuchName, homes.Ask("nas.bob.home.example").Verdict); // bob's binding is of the old key
        Assert.Empty(homes.Alice.Status.Peers);
        Assert.True(homes.Bob.Leave("home.example").Done);
        homes.Bob.Join(homes.Zone.Invite(Role.Node, "bob"));
        homes.World.RunFor(10 * Second);
        Assert.True(homes.Bob.JoinEnd!.Value.Done, homes.Bob.JoinEnd.Value.Reason);
        Assert.Equal((alice, bob), (homes.Alice.Status.Member!.Own, homes.Bob.Status.Member!.Own));
        Assert.Equal(20, homes.Resolved().Talk(20));
        Assert.Equal(alias, homes.Alias);
    }
}
