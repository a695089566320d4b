using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Node.Nat;

/// <summary>
/// Finds out what each uplink's NAT does and for how long it remembers (docs/protocol.md section 5, "NAT"), keeps that, and says how long a tunnel may be silent there.
/// Servers may lie: the worst that comes of it are wrong words, a short keep-alive, or a mapping lost until the next one; nothing is ever sent to an address they name.
/// </summary>
/// <param name="servers">Our own coordinators and relays, no guests' ones.</param>
internal sealed class NatObserver(NodeContext context, Func<IEnumerable<ServerLink>> servers)
{
    /// <summary>After an uplink came or a registration: others follow within it.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(1.5);

    private static readonly TimeSpan RoundAgain = TimeSpan.FromDays(1);

    /// <summary>A round that brought nothing.</summary>
    private static readonly TimeSpan RoundAfterNothing = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan ProbePause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ProbeAfterUnclear = TimeSpan.FromMinutes(2);

    /// <summary>What was learnt is searched anew.</summary>
    private static readonly TimeSpan LearntLasts = TimeSpan.FromDays(7);

    private readonly Dictionary<(int Uplink, bool IPv4), NatUplink> _uplinks = [];
    private readonly Dictionary<string, NatMemory> _kept = new(StringComparer.Ordinal);

    /// <summary>Told when what others are told of our NATs has changed, or how often we are heard.</summary>
    public Action<Now>? OnChanged { get; set; }

    public TimeSpan NextDeadline
    {
        get
        {
            var next = TimeSpan.MaxValue;
            foreach (var uplink in _uplinks.Values)
            {
                next = uplink.NextDeadline < next ? uplink.NextDeadline : next;
            }

            return next;
        }
    }

    /// <summary>The outside address of an uplink's box of IPv4, by its own word; none: it has said nothing.</summary>
    public Func<int, RealAddress>? BoxOf { get; set; }

    public NatUplink? Find(int uplink, bool ipv4) => _uplinks.GetValueOrDefault((uplink, ipv4));

    /// <summary>What other nodes are told: one for each uplink, IPv4's where there is one.</summary>
    public IEnumerable<NatTraits> Traits => _uplinks.Values
        .Where(u => u.Judgement != NatJudgement.Unknown && context.Uplinks.TryGetValue(u.Number, out var state) && state.Usable)
        .Where(u => u.IsIPv4 || !context.Uplinks.TryGetValue(u.Number, out var state) || !state.NeedsNat64) // its firewall says nothing of the NAT64 that IPv4 goes through
        .OrderBy(u => u.Number).ThenBy(u => !u.IsIPv4).DistinctBy(u => u.Number).Take(Limits.NatTraits)
        .Select(u => new NatTraits
        {
            Uplink = (uint)u.Number, Mapping = u.Judgement.Mapping, Filtering = u.Judgement.Filtering, Allocation = u.Judgement.Allocation,
            Step = u.Judgement.Step, LatestPort = u.Judgement.LatestPort,
        });

    /// <summary>How long a tunnel may be silent on this path.</summary>
    public TimeSpan KeepAliveOf(WirePath path) =>
        Find(UplinkSocket.UplinkOf(path.Uplink), path.Remote.IsIPv4)?.KeepAlive ?? Limits.KeepAliveFirst;

    public void Load(IEnumerable<StoreWrite> memory)
    {
        foreach (var entry in memory.Where(e => e is { Collection: NatMemory.Collection, Value: not null }))
        {
            if (NatMemory.TryRead(entry.Value!, out var kept))
            {
                _kept[entry.Key] = kept;
            }
            else
            {
                context.Counters.Count("nat-entry-unreadable");
            }
        }
    }

    /// <summary>An uplink came, went or changed.</summary>
    public void UplinkChanged(Now now, UplinkState state)
    {
        foreach (var ipv4 in (bool[])[true, false])
        {
            var known = Find(state.Number, ipv4);
            if (!state.Usable || !state.Addresses.Any(a => a.IsIPv4 == ipv4))
            {
                if (known is not null)
                {
                    End(known);
                    _uplinks.Remove((state.Number, ipv4));
                }

                continue;
            }

            if (known is null)
            {
                known = new NatUplink(state.Number, ipv4);
                _uplinks.Add((state.Number, ipv4), known);
                if (_kept.TryGetValue(NatMemory.Key(state.Name, ipv4), out var kept))
                {
                    (known.Judgement, known.Lifetime) = (kept.Judgement, kept.Lifetime);
                    known.Networks.AddRange(kept.Networks);
                }
            }

            if (known.Work is LifetimeProbe)
            {
                End(known);
            }

            LookSoon(now, known);
        }
    }

