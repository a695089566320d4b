using System.Globalization;
using System.Text;

namespace Ntm.Simulation;

/// <summary>The simulated grid as text. Times are in milliseconds; what misses its target is marked.</summary>
public static class GridText
{
    private const int NameWidth = 21;

    public static string Of(SimulatedGrid grid)
    {
        var text = new StringBuilder();
        Square(text, grid.Pairs);
        Summary(text, grid.Pairs);
        Relayed(text, grid.Pairs);
        Every(text, grid.Pairs);
        Across(text, grid.Across);
        Idle(text, grid.Idle);
        return text.ToString();
    }

    // From the question to the direct path in use, or that there is none.
    private static void Square(StringBuilder text, IReadOnlyList<GridPair> pairs)
    {
        var kinds = pairs.SelectMany(p => (NetworkKind[])[p.One, p.Other]).Distinct().Order().ToList();
        text.Append("From the question to the direct path in use, ms\n\n");
        text.Append(new string(' ', NameWidth + 3));
        for (var i = 0; i < kinds.Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{i + 1,6}");
        }

        text.Append('\n');
        for (var row = 0; row < kinds.Count; row++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{row + 1,2} {kinds[row].Name(),-NameWidth}");
            for (var column = 0; column <= row; column++)
            {
                var pair = pairs.First(p => (p.One, p.Other) == (kinds[column], kinds[row]));
                var cell = !pair.IsConnected ? "none" : pair.IsMixed ? "mixed" : pair.IsDirect ? Ms(Later(pair.There.Direct, pair.Back.Direct)) : "relay";
                text.Append(CultureInfo.InvariantCulture, $"{cell,6}");
            }

            text.Append('\n');
        }
    }

    private static void Summary(StringBuilder text, IReadOnlyList<GridPair> pairs)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n{pairs.Count} pairs: {pairs.Count(p => p.IsDirect)} direct, {pairs.Count(p => p.IsMixed)} mixed, {pairs.Count(p => p.IsConnected && !p.IsDirect && !p.IsMixed)} by the relay, ");
        text.Append(CultureInfo.InvariantCulture, $"{pairs.Count(p => !p.IsConnected)} not connected.\n\n");
        Line("", "worst", "target", "missed by");
        Line("first answered packet", Ms(pairs.Max(p => p.FirstPacket)), Ms(GridTargets.FirstPacket), $"{pairs.Count(p => p.FirstPacket is not { } f || f > GridTargets.FirstPacket)}");
        Line("direct path, after it", Ms(pairs.Max(p => p.DirectAfter)), Ms(GridTargets.DirectAfter), $"{pairs.Count(p => p.DirectAfter > GridTargets.DirectAfter)}");
        Line("packets lost", $"{pairs.Max(p => p.Lost)}", "0", $"{pairs.Count(p => p.Lost > 0)}");
        Line("packets twice", $"{pairs.Max(p => p.Twice)}", "0", $"{pairs.Count(p => p.Twice > 0)}");
        Line("cost of one lost datagram", Ms(pairs.Max(p => p.LossCost)), Ms(GridTargets.LossCost), $"{pairs.Count(p => p.LossCost is not { } c || c > GridTargets.LossCost)}");

