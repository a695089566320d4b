using System.Diagnostics;
using Ntm.Box.Story;

namespace Ntm.Box.Handover;

/// <summary>An uplink falls silent, and comes back: when the gateway says so, by its own interface, asked every 50 ms.</summary>
internal sealed class Declared(HandoverPair pair, int rounds, Teller tell)
{
    /// <summary>For the command line.</summary>
    public const string Key = "declared";

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(2);

    public async Task<IReadOnlyList<DeclaredSeen>> RunAsync()
    {
        tell.Begin(Key, "An uplink falls silent and comes back: what the gateway says of it, under traffic and idle");
        var under = await UnderTrafficAsync();
        return [under, await IdleAsync()];
    }

    private async Task<DeclaredSeen> UnderTrafficAsync()
    {
        pair.Mark(StreamRate.Slow);
        await pair.IsWarmAsync(Longest);
        var (one, other) = await StreamEnd.PairAsync(pair.One.Device, pair.Alias, pair.Other.Device, pair.Stop);
        using var oneEnds = one;
        using var otherEnds = other;
        other.Begin(0, StreamRate.Slow);
        one.Begin(0, StreamRate.Slow);
        return await RoundsAsync("under traffic, of the uplink that carries it", "<= 1 s; as the owner set", async () =>
        {
            await pair.IsHomeAgainAsync(TimeSpan.FromSeconds(9));
            await pair.LookAsync();
            return pair.Here;
        });
    }

    private Task<DeclaredSeen> IdleAsync() =>
        RoundsAsync("idle, of the preferred uplink", "<= 5 s; as the owner set", () => Task.FromResult(pair.One.Uplinks[0]));

    private async Task<DeclaredSeen> RoundsAsync(string what, string goal, Func<Task<WiredUplink>> which)
    {
        var (down, up) = (new List<double>(), new List<double>());
        for (var i = 0; i < rounds; i++)
        {
            await Task.Delay(Between, pair.Stop);
            var uplink = await which();
            uplink.Link.Deafen(outbound: true, inbound: true);
            var away = await UntilAsync(uplink, isOnline: false);
            uplink.Link.Deafen(outbound: false, inbound: false);
            var back = await UntilAsync(uplink, isOnline: true);
            tell.Say($"{what}: {uplink.Name} was declared down {Said(away)}, and usable again {Said(back)}");
            if (away is not { } seconds)
            {
                // It has no way to find out: once is enough to see that.
                break;
            }

            down.Add(seconds);
            if (back is { } again)
            {
                up.Add(again);
            }
        }

        return new(what, goal, down, up, rounds);
    }

    /// <returns>Seconds; null: it never said so.</returns>
    private async Task<double?> UntilAsync(WiredUplink uplink, bool isOnline)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Longest)
        {
            if (await pair.Programs.At(pair.One).ConditionAsync(uplink.Name, pair.Stop) is "online" or "usable" == isOnline)
            {
                return watch.Elapsed.TotalSeconds;
            }

            await Task.Delay(50, pair.Stop);
        }

        return null;
    }

    private static string Said(double? seconds) =>
        seconds is { } s ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"after {s:0.00} s") : $"not within {Longest.TotalSeconds:0} s";
}
