using System.Globalization;
using System.Text;

namespace Ntm.Box.Handover;

/// <summary>The table as text: medians, ranges in brackets where rounds differ, and in how many rounds the goal was met.</summary>
internal static class HandoverText
{
    private const int EventWidth = 48, GoalWidth = 32;

    public static string Round(RoundSeen round) => string.Create(
        CultureInfo.InvariantCulture,
        $"by {round.On}: {round.Stream.Sent:#,0} packets: {round.Stream.Lost:#,0} lost, {round.Stream.Twice:#,0} twice, {round.Stream.Late:#,0} late, gap {round.Stream.Gap.TotalMilliseconds:0} ms, {round.Switches} changes, {round.Repeated:#,0} repeated on the links, {round.BeyondRing:#,0} beyond the ring, {round.Full:#,0} without room on a link, download silent for {round.Silence.TotalMilliseconds:0} ms{(round.WasWarm ? "" : "; no second proven path before")}{(round.WentOn ? "" : "; IT DID NOT GO ON")}");

    public static string Of(IReadOnlyList<RowSeen> rows, IReadOnlyList<DeclaredSeen> declared, string fastest)
    {
        var text = new StringBuilder();
        foreach (var group in rows.GroupBy(r => r.Rate))
        {
            text.Append(CultureInfo.InvariantCulture, $"{group.Key.Name} each way\n\n");
            text.Append(CultureInfo.InvariantCulture, $"{"event",-EventWidth} {"goal",-GoalWidth} {"met",7} {"lost",16} {"twice",9} {"late",13} {"gap ms",18} {"changes",8} {"repeated",16} {"beyond ring",13} {"TCP silent ms",18}\n");
            foreach (var row in group)
            {
                Row(text, row);
            }

            text.Append('\n');
        }

        if (declared.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{"uplink declared",-EventWidth} {"goal: down; usable again",-GoalWidth} {"rounds",7} {"down s",18} {"usable again s",18}\n");
            foreach (var each in declared)
            {
                text.Append(CultureInfo.InvariantCulture, $"{each.Event,-EventWidth} {each.Goal,-GoalWidth} {each.Rounds,7} {Seconds(each.Down),18} {Seconds(each.Up),18}\n");
            }

            text.Append('\n');
        }

        if (rows.Count == 0)
        {
            return text.ToString();
        }

        text.Append("Besides, on one connection each through all rounds of a row\n\n");
        foreach (var row in rows.Where(r => r.Lack is null))
        {
            text.Append(CultureInfo.InvariantCulture, $"{row.Row.Event + ", " + row.Rate.Name,-EventWidth} {row.Besides}\n");
        }

        if (fastest.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{fastest}\n");
        }

        return text.ToString();
    }

    private static string Seconds(IReadOnlyList<double> values) => values.Count == 0 ? "never" : Spread(values.Select(v => Math.Round(v, 2)), "0.##");

    /// <summary>A median, and the range in brackets where there is one.</summary>
    public static string Spread(IEnumerable<double> values, string format = "0.#")
    {
        var sorted = values.Order().ToList();
        var median = sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
        return sorted[0] == sorted[^1]
            ? Of(median)
            : $"{Of(median)} ({Of(sorted[0])}-{Of(sorted[^1])})";

        string Of(double value) => value.ToString(format, CultureInfo.InvariantCulture);
    }

    private static void Row(StringBuilder text, RowSeen row)
    {
        text.Append(CultureInfo.InvariantCulture, $"{row.Row.Event,-EventWidth} {row.Row.Goal,-GoalWidth} ");
        if (row.Lack is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"left out: {row.Lack}\n");
            return;
        }

        string Of(Func<RoundSeen, double> figure) => Spread(row.Rounds.Select(figure));
        text.Append(CultureInfo.InvariantCulture, $"{$"{row.Rounds.Count(row.Row.Goal.IsMetBy)}/{row.Rounds.Count}",7} {Of(r => r.Stream.Lost),16} {Of(r => r.Stream.Twice),9} {Of(r => r.Stream.Late),13} ");
        text.Append(CultureInfo.InvariantCulture, $"{Of(r => Math.Round(r.Stream.Gap.TotalMilliseconds)),18} {Of(r => r.Switches),8} {Of(r => r.Repeated),16} {Of(r => r.BeyondRing),13} {Of(r => Math.Round(r.Silence.TotalMilliseconds)),18}");
        text.Append(row.Rounds.All(r => r.WentOn) ? "\n" : "  it did not go on\n");
    }
}