        void Line(string what, string worst, string target, string missed) =>
            text.Append(CultureInfo.InvariantCulture, $"{what,-26}{worst,7}{target,8}{missed,11}\n");
    }

    private static void Relayed(StringBuilder text, IReadOnlyList<GridPair> pairs)
    {
        text.Append("\nBy the relay, and why\n");
        foreach (var why in pairs.Where(p => p.IsConnected && !p.IsDirect).GroupBy(p => Cause(p.There.Direct is null ? p.There : p.Back)))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{why.Key} ({why.Count()}):\n");
            foreach (var one in why.GroupBy(p => p.One))
            {
                text.Append(CultureInfo.InvariantCulture, $"  {one.Key.Name(),-NameWidth} with {string.Join("; ", one.Select(p => p.Other.Name()))}\n");
            }
        }
    }

    private static void Every(StringBuilder text, IReadOnlyList<GridPair> pairs)
    {
        text.Append("\nEvery pair, asked for from both sides, the worse figure of the two; * misses its target\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{"one",-NameWidth} {"the other",-NameWidth} {"way",-6} answer   first  direct  lost  one lost   reason\n");
        foreach (var p in pairs)
        {
            var way = !p.IsConnected ? "none" : p.IsMixed ? "mixed" : p.IsDirect ? "direct" : "relay";
            text.Append(CultureInfo.InvariantCulture, $"{p.One.Name(),-NameWidth} {p.Other.Name(),-NameWidth} {way,-6} {Ms(p.Answer),6} ");
            text.Append(CultureInfo.InvariantCulture, $"{Ms(p.FirstPacket),7}{Star(p.FirstPacket is not { } f || f > GridTargets.FirstPacket)}");
            text.Append(CultureInfo.InvariantCulture, $"{Signed(p.DirectAfter),7}{Star(p.DirectAfter > GridTargets.DirectAfter)}");
            text.Append(CultureInfo.InvariantCulture, $"{p.Lost,5}{Star(p.Lost > 0)}");
            text.Append(CultureInfo.InvariantCulture, $"{Signed(p.LossCost),9}{Star(p.LossCost is not { } c || c > GridTargets.LossCost)}  {p.There.Reason}\n");
        }
    }

    private static void Across(StringBuilder text, IReadOnlyList<GridAcross> pairs)
    {
        if (pairs.Count == 0)
        {
            return;
        }

        text.Append("\nAcross zones: the two coordinators' first question to one another, and a later one\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{"one",-NameWidth} {"the other",-NameWidth} {"",-6} {"way",-6} answer   first  direct  lost   reason\n");
        foreach (var p in pairs)
        {
            Line("first", p.First, GridTargets.FirstPacketOfZones);
            Line("later", p.Again, GridTargets.FirstPacketAcrossZones);

            void Line(string which, GridRun run, TimeSpan target)
            {
                text.Append(CultureInfo.InvariantCulture, $"{p.One.Name(),-NameWidth} {p.Other.Name(),-NameWidth} {which,-6} {(run.FirstPacket is null ? "none" : run.Direct is null ? "relay" : "direct"),-6} ");
                text.Append(CultureInfo.InvariantCulture, $"{Ms(run.Answer),6} {Ms(run.FirstPacket),7}{Star(run.FirstPacket is not { } first || first > target)}");
                text.Append(CultureInfo.InvariantCulture, $"{Signed(run.Direct - run.FirstPacket),7}{Star(run.Direct - run.FirstPacket > GridTargets.DirectAfter)}");
                text.Append(CultureInfo.InvariantCulture, $"{run.Lost,5}{Star(run.Lost > 0)}  {run.Reason}\n");
            }
        }
    }

    private static void Idle(StringBuilder text, IReadOnlyList<(NetworkKind Kind, GridIdle Idle)> kinds)
    {
        if (kinds.Count == 0)
        {
            return;
        }

        text.Append("\nAfter an hour without a packet: two homes of one kind that had talked\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{"both",-NameWidth}  next packet answered  lost   bytes in the hour\n");
        foreach (var (kind, idle) in kinds)
        {
            text.Append(CultureInfo.InvariantCulture, $"{kind.Name(),-NameWidth}  {Ms(idle.FirstPacket),20}{idle.Lost,6}{Star(idle.Lost > 0)}{idle.BytesAnHour,18}\n");
        }
    }

    // Why it stays: without the clause's head and the round trip.
    private static string Cause(GridRun run)
    {
        var reason = run.Reason.StartsWith("relay: ", StringComparison.Ordinal) ? run.Reason["relay: ".Length..] : run.Reason;
        return reason.LastIndexOf(", ", StringComparison.Ordinal) is > 0 and var comma && reason.EndsWith("round trip", StringComparison.Ordinal) ? reason[..comma] : reason;
    }

    private static TimeSpan? Later(TimeSpan? one, TimeSpan? other) => one > other ? one : other;

    private static string Ms(TimeSpan? time) => time is { } t ? t.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) : "-";

    private static string Signed(TimeSpan? time) => time is { } t ? t.TotalMilliseconds.ToString("+0;-0;0", CultureInfo.InvariantCulture) : "-";

    private static string Star(bool missed) => missed ? "*" : " ";
}
