using Ntm.Node.Handovers;
using Ntm.Node.Paths.Hard;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Node.Paths;

/// <summary>
/// Checks paths to peers and changes over between them (docs/protocol.md section 5). Every timer of it:
/// check 250 ms (rounds of five, or until answered while suspect) · again 30 s (relay in use and traffic) · used 10 s (direct path in use and traffic) ·
/// silence 1 s (data out, nothing in) · lost 3 s (suspect without an answer). A peer that has no traffic has no timer.
/// </summary>
internal sealed class PathChecks(NodeContext context, PathBudgets budgets, RunChecks runs, MtuProbes mtus, ProbeTrials trials, PathChanges changes)
{
    /// <summary>Traffic this long ago still counts as traffic.</summary>
    private static readonly TimeSpan Active = TimeSpan.FromMinutes(3);

    /// <summary>A direct path not heard from for longer may have lost its NAT mapping: data goes on two paths until it answers.</summary>
    private static readonly TimeSpan Stale = Limits.CheckUsed + Limits.CheckUsed / 2;

    /// <summary>The path in use failed and there is no other: it is looked at this often.</summary>
    private static readonly TimeSpan UsedAgain = TimeSpan.FromSeconds(2);

    /// <summary>A path that worked and is of a better rank than the one in use is looked at this often.</summary>
    private static readonly TimeSpan BetterAgain = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan CheckMemory = TimeSpan.FromSeconds(5);
    private const int ChecksRemembered = 64;

    private readonly PriorityQueue<Peer, TimeSpan> _ticks = new();

    /// <summary>How long the NAT before a path may be left alone.</summary>
    public Func<WirePath, TimeSpan> KeepAliveOf { get; init; } = static _ => Limits.KeepAliveFirst;

    /// <summary>Whether neither coordinator nor relay answers.</summary>
    public Func<bool> IsAlone { get; init; } = static () => false;

    public TimeSpan NextDeadline => _ticks.TryPeek(out _, out var at) ? at : TimeSpan.MaxValue;

    /// <summary>
    /// A tunnel stands (again). A relay that its handshake came by works both ways. A direct path carries what may go to an unproven address until its check is answered, the rest waits:
    /// a peer may well have written another's address on what it sent. All others are to be checked.
    /// </summary>
    public void Established(Now now, Peer peer)
    {
        var path = peer.Tunnel.LastReceivedPath;
        var first = peer.Find(path) ?? peer.Add(path, path.IsRelayed ? PathKind.Relay : PathKind.PeerReflexive);
        if (first is { IsDirect: false })
        {
            first.Prove(now.Boot);
        }
        else if (first is { State: PathState.Unproven or PathState.Failed } && peer.Used is not { State: PathState.Proven or PathState.Suspect })
        {
            first.State = PathState.Unproven;
            peer.Used = first;
            peer.Tunnel.SendPath = first.Path;
            MtuProbes.Apply(peer);
        }

        foreach (var other in peer.Paths)
        {
            // Of before a long silence: what is staged must not go there alone.
            if (other != first && other is { IsDirect: true, State: PathState.Proven or PathState.Suspect } && now.Boot - (other.LastHeard ?? TimeSpan.Zero) > Stale)
            {
                other.State = PathState.Unproven;
            }
        }

        peer.LastTraffic ??= now.Boot; // a renewed key is no traffic: our own checks renew it
        Start(now, peer);
        Choose(now, peer);
    }

    /// <summary>Begins a round of checks on every path that is not proven.</summary>
    public void Start(Now now, Peer peer)
    {
        foreach (var path in peer.Paths)
        {
            if (path.State != PathState.Proven || path.RoundTrip is null)
            {
                path.Schedule(now.Boot, Limits.CheckRounds);
            }
        }

        TickAt(peer, now.Boot);
    }

    public void OnCheck(Now now, Peer peer, WirePath from, PathCheck check)
    {
        var path = peer.Find(from);
        if (path is null)
        {
            // Only the holder of the tunnel's key can have sealed it, so its address is worth a look; relayed ones come by direction only.
            if (from.IsRelayed || !context.IsUsable(from) || (path = peer.Add(from, PathKind.PeerReflexive)) is null)
            {
                context.Counters.Count("path-check-from-unknown-path");
                return;
            }

            path.IsProbed = trials.Owns(peer, from);
        }

        var reply = new Signal { PathCheckReply = new() { Id = check.Id, Seen = from.Remote.ToWire(), JoinsHalves = true } };
        if (check.ReplyPadding > 0)
        {
            reply.PathCheckReply.Padding = Google.Protobuf.ByteString.CopyFrom(new byte[Math.Min(check.ReplyPadding, Limits.ReplyPadding)]);
        }

        if (Afford(now, peer, path, reply))
        {
            Sent(path, reply, context.Signals!.Notify(now, peer.Tunnel, reply, path.Path));
        }

        if (path.State is PathState.Unproven or PathState.Failed)
        {
            path.CheckInReturn(now.Boot);
            TickAt(peer, path.NextCheck);
        }
    }

