using Ntm.Protocol;

namespace Ntm.Node.Paths;

/// <summary>Which path to send on, and why (docs/protocol.md section 5, "Choice" and "Handover"). Pure.</summary>
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
    /// <param name="now">Boot time.</param>
    public static PathChoice Decide(IReadOnlyList<PeerPath> paths, PeerPath? current, string? relayOnly, TimeSpan now)
    {
        if (current is { State: PathState.Suspect })
        {
            // Doubled, not left: a link that stalls for a moment is no lost one.
            return new(current, "silent: also sent on another path");
        }

        if (Best(paths) is not { } best)
        {
            return new(current, "no path is proven");
        }

        if (current is not { State: PathState.Proven } || best == current)
        {
            return new(best, Why(best, current is { State: PathState.Proven } ? null : current, relayOnly));
        }

        if (best.Rank != current.Rank)
        {
            return now - best.ProvenSince >= Limits.FailBackAfter
                ? new(best, $"{Why(best, null, relayOnly)}; by the owner's order of uplinks")
                : new(current, $"{Why(current, null, relayOnly)}; a path of a better rank has not worked for {Limits.FailBackAfter.TotalSeconds:0} s yet");
        }

        if (best.IsDirect == current.IsDirect && !IsClearlyBetter(best, current))
        {
            return new(current, current.IsDirect ? "direct: no other path is clearly faster" : Why(current, null, relayOnly));
        }

        return new(best, Why(best, null, relayOnly));
    }

    /// <summary>The path to go on by besides, while one is suspect: a proven one, who has answered since, that does not share its uplink and address; then any proven one, then a relay's.</summary>
    public static PeerPath? Other(IReadOnlyList<PeerPath> paths, PeerPath than)
    {
        PeerPath? found = null;
        foreach (var path in paths)
        {
            if (path != than && (path.State == PathState.Proven || !path.IsDirect) && (found is null || IsBetterStandby(path, found, than)))
            {
                found = path;
            }
        }

        return found;
    }

    /// <summary>Whether a proven direct path is the best of its own uplink's.</summary>
    public static bool IsBestOfUplink(IReadOnlyList<PeerPath> paths, PeerPath path)
    {
        foreach (var other in paths)
        {
            if (other != path && other is { State: PathState.Proven, IsDirect: true } && UplinkSocket.UplinkOf(other.Path.Uplink) == UplinkSocket.UplinkOf(path.Path.Uplink)
                && IsBetter(other, path))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsBetterStandby(PeerPath path, PeerPath than, PeerPath silent)
    {
        if (path.State == PathState.Proven != (than.State == PathState.Proven))
        {
            return path.State == PathState.Proven;
        }

        // All were asked when the suspicion began: who has answered since is alive.
        if (silent.State == PathState.Suspect && path.AnsweredAt >= silent.SuspectSince != than.AnsweredAt >= silent.SuspectSince)
        {
            return path.AnsweredAt >= silent.SuspectSince;
        }

        // What is silent may be the uplink or the peer's end: a path that has neither in common is worth most.
        var (ours, theirs) = (Apart(path, silent), Apart(than, silent));
        return ours != theirs ? ours > theirs : IsBetter(path, than);
    }

    private static int Apart(PeerPath one, PeerPath other) =>
        (UplinkSocket.UplinkOf(one.Path.Uplink) != UplinkSocket.UplinkOf(other.Path.Uplink) ? 1 : 0) + (!one.Path.Remote.SameHost(other.Path.Remote) ? 1 : 0);

    private static PeerPath? Best(IReadOnlyList<PeerPath> paths)
    {
        PeerPath? best = null;
        foreach (var path in paths)
        {
            if (path.State == PathState.Proven && (best is null || IsBetter(path, best)))
            {
                best = path;
            }
        }

        return best;
    }

    private static bool IsBetter(PeerPath path, PeerPath than) =>
        path.Rank != than.Rank ? path.Rank < than.Rank
        : path.IsDirect != than.IsDirect ? path.IsDirect
        : (path.RoundTrip ?? TimeSpan.MaxValue) < (than.RoundTrip ?? TimeSpan.MaxValue);

    private static bool IsClearlyBetter(PeerPath other, PeerPath current) =>
        other.RoundTrip is { } theirs && (current.RoundTrip is not { } ours || (ours - theirs >= LeastGain && theirs <= ours * (1 - GainShare)));

    private static string Why(PeerPath path, PeerPath? lost, string? relayOnly)
    {
        var time = path.RoundTrip is { } rtt
            ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $", {rtt.TotalMilliseconds:0.0} ms round trip")
            : "";
        return path.IsDirect ? $"direct: both directions are proven{time}"
            : relayOnly is not null ? $"relay: {relayOnly}{time}"
            : lost is { IsDirect: true, State: PathState.Failed } ? $"relay: the direct path is silent{time}"
            : $"relay: no direct path is proven{time}";
    }
}
