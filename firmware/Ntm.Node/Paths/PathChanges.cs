using Ntm.Node.Handovers;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Node.Paths;

/// <summary>
/// Carries out what <see cref="PathChoice"/> decides (docs/protocol.md section 5, "Handover"): tunnel and peer are told, what may be lost is sent again, a planned change overlaps, a
/// suspect path is doubled.
/// </summary>
/// <param name="nextGeneration">A number for what we say of ourselves; it grows across restarts.</param>
internal sealed class PathChanges(NodeContext context, Func<ulong> nextGeneration)
{
    /// <summary>What a path's round trip is taken for that never answered a check.</summary>
    private static readonly TimeSpan UnknownRoundTrip = TimeSpan.FromMilliseconds(100);

    /// <summary>How long data on the path in use may be unacknowledged.</summary>
    public static TimeSpan Patience(Peer peer) => Limits.ReportPatience + (peer.Used?.RoundTrip ?? UnknownRoundTrip);

    private static readonly TimeSpan FreshAnswer = TimeSpan.FromSeconds(1);

    /// <summary>When the oldest data went out to the peer of a tunnel of which no report has spoken; null: there is none.</summary>
    public Func<Tunnel.Tunnel, TimeSpan?>? UnreportedSince { get; init; }

    /// <summary>Has what is unacknowledged sent again by a path; says how many datagrams that are.</summary>
    public Func<Now, Tunnel.Tunnel, WirePath, int>? Resend { get; init; }

    /// <summary>Sends on another path from now on, or on the first.</summary>
    public void Change(Now now, Peer peer, PeerPath to, string reason)
    {
        var former = peer.Used;
        peer.IsPathLost |= former is { State: PathState.Failed };
        var planned = !peer.IsPathLost && former is { State: PathState.Proven };
        if (planned)
        {
            context.Recorder.Noticed(now, peer, to.Rank != former!.Rank ? HandoverCause.BetterRank : HandoverCause.RoundTrip, former, "a better path works");
        }


        // Where the former one is lost, the peer may have moved as well: another path besides, until that shows.
        // One that has just answered needs no other beside it.
        var besides = planned ? (now.Boot - to.AnsweredAt > FreshAnswer ? former : null) : former is not null || peer.IsPathLost ? PathChoice.Other(peer.Paths, to) : null;
        (peer.Former, peer.OverlapUntil) = besides is { State: PathState.Proven } ? (besides, now.Boot + Overlap(besides)) : (null, TimeSpan.Zero);
        Use(peer, to);
        context.Recorder.Decided(now, peer, to, reason);
        Tell(now, peer, to);
        context.Note($"{peer.Name} is reached by {to.Path}; {reason}.");
        Settle(now, peer);
    }

    /// <summary>The path in use is none any more: its uplink, its candidate or its relay is gone.</summary>
    public void Lost(Now now, Peer peer, PeerPath used)
    {
        context.Recorder.Noticed(now, peer, Cause(used), used, "the path in use is gone");
        peer.Used = null;
        peer.Tunnel.SendPath = default;
        peer.IsPathLost = true;
    }

    /// <summary>A relay is reached by another uplink or address now: its channel goes along.</summary>
    public void Moved(Now now, Peer peer, PeerPath from, PeerPath to)
    {
        peer.Paths[peer.Paths.IndexOf(from)] = to;
        peer.Double = peer.Double == from ? to : peer.Double;
        peer.Former = peer.Former == from ? null : peer.Former;
        if (peer.Used != from)
        {
            return;
        }

        context.Recorder.Noticed(now, peer, Cause(from), from, "the relay is reached another way");
        context.Recorder.Decided(now, peer, to, "the channel goes along");
        Use(peer, to);
        peer.IsPathLost = true; // what was under way to or from the former address, maybe
        Tell(now, peer, to);
        Settle(now, peer);
    }

