using Ntm.Box.Links;
using Ntm.Box.Os;
using Ntm.Box.Story;

namespace Ntm.Box.Handover;

/// <summary>The rows, in the order they are run and printed.</summary>
internal static class HandoverRows
{
    private const int FullRate = 20_000_000, FullBuffer = 1_000_000; // bits a second; bytes: 400 ms of them
    private const int FillPort = 7012;

    private static readonly TimeSpan RoundTrip = HandoverLand.LinkDelay * 4;
    private static readonly HandoverGoal Planned = new() { Lost = 0, Twice = 0, Gap = TimeSpan.FromMilliseconds(4) };
    private static readonly HandoverGoal Noticed = new() { Lost = 0, Twice = 0, Gap = RoundTrip + TimeSpan.FromMilliseconds(50) };
    private static readonly HandoverGoal Silent = new() { Lost = 0, Twice = 0, Gap = (RoundTrip * 3) + TimeSpan.FromMilliseconds(200) };
    private static readonly HandoverGoal Still = new() { Lost = 0, Twice = 0, Switches = 0 };

    public static IReadOnlyList<HandoverRow> All { get; } =
    [
        new("planned", "planned change (the owner's word), and back", PairKind.Direct, Planned, p => UseAsync(p, p.One.Uplinks[1].Name), p => UseAsync(p, p.One.Uplinks[0].Name))
        {
            WatchBack = TimeSpan.FromSeconds(3), Lacks = LacksUseAsync, After = p => UseAsync(p, "auto"),
        },
        new("carrier", "carrier lost (provider's side)", PairKind.Direct, Noticed, p => Carrier(p.Here, false), p => Carrier(p.Here, true)),
        new("link-down", "interface taken down (own side)", PairKind.Direct, Noticed, p => p.Here.PullAsync(p.Stop), p => p.Here.GiveAsync(p.Stop)),
        new("address", "address lost", PairKind.Direct, Noticed, p => p.Here.TakeAddressesAsync(p.Stop), p => p.Here.GiveAsync(p.Stop)),
        new("black-hole", "silent black hole", PairKind.Direct, Silent, p => Deafen(p, true, true), p => Deafen(p, false, false)),
        new("black-hole-out", "silent black hole, outbound alone", PairKind.Direct, Silent, p => Deafen(p, true, false), p => Deafen(p, false, false)),
        new("black-hole-in", "silent black hole, inbound alone", PairKind.Direct, Silent, p => Done(() => p.HereIn.Link.Deafen(outbound: false, inbound: true)), p => Done(() => p.HereIn.Link.Deafen(outbound: false, inbound: false))),
        new("stall", "stall of 300 ms", PairKind.Direct, Still, p => Done(() => p.Here.Link.Stall(TimeSpan.FromMilliseconds(300))), _ => Task.CompletedTask),
        new("full-buffer", "full buffer (20 Mb/s beyond the stream, 400 ms)", PairKind.Direct, Still with { Lost = null }, FillAsync, p => Done(() => p.HereIn.Link.Set(new LinkConditions(HandoverLand.LinkDelay)))),
        new("both-move", "both ends move at once", PairKind.Direct, new() { Lost = 0, Twice = 0, Gap = TimeSpan.FromSeconds(1) }, BothAsync(false), BothAsync(true)),
        new("coordinator-away", "carrier lost, coordinator away", PairKind.Direct, Noticed, p => Carrier(p.Here, false), async p =>
        {
            await Carrier(p.Here, true);
            await p.Programs.StartCoordinatorAsync();
        })
        {
            Prepare = p => p.Programs.Coordinator!.EndAsync(Signals.Kill, TimeSpan.FromSeconds(10), p.Stop),
        },
        new("gateway", "gateway killed and started again", PairKind.Direct, new() { Twice = 0, Gap = TimeSpan.FromSeconds(3) }, p => p.RestartGatewayAsync(), _ => Task.CompletedTask),
        new("six-four", "IPv6-only to IPv4-only uplink, and back", PairKind.SixAndFour, Noticed, p => Carrier(p.Here, false), p => Carrier(p.Here, true)) { WatchBack = TimeSpan.FromSeconds(9) },
        new("relay-direct", "the same, relayed before and direct after", PairKind.SixAndFourToFour, Noticed, p => Carrier(p.Here, false), p => Carrier(p.Here, true)) { WatchBack = TimeSpan.FromSeconds(9) },
        new("relay", "silent death of the relay in use", PairKind.Relayed, new() { Twice = 0, Gap = TimeSpan.FromSeconds(1) },
            p => p.Land.ConnectRelayAsync(p.Relay, false, p.Stop), p => p.Land.ConnectRelayAsync(p.Relay, true, p.Stop)),
    ];

    private static Task Done(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private static Task Carrier(WiredUplink uplink, bool isThere) => Done(() => uplink.Link.SetCarrier(isThere));

    private static Task Deafen(HandoverPair pair, bool outbound, bool inbound) => Done(() => pair.Here.Link.Deafen(outbound, inbound));

    private static Func<HandoverPair, Task> BothAsync(bool isThere) => p => Done(() =>
    {
        p.Here.Link.SetCarrier(isThere);
        p.There.Link.SetCarrier(isThere);
    });

    /// <summary>A second download, as fast as TCP goes, fills the link's buffer towards the home.</summary>
    private static async Task FillAsync(HandoverPair pair)
    {
        var stream = (long)pair.Uplinks.Max(u => u.Link.Marked.Most) * 8 * pair.PacketsPerSecond;
        var rate = FullRate + stream;
        pair.HereIn.Link.Set(new LinkConditions(HandoverLand.LinkDelay) { Rate = rate, Buffer = (int)(FullBuffer * (rate / (double)FullRate)) });
        using var filling = Download.Start(pair.One.Device, pair.Alias, pair.Other.Device, FillPort, 0);
        await Task.Delay(TimeSpan.FromSeconds(4), pair.Stop);
        filling.End(TimeSpan.FromSeconds(20));
    }

    private static async Task<string?> LacksUseAsync(HandoverPair pair)
    {
        var help = await pair.Programs.NtmAsync(pair.One, "uplinks", "--help");
        return help.Out.Contains(" use ", StringComparison.Ordinal) || help.Out.Contains("use <", StringComparison.Ordinal) ? null : "`ntm uplinks use` does not exist";
    }

    private static async Task UseAsync(HandoverPair pair, string uplink) =>
        await Asking.MustAsync(pair.Programs.NtmAsync(pair.One, "uplinks", "use", uplink));
}
