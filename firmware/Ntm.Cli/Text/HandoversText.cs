using System.Globalization;
using Ntm.Interface;

namespace Ntm.Cli.Text;

/// <summary>`ntm handovers` in words: a line for each event, and below it a row for each tunnel.</summary>
public static class HandoversText
{
    public static void Write(IReadOnlyList<HandoverDocument> records, TextWriter output)
    {
        if (records.Count == 0)
        {
            output.WriteLine("No handover is remembered: no tunnel has changed its path. Try one: ntm drill UPLINK");
            return;
        }

        var first = true;
        foreach (var event_ in records.GroupBy(record => record.Event))
        {
            if (!first)
            {
                output.WriteLine();
            }

            first = false;
            Write([.. event_], output);
        }
    }

    /// <summary>Of one number: all that is known, in the order in which it happened.</summary>
    public static void WriteOne(HandoverDocument record, TextWriter output)
    {
        output.WriteLine($"Handover {Number(record.Id)}: the tunnel with {Party(record)}, {When(record.At)}{(record.Drill ? ", in a drill" : "")}");
        var steps = new List<(double At, string What)>();
        if (record.DecidedMs is { } decided && record.To is { } to)
        {
            if (record.LastDecidedMs is not null)
            {
                steps.Add((decided, "decided on another path"));
            }

            steps.Add((record.LastDecidedMs ?? decided, $"decided: {Way(to)} ({Bare(record.Reason ?? "no reason was given")})"));
        }

        if (record.FirstOutMs is { } sent)
        {
            steps.Add((sent, "first packet out on another path"));
        }

        if (record.FirstBackMs is { } back)
        {
            steps.Add((back, "first packet back by another path"));
        }

        List<string[]> rows = [["0 ms", $"noticed on {(record.From is { } from ? Way(from) : "no path")}: {Bare(record.Why)}"]];
        rows.AddRange(steps.OrderBy(step => step.At).Select(step => (string[])[Time(step.At), step.What]));
        Columns.Write(output, [.. rows.Select(row => (string[])[row[0].PadLeft(10), row[1]])]);
        output.WriteLine();
        foreach (var sentence in Sentences(record))
        {
            output.WriteLine(sentence);
        }
    }

    private static void Write(List<HandoverDocument> records, TextWriter output)
    {
        output.WriteLine($"{When(records[0].At)}  {Headline(records)}");
        var rows = new List<string[]> { new[] { "NUMBER", "TUNNEL WITH", "NOW BY", "FIRST OUT", "FIRST BACK", "SILENCE", "SENT AGAIN", "LATE", "LOST", "END" } };
        rows.AddRange(records.Select(record => new[]
        {
            Number(record.Id), Party(record), record.To is { } to ? $"{to.Uplink}, {(to.Direct ? "direct" : "relay")}" : "-", Time(record.FirstOutMs), Time(record.FirstBackMs),
            Time(record.GapMs), Number(record.SentAgain), Number(record.Late), Number(record.Lost), End(record),
        }));
        Columns.Write(output, rows, indent: 2);
    }

    private static string Headline(List<HandoverDocument> records)
    {
        var first = records[0];
        var from = first.From?.Uplink;
        var cause = first.Cause switch
        {
            "uplink-lost" => $"{from} is lost",
            "silent" => $"{from} is silent",
            "better-rank" => $"{from} is not the best any more",
            "round-trip" => "a faster path",
            "owners-wish" => "the owner's wish",
            "peer-moved" => $"{first.Peer} moved",
            "relay-lost" => "the relay is lost",
            _ => "a new direction",
        };
        var words = $"{(first.Drill ? "drill: " : "")}{cause} ({Bare(first.Why)})";
        var moved = records.Where(record => record.To is not null).ToList();
        if (moved.Count == 0)
        {
            return $"{words}; {(records.Exists(record => record.End == "failed") ? "no other path was found" : "nothing was changed")}";
        }

        var to = string.Join(" and ", moved.Select(record => record.To!.Uplink).Distinct());
        return $"{words} -> {to}: {Count(records.Count, "tunnel")}{Most(", first out", moved, record => record.FirstOutMs)}{Most(", first back", moved, record => record.FirstBackMs)}"
            + $", {Number(records.Sum(record => record.Lost))} lost, {Number(records.Sum(record => record.SentAgain))} sent again";
    }

    private static IEnumerable<string> Sentences(HandoverDocument record)
    {
        yield return record.End switch
        {
            "under-way" => "It is not over yet.",
            "returned" => "A near miss: the path answered again, and nothing was changed.",
            "interrupted" => "The gateway stopped before its end.",
            "failed" when record.To is null => "No other path was found.",
            "failed" => "Nothing came back on the new path.",
            _ when (record.FirstOutMs ?? record.FirstBackMs) is null => "The tunnel was idle; it goes by the new path.",
            _ => "The tunnel goes by the new path.",
        };
        if (record.Moves > 1)
        {
            yield return $"{Number(record.Moves)} paths were decided on, one after the other.";
        }

        if (record.GapMs > 0)
        {
            yield return $"Longest silence of {record.Peer}: {Time(record.GapMs)}.";
        }

        var late = record.Late > 0 ? $" Acknowledged only after that: {Number(record.Late)}." : "";
        yield return $"Sent again: {Number(record.SentAgain)}.{late} Lost: {Number(record.Lost)}.{(record.Doubled > 0 ? $" Sent on two paths at once: {Number(record.Doubled)}." : "")}";
    }

    private static string End(HandoverDocument record) => record.End switch
    {
        "under-way" => "not over yet",
        "returned" => "near miss",
        "interrupted" => "gateway stopped",
        "failed" => "failed",
        _ => (record.FirstOutMs ?? record.FirstBackMs) is null ? "moved while idle" : "settled",
    };

    private static string Party(HandoverDocument record) => record.Server ? $"{record.Peer} (server)" : record.Peer;

    private static string Way(HandoverWayDocument way) => $"{way.Uplink}, {(way.Direct ? "direct to" : "by the relay at")} {way.Address}";

    private static string Bare(string clause) => clause.TrimEnd('.');

    private static string When(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static string Most(string words, List<HandoverDocument> records, Func<HandoverDocument, double?> time) =>
        records.Max(time) is { } most ? $"{words} {(records.Count > 1 ? "within " : "")}{Time(most)}" : "";

    /// <summary>Two digits that matter, up to a minute in ms.</summary>
    private static string Time(double? milliseconds) => milliseconds switch
    {
        null => "-",
        0 => "0 ms",
        < 10 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} ms"),
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000:0.0} s"),
    };

    private static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{Number(count)} {noun}s";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
