using System.Globalization;
using System.Text.RegularExpressions;
using Ntm.Box.Links;
using Ntm.Box.Os;
using Ntm.Box.Story;

namespace Ntm.Box.Handover;

/// <summary>Runs the rows, round by round, and says what was observed: by the stream's own numbers, by frames counted on the links, by Debian's ping and socat.</summary>
/// <param name="rates">A null among them: the fastest that the box carries.</param>
/// <param name="declares">Whether it is looked how soon uplinks are declared down and usable.</param>
internal sealed partial class HandoverTable(Copy copy, Programs built, IReadOnlyList<HandoverRow> rows, IReadOnlyList<StreamRate?> rates, bool declares, int rounds, Teller tell, CancellationToken stop) : IDisposable
{
    private const int DownloadRate = 1_000_000, DownloadPort = 7011;

    private static readonly TimeSpan Before = TimeSpan.FromMilliseconds(800);
    private static readonly TimeSpan Draining = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan WarmBy = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan RelayedWarmBy = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan BackBy = TimeSpan.FromSeconds(9);

    private readonly Dictionary<PairKind, HandoverPair> pairs = [];
    private readonly List<RowSeen> seen = [];
    private HandoverLand? laid;
    private HandoverPrograms? programs;
    private string fastest = "";
    private bool comesBack = true;
    private int run;

    private HandoverLand Land => laid ?? throw new InvalidOperationException("the internet is not laid yet");

    private HandoverPrograms Programs => programs ?? throw new InvalidOperationException("nothing was started yet");

    public async Task<string> RunAsync()
    {
        tell.Begin("networks", "An internet, a coordinator, two relays, and homes with several uplinks behind links of our own");
        laid = await HandoverLand.LayAsync(copy, stop);
        programs = new HandoverPrograms(copy, built, Land, stop);
        await Programs.StartServersAsync();
        foreach (var kind in rows.Select(r => r.Pair).Concat(declares ? [PairKind.Direct] : []).Distinct())
        {
            pairs.Add(kind, await MeetAsync(kind));
            tell.Say($"{pairs[kind].One.Name} ({Names(pairs[kind].One)}) and {pairs[kind].Other.Name} ({Names(pairs[kind].Other)}) have met");
        }

        foreach (var rate in await RatesAsync())
        {
            foreach (var row in rows)
            {
                await RowAsync(row, rate);
            }
        }

        var declared = declares ? await new Declared(pairs[PairKind.Direct], rounds, tell).RunAsync() : [];
        var text = HandoverText.Of(seen, declared, fastest);
        tell.Plain("");
        tell.Plain(text);
        return text;
    }

    public void Dispose()
    {
        programs?.Dispose();
        laid?.Dispose();
    }

    private static string Names(HandoverHome home) => string.Join(", ", home.Uplinks.Select(u => u.Name));

    private async Task<HandoverPair> MeetAsync(PairKind kind)
    {
        UplinkPlan six = new("six") { HasIPv4 = false, HasIPv6 = true }, both = new("fibre") { HasIPv6 = true };
        var (one, plans, other, others) = kind switch
        {
            PairKind.Direct => ("alice", new UplinkPlan[] { new("catv"), new("wifi"), new("lte") }, "bob", new UplinkPlan[] { new("fibre"), new("lte") }),
            PairKind.Relayed => ("carol", [new("catv"), new("wifi")], "dave", [new("fibre"), new("lte")]),
            PairKind.SixAndFour => ("erin", [six, new("four")], "frank", [both]),
            _ => ("grace", [six, new("four")], "henry", [new("fibre")]),
        };
        var (here, there) = (await Land.AddHomeAsync(one, plans, stop), await Land.AddHomeAsync(other, others, stop));
        if (kind == PairKind.Relayed)
        {
            await Land.KeepApartAsync(here, there, stop);
        }

        await Programs.JoinAsync(here);
        await Programs.JoinAsync(there);
        Exchange.Serve(copy, there.Name + "/echo", there.Device);
        return new HandoverPair(Land, Programs, here, there, await Programs.AliasAsync(here, there), stop);
    }

