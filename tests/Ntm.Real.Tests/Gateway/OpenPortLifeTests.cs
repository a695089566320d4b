namespace Ntm.Real.Tests.Gateway;

/// <summary>A port that Debian's miniupnpd opened by PCP, from its opening to its end.</summary>
public sealed class OpenPortLifeTests
{
    [NeedsRootFact("miniupnpd", "nft", "turnserver")]
    public async Task Strangers_get_in_also_after_a_restart_of_the_box_and_a_renewal_and_no_longer_than_the_gateway_runs()
    {
        using var world = new PortWorld();
        world.StartUpnp();
        world.Up();
        var four = world.UntilOpen("PCP");
        Assert.Equal($"{PortWorld.Outside}:{PortWorld.Port}", four.Address);
        Assert.Contains($"port {PortWorld.Port} is open at {PortWorld.Outside}:{PortWorld.Port} by PCP", world.Ntm("uplinks"), StringComparison.Ordinal);
        Assert.Equal($"[{PortWorld.Gateway6}]:{PortWorld.Port}", world.UntilOpen("PCP", "IPv6").Address);
        Assert.True(world.IsReachedByStranger(PortWorld.Outside, PortWorld.Port));
        Assert.False(world.IsReachedByStranger(PortWorld.Outside, PortWorld.Port + 1));
        Assert.True(world.IsReachedByStranger(PortWorld.Gateway6, PortWorld.Port));

        world.Reboot("max_lifetime=20\nmin_lifetime=12");
        Assert.False(world.IsForwarded());
        TestNamespace.WaitFor(world.IsForwarded, "the port is open again"); // the box announces itself; a renewal would be due in half an hour
        Assert.True(world.IsReachedByStranger(PortWorld.Outside, PortWorld.Port));

        // Renewed at half of the 20 s that it gives now.
        TestNamespace.WaitFor(() => world.UpnpLog.Split($"added mapping UDP {PortWorld.Port}->{PortWorld.Gateway}").Length > 2, "a renewal");

        await world.StopGatewayAsync();
        Assert.False(world.IsForwarded());
    }
}