    /// <summary>A server of ours is registered at, and it saw us.</summary>
    public void Registered(Now now, ServerLink link)
    {
        foreach (var (uplink, address) in link.Observed)
        {
            if (Find(uplink, address.IsIPv4) is not { } known)
            {
                continue;
            }

            var network = NatMemory.NetworkOf(address);
            if (known.Networks.Count > 0 && !known.Networks.Contains(network) && !known.Judgement.IsPooled)
            {
                // Another network, another NAT.
                End(known);
                (known.Judgement, known.Lifetime, known.Missed) = (NatJudgement.Unknown, default, 0);
                known.Networks.Clear();
                Keep(known);
                LookSoon(now, known);
                OnChanged?.Invoke(now);
            }
        }

        // In whichever family: the one that the tunnel does not use is looked at by the same servers. One that answered no checks has time.
        foreach (var uplink in _uplinks.Values)
        {
            if (uplink.RoundAt == TimeSpan.MaxValue && uplink.Work is not NatRound)
            {
                LookSoon(now, uplink);
            }
        }
    }

    /// <summary>A further server of ours is registered at: it may tell what was not to be seen without it.</summary>
    public void ServerFound(Now now)
    {
        foreach (var uplink in _uplinks.Values.Where(u => u.Judgement.Mapping == NatMapping.Unknown || u.Judgement.Filtering == NatFiltering.Unknown))
        {
            LookSoon(now, uplink);
        }
    }

    /// <summary>A server sees us by another mapping, though nothing of ours changed: it was forgotten sooner than was thought.</summary>
    public void Forgotten(Now now, int uplink, bool ipv4)
    {
        if (Find(uplink, ipv4) is { Lifetime.Lived: > 0 } known)
        {
            known.Lifetime = new(0, Math.Max(known.Lifetime.Lived, 1));
            known.ProbeAt = now.Boot + ProbePause;
            context.Counters.Count("nat-forgot-sooner");
            Keep(known);
            OnChanged?.Invoke(now);
        }
    }

    /// <summary>The program opened the observing socket, or could not (port 0).</summary>
    public void SocketOpened(Now now, int socket, bool ipv4, ushort port)
    {
        if (Find(UplinkSocket.UplinkOf(socket), ipv4) is { IsOpen: true, Work: { } work } uplink)
        {
            uplink.IsOpen = port != 0;
            work.Opened(now, port);
            Settled(now, uplink);
        }
    }

    /// <summary>A reply of a server that came to an observing socket.</summary>
    public void OnReply(Now now, ServerLink from, WirePath path, PathCheckReply reply)
    {
        if (Find(UplinkSocket.UplinkOf(path.Uplink), path.Remote.IsIPv4) is { Work: { } work } uplink && work.TryTake(now, from, path, reply))
        {
            Settled(now, uplink);
        }
        else
        {
            context.Counters.Count("nat-reply-to-nothing");
        }
    }

    /// <summary>The node leaves its zone.</summary>
    public void Stop()
    {
        foreach (var uplink in _uplinks.Values)
        {
            End(uplink);
            (uplink.RoundAt, uplink.ProbeAt) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        }
    }

    public void HandleTimeout(Now now)
    {
        foreach (var uplink in _uplinks.Values)
        {
            if (uplink.Work is { } work)
            {
                if (work.NextDeadline <= now.Boot)
                {
                    work.HandleTimeout(now);
                    Settled(now, uplink);
                }
            }
            else if (uplink.RoundAt <= now.Boot)
            {
                uplink.RoundAt = TimeSpan.MaxValue;
                Look(now, uplink);
            }
            else if (uplink.ProbeAt <= now.Boot)
            {
                uplink.ProbeAt = TimeSpan.MaxValue;
                Probe(now, uplink);
            }
        }
    }

    private void Look(Now now, NatUplink uplink)
    {
        var asked = NatServer.Of(servers(), uplink.IsIPv4);
        if (asked.Count == 0 || context.Membership is null || !context.Uplinks.TryGetValue(uplink.Number, out var state))
        {
            return; // a registration brings it back
        }

        uplink.Work = new NatRound(context, uplink.Number, asked, [.. state.Addresses.Where(a => a.IsIPv4 == uplink.IsIPv4)], () => Open(uplink));
        Open(uplink);
    }

    private void Probe(Now now, NatUplink uplink)
    {
        var asked = NatServer.Of(servers(), uplink.IsIPv4);
        if (uplink.Lifetime.Next is null)
        {
            uplink.Lifetime = uplink.Lifetime with { Died = 0 }; // learnt long ago: it may remember for longer by now
        }

        if (uplink.Lifetime.Next is not { } silence || context.Membership is null)
        {
            return;
        }

        if (asked.Count == 0)
        {
            uplink.ProbeAt = now.Boot + ProbeAfterUnclear;
            return;
        }

        uplink.Work = new LifetimeProbe(context, uplink.Number, asked[0], silence);
        Open(uplink);
    }