    /// <summary>Works out which path carries a second copy. What it did not carry so far, and nobody acknowledged, goes there first.</summary>
    public void Double(Now now, Peer peer)
    {
        var suspect = peer.Used is { State: PathState.Suspect } used ? used : null;
        var twice = suspect is not null ? (peer.Double is { State: PathState.Proven } known && known != suspect && known.AnsweredAt >= suspect.SuspectSince ? known : PathChoice.Other(peer.Paths, suspect))
            : peer is { Former: { State: PathState.Proven } former } && former != peer.Used && now.Boot < peer.OverlapUntil ? former : null;
        if (twice == peer.Double)
        {
            return;
        }

        peer.Double = twice;
        if (suspect is not null && twice is { State: PathState.Proven })
        {
            context.Note($"{peer.Name} is silent on {suspect.Path}: traffic goes on {twice.Path} as well.");
            SendAgain(now, peer, twice);
        }
    }

    /// <summary>A path was proven: what was lost with the former one is sent again where that had to wait for it.</summary>
    public void Settle(Now now, Peer peer)
    {
        if (peer is { IsPathLost: true, Used: { } used } && (!used.IsDirect || used.State == PathState.Proven))
        {
            peer.IsPathLost = false;
            SendAgain(now, peer, used);
        }
    }

    /// <summary>Whether data on the path in use was not acknowledged for too long.</summary>
    public bool IsDoubtful(Now now, Peer peer) => DoubtAt(peer) < now.Boot;

    /// <summary>When the path in use, or what is suspect of it, is to be looked at; max: no sooner than anyway.</summary>
    public TimeSpan NextLook(Now now, Peer peer)
    {
        var at = peer.Used is { State: PathState.Suspect } suspect ? suspect.SuspectSince + suspect.Patience
            : peer.Double is not null ? peer.OverlapUntil
            : DoubtAt(peer);
        return at == TimeSpan.MaxValue || at < now.Boot ? TimeSpan.MaxValue : at + TimeSpan.FromMilliseconds(1);
    }

    /// <summary>Whether the peer's word on its path is one that has to be acted upon.</summary>
    public bool IsNews(Now now, Peer peer, PathUse use)
    {
        if (use.Generation <= peer.HeardUseGeneration)
        {
            return false;
        }

        if (now.Boot < peer.UseHeardFrom)
        {
            context.Counters.Count("path-use-too-often");
            return false;
        }

        peer.HeardUseGeneration = use.Generation;
        peer.UseHeardFrom = use.Lost ? now.Boot + Limits.CandidateUpdateSpacing : peer.UseHeardFrom;
        return use.Lost;
    }

    /// <summary>Sends what is unacknowledged once more.</summary>
    public void SendAgain(Now now, Peer peer, PeerPath path) => context.Recorder.SentAgain(now, peer, Resend?.Invoke(now, peer.Tunnel, path.Path) ?? 0);

    private HandoverCause Cause(PeerPath path) =>
        !context.Uplinks.TryGetValue(UplinkSocket.UplinkOf(path.Path.Uplink), out var uplink) || !uplink.Usable ? HandoverCause.UplinkLost
        : path.IsDirect ? HandoverCause.Directed : HandoverCause.RelayLost;

    private TimeSpan DoubtAt(Peer peer)
    {
        if (!peer.HasReported || peer.Used is not { } used || UnreportedSince?.Invoke(peer.Tunnel) is not { } since)
        {
            return TimeSpan.MaxValue;
        }

        return (used.AnsweredAt > since ? used.AnsweredAt : since) + Patience(peer);
    }

    private static void Use(Peer peer, PeerPath path)
    {
        peer.Used = path;
        peer.Tunnel.SendPath = path.Path;
        MtuProbes.Apply(peer);
    }

    private void Tell(Now now, Peer peer, PeerPath to)
    {
        var use = new PathUse { Generation = nextGeneration(), Relayed = !to.IsDirect, Lost = peer.IsPathLost };
        if (to.IsDirect)
        {
            use.Endpoint = to.Path.Remote.ToWire();
        }

        context.Signals!.Notify(now, peer.Tunnel, new Signal { PathUse = use });
    }

    private static TimeSpan Overlap(PeerPath former) => former.RoundTrip is { } rtt && 2 * rtt > Limits.Overlap ? 2 * rtt : Limits.Overlap;
}