    public void OnReply(Now now, Peer peer, WirePath from, PathCheckReply reply)
    {
        if (runs.TryTake(now, peer, from, reply) || mtus.TryTake(now, peer, from, reply) || trials.TryTake(now, peer, from, reply))
        {
            return;
        }

        if (!peer.Checks.Remove(reply.Id, out var check) || check.Path.Path != from)
        {
            context.Counters.Count("path-reply-to-nothing");
            return;
        }

        var wasSuspect = check.Path.State == PathState.Suspect;
        check.Path.Answered(now.Boot, now.Boot - check.SentAt);
        if (wasSuspect && check.Path == peer.Used)
        {
            context.Recorder.Returned(now, peer);
        }

        Choose(now, peer);
        changes.Settle(now, peer);
        context.Tunnels.Flush(now, peer.Tunnel);
    }

    /// <summary>An authenticated datagram came by this path.</summary>
    public void Heard(Now now, Peer peer, WirePath from, int bytes)
    {
        peer.UnheardSince = null;
        if (peer.Find(from) is { } path)
        {
            path.LastHeard = now.Boot;
            path.BytesReceived += bytes;
            if (path is { IsDirect: true, State: not PathState.Proven })
            {
                budgets.Earn(now.Boot, from.Remote, bytes);
            }
        }
    }

    /// <summary>Data is about to go out to this peer.</summary>
    public void Sending(Now now, Peer peer)
    {
        var idle = peer.LastTraffic is not { } last || now.Boot - last > Limits.CheckUsed;
        peer.LastTraffic = now.Boot;
        if (peer.UnheardSince is null)
        {
            peer.UnheardSince = now.Boot;
            TickAt(peer, now.Boot + PathChanges.Patience(peer));
        }

        if (peer.Used is { IsDirect: true, State: PathState.Proven } used && now.Boot - (used.LastHeard ?? TimeSpan.Zero) > Stale)
        {
            Suspect(now, peer, used); // for safety, and no handover: its NAT may have forgotten it
            Choose(now, peer);
        }

        if (idle || peer.NextTick == TimeSpan.MaxValue)
        {
            TickAt(peer, now.Boot);
        }
    }

    public void HandleTimeout(Now now)
    {
        while (_ticks.TryPeek(out var peer, out var at) && at <= now.Boot)
        {
            _ticks.Dequeue();
            if (peer.NextTick == at)
            {
                peer.NextTick = TimeSpan.MaxValue;
                Tick(now, peer);
            }
        }
    }

    /// <summary>Judges the paths and changes over where another is better.</summary>
    public void Choose(Now now, Peer peer)
    {
        foreach (var path in peer.Paths)
        {
            if (path.Rank < 0)
            {
                // One that only its checks have shown: as the peer's word on that host is.
                var known = peer.Paths.Find(p => p is { Rank: >= 0, IsDirect: true } && p.Path.Remote.SameHost(path.Path.Remote));
                path.Rank = context.RankOf(path.Path) + (known is null ? 0 : known.Rank - context.RankOf(known.Path));
            }
        }

        var choice = PathChoice.Decide(peer.Paths, peer.Used, peer.RelayOnly ?? peer.Probing.Reason, now.Boot);
        peer.Reason = choice.Reason;
        if (choice.Path is { } chosen && chosen != peer.Used)
        {
            changes.Change(now, peer, chosen, choice.Reason);
            TickAt(peer, now.Boot);
        }

        changes.Double(now, peer);
        MtuProbes.Apply(peer);
    }

    /// <summary>The peer says that it changed over, and that what we sent it lately may be lost: the path in use is looked at, and doubled by the one its word came by.</summary>
    public void OnUse(Now now, Peer peer, WirePath from, PathUse use)
    {
        if (!changes.IsNews(now, peer, use) || peer.Used is not { State: PathState.Proven } used)
        {
            return;
        }

        if (used.Path == from)
        {
            changes.SendAgain(now, peer, used); // the same for us: its relay's leg has moved, and what was on its way to the former address is lost
            return;
        }

        if (peer.Find(from) is { State: PathState.Unproven or PathState.Failed } path)
        {
            path.CheckInReturn(now.Boot);
        }

        Suspect(now, peer, used);
        context.Recorder.Noticed(now, peer, HandoverCause.PeerMoved, used, "it says that it lost its path");
        Choose(now, peer);
        TickAt(peer, now.Boot);
    }

