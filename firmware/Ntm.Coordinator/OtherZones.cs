using Ntm.Protocol;
using Ntm.Protocol.Naming;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Tunnel;

namespace Ntm.Coordinator;

/// <summary>
/// Directions across zones (docs/protocol.md section 8): finds another zone's coordinators by its NTM record, asks them for our nodes, and hears them for
/// theirs, but only those that their own zone's record names. It judges no access: the asked node's share does.
/// </summary>
internal sealed class OtherZones(CoordinatorContext context, Members members, Guests guests, Directions directions, Acquaintances met)
{
    private readonly Allowance _newcomers = new(Bounds.ZoneRequestsPerSecond, Bounds.ZoneRequestBurst);
    private readonly Dictionary<string, OtherZone> _zones = new(StringComparer.Ordinal);
    private readonly List<Asking> _asking = [];

    public int Count => _zones.Count;

    public TimeSpan NextDeadline => _asking.Count == 0 ? TimeSpan.MaxValue : _asking.Min(a => a.AnotherAt);

    /// <summary>The link that a known zone's record gives this key, the zone's first that the key has spoken for; null: none.</summary>
    public ZoneLink? Find(PublicKey key) => _zones.Values.SelectMany(z => z.Links).Where(l => l.Key == key).OrderByDescending(l => l.IsProven).FirstOrDefault();

    /// <summary>A node of ours asks for a name of another zone.</summary>
    /// <returns>Null: answered later.</returns>
    public Signal? Asked(Now now, Member asker, ulong number, DirectionRequest request)
    {
        var name = request.Name.Length <= NtmName.NameMost + 1 ? NtmName.Canonical(request.Name) : "";
        if (!NtmName.IsZone(request.Zone) || !NtmName.TrySplit(name, request.Zone, out _, out _))
        {
            return context.Refuse(RefusalReason.RefusalNoSuchName, "zone-name-malformed", "The name is not one of that zone.");
        }

        if (asker.Registration is null || asker.Tunnel is not { } tunnel)
        {
            return context.Refuse(RefusalReason.RefusalNotRegistered, "direction-not-registered", "Register first: this coordinator does not know where you are.");
        }

        return When(now, request.Zone, at => Ask(at, asker, tunnel, number, name, request), null) ? null
            : context.Refuse(RefusalReason.RefusalBusy, "zone-too-many-waiting", "Too many questions wait for that zone's NTM record.");
    }

    /// <summary>Another zone's coordinator, or who says so, asks for a name of ours on behalf of its node.</summary>
    /// <returns>Null: answered later.</returns>
    public Signal? Heard(Now now, Tunnel.Tunnel tunnel, ulong number, ZoneDirectionRequest request)
    {
        var question = new ZoneQuestion(tunnel, number, request);
        var answer = As(now, tunnel, number, request.Zone, Judged, (at, late) => Settle(at, question, late));
        return answer is not null || question.IsSettled || !_newcomers.TrySpend(now.Boot) ? answer : directions.AskedAhead(now, question);

        Signal? Judged(Now at)
        {
            question.IsSettled = true;
            return directions.AskedByZone(at, question, then => Trust(then, request.Zone));
        }
    }

