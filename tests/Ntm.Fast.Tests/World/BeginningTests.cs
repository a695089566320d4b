using System.Net;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Simulation;
using Xunit.Abstractions;

namespace Ntm.Fast.Tests.World;

/// <summary>Beginnings: both sides at the same instant, and a machine that boots in 1970.</summary>
public sealed class BeginningTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(10, 10)]
    [InlineData(5, 80)]
    [InlineData(80, 5)]
    public void Both_sides_that_start_at_the_same_instant_agree(int alicesMilliseconds, int bobsMilliseconds)
    {
        var worst = TimeSpan.Zero;
        for (ulong seed = 1; seed <= 10; seed++)
        {
            // New keys with each world, so that each side is the one of the lower key now and then; new ephemeral keys with each start.
            var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted, seed);
            homes.World.Flow.IsRecording = false;
            homes.Alice.Home.Wire.Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(alicesMilliseconds) };
            homes.Bob.Home.Wire.Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(bobsMilliseconds) };
            homes.Tv.Echoes.Add(9);
            Assert.True(homes.Alice.Publish(homes.Tv, "tv").Done);
            for (var start = 0; start < 10; start++)
            {
                homes.Alice.Start(Forgotten);
                homes.Bob.Start(Forgotten);
                homes.World.RunFor(TimeSpan.FromSeconds(1.5));
                var took = StartAtOnce(homes);
                worst = took > worst ? took : worst;
            }

            Assert.Empty(homes.Alice.Warnings);
            Assert.Empty(homes.Bob.Warnings);
        }

        output.WriteLine($"latencies {alicesMilliseconds} and {bobsMilliseconds} ms: both answered within {worst.TotalMilliseconds:0} ms at worst");
        Assert.True(worst < TimeSpan.FromMilliseconds(100 + (10 * (alicesMilliseconds + bobsMilliseconds))), $"{worst.TotalMilliseconds} ms");

        static bool Forgotten(StoreWrite write) => write.Collection is not ("peer" or "pin" or "name");
    }

    [Theory]
    [InlineData(NatKind.PortRestricted)]
    [InlineData(NatKind.Symmetric)]
    public void A_reboot_with_the_clock_at_1970_is_back_within_3_s(NatKind kind)
    {
        var homes = new TwoHomes(kind, kind).Resolved();
        Assert.Equal(100, homes.Talk(100));
        homes.Alice.Home.Router.Reboot();
        homes.World.RunFor(TimeSpan.FromSeconds(20));   // as long as a small machine takes
        homes.Alice.Home.Router.WallSkew = DateTimeOffset.UnixEpoch - SimClock.Epoch;
        homes.Alice.Start();
        Assert.InRange(homes.Alice.Home.Router.Now.Wall.Year, 1970, 1970);
        var began = homes.World.Clock.Elapsed;
        var before = homes.Tv.Received.Count;
        for (var i = 0; homes.Tv.Received.Count == before; i++)
        {
            // The television goes on with the alias it knows.
            Assert.True(homes.World.Clock.Elapsed - began < TimeSpan.FromSeconds(3), homes.Story());
            homes.Tv.SendUdp(homes.Alias, 5000, 7, BitConverter.GetBytes(-1 - i));
            homes.World.RunFor(TimeSpan.FromMilliseconds(50));
        }

        output.WriteLine($"{kind}: back after {(homes.World.Clock.Elapsed - began).TotalMilliseconds:0} ms");
        Assert.Equal(50, homes.Talk(50));
        Assert.Equal(NameVerdict.Found, homes.Ask("nas.bob.home.example").Verdict);

        // Later a time service sets the clock; nothing happens.
        homes.Alice.Home.Router.WallSkew = TimeSpan.Zero;
        Assert.Equal(200, homes.Talk(200, 1000));
    }

    private static TimeSpan StartAtOnce(TwoHomes homes)
    {
        var began = homes.World.Clock.Elapsed;
        var (alices, bobs) = (homes.Alice.Ask("nas.bob.home.example"), homes.Bob.Ask("tv.alice.home.example"));
        Assert.True(homes.World.RunUntil(() => homes.Alice.Answered(alices) is not null && homes.Bob.Answered(bobs) is not null, TimeSpan.FromSeconds(2)));
        var (nas, tv) = (homes.Alice.Answered(alices)!, homes.Bob.Answered(bobs)!);
        Assert.True(nas.Verdict == NameVerdict.Found && tv.Verdict == NameVerdict.Found, nas.Reason + tv.Reason);
        var (tvs, nass) = (homes.Tv.Received.Count, homes.Nas.Received.Count);
        homes.Tv.SendUdp(Address(nas.Alias), 5000, 7, "to the NAS"u8);
        homes.Nas.SendUdp(Address(tv.Alias), 6000, 9, "to the television"u8);
        Assert.True(homes.World.RunUntil(
            () => homes.Tv.Received.Skip(tvs).Any(p => p.To == 5000) && homes.Nas.Received.Skip(nass).Any(p => p.To == 6000), TimeSpan.FromSeconds(3)), homes.Story());
        return homes.World.Clock.Elapsed - began;
    }

    private static IPAddress Address(uint alias) => new([(byte)(alias >> 24), (byte)(alias >> 16), (byte)(alias >> 8), (byte)alias]);
}
