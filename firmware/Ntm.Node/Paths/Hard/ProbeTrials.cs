using Ntm.Protocol;
using Ntm.Protocol.Nats;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Node.Paths.Hard;

/// <summary>
/// Tries to meet peers behind hard NATs (docs/protocol.md section 5): one trial at a time, begun by the node of the lower key where traffic goes through the relay and the
/// ordinary checks have met nothing. Both open sockets, tell one another through the relay what they foretell of themselves, and probe in the same second.
/// This part: beginning and ending. Its other part: the steps between.
/// </summary>
internal sealed partial class ProbeTrials(NodeContext context)
{
    /// <summary>Counted: why another node's request was refused.</summary>
    public const string Malformed = "probe-round-malformed", NotOurs = "probe-round-not-ours", Busy = "probe-busy", TooSoon = "probe-too-soon",
        AddressNotSeen = "probe-address-not-seen", NotWorth = "probe-not-worth";

    /// <summary>Counted: probes sent, probes for which there was no key any more, and trials that ended with a direct path.</summary>
    public const string Probes = "probes-sent", Unsent = "probes-not-sent", Met = "probe-trials-met";

    private const int LeastProbes = 8;

    /// <summary>A path of a trial that is not in use is forgotten when nothing came by it for so long: the other node may use it.</summary>
    private static readonly TimeSpan Unused = TimeSpan.FromMinutes(1);

    /// <summary>The budget counts by minutes.</summary>
    private static readonly TimeSpan NoMoreThanBudget = TimeSpan.FromMinutes(1);

    private readonly ProbeBudget _budget = new();
    private readonly FurtherSockets _sockets = new(context);

    /// <summary>At most one at a time.</summary>
    private ProbeTrial? _now;
    private TimeSpan _closeAt;
    private TimeSpan _manyMappingsFrom;

    /// <summary>Own coordinators and relays.</summary>
    public required Func<IEnumerable<ServerLink>> Servers { get; init; }

    /// <summary>What was observed of an uplink's NAT.</summary>
    public required Func<int, NatTraits?> Nats { get; init; }

    public required Func<IEnumerable<Peer>> Peers { get; init; }

    /// <summary>Has a peer's paths judged anew.</summary>
    public required Action<Now, Peer> Choose { get; init; }

    /// <summary>Takes paths of a peer away.</summary>
    public required Action<Now, Peer, Predicate<PeerPath>> Withdraw { get; init; }

    /// <summary>Asks the coordinator where a peer is.</summary>
    public required Action<Now, Peer> Refresh { get; init; }

    public TimeSpan NextDeadline => _now?.At ?? TimeSpan.MaxValue;

    /// <summary>Looks at a peer with traffic: begins a trial where one is due, forgets what an old one left.</summary>
    public void Look(Now now, Peer peer)
    {
        Sweep(now, peer);
        if (_now is not null || peer.Probing.NextAt > now.Boot || !IsWanted(now, peer))
        {
            return;
        }

        if (peer.RelayOnly is not null)
        {
            Reconsider(now, peer);
        }
        else if (context.Key < peer.Binding.Key)
        {
            Lead(now, peer);
        }
    }