    private void Settled(Now now, NatUplink uplink)
    {
        switch (uplink.Work)
        {
            case NatRound { IsOver: true } round:
                End(uplink);
                Judged(now, uplink, round.Seen);
                break;
            case LifetimeProbe { IsOver: true } probe:
                End(uplink);
                Probed(now, uplink, probe);
                break;
        }
    }

    /// <summary>The box in front says where it is seen: an address that no server sees is behind a further NAT.</summary>
    public void BoxHeard(Now now, int number)
    {
        if (Find(number, ipv4: true) is { Seen: { } seen } uplink)
        {
            Judged(now, uplink, seen);
        }
    }

    private void Judged(Now now, NatUplink uplink, NatObservation seen)
    {
        uplink.RoundAt = now.Boot + (seen.Samples.Count > 0 ? RoundAgain : RoundAfterNothing);
        if (seen.Samples.Count == 0)
        {
            return;
        }

        uplink.Seen = seen;
        var judged = NatJudgement.Judge(seen with { FirstBox = uplink.IsIPv4 && BoxOf is not null ? BoxOf(uplink.Number) : default });
        var isNews = judged with { LatestPort = uplink.Judgement.LatestPort, Reason = uplink.Judgement.Reason } != uplink.Judgement;
        uplink.Judgement = judged;
        uplink.Networks.Clear();
        uplink.Networks.AddRange(seen.Samples.Concat(seen.Further).Select(s => NatMemory.NetworkOf(s.Mapped)).Distinct().Take(NatMemory.NetworksMost));
        uplink.ProbeAt = now.Boot + (uplink.Lifetime.Next is null ? LearntLasts : ProbePause);
        Keep(uplink);
        if (isNews)
        {
            context.Note($"Uplink {Name(uplink)}, {(uplink.IsIPv4 ? "IPv4" : "IPv6")}: {NatWords.Of(judged, uplink.Lifetime)}");
        }

        if (isNews || judged.Allocation is PortAllocation.Stepped)
        {
            OnChanged?.Invoke(now);
        }
    }

    private void Probed(Now now, NatUplink uplink, LifetimeProbe probe)
    {
        var before = uplink.KeepAlive;
        var died = probe.Verdict == LifetimeVerdict.Died || (probe.Verdict == LifetimeVerdict.Missed && uplink.Missed == probe.Silence);
        uplink.Missed = probe.Verdict == LifetimeVerdict.Missed ? probe.Silence : 0;
        if (died || probe.Verdict == LifetimeVerdict.Lived)
        {
            uplink.Missed = 0;
            uplink.Lifetime = uplink.Lifetime.With(probe.Silence, survived: !died);
            Keep(uplink);
        }

        uplink.ProbeAt = now.Boot + (uplink.Lifetime.Next is null ? LearntLasts : probe.Verdict == LifetimeVerdict.Unclear ? ProbeAfterUnclear : ProbePause);
        if (uplink.KeepAlive != before)
        {
            OnChanged?.Invoke(now);
        }
    }

    // Not before the pump is done with what it is doing: the socket that goes may have brought what ended the work.
    private void Open(NatUplink uplink)
    {
        Close(uplink);
        uplink.IsOpen = true;
        context.Events.Enqueue(new NodeEvent.Socket(uplink.Socket, uplink.IsIPv4, Open: true));
    }

    private void Close(NatUplink uplink)
    {
        if (uplink.IsOpen)
        {
            uplink.IsOpen = false;
            context.Events.Enqueue(new NodeEvent.Socket(uplink.Socket, uplink.IsIPv4, Open: false));
        }
    }

    private void End(NatUplink uplink)
    {
        uplink.Work = null;
        Close(uplink);
    }

    private static void LookSoon(Now now, NatUplink uplink)
    {
        if (uplink.Work is not NatRound)
        {
            uplink.RoundAt = now.Boot + Settle;
        }
    }

    private void Keep(NatUplink uplink)
    {
        var key = NatMemory.Key(Name(uplink), uplink.IsIPv4);
        if (uplink.Networks.Count == 0)
        {
            _kept.Remove(key);
            context.Keep(NatMemory.Collection, key, null);
            return;
        }

        _kept[key] = new(uplink.Judgement, uplink.Lifetime, [.. uplink.Networks]);
        context.Keep(NatMemory.Collection, key, _kept[key].Write());
    }

    private string Name(NatUplink uplink) => context.Uplinks.TryGetValue(uplink.Number, out var state) ? state.Name : $"{uplink.Number}";
}
