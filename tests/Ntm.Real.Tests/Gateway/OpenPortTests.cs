namespace Ntm.Real.Tests.Gateway;

/// <summary>The gateway has its port opened by Debian's miniupnpd, behind a NAT of nftables that maps by destination.</summary>
public sealed class OpenPortTests
{
    private const string OnlyNatPmp = "iifname \"lan0\" udp dport 5351 @th,64,8 2 drop"; // PCP's first byte
    private const string OnlyUpnp = "iifname \"lan0\" udp dport 5351 drop";

    [NeedsRootFact("miniupnpd", "nft", "turnserver")]
    public async Task By_NAT_PMP_where_PCP_is_not_heard()
    {
        using var world = new PortWorld();
        world.StartUpnp();
        world.Refuse(OnlyNatPmp);
        world.Up();
        Assert.Equal($"{PortWorld.Outside}:{PortWorld.Port}", world.UntilOpen("NAT-PMP").Address);
        Assert.True(world.IsReachedByStranger(PortWorld.Outside, PortWorld.Port));
        await world.StopGatewayAsync();
        Assert.False(world.IsForwarded());
    }

    [NeedsRootFact("miniupnpd", "nft", "turnserver")]
    public async Task By_UPnP_version_2_and_1_where_nothing_else_is()
    {
        using var world = new PortWorld();
        world.StartUpnp();
        world.Refuse(OnlyUpnp);
        world.Up();
        Assert.Equal($"{PortWorld.Outside}:{PortWorld.Port}", world.UntilOpen("UPnP").Address);
        Assert.Contains("AddAnyPortMapping", world.UpnpLog, StringComparison.Ordinal);
        Assert.True(world.IsReachedByStranger(PortWorld.Outside, PortWorld.Port));
        await world.StopGatewayAsync();
        Assert.False(world.IsForwarded());

        world.StartUpnp("force_igd_desc_v1=yes");
        world.StartGateway();
        world.UntilOpen("UPnP");
        Assert.DoesNotContain("AddAnyPortMapping", world.UpnpLog, StringComparison.Ordinal);
        Assert.True(world.IsReachedByStranger(PortWorld.Outside, PortWorld.Port));
        await world.StopGatewayAsync();
        Assert.False(world.IsForwarded());
    }

    [NeedsRootFact("miniupnpd", "nft")]
    public void A_box_without_a_public_address_is_told_in_words()
    {
        using var world = new PortWorld();
        world.StartUpnp(isPublic: false);
        world.Up();
        TestNamespace.WaitFor(() => world.PortOf("IPv4").Sentence.Contains("UPnP: ", StringComparison.Ordinal), "all protocols are refused");
        Assert.StartsWith(
            $"no port is open: the box at {PortWorld.Box} does not open one (PCP: it has no port to give, or no public address; NAT-PMP: it has no connection itself, or no public address; UPnP: ",
            world.PortOf("IPv4").Sentence, StringComparison.Ordinal);
        Assert.False(world.IsReachedByStranger(PortWorld.Outside, PortWorld.Port));
    }
}