    /// <summary>Hears another zone's coordinator on what it says for its zone: once its zone's record is known to name its key, and as often as a zone may ask.</summary>
    /// <param name="then">Gives the answer; null: answered later.</param>
    /// <param name="settle">Takes an answer, or null, that had to wait for the record; null: it is sent.</param>
    /// <returns>Null: answered later.</returns>
    public Signal? As(Now now, Tunnel.Tunnel tunnel, ulong number, string zone, Func<Now, Signal?> then, Action<Now, Signal?>? settle = null)
    {
        if (!NtmName.IsZone(zone) || zone == context.Model.Zone || tunnel.Owner is Member
            || (tunnel.Owner is ZoneLink { IsProven: true } other && other.Zone.Name != zone))
        {
            return context.Refuse(RefusalReason.RefusalNotPermitted, "zone-request-not-a-coordinators", "A coordinator asks on behalf of its own zone.");
        }

        if (tunnel.Owner is ZoneLink { IsProven: true, Zone: var known } && known.FoundAt is { } found && now.Boot - found < Bounds.RecordOutlives)
        {
            if (known.Until <= now.Boot)
            {
                LookUp(now, known); // not for as long as its tunnel stands: a key that is in the record no more is heard no more, once that is known
            }

            return Judge(now, tunnel, then);
        }

        return When(now, zone, at =>
        {
            var answer = context.Tunnels.Find(tunnel.Peer) == tunnel && TryAdopt(tunnel, zone)
                ? Judge(at, tunnel, then)
                : context.Refuse(RefusalReason.RefusalNotPermitted, "zone-request-not-in-record", $"The NTM record of {zone} does not name this key.");
            if (settle is not null)
            {
                settle(at, answer);
            }
            else if (answer is not null)
            {
                Answer(at, tunnel, number, answer);
            }
        }, tunnel.Peer) ? null : context.Refuse(RefusalReason.RefusalBusy, "zone-too-many-waiting", "Too many questions wait for that zone's NTM record.");
    }

    /// <summary>The answer to <see cref="CoordinatorEvent.RecordWanted"/>.</summary>
    public void RecordFound(Now now, string name, NtmRecordAnswer answer)
    {
        if (!_zones.TryGetValue(name, out var zone) || !zone.LookingUp)
        {
            return;
        }

        zone.LookingUp = false;
        zone.Until = now.Boot + (answer.TimeToLive > Bounds.Sweep ? answer.TimeToLive : Bounds.Sweep);
        if (answer.Record is null && answer.Verdict is NtmRecordVerdict.ResolverSilent or NtmRecordVerdict.ResolverFailed or NtmRecordVerdict.NotAsked
            && zone.FoundAt is { } found && now.Boot - found < Bounds.RecordOutlives)
        {
            context.Counters.Count("zone-record-outlived"); // the DNS says nothing at present, also nothing against it
            Go(now, zone);
            return;
        }

        zone.Problem = answer.Record is null ? answer.Reason : null;
        zone.FoundAt = answer.Record is null ? null : now.Boot;
        var former = zone.Links;
        zone.Links =
        [
            .. (answer.Record?.Coordinators ?? []).Where(c => c.Key != context.Tunnels.Key.Public).OrderBy(c => c.Priority).DistinctBy(c => c.Key).Select(c =>
            {
                var link = former.FirstOrDefault(l => l.Key == c.Key) ?? new ZoneLink(zone, c);
                link.Endpoints = c.Endpoints;
                return link;
            }),
        ];
        foreach (var gone in former.Except(zone.Links))
        {
            End(now, gone);
        }

        if (zone.Problem is not null)
        {
            context.Counters.Count("zone-record-not-found");
            if (zone.IsWanted)
            {
                context.Warn($"No coordinator of zone {name} is known. {zone.Problem}");
            }
        }

        Go(now, zone);
    }

    private static void Go(Now now, OtherZone zone)
    {
        var waiting = zone.Waiting.ToArray();
        zone.Waiting.Clear();
        foreach (var then in waiting)
        {
            then(now);
        }
    }

    /// <summary>Asks the next coordinator of a zone where one is slow.</summary>
    public void HandleTimeout(Now now)
    {
        foreach (var asking in _asking.Where(a => a.AnotherAt <= now.Boot).ToArray())
        {
            AskNext(now, asking);
        }
    }

    /// <summary>
    /// Keeps the tunnels with coordinators of zones that were met lately up, and those zones' records known, so that a question for one of their nodes waits for neither.
    /// </summary>
    public void Sweep(Now now)
    {
        var looked = 0;
        foreach (var zone in _zones.Values)
        {
            var isWarm = zone.MetAt is { } met && now.Boot - met < Bounds.ZoneWarmFor;
            foreach (var link in zone.Links)
            {
                if (link.Tunnel is { } tunnel)
                {
                    tunnel.PersistentKeepAlive = isWarm && link.IsProven ? Bounds.ZoneKeepAlive : null;
                }
            }

            if (isWarm && zone.Until - Bounds.LookUpSpacing <= now.Boot && now.Boot - zone.LookedUpAt >= Bounds.LookUpSpacing && looked < Bounds.LookUpsEachSweep && !zone.LookingUp)
            {
                looked++;
                LookUp(now, zone);
            }
        }
    }