    /// <summary>The fastest is found out, where it is asked for: four fifths of what the box carries.</summary>
    private async Task<IReadOnlyList<StreamRate>> RatesAsync()
    {
        var found = rates.OfType<StreamRate>().ToList();
        if (rates.Contains(null))
        {
            tell.Begin("fastest", "How much the links carry by themselves, and how much the box does: a stream each way, at most one packet in a thousand lost");
            var alone = await FastestStream.OfLinkAsync(copy, stop);
            var pair = pairs.Values.First();
            await pair.IsWarmAsync(WarmBy);
            var carried = await FastestStream.BetweenAsync(pair.One.Device, pair.Alias, pair.Other.Device, stop);
            fastest = string.Create(
                CultureInfo.InvariantCulture, $"One link by itself carries {alone} Mb/s each way at 20 ms; two homes by two links carry {carried} Mb/s each way, of which the fastest stream here takes four fifths.");
            tell.Say(fastest);
            found.Add(StreamRate.Of(carried * 4 / 5));
        }

        return found;
    }

    private async Task RowAsync(HandoverRow row, StreamRate rate)
    {
        var pair = pairs[row.Pair];
        tell.Begin(row.Key, $"{row.Event}, {rate.Name}");
        if (row.Lacks is not null && await row.Lacks(pair) is { } lack)
        {
            tell.Say($"left out: {lack}");
            seen.Add(new(row, rate, [], "") { Lack = lack });
            return;
        }

        pair.Mark(rate);
        await Programs.RegisteredAsync(pair.One);
        await Programs.RegisteredAsync(pair.Other);
        var name = $"{pair.One.Name}/{row.Key}-{rate.PacketsPerSecond}";
        var (one, other) = await StreamEnd.PairAsync(pair.One.Device, pair.Alias, pair.Other.Device, stop);
        using var oneEnds = one;
        using var otherEnds = other;
        using var download = Download.Start(pair.One.Device, pair.Alias, pair.Other.Device, DownloadPort, DownloadRate);
        var exchange = Exchange.Start(copy, name + "-exchange", pair.One.Device, pair.Alias);
        var ping = Child.Start(copy, name + "-ping", pair.One.Device.Inside("ping", "-n", "-i", "0.1", "-W", "1", HandoverLand.ServerAddress));
        var list = new List<RoundSeen>();
        for (var i = 0; i < rounds; i++)
        {
            list.Add(await RoundAsync(row, pair, rate, one, other, download));
            tell.Say(HandoverText.Round(list[^1]));
        }

        if (row.After is not null)
        {
            await row.After(pair);
        }

        var finished = await Task.Run(() => download.End(TimeSpan.FromSeconds(60)), stop);
        var report = await exchange.EndAsync(stop);
        await ping.EndAsync(Signals.Interrupt, TimeSpan.FromSeconds(10), stop);
        var pings = Pings(string.Join(' ', ping.Tail(3)));
        var besides = string.Create(
            CultureInfo.InvariantCulture,
            $"download {(finished ? "whole" : "BROKEN")}, {download.Fetched / 1e6:0} MB; {(report.InOrder ? "" : "OUT OF ORDER: ")}{report.Count} lines said and echoed, longest silence {report.Silence.TotalSeconds:0.0} s; {pings} pings of the internet lost");
        tell.Say(besides);
        seen.Add(new(row, rate, list, besides));
    }

