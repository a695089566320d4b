namespace Ntm.Real.Tests.Gateway;

/// <summary>Ordinary connections of a home with two uplinks, through real kernels whose reverse path filter is strict.</summary>
public sealed class UplinkChoiceTests
{
    [NeedsRootFact("nft")]
    public void Connections_stay_on_their_uplink_and_new_ones_take_the_preferred() => StaysAndMoves(sameNetwork: false);

    [NeedsRootFact("nft")]
    public void Two_uplinks_may_have_the_same_network() => StaysAndMoves(sameNetwork: true);

    [NeedsRootFact("nft")]
    public void An_uplink_that_drops_everything_is_found_offline_and_comes_back()
    {
        using var world = new UplinkWorld();
        world.StartGateway();
        world.Join();
        TestNamespace.WaitFor(() => world.Standing("catv").RoundTripMs is not null && world.Standing("lte").RoundTripMs is not null, "answers by both uplinks");
        Assert.Equal(UplinkWorld.Catv, world.WayOf(world.Device));

        world.Routers[0].Run("sysctl -qw net.ipv4.ip_forward=0"); // ARP is answered, nothing else gets through
        world.Until("catv", "offline");
        Assert.Contains("nobody answers there", world.Standing("catv").Reason, StringComparison.Ordinal);
        Assert.True(world.Standing("lte").CarriesOrdinary);
        Assert.Equal(UplinkWorld.Lte, world.WayOf(world.Device));
        Assert.Contains("offline", world.Ntm("uplinks"), StringComparison.Ordinal);

        world.Routers[0].Run("sysctl -qw net.ipv4.ip_forward=1");
        world.Until("catv", "online");
        Assert.Equal(UplinkWorld.Catv, world.WayOf(world.Device));
    }

    [NeedsRootFact("nft")]
    public async Task Nothing_is_left_behind_and_after_a_kill_the_next_start_takes_it_away()
    {
        using var world = new UplinkWorld();
        world.Home.Run("ip rule add priority 14000 from 198.51.100.77 lookup 77"); // the owner's
        world.StartGateway();
        TestNamespace.WaitFor(() => world.LeftOver().Contains("ntm_gateway_uplinks", StringComparison.Ordinal), "rules");
        Assert.Contains("14941:", world.LeftOver(), StringComparison.Ordinal);
        world.Home.Run($"nft delete table inet ntm_gateway_uplinks");
        TestNamespace.WaitFor(() => world.Home.Try("nft list table inet ntm_gateway_uplinks"), "rules that others took away are back");
        Assert.Equal(0, await world.Program!.TerminateAsync());
        Assert.Equal("", world.LeftOver());

        world.StartGateway();
        world.Program.Kill();
        Assert.NotEqual("", world.LeftOver());
        world.StartGateway(uplinks: 1);
        Assert.Equal("", world.LeftOver());
        Assert.Contains("198.51.100.77", world.Home.Run("ip rule show"), StringComparison.Ordinal);
    }

    private static void StaysAndMoves(bool sameNetwork)
    {
        using var world = new UplinkWorld(sameNetwork);
        world.StartGateway();
        using var first = world.Connect(world.Device);
        using var own = world.Connect(world.Home);
        Assert.Equal((UplinkWorld.Catv, UplinkWorld.Catv), (first.Way, own.Way));

        // The owner prefers the other: what is there stays, what is new goes there.
        Assert.Contains("lte, catv", world.Ntm("uplinks prefer lte"), StringComparison.Ordinal);
        Assert.Equal((UplinkWorld.Lte, UplinkWorld.Lte), (world.WayOf(world.Device), world.WayOf(world.Home)));
        Assert.True(first.Works(), "the device's connection");
        Assert.True(own.Works(), "the gateway's own connection");
        using var second = world.Connect(world.Device);
        world.Ntm("uplinks use catv");
        Assert.Equal(UplinkWorld.Catv, world.WayOf(world.Device));
        Assert.True(second.Works());
        Assert.True(first.Works());
        world.Ntm("uplinks use auto");

        // Its cable is pulled.
        world.Routers[1].Run("ip link set lan0 down");
        world.Until("lte", "connecting");
        Assert.Equal((UplinkWorld.Catv, UplinkWorld.Catv), (world.WayOf(world.Device), world.WayOf(world.Home)));
        Assert.True(first.Works());
        Assert.Contains("There are: catv, lte.", Assert.Throws<InvalidOperationException>(() => world.Ntm("uplinks use dsl")).Message, StringComparison.Ordinal);

        // The device itself goes.
        world.Home.Run("ip link delete wan1");
        world.Until("lte", "absent");
        Assert.True(first.Works());
        Assert.Equal(UplinkWorld.Catv, world.WayOf(world.Device));
    }

}