    /// <summary>The tunnel is gone.</summary>
    public static void Forget(Tunnel.Tunnel tunnel)
    {
        if (tunnel.Owner is ZoneLink link && link.Tunnel == tunnel)
        {
            link.Tunnel = null;
        }
    }

    /// <summary>Makes a tunnel with a known zone's coordinator that link's own.</summary>
    public static void Join(ZoneLink link, Tunnel.Tunnel tunnel)
    {
        link.Tunnel = tunnel;
        tunnel.Owner = link;
    }

    /// <summary>Asks a zone's coordinators, the next where one does not answer; null where none did.</summary>
    public void Request(Now now, string name, Signal body, Action<Now, Signal?> onAnswer)
    {
        if (!When(now, name, at => Next(at, 0), null))
        {
            onAnswer(now, null);
        }

        void Next(Now at, int which)
        {
            var links = _zones[name].Links;
            if (which >= links.Count || TunnelWith(links[which]) is not { } tunnel)
            {
                onAnswer(at, null);
                return;
            }

            context.Signals.Request(at, tunnel, body.Clone(), (then, answer) =>
            {
                if (answer is null && _zones.ContainsKey(name))
                {
                    Next(then, which + 1);
                }
                else
                {
                    onAnswer(then, answer);
                }
            }, links[which].Vip);
        }
    }

    private void Settle(Now now, ZoneQuestion question, Signal? answer)
    {
        question.IsSettled = true;
        if (answer is null)
        {
            return;
        }

        if (question.Promised is not null && answer is { Refusal: not null })
        {
            directions.TakeBack(now, question); // it was answered ahead
        }
        else
        {
            Answer(now, question.From, question.Number, answer);
        }
    }

    // A node of ours has taken a direction that it asked for.
    private void Trust(Now now, string name)
    {
        if (_zones.TryGetValue(name, out var zone))
        {
            zone.Own ??= new(Bounds.ZoneRequestsPerSecond, Bounds.ZoneRequestBurst);
            zone.MetAt = now.Boot;
        }
    }

    private Signal? Judge(Now now, Tunnel.Tunnel tunnel, Func<Now, Signal?> then)
    {
        var zone = ((ZoneLink)tunnel.Owner!).Zone;
        zone.UsedAt = now.Boot;
        return (zone.Own ?? _newcomers).TrySpend(now.Boot)
            ? then(now)
            : context.Refuse(RefusalReason.RefusalBusy, "zone-requests-too-many", "Your zone asks too much at once.");
    }

    /// <summary>Does it once the zone's record is known, at once where it is.</summary>
    /// <param name="key">A stranger's, that is said to be in the record: where it is not, a record older than ten seconds is looked up anew. Null: a member of ours asks.</param>
    /// <returns>False where too much waits, or too many zones are known.</returns>
    private bool When(Now now, string name, Action<Now> then, PublicKey? key)
    {
        if (!_zones.TryGetValue(name, out var zone))
        {
            if (!TryMakeRoom(now, isStrangers: key is not null))
            {
                return false;
            }

            _zones[name] = zone = new OtherZone(name);
        }

        zone.UsedAt = now.Boot;
        zone.IsWanted |= key is null;
        var isNamed = key is not { } wanted || zone.Links.Any(l => l.Key == wanted);
        var isKnown = zone.Until > now.Boot && (isNamed || (!zone.LookingUp && now.Boot - zone.LookedUpAt < Bounds.LookUpSpacing));
        if (isKnown)
        {
            then(now);
            return true;
        }

        // Strangers name what they like: others' look-ups find room beside theirs.
        if (zone.Waiting.Count >= Bounds.WaitingPerZone
            || (!zone.LookingUp && !zone.IsWanted && _zones.Values.Count(z => z is { LookingUp: true, IsWanted: false }) >= Bounds.StrangersLookUps))
        {
            return false;
        }

        zone.Waiting.Add(then);
        LookUp(now, zone);
        return true;
    }