    private async Task<RoundSeen> RoundAsync(HandoverRow row, HandoverPair pair, StreamRate rate, StreamEnd one, StreamEnd other, Download download)
    {
        var warm = await pair.IsWarmAsync(row.Pair == PairKind.Relayed ? RelayedWarmBy : WarmBy);
        if (comesBack)
        {
            comesBack = await pair.IsHomeAgainAsync(BackBy);
        }

        if (row.Prepare is not null)
        {
            await row.Prepare(pair);
        }

        var (marked, full, beyond) = (pair.Marked, pair.Full, await BeyondAsync(pair));
        Begin(one, other, rate);
        await Task.Delay(Before, stop);
        await pair.LookAsync();
        var on = $"{pair.Here.Name}{(pair.HereIn == pair.Here ? "" : $" (back by {pair.HereIn.Name})")} to {pair.There.Name}";
        download.TakeSilence();
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var switches = SwitchesAsync(pair, watching.Token);
        await row.Strike(pair);
        await WatchAsync(row.Watch, one, other);
        if (row.WatchBack is { } back)
        {
            await row.Undo(pair);
            await WatchAsync(back, one, other);
        }

        var goesOn = GoesOn(one, other);
        var reading = await EndAsync(one, other);
        await watching.CancelAsync();
        var changed = await switches;
        if (row.WatchBack is null)
        {
            await row.Undo(pair);
        }

        return new(
            reading, changed, Math.Max(0, pair.Marked - marked - reading.Sent), await BeyondAsync(pair) - beyond, pair.Full - full, download.TakeSilence(), warm, goesOn)
        {
            On = on,
        };
    }

    /// <summary>Pings that were lost; the last one may have been under way at the end.</summary>
    private static string Pings(string said)
    {
        var counted = PingCounts().Match(said);
        return counted.Success
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, Number(1) - Number(2) - 1)} of {Number(1)}")
            : "an unknown number of";

        int Number(int group) => int.Parse(counted.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"(\d+) packets transmitted, (\d+) received")]
    private static partial Regex PingCounts();

    private void Begin(StreamEnd one, StreamEnd other, StreamRate rate)
    {
        run++;
        other.Begin(run, rate);
        one.Begin(run, rate);
    }

    private async Task<StreamReading> EndAsync(StreamEnd one, StreamEnd other)
    {
        one.Stop();
        other.Stop();
        await Task.Delay(Draining, stop);
        return one.Read(other) + other.Read(one);
    }

    private static bool GoesOn(StreamEnd one, StreamEnd other) => Promptness.Now() - Math.Min(one.HeardAt, other.HeardAt) < 300_000_000;

    /// <summary>At least so long, and until the stream has gone on for a second.</summary>
    private async Task WatchAsync(TimeSpan least, StreamEnd one, StreamEnd other)
    {
        await Task.Delay(least, stop);
        var limit = DateTime.UtcNow + Longest;
        for (var good = 0; good < 10 && DateTime.UtcNow < limit; good = GoesOn(one, other) ? good + 1 : 0)
        {
            await Task.Delay(100, stop);
        }
    }

    /// <summary>Counts changes of the path in use, as the asking gateway shows it, until it is told to stop.</summary>
    private async Task<int> SwitchesAsync(HandoverPair pair, CancellationToken until)
    {
        var changes = 0;
        string? last = null;
        while (!until.IsCancellationRequested)
        {
            try
            {
                if (await Programs.UsedAsync(pair.One, pair.Other) is { } used && $"{used.Uplink} {used.Address} {used.Channel}" is var path)
                {
                    changes += last is not null && last != path ? 1 : 0;
                    last = path;
                }

                await Task.Delay(100, until);
            }
            catch (Exception e) when (e is BoxFailed or OperationCanceledException)
            {
                // A gateway that is being started again, or the end.
            }
        }

        stop.ThrowIfCancellationRequested();
        return changes;
    }

    private async Task<long> BeyondAsync(HandoverPair pair)
    {
        var counted = 0L;
        foreach (var home in (HandoverHome[])[pair.One, pair.Other])
        {
            counted += (await Programs.At(home).StatusAsync(stop)).Counters.Where(c => c.Key.StartsWith("ring-", StringComparison.Ordinal)).Sum(c => c.Value);
        }

        return counted;
    }
}
