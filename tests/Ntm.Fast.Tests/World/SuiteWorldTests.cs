using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>Homes with and without AES instructions, by way of registration and direction.</summary>
public sealed class SuiteWorldTests
{
    [Theory]
    [InlineData(true, true, CipherSuite.Aes256Gcm)]
    [InlineData(true, false, CipherSuite.ChaCha20Poly1305)]
    [InlineData(false, true, CipherSuite.ChaCha20Poly1305)]
    [InlineData(false, false, CipherSuite.ChaCha20Poly1305)]
    public void Two_homes_seal_by_the_best_that_both_have(bool alices, bool bobs, CipherSuite expected)
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted);
        Restart(homes.Alice, alices);
        Restart(homes.Bob, bobs);
        homes.World.RunFor(TimeSpan.FromSeconds(2));
        homes.Resolved();
        Assert.Equal(50, homes.Talk(50));
        Assert.Equal(expected, homes.Alice.Status.Peers.Single().Suite);
        Assert.Equal(expected, homes.Bob.Status.Peers.Single().Suite);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_home_that_comes_back_with_other_suites_is_reached_again(bool askersSide)
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted).Resolved();
        Assert.Equal(50, homes.Talk(50));
        Assert.Equal(CipherSuite.Aes256Gcm, homes.Alice.Status.Peers.Single().Suite);
        var changed = askersSide ? homes.Alice : homes.Bob;
        changed.Home.Router.Stop();
        homes.World.RunFor(TimeSpan.FromSeconds(1));
        Restart(changed, aes: false);

        // Both remember the other's former directions: the first handshake fails, the coordinator directs both anew, the second one is good.
        Assert.True(
            homes.World.RunUntil(() => changed.Status.Peers.Single().Suite == CipherSuite.ChaCha20Poly1305, Limits.RekeyTimeout * 3), homes.Story());
        homes.World.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(50, homes.Talk(50));
    }

    private static void Restart(HomeRouter node, bool aes)
    {
        node.Suites = aes ? CipherSuites.Aes256Gcm : CipherSuites.None;
        node.Start();
    }
}