    private void LookUp(Now now, OtherZone zone)
    {
        if (!zone.LookingUp)
        {
            zone.LookingUp = true;
            zone.LookedUpAt = now.Boot;
            context.Events.Enqueue(new CoordinatorEvent.RecordWanted(zone.Name));
        }
    }

    // The longest unused that nothing waits for gives way, of those that strangers alone have named first; for a stranger's, only of those.
    private bool TryMakeRoom(Now now, bool isStrangers)
    {
        if (_zones.Count < Bounds.OtherZones && (!isStrangers || _zones.Values.Count(z => !z.IsWanted) < Bounds.StrangersZones))
        {
            return true;
        }

        var gone = _zones.Values.Where(z => z is { LookingUp: false, Waiting.Count: 0 } && !(isStrangers && z.IsWanted)).OrderBy(z => z.IsWanted).ThenBy(z => z.UsedAt).FirstOrDefault();
        if (gone is null)
        {
            return false;
        }

        _zones.Remove(gone.Name);
        foreach (var link in gone.Links)
        {
            End(now, link);
        }

        return true;
    }

    private void End(Now now, ZoneLink link)
    {
        if (link.Tunnel is { } tunnel)
        {
            link.Tunnel = null;
            context.Signals.Forget(now, tunnel);
            context.Tunnels.Remove(tunnel);
        }
    }

    // By its own word for the zone and the zone's for its key. Meanwhile it may have joined, or spoken for another zone.
    private bool TryAdopt(Tunnel.Tunnel tunnel, string name)
    {
        if (_zones[name].Links.FirstOrDefault(l => l.Key == tunnel.Peer) is not { } link || !TryJoin(link, tunnel))
        {
            return false;
        }

        _zones[name].IsWanted = true;
        if (!link.IsProven)
        {
            link.IsProven = true;
            context.Note($"A coordinator of zone {name} is there, at {tunnel.SendPath.Remote}.");
        }

        return true;
    }

    /// <summary>Makes a tunnel a link's own, where it is nobody else's.</summary>
    private bool TryJoin(ZoneLink link, Tunnel.Tunnel tunnel)
    {
        if (members.Find(link.Key) is not null || (tunnel.Owner is ZoneLink { IsProven: true } other && other != link))
        {
            context.Counters.Count("zone-key-is-anothers"); // a record that names one of our own members, or another zone's coordinator
            return false;
        }

        guests.Forget(tunnel);
        Forget(tunnel); // another zone's record has named the key, too
        Join(link, tunnel);
        return true;
    }

    private void Ask(Now now, Member asker, Tunnel.Tunnel tunnel, ulong number, string name, DirectionRequest request)
    {
        var zone = _zones[request.Zone];
        if (zone.Problem is not null || asker.Registration is not { } registration)
        {
            Answer(now, tunnel, number, context.Refuse(RefusalReason.RefusalUnreachable, "zone-unknown", $"Zone {zone.Name} is not to be found: {zone.Problem ?? "you are not registered any more."}"));
            return;
        }

        var signal = new Signal
        {
            Number = ulong.MaxValue,
            ZoneDirectionRequest = new()
            {
                Zone = context.Model.Zone, Name = name, Asker = asker.Binding.Signed, Acceptance = request.Acceptance, Suites = registration.Suites.Bits,
                Nat64 = registration.HasNat64,
            },
        };
        signal.ZoneDirectionRequest.Nats.AddRange(registration.Nats);
        var candidates = signal.ZoneDirectionRequest.Candidates;
        candidates.AddRange(registration.Candidates.Where(c => !CandidateAddress.IsPrivate(c.Address) || c.IsMapped).Take(Limits.Candidates).Select(c => c.ToWire()));
        while (candidates.Count > 0 && signal.CalculateSize() > Limits.SignalBytes)
        {
            candidates.RemoveAt(candidates.Count - 1);
        }

        var asking = new Asking(zone, asker.Key, tunnel, number, signal.ZoneDirectionRequest);
        _asking.Add(asking);
        AskNext(now, asking);
    }

