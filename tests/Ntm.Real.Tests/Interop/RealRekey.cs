namespace Ntm.Real.Tests.Interop;

/// <summary>
/// The keys' own renewal after 120 s (whitepaper section 6.2), in both roles at once. Costs about 125 s of waiting and next to no computing; a
/// class of its own, so that it runs beside the others.
/// </summary>
public sealed class RealRekey
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(125);

    [NeedsRootFact("wireguard-go", "wg", "ping")]
    [Trait("cost", "125 s")]
    public async Task After_two_minutes_of_traffic_the_side_that_began_makes_a_new_key_and_nothing_is_lost()
    {
        using var ours = new InteropPair(weKnow: true, theyKnow: false);
        using var theirs = new InteropPair(weKnow: false, theyKnow: true);
        ours.PingFromUs(1);
        theirs.PingFromThem(1);
        var oursBefore = ours.Us.Ask(() => ours.Us.Core.Tunnel.LastHandshake)!.Value;
        var theirsBefore = theirs.Us.Ask(() => theirs.Us.Core.Tunnel.LastHandshake)!.Value;
        var theirWordBefore = theirs.Them.LatestHandshake!.Value;

        var count = (int)(Length.TotalSeconds * 5);
        var pings = await Task.WhenAll(
            Task.Run(() => ours.OurSide.Run($"ping -q -c {count} -i 0.2 -W 2 {InteropPair.TheirInside}", Length * 1.5)),
            Task.Run(() => theirs.TheirSide.Run($"ping -q -c {count} -i 0.2 -W 2 {InteropPair.OurInside}", Length * 1.5)));

        Assert.All(pings, ping => Assert.Contains(" 0% packet loss", ping));
        var oursAfter = ours.Us.Ask(() => ours.Us.Core.Tunnel.LastHandshake)!.Value;
        var theirsAfter = theirs.Us.Ask(() => theirs.Us.Core.Tunnel.LastHandshake)!.Value;
        Assert.InRange((oursAfter - oursBefore).TotalSeconds, 120, 124);
        Assert.InRange((theirsAfter - theirsBefore).TotalSeconds, 119, 124); // as responder we date it by the confirmation
        Assert.InRange((theirs.Them.LatestHandshake!.Value - theirWordBefore).TotalSeconds, 119, 124);
    }
}
