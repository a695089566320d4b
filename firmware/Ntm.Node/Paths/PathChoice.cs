namespace Ntm.Node.Paths;

/// <summary>Which path to send on, and why (docs/protocol.md section 5, "Choice"). Pure.</summary>
/// <param name="Path">Null: none can be chosen; leave things as they are.</param>
/// <param name="Reason">A clause for people: "direct: lowest round trip, 12 ms".</param>
public sealed record PathChoice(PeerPath? Path, string Reason)
{
    /// <summary>A change between direct paths must save this share of the round trip, and <see cref="LeastGain"/>.</summary>
    private const double GainShare = 0.2;

    private static readonly TimeSpan LeastGain = TimeSpan.FromMilliseconds(5);

    /// <param name="paths">All paths to the peer.</param>
    /// <param name="current">The one in use, if any.</param>
    /// <param name="relayOnly">Why it is the relay, where the direction or trials have shown; null where nothing is known against direct paths.</param>
    public static PathChoice Decide(IReadOnlyList<PeerPath> paths, PeerPath? current, string? relayOnly)
    {
        var direct = Best(paths, direct: true);
        var relay = Best(paths, direct: false);
        if (direct is null)
        {
            if (current is { State: PathState.Proven or PathState.Suspect } && (current.IsDirect || relay is null || relay == current))
            {
                return new(current, current.State == PathState.Suspect ? "silent: also sent through the relay" : Why(current, relayOnly));
            }

            return relay is null ? new(current, "no path is proven") : new(relay, Why(relay, relayOnly));
        }

        if (current is { IsDirect: true, State: PathState.Proven } && current != direct && !IsClearlyBetter(direct, current))
        {
            return new(current, "direct: no other path is clearly faster");
        }

        return new(direct, Why(direct, relayOnly));
    }

    private static PeerPath? Best(IReadOnlyList<PeerPath> paths, bool direct)
    {
        PeerPath? best = null;
        foreach (var path in paths)
        {
            if (path.State == PathState.Proven && path.IsDirect == direct
                && (best is null || (path.RoundTrip ?? TimeSpan.MaxValue) < (best.RoundTrip ?? TimeSpan.MaxValue)))
            {
                best = path;
            }
        }

        return best;
    }

    private static bool IsClearlyBetter(PeerPath other, PeerPath current) =>
        other.RoundTrip is { } theirs && (current.RoundTrip is not { } ours || (ours - theirs >= LeastGain && theirs <= ours * (1 - GainShare)));

    private static string Why(PeerPath path, string? relayOnly)
    {
        var time = path.RoundTrip is { } rtt
            ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $", {rtt.TotalMilliseconds:0.0} ms round trip")
            : "";
        return path.IsDirect ? $"direct: both directions are proven{time}"
            : relayOnly is not null ? $"relay: {relayOnly}{time}"
            : $"relay: no direct path is proven{time}";
    }
}
