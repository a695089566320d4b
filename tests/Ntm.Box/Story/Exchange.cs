using System.Globalization;
using Ntm.Box.Os;

namespace Ntm.Box.Story;

/// <summary>
/// One TCP connection that lasts: ten times a second it says the next number to an echoing server, and writes down when each comes back (socat at both
/// ends). What interrupts it shows as silence, what ends it as missing numbers.
/// </summary>
internal sealed class Exchange
{
    /// <summary>Where <see cref="Serve"/> listens.</summary>
    public const int Port = 7008;

    private const string Speaking =
        """
        while [ ! -e "$1" ]; do n=$((n + 1)); echo $n; sleep 0.1; done | socat -t 20 - "TCP4:$2" | while read -r n; do echo "$(date +%s%3N) $n"; done
        """;

    private static readonly TimeSpan Ending = TimeSpan.FromSeconds(30);

    private readonly Child speaker;
    private readonly string end;

    private Exchange(Child speaker, string end)
    {
        this.speaker = speaker;
        this.end = end;
    }

    /// <summary>Starts the echoing server in a place.</summary>
    public static void Serve(Copy copy, string name, NetworkNamespace place) =>
        Child.Start(copy, name, place.Inside("socat", $"TCP4-LISTEN:{Port},reuseaddr,fork", "EXEC:cat"));

    /// <param name="name">For its log; one exchange each.</param>
    /// <param name="server">A name or address.</param>
    public static Exchange Start(Copy copy, string name, NetworkNamespace place, string server)
    {
        var end = Path.Combine(copy.Directory, name.Replace('/', '-') + ".end");
        return new Exchange(Child.Start(copy, name, place.Inside("sh", "-c", Speaking, "sh", end, $"{server}:{Port}")), end);
    }

    /// <summary>How many numbers came back so far.</summary>
    public int Count => Heard().Count;

    /// <summary>Lets it say its last number and hear all.</summary>
    public async Task<ExchangeReport> EndAsync(CancellationToken stop)
    {
        await File.WriteAllTextAsync(end, "", stop);
        await speaker.EndedAsync(Ending, stop);
        var heard = Heard();
        var silence = heard.Zip(heard.Skip(1), (a, b) => b.At - a.At).DefaultIfEmpty(0).Max();
        return new ExchangeReport(heard.Count, heard.Select(h => h.Number).SequenceEqual(Enumerable.Range(1, heard.Count)), TimeSpan.FromMilliseconds(silence),
            string.Join(" / ", speaker.Tail(2)));
    }

    private List<(long At, int Number)> Heard()
    {
        var heard = new List<(long, int)>();
        foreach (var line in speaker.Tail(int.MaxValue))
        {
            if (line.Split(' ') is [var at, var number] && long.TryParse(at, CultureInfo.InvariantCulture, out var ms)
                && int.TryParse(number, CultureInfo.InvariantCulture, out var n))
            {
                heard.Add((ms, n));
            }
        }

        return heard;
    }
}

/// <param name="Count">Numbers that came back.</param>
/// <param name="InOrder">Each once, from 1 on, none missing in between.</param>
/// <param name="Silence">The longest time between two of them.</param>
/// <param name="Last">The end of its log.</param>
internal sealed record ExchangeReport(int Count, bool InOrder, TimeSpan Silence, string Last)
{
    public override string ToString() =>
        $"{Teller.Count(Count, "number")} came back {(InOrder ? "in order on one connection" : $"out of order ({Last})")}, the longest silence was {Silence.TotalSeconds:0.00} s";
}
