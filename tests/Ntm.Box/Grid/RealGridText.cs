using System.Globalization;
using System.Text;
using Ntm.Box.Story;
using Ntm.Simulation;

namespace Ntm.Box.Grid;

/// <summary>The real grid as text. Times are in milliseconds, of one run on one machine whose wires take no time.</summary>
internal static class RealGridText
{
    private const int NameWidth = 21;

    /// <param name="kinds">In order.</param>
    /// <param name="confirmed">What the independent client found of each.</param>
    /// <param name="pairs">Every pair of them.</param>
    /// <param name="silence">What came of two that were silent for long; empty: not tried.</param>
    public static string Of(IReadOnlyList<NetworkKind> kinds, IReadOnlyList<string> confirmed, IReadOnlyList<RealPair> pairs, string silence)
    {
        var text = new StringBuilder("What coturn's RFC 5780 client found from inside\n\n");
        foreach (var (kind, found) in kinds.Zip(confirmed))
        {
            text.Append(CultureInfo.InvariantCulture, $"{kind.Name(),-NameWidth} {found}\n");
        }

        Square(text, pairs);
        text.Append(CultureInfo.InvariantCulture, $"\n{Teller.Count(pairs.Count, "pair")}: {pairs.Count(p => p.Direct is not null)} direct, {pairs.Count(p => p.IsConnected && p.Direct is null)} by the relay, ");
        text.Append(CultureInfo.InvariantCulture, $"{pairs.Count(p => !p.IsConnected)} not connected; {pairs.Count(p => p.IsAsForetold)} as in the simulation. ");
        text.Append(CultureInfo.InvariantCulture, $"{pairs.Sum(p => p.Sent)} pings, {pairs.Sum(p => p.Lost)} lost, {pairs.Sum(p => p.Twice)} answered twice.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{"one",-NameWidth} {"the other",-NameWidth} {"way",-6} answer   first  direct   pings  lost   reason\n");
        foreach (var p in pairs)
        {
            var way = !p.IsConnected ? "none" : p.Direct is null ? "relay" : "direct";
            text.Append(CultureInfo.InvariantCulture, $"{p.One.Name(),-NameWidth} {p.Other.Name(),-NameWidth} {way,-6} {Ms(p.Answer),6} {Ms(p.FirstPacket),7} {Ms(p.Direct),7} ");
            text.Append(CultureInfo.InvariantCulture, $"{p.Sent,7} {p.Lost,5}{(p.IsAsForetold ? ' ' : '*')}  {p.Reason}\n");
        }

        if (silence.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{silence}\n");
        }

        return text.ToString();
    }

    private static void Square(StringBuilder text, IReadOnlyList<RealPair> pairs)
    {
        var kinds = pairs.SelectMany(p => (NetworkKind[])[p.One, p.Other]).Distinct().Order().ToList();
        text.Append("\nThe way of each pair\n\n");
        text.Append(new string(' ', NameWidth + 3));
        for (var i = 0; i < kinds.Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{i + 1,7}");
        }

        text.Append('\n');
        for (var row = 0; row < kinds.Count; row++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{row + 1,2} {kinds[row].Name(),-NameWidth}");
            for (var column = 0; column <= row; column++)
            {
                var pair = pairs.FirstOrDefault(p => (p.One, p.Other) == (kinds[column], kinds[row]));
                text.Append(CultureInfo.InvariantCulture, $"{(pair is null ? "" : !pair.IsConnected ? "none" : pair.Direct is null ? "relay" : "direct"),7}");
            }

            text.Append('\n');
        }
    }

    private static string Ms(TimeSpan? time) => time is { } t ? t.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) : "-";
}
