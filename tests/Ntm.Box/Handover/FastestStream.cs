using System.Net;
using Ntm.Box.Links;
using Ntm.Box.Os;

namespace Ntm.Box.Handover;

/// <summary>How fast a stream may be, both ways at once, until more than one packet in a thousand is lost.</summary>
internal static class FastestStream
{
    private static readonly int[] Megabits = [50, 100, 150, 200, 250, 300, 350, 400, 500, 600, 800, 1000];
    private static readonly TimeSpan Each = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan Draining = TimeSpan.FromMilliseconds(700);

    /// <returns>Mb/s of the devices' packets, each way; the least of all that are tried where even that is too much.</returns>
    public static async Task<int> BetweenAsync(NetworkNamespace one, string address, NetworkNamespace other, CancellationToken stop)
    {
        var ends = await StreamEnd.PairAsync(one, address, other, stop);
        using var here = ends.One;
        using var there = ends.Other;
        var good = Megabits[0];
        foreach (var megabits in Megabits)
        {
            var rate = StreamRate.Of(megabits);
            there.Begin(-megabits, rate);
            here.Begin(-megabits, rate);
            await Task.Delay(Each, stop);
            here.Stop();
            there.Stop();
            await Task.Delay(Draining, stop);
            var reading = here.Read(there) + there.Read(here);
            if (reading.Lost > reading.Sent / 1000 || reading.Sent < 2 * 0.95 * rate.PacketsPerSecond * Each.TotalSeconds)
            {
                break;
            }

            good = megabits;
        }

        return good;
    }

    /// <summary>The same of a link with nothing else between its ends.</summary>
    public static async Task<int> OfLinkAsync(Copy copy, CancellationToken stop)
    {
        var (one, other) = (await copy.NamespaceAsync("link-a", stop), await copy.NamespaceAsync("link-b", stop));
        using var link = Link.Lay((one, "end0"), (other, "end0"), seed: 1);
        link.Set(new LinkConditions(HandoverLand.LinkDelay * 2));
        var far = IPAddress.Parse("192.0.2.2");
        await one.IpAsync(stop, "addr add 192.0.2.1/24 dev end0", "link set end0 txqueuelen 4000 up");
        await other.IpAsync(stop, $"addr add {far}/24 dev end0", "link set end0 txqueuelen 4000 up");
        return await BetweenAsync(one, far.ToString(), other, stop);
    }
}