    /// <summary>The other node asks for a trial.</summary>
    /// <returns>Null: answered later.</returns>
    public Signal? OnRound(Now now, Peer peer, ulong number, ProbeRound round)
    {
        if (round.Ports.Count > Limits.PredictedPorts || round.Nat is null || !round.Mapped.TryRead(out var mapped) || !mapped.IsIPv4)
        {
            return Refuse(RefusalReason.RefusalMalformed, Malformed, "It says not where probes would go, or foretells too many ports.");
        }

        if (number == 0 || context.Key < peer.Binding.Key || peer.RelayOnly is not null)
        {
            return Refuse(RefusalReason.RefusalNotPermitted, NotOurs, "This pair's trials are not begun so.");
        }

        if (_now is not null || peer.Used is not { IsDirect: false })
        {
            return Refuse(RefusalReason.RefusalBusy, Busy, "Another trial is under way, or there is a direct path.");
        }

        if (!peer.Probing.MayAsk(now.Boot) || _budget.Left(now.Boot, ProbeBudget.Of(peer), mapped) < LeastProbes)
        {
            return Refuse(RefusalReason.RefusalBusy, TooSoon, "The last trial was not long enough ago.");
        }

        if (!MayProbe(peer, mapped))
        {
            Refresh(now, peer);
            return Refuse(RefusalReason.RefusalNotPermitted, AddressNotSeen, "The coordinator and a relay did not see that node at that address.");
        }

        if (OwnSight.Of(context, Servers(), Nats) is not { } self || ProbePlan.Judge(NatShape.Read(round.Nat), self.Nat) is not { IsWorthTrying: true } plan || plan.Means == ProbeMeans.Checks)
        {
            return Refuse(RefusalReason.RefusalNotPermitted, NotWorth, "Nothing is to be tried between these NATs.");
        }

        var trial = new ProbeTrial(peer, leads: false, self, mapped.WithPort(0), plan) { RequestNumber = number, Theirs = round };
        if (HasManyMappings(trial) && now.Boot < _manyMappingsFrom)
        {
            return Refuse(RefusalReason.RefusalBusy, TooSoon, "The last trial with many mappings was not long enough ago.");
        }

        Start(now, trial);
        return null;
    }

    /// <summary>The peer is none any more.</summary>
    public void Forget(Peer peer)
    {
        if (_now?.Peer == peer)
        {
            _now = null;
        }

        CloseUnused();
    }

    /// <summary>An uplink changed: what is tried there ends where it went.</summary>
    public void UplinkChanged(Now now, UplinkState uplink)
    {
        if (!uplink.Usable && _now is { } trial && trial.Self.Uplink == uplink.Number)
        {
            End(now, trial, "the uplink went", isForNow: true);
        }
    }

    /// <summary>The node leaves its zone.</summary>
    public void Stop()
    {
        _now = null;
        CloseUnused();
    }

    /// <summary>Whether the path is one of the trial with this peer.</summary>
    public bool Owns(Peer peer, WirePath path) =>
        UplinkSocket.SocketOf(path.Uplink) != 0 || (_now is { State: ProbeState.Probing } trial && trial.Peer == peer && path.Remote.SameHost(Toward(trial, NatShape.PortLeast)));

    // The other's host as this uplink sends to it.
    private RealAddress Toward(ProbeTrial trial, ushort port) => context.Uplinks.TryGetValue(trial.Self.Uplink, out var uplink) ? uplink.Reach(trial.Host.WithPort(port)) : default;

    private static bool IsWanted(Now now, Peer peer) => peer.Tunnel.IsEstablished && peer.Used is { IsDirect: false, State: PathState.Proven }
        && !peer.Paths.Exists(p => p.IsDirect && (p.State == PathState.Proven || p.IsBeingChecked(now.Boot)));

    // The coordinator judged by what was known of the NATs then, which may have been little: nodes are directed as soon as they are registered.
    private void Reconsider(Now now, Peer peer)
    {
        if (OwnSight.Of(context, Servers(), Nats) is { } self && peer.Direction.Nats.Any(n => ProbePlan.Judge(self.Nat, NatShape.Read(n)) is { IsWorthTrying: true }))
        {
            peer.Probing.Failed(now.Boot);
            Refresh(now, peer);
        }
        else
        {
            peer.Probing.Postpone(now.Boot + Limits.CheckAgain);
        }
    }