    private void AskNext(Now now, Asking asking)
    {
        asking.AnotherAt = TimeSpan.MaxValue;
        while (asking.Asked < asking.Zone.Links.Count)
        {
            var link = asking.Zone.Links[asking.Asked++];
            if (TunnelWith(link) is not { } tunnel)
            {
                continue;
            }

            asking.Open++;
            asking.AnotherAt = asking.Asked < asking.Zone.Links.Count ? now.Boot + Limits.AnotherCoordinatorAfter : TimeSpan.MaxValue;
            context.Signals.Request(now, tunnel, new Signal { ZoneDirectionRequest = asking.Request }, (at, answer) =>
            {
                link.IsProven |= answer is not null; // it heard what was sent to it at its address in that zone
                OnAnswer(at, asking, answer);
            }, link.Vip);
            return;
        }

        if (asking.Open == 0)
        {
            End(now, asking, context.Refuse(RefusalReason.RefusalUnreachable, "zone-unreachable", $"No coordinator of zone {asking.Zone.Name} answered."));
        }
    }

    private void OnAnswer(Now now, Asking asking, Signal? answer)
    {
        asking.Open--;
        if (!_asking.Contains(asking))
        {
            return; // another was quicker
        }

        switch (answer)
        {
            case { RouteDirection: { Begin: true } direction }:
                context.Counters.Count("zone-direction-passed-on");
                asking.Zone.MetAt = now.Boot;
                if (direction.Peer is { } peer && Wire.TryParse(Binding.Parser, peer.Binding, out var binding) && binding.PublicKey.TryRead(out var theirs))
                {
                    met.Add(asking.Asker, theirs, asking.Zone.Name);
                }

                End(now, asking, new Signal { RouteDirection = direction });
                break;
            case { Refusal: { Reason: RefusalReason.RefusalNoSuchName or RefusalReason.RefusalNotPermitted or RefusalReason.RefusalUnreachable or RefusalReason.RefusalBusy } refusal }
                when asking.Asked >= asking.Zone.Links.Count || refusal.Reason is RefusalReason.RefusalNoSuchName or RefusalReason.RefusalNotPermitted:
                End(now, asking, context.Refuse(refusal.Reason, "zone-direction-refused", Relays.Shown(refusal.Text)));
                break;
            default:
                context.Counters.Count(answer is null ? "zone-unanswered" : "zone-answer-of-another-kind");
                AskNext(now, asking);
                break;
        }
    }

    private void End(Now now, Asking asking, Signal answer)
    {
        _asking.Remove(asking);
        Answer(now, asking.Tunnel, asking.Number, answer);
    }

    private void Answer(Now now, Tunnel.Tunnel tunnel, ulong number, Signal answer)
    {
        if (context.Tunnels.Find(tunnel.Peer) == tunnel)
        {
            context.Signals.Answer(now, tunnel, number, answer);
        }
    }

    private Tunnel.Tunnel? TunnelWith(ZoneLink link)
    {
        if (members.Find(link.Key) is not null)
        {
            context.Counters.Count("zone-key-is-anothers");
            return null;
        }

        var tunnel = context.Tunnels.Find(link.Key) ?? context.Tunnels.Add(link.Key, TunnelKind.Ntm);
        if (!TryJoin(link, tunnel))
        {
            return null;
        }

        tunnel.Candidates.Clear();
        tunnel.Candidates.AddRange(link.Endpoints.Select(e => new WirePath(0, e, 0)));
        return tunnel;
    }

    /// <summary>A question of our node's, on its way.</summary>
    private sealed class Asking(OtherZone zone, PublicKey asker, Tunnel.Tunnel tunnel, ulong number, ZoneDirectionRequest request)
    {
        public OtherZone Zone { get; } = zone;

        public PublicKey Asker { get; } = asker;

        public Tunnel.Tunnel Tunnel { get; } = tunnel;

        public ulong Number { get; } = number;

        public ZoneDirectionRequest Request { get; } = request;

        /// <summary>How many of the zone's coordinators, from the first.</summary>
        public int Asked { get; set; }

        /// <summary>Of them, those that have not answered yet.</summary>
        public int Open { get; set; }

        /// <summary>When the next is asked as well; max: not by time.</summary>
        public TimeSpan AnotherAt { get; set; } = TimeSpan.MaxValue;
    }
}
