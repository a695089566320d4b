using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>Through everything between two homes: whoever is refused hears of it.</summary>
public sealed class RefusalTests
{
    [Fact]
    public void A_device_that_is_no_longer_published_is_said_to_be_prohibited()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        Assert.Equal(5, homes.Talk(5));
        Assert.True(homes.Bob.Core.Unpublish(homes.Bob.Home.Router.Now, homes.Nas.Mac).Done);
        homes.Tv.SendUdp(homes.Alias, 6000, 7, [1]);
        homes.World.RunFor(TimeSpan.FromSeconds(1));
        var heard = homes.Tv.Received[^1];
        Assert.Equal((IpContent.IcmpOther, 3, 10), (heard.Content, heard.From, heard.To));
        Assert.Empty(homes.Tv.Broken);
    }
}