    private void Lead(Now now, Peer peer)
    {
        peer.Probing.Postpone(now.Boot + Limits.CheckAgain); // unless something comes of it
        if (OwnSight.Of(context, Servers(), Nats) is not { } self)
        {
            return;
        }

        var all = peer.Seen.All(peer.Direction.Nats.Take(Limits.NatTraits)).Where(s => MayProbe(peer, s.Host))
            .Select(s => (s.Host, Plan: ProbePlan.Judge(self.Nat, s.Nat))).ToArray();
        if (all.Length == 0)
        {
            Refresh(now, peer); // as the coordinator sees it now
            return;
        }

        var (host, plan) = all.MaxBy(s => s.Plan.Means == ProbeMeans.Checks ? 0 : s.Plan.Chance);
        peer.Probing.Reason = plan.IsWorthTrying ? peer.Probing.Reason : plan.Reason;
        if (plan.Means is ProbeMeans.None or ProbeMeans.Checks)
        {
            return;
        }

        if (_budget.Left(now.Boot, ProbeBudget.Of(peer), host) < LeastProbes)
        {
            peer.Probing.Postpone(now.Boot + NoMoreThanBudget);
            return;
        }

        var trial = new ProbeTrial(peer, leads: true, self, host.WithPort(0), plan);
        if (!HasManyMappings(trial) || now.Boot >= _manyMappingsFrom)
        {
            Start(now, trial);
        }
    }

    // Those of the last trial are still there: together with others they would eat up what the NAT has for the home.
    private static bool HasManyMappings(ProbeTrial trial) => SocketsWanted(trial) > Limits.ProbeMappingsMany
        || (trial.Plan.Means == ProbeMeans.Windows && trial.Self.Nat.MapsByDestination);

    // What is private means somebody else here, and behind one NAT with us the ordinary checks do.
    private bool MayProbe(Peer peer, RealAddress host) => peer.Seen.Has(host)
        && Candidates.IsPossible(host.WithPort(NatShape.PortLeast), context.Options, context.Membership!.Addressing.Prefix)
        && !Servers().Any(s => s.Observed.Any(o => o.Address.SameHost(host)) || s.Endpoints.Any(e => e.SameHost(host)));

    // A refusal for good counts as a trial, so that who never takes part is asked less and less.
    private void End(Now now, ProbeTrial trial, string? why = null, bool isForNow = false)
    {
        _now = null;
        var peer = trial.Peer;
        if (peer.Used is { IsDirect: true, State: PathState.Proven })
        {
            peer.Probing.Succeeded(now.Boot);
            context.Counters.Count(Met);
        }
        else if (trial.State == ProbeState.Probing)
        {
            var pause = peer.Probing.Failed(now.Boot, trial.Schedule!.IsLong ? Limits.ProbePeriod + NoMoreThanBudget : TimeSpan.Zero);
            peer.Probing.Reason = $"{trial.Plan.Reason}, but {trial.Sent.Count} probes met nothing; next trial in {Spell(pause)}";
        }
        else
        {
            peer.Probing.Reason = why is null ? trial.Plan.Reason : $"{trial.Plan.Reason}, but {why}";
            if (!isForNow)
            {
                peer.Probing.Failed(now.Boot);
            }
        }

        Sweep(now, peer);
        CloseUnused();
        Choose(now, peer);
    }

    // Paths that came to nothing go, and with them their sockets.
    private void Sweep(Now now, Peer peer)
    {
        if (_now?.Peer == peer)
        {
            return;
        }

        Predicate<PeerPath> gone = p => p.IsProbed && p != peer.Used && p != peer.Double && !(now.Boot - p.LastHeard <= Unused);
        if (peer.Paths.Exists(gone))
        {
            Withdraw(now, peer, gone);
            CloseUnused();
        }
        else if (_closeAt <= now.Boot)
        {
            _closeAt = now.Boot + Unused;
            CloseUnused(); // of paths that went for other reasons
        }
    }

    private void CloseUnused()
    {
        if (_sockets.Any)
        {
            _sockets.Keep(Peers().SelectMany(p => p.Paths).Select(p => p.Path.Uplink).Concat(_now?.Wanted ?? []).ToHashSet());
        }
    }

    private Signal Refuse(RefusalReason reason, string counted, string text)
    {
        context.Counters.Count(counted);
        return new Signal { Refusal = new() { Reason = reason, Text = text } };
    }

    private static string Spell(TimeSpan pause) => pause < TimeSpan.FromMinutes(1) ? $"{pause.TotalSeconds:0} s" : $"{pause.TotalMinutes:0} min";
}