    /// <summary>The peer does not name this path any more, or an address there: it may have left it.</summary>
    public void Unlisted(Now now, Peer peer, PeerPath path)
    {
        if (path == peer.Used)
        {
            Suspect(now, peer, path);
            context.Recorder.Noticed(now, peer, HandoverCause.PeerMoved, path, "it does not name that address any more");
            Choose(now, peer);
        }
        else
        {
            path.Schedule(now.Boot, Limits.ChecksBeforeSuspect);
        }

        TickAt(peer, now.Boot);
    }

    /// <summary>Forgets paths for which <paramref name="gone"/> holds; the one in use only if another can be used.</summary>
    public void Withdraw(Now now, Peer peer, Predicate<PeerPath> gone)
    {
        if (peer.Used is { } used && gone(used))
        {
            changes.Lost(now, peer, used);
        }

        peer.Paths.RemoveAll(gone);
        Choose(now, peer);
    }

    /// <summary>An established tunnel whose path was withdrawn goes on by any other at once, and a new handshake finds out which works.</summary>
    public void GoOn(Now now, Peer peer)
    {
        if (peer.Used is null && peer.Tunnel.IsEstablished && (peer.Paths.Find(p => !p.IsDirect) ?? peer.Paths.FirstOrDefault()) is { } any)
        {
            any.State = any.State == PathState.Failed ? PathState.Unproven : any.State;
            changes.Change(now, peer, any, "no path is proven");
            MtuProbes.Apply(peer);
            Start(now, peer);
            context.Tunnels.Begin(now, peer.Tunnel);
        }
    }

    /// <summary>The same for paths whose socket or trial is gone: an established tunnel goes on by what is left.</summary>
    public void Drop(Now now, Peer peer, Predicate<PeerPath> gone)
    {
        if (peer.Paths.Exists(gone))
        {
            Withdraw(now, peer, gone);
            GoOn(now, peer);
        }
    }

    private void Tick(Now now, Peer peer)
    {
        if (!peer.Tunnel.IsEstablished)
        {
            return; // Established() starts over
        }

        var active = peer.LastTraffic is { } last && now.Boot - last < Active;
        Forget(now, peer);
        foreach (var path in peer.Paths)
        {
            if (!active && path == peer.Used && path.NextCheck == TimeSpan.MaxValue && WarmAt(peer) <= now.Boot)
            {
                path.Schedule(now.Boot, Limits.CheckRounds);
            }

            Judge(now, peer, path, active);
            if (path.NextCheck <= now.Boot)
            {
                Check(now, peer, path);
            }
        }

        Choose(now, peer);
        var next = TimeSpan.MaxValue;
        if (active && peer.Used is { } inUse)
        {
            runs.Look(now, peer, inUse);
            next = mtus.Tick(now, peer);
            trials.Look(now, peer);
        }

        foreach (var path in peer.Paths)
        {
            next = path.NextCheck < next ? path.NextCheck : next;
        }

        next = WarmAt(peer) is var warm && !active && warm < next ? warm : next;

        if (active)
        {
            // The judgements above look at times of a second and more; four looks a second are close enough for them. Not so for what waits to be acknowledged.
            var look = now.Boot + Limits.CheckSpacing;
            next = next < look ? next : look;
            next = changes.NextLook(now, peer) is var soon && soon < next ? soon : next;
        }

        if (next != TimeSpan.MaxValue)
        {
            TickAt(peer, next > now.Boot ? next : now.Boot + Limits.CheckInReturnSpacing);
        }
    }

    private TimeSpan WarmAt(Peer peer) => peer is { Used: { IsDirect: true, State: PathState.Proven, LastHeard: { } heard } used, LastTraffic: { } traffic }
        ? WarmPath.NextCheck(traffic, heard, KeepAliveOf(used.Path), IsAlone())
        : TimeSpan.MaxValue;

