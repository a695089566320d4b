using Ntm.Fast.Tests.World;
using Ntm.Node.Paths.Hard;
using Ntm.Protocol;
using Xunit.Abstractions;

namespace Ntm.Fast.Tests.HardNats;

/// <summary>Homes behind hard NATs, with all of the product's cores: they start through the relay, turn direct where the arithmetic lets them, and lose nothing.</summary>
public sealed class HardPairTests(ITestOutputHelper output)
{
    private static TwoHomes Homes(string alices, string bobs, ulong seed = 7) =>
        new TwoHomes(h => h.Behind(HardNat.Behaviour(alices)), h => h.Behind(HardNat.Behaviour(bobs)), seed);

    [Theory]
    [InlineData(HardNat.PortRestricted, HardNat.Stepped)]
    [InlineData(HardNat.Busy, HardNat.PortRestricted)]
    [InlineData(HardNat.PortRestricted, HardNat.Preserving)]
    [InlineData(HardNat.Stepped, HardNat.Stepped)]
    [InlineData(HardNat.SteppedByTwo, HardNat.Busy)]
    [InlineData(HardNat.Stepped, HardNat.Preserving)]
    [InlineData(HardNat.Preserving, HardNat.Preserving)]
    public void Ports_that_can_be_predicted_are(string alices, string bobs)
    {
        foreach (var (a, b) in ((string, string)[])[(alices, bobs), (bobs, alices)])
        {
            var homes = Homes(a, b).Resolved();
            Assert.Equal(200, homes.Talk(200));
            Tell(homes, $"{a} - {b}");
            Assert.True(homes.AlicesPeer.Direct, homes.AlicesPeer.Reason);
            Assert.True(homes.Bob.Status.Peers.Single().Direct, homes.Bob.Status.Peers.Single().Reason);
            Assert.Equal(100, homes.Talk(100));
            Assert.InRange(homes.Alice.Home.Router.FurtherSockets + homes.Bob.Home.Router.FurtherSockets, 0, 2 * 8);
        }
    }

    /// <summary>Some seeds meet with the first trial, the others with a later one or never; the arithmetic is <see cref="MeetingTests"/>'. What must hold for all: nothing is lost.</summary>
    [Theory]
    [InlineData(HardNat.PortRestricted, HardNat.Scattered, 2)]
    [InlineData(HardNat.PortRestricted, HardNat.PortSet, 6)]
    public void Ports_without_a_pattern_are_searched(string easy, string hard, int least)
    {
        var met = 0;
        for (var seed = 1ul; seed <= 6; seed++)
        {
            var homes = (seed % 2 == 0 ? Homes(easy, hard, seed) : Homes(hard, easy, seed)).Resolved();
            Assert.Equal(700, homes.Talk(700));
            Tell(homes, $"{easy} - {hard}");
            met += homes.AlicesPeer.Direct ? 1 : 0;
            Assert.Equal(homes.AlicesPeer.Direct, homes.Bob.Status.Peers.Single().Direct);
            foreach (var home in (Ntm.Node.NodeStatus[])[homes.Alice.Status, homes.Bob.Status])
            {
                Assert.InRange(home.Counters.GetValueOrDefault("probes-sent"), 1, Limits.ProbeDatagrams);
            }
        }

        Assert.InRange(met, least, 6);
    }

    private void Tell(TwoHomes homes, string pair) => output.WriteLine(
        $"{pair}: {homes.AlicesPeer.Reason}; {string.Join(", ", homes.Alice.Status.Counters.Where(c => c.Key.StartsWith("probe", StringComparison.Ordinal)))}; bob {homes.Bob.Status.Peers.Single().Reason} "
        + $"{string.Join(", ", homes.Bob.Status.Counters.Where(c => c.Key.StartsWith("probe", StringComparison.Ordinal)))}; nats {homes.Alice.Status.Uplinks[0].NatMapping} | {homes.Bob.Status.Uplinks[0].NatMapping}; "
        + $"sockets {homes.Alice.Home.Router.FurtherSockets} {homes.Bob.Home.Router.FurtherSockets}, mappings {homes.Alice.Home.Nat!.MostMappings} {homes.Bob.Home.Nat!.MostMappings}");
}