    private void Judge(Now now, Peer peer, PeerPath path, bool active)
    {
        var used = path == peer.Used;
        if (path.IsProbed && !used && path.State != PathState.Suspect)
        {
            // Not kept alive, so that nothing is to be sent there alone later on.
            path.State = now.Boot - path.LastHeard <= Stale ? path.State : PathState.Unproven;
            return;
        }

        var patience = Limits.CheckSpacing + (path.RoundTrip ?? TimeSpan.Zero);
        switch (path.State)
        {
            case PathState.Proven when path.Unanswered >= Limits.ChecksBeforeSuspect && now.Boot - (path.LastHeard ?? TimeSpan.Zero) > 3 * patience:
                if (used && (path.IsDirect || PathChoice.Other(peer.Paths, path) is not null))
                {
                    Doubt(now, peer, path, "it does not answer checks");
                }
                else
                {
                    path.Fail();
                }

                break;
            case PathState.Proven when used && changes.IsDoubtful(now, peer) && PathChoice.Other(peer.Paths, path) is not null:
                Doubt(now, peer, path, "what was sent is not acknowledged");
                break;
            case PathState.Suspect when now.Boot - path.SuspectSince > path.Patience:
                path.Fail();
                foreach (var other in peer.Paths)
                {
                    // Asked when the suspicion began: what has not answered since may be as dead.
                    if (other.State == PathState.Proven && other.AnsweredAt < path.SuspectSince)
                    {
                        other.State = PathState.Unproven;
                    }
                }

                break;
            case PathState.Proven when active && path.NextCheck == TimeSpan.MaxValue:
                var silent = used && peer.UnheardSince is { } since && now.Boot - since > Limits.SilenceBeforeCheck;
                if (silent || now.Boot - (path.LastHeard ?? TimeSpan.Zero) > CheckAfter(peer, path, used))
                {
                    path.Schedule(now.Boot, Limits.CheckRounds);
                }

                break;
            case PathState.Unproven or PathState.Failed when active && path.NextCheck == TimeSpan.MaxValue
                && (peer.Used is not { IsDirect: true, State: PathState.Proven or PathState.Suspect } inUse || path.Rank < inUse.Rank):
                path.Schedule(now.Boot + (used ? UsedAgain : path is { Worked: true } && path.Rank < peer.Used?.Rank ? BetterAgain : Limits.CheckAgain), Limits.CheckRounds);
                break;
        }
    }

    // Kept open in the NATs of its uplink, so that it is there when it is needed.
    private TimeSpan CheckAfter(Peer peer, PeerPath path, bool used)
    {
        if (used)
        {
            return Limits.CheckUsed;
        }

        var keepAlive = path.IsDirect && PathChoice.IsBestOfUplink(peer.Paths, path) ? KeepAliveOf(path.Path) : Limits.CheckAgain;
        return keepAlive < Limits.CheckAgain ? keepAlive : Limits.CheckAgain;
    }

    private void Doubt(Now now, Peer peer, PeerPath path, string why)
    {
        Suspect(now, peer, path);
        context.Recorder.Noticed(now, peer, HandoverCause.Silent, path, why);
    }

    // What else a trial found leads through the same NATs, and nobody has kept it alive: it is no better until it was heard again.
    private static void Suspect(Now now, Peer peer, PeerPath path)
    {
        path.Suspect(now.Boot);
        foreach (var other in peer.Paths)
        {
            if (other.State == PathState.Proven)
            {
                other.Schedule(now.Boot, Limits.ChecksBeforeSuspect);
            }

            if (path.IsProbed && other.IsProbed && other != path && other.State == PathState.Proven && !(other.LastHeard > path.LastHeard))
            {
                other.State = PathState.Unproven;
            }
        }
    }

    private void Check(Now now, Peer peer, PeerPath path)
    {
        var check = new Signal { PathCheck = new() { Id = context.Random() } };
        path.Checked(now.Boot);
        if (Afford(now, peer, path, check) && context.Signals!.Notify(now, peer.Tunnel, check, path.Path))
        {
            Sent(path, check, true);
            peer.Checks[check.PathCheck.Id] = (path, now.Boot);
        }
    }

    // A relay of ours wants what we send it; anyone else must have shown so.
    private bool Afford(Now now, Peer peer, PeerPath path, Signal signal) =>
        !path.IsDirect || path.State is PathState.Proven or PathState.Suspect
        || budgets.TrySpend(now.Boot, peer.Purse, path.Path.Remote, SignalChannel.SizeOnWire(signal));

    private static void Sent(PeerPath path, Signal signal, bool sent) => path.BytesSent += sent ? SignalChannel.SizeOnWire(signal) : 0;

    private static void Forget(Now now, Peer peer)
    {
        if (peer.Checks.Count == 0)
        {
            return;
        }

        foreach (var (id, check) in peer.Checks)
        {
            if (now.Boot - check.SentAt > CheckMemory || peer.Checks.Count > ChecksRemembered)
            {
                peer.Checks.Remove(id);
            }
        }
    }

    private void TickAt(Peer peer, TimeSpan at)
    {
        if (at < peer.NextTick)
        {
            peer.NextTick = at;
            _ticks.Enqueue(peer, at);
        }
    }
}
