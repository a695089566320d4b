using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Coordinator;

/// <summary>
/// Answers a node's question for a name: looks it up, has the route decided, and directs relay, responder and asker, in this order.
/// </summary>
internal sealed class Directions(CoordinatorContext context, Members members, Relays relays, Acquaintances met, Doorkeeper doors)
{
    /// <summary>Told of a node that did not answer, with when it was asked (boot time).</summary>
    public required Action<Member, TimeSpan> OnSilent { get; init; }

    public Signal Asked(Now now, Member asker, DirectionRequest request)
    {
        if (asker.Registration is null)
        {
            return context.Refuse(RefusalReason.RefusalNotRegistered, "direction-not-registered", "Register first: this coordinator does not know where you are.");
        }

        if (!TryFind(request.Name, out var responder, out var number, out var refused))
        {
            return refused;
        }

        if (responder == asker)
        {
            return context.Refuse(RefusalReason.RefusalNotPermitted, "direction-to-itself", "That name is your own.");
        }

        var legs = relays.ForPair(now, asker, responder);
        var (one, other) = (Party.Of(asker), Party.Of(responder));
        if (!TryDecide(one, responder, legs, out var decision, out refused))
        {
            return refused;
        }

        foreach (var leg in legs)
        {
            relays.TryAnnounce(now, leg);
        }

        context.Signals.Request(now, responder.Tunnel!, Direct(now, decision, legs, one, other, begin: false, 0, lacks: LacksOf(responder)), (_, answer) =>
        {
            if (answer is { Refusal: { } refusal })
            {
                context.Counters.Count("direction-refused-by-responder");
                context.Warn($"Node '{responder.Name}' refused to be directed to '{asker.Name}': {Relays.Shown(refusal.Text)}.");
            }
            else if (answer is not { Acknowledgement: not null })
            {
                context.Counters.Count("direction-not-acknowledged");
                OnSilent(responder, now.Boot);
            }
        });
        context.Counters.Count("direction-given");
        return Direct(now, decision, legs, other, one, begin: true, number, lacks: LacksOf(asker));
    }

    private static Func<Member, bool> LacksOf(Member node) => relay => !node.Registration!.Relays.Contains(relay);

    /// <summary>
    /// Another zone's coordinator asks for its node. The named node judges, by its share. Who shows an acceptance that fits one of its doors is answered at once, else only then, so that
    /// nobody without a share learns what there is.
    /// </summary>
    /// <param name="onPermitted">Told where the node has taken it.</param>
    /// <returns>Null: answered later, or ahead.</returns>
    public Signal? AskedByZone(Now now, ZoneQuestion question, Action<Now> onPermitted)
    {
        var request = question.Request;
        if (!TryRead(request, out var asker))
        {
            return context.Refuse(RefusalReason.RefusalMalformed, "zone-asker-malformed", "The asking node's binding is none, or of a key of ours.");
        }

        // Told apart only to who holds a share: without an acceptance that the node takes, all of these read the same.
        if (!TryFind(request.Name, out var responder, out var device, out _))
        {
            return NotShared();
        }

        var legs = relays.ForGuest(now, asker, responder);
        if (!TryDecide(asker, responder, legs, out var decision, out _))
        {
            relays.Release(legs);
            return NotShared();
        }

        var isAnswered = question.Promised is not null;
        Signal? first = null;
        if (!isAnswered && doors.Opened(responder, device, request, asker.Key) is { } door)
        {
            (legs, isAnswered) = (Announced(now, legs), true);
            question.Promised = new(responder, asker.Key, door, legs);
            context.Counters.Count("zone-direction-by-door");
            first = Direct(now, decision, legs, Party.Of(responder), asker, begin: true, device, null, lacks: static _ => true);
        }

        var toNode = Direct(now, decision, legs, asker, Party.Of(responder), begin: false, device, request.Acceptance);
        context.Signals.Request(now, responder.Tunnel!, toNode, (at, answer) =>
        {
            if (answer is { Acknowledgement: not null } && responder is { Registration: not null })
            {
                context.Counters.Count("zone-direction-given");
                met.Add(responder.Key, asker.Key, request.Zone);
                onPermitted(at);
                var there = Announced(at, legs);
                if (!isAnswered)
                {
                    Answer(at, question, Direct(at, decision, there, Party.Of(responder), asker, begin: true, device, null, lacks: static _ => true));
                }

                return;
            }

            relays.Release(legs);
            if (isAnswered)
            {
                if (answer is { Refusal: not null })
                {
                    TakeBack(at, question);
                }

                return;
            }

            Answer(at, question, answer switch
            {
                { Refusal: { Reason: RefusalReason.RefusalNotPermitted } refusal } =>
                    context.Refuse(RefusalReason.RefusalNotPermitted, "zone-direction-not-permitted", Relays.Shown(refusal.Text)),
                { Refusal: not null } => NotShared(), // for whatever reason: it would tell that there is such a node
                _ => context.Refuse(RefusalReason.RefusalUnreachable, "zone-direction-not-acknowledged", "The node does not answer at present."),
            });
        });
        return first;
    }

    /// <summary>
    /// The speaker's zone is still looked up, and the asker shows what opens a door: it is told by which relay, and not where the node is. The node hears of it when the zone's record names the
    /// speaker.
    /// </summary>
    /// <returns>Null: it waits for that.</returns>
    public Signal? AskedAhead(Now now, ZoneQuestion question)
    {
        var request = question.Request;
        if (!TryRead(request, out var asker) || !TryFind(request.Name, out var responder, out var device, out _)
            || doors.Opened(responder, device, request, asker.Key) is not { } door)
        {
            return null;
        }

        var legs = relays.ForGuest(now, asker, responder);
        if (legs.Count == 0 || !TryDecide(asker, responder, legs, out var decision, out _))
        {
            relays.Release(legs);
            return null;
        }

        legs = Announced(now, legs);
        question.Promised = new(responder, asker.Key, door, legs);
        context.Counters.Count("zone-direction-ahead");
        return Direct(now, decision, legs, Party.Of(responder), asker, begin: true, device, null, lacks: static _ => true, ahead: true);
    }

    /// <summary>What was promised does not hold: the node, or the speaker's own zone, says no.</summary>
    public void TakeBack(Now now, ZoneQuestion question)
    {
        if (question.Promised is not { } promised)
        {
            return;
        }

        context.Counters.Count("zone-direction-taken-back");
        doors.Shut(promised.Node, promised.Door);
        if (!met.Has(promised.Node.Key, promised.Asker))
        {
            relays.Withdraw(now, promised.Node.Key, promised.Asker, promised.Legs);
        }
    }

    private PairedRelay[] Announced(Now now, IReadOnlyList<PairedRelay> legs) => [.. legs.Where(l => relays.TryAnnounce(now, l))]; // it may have gone meanwhile

    private Signal NotShared() =>
        context.Refuse(RefusalReason.RefusalNotPermitted, "zone-direction-not-shared", "nothing is shared there, or it was taken back, or there is no way to it at present");

    private void Answer(Now now, ZoneQuestion question, Signal answer)
    {
        if (context.Tunnels.Find(question.From.Peer) == question.From)
        {
            context.Signals.Answer(now, question.From, question.Number, answer);
        }
    }

    private bool TryRead(ZoneDirectionRequest request, out Party asker)
    {
        asker = default;
        if (request.Asker is null || !Wire.TryParse(Binding.Parser, request.Asker.Binding, out var binding) || !binding.PublicKey.TryRead(out var key)
            || key == context.Tunnels.Key.Public || members.Find(key) is not null)
        {
            return false;
        }

        var candidates = request.Candidates.Take(Limits.Candidates)
            .Select(c => NodeCandidate.TryRead(c, context.Addressing.Prefix, out var read) ? read : (NodeCandidate?)null);
        asker = new(request.Asker, key, [.. candidates.OfType<NodeCandidate>()], new(request.Suites), [.. request.Nats.Take(Limits.NatTraits)]) { HasNat64 = request.Nat64 };
        return true;
    }

    private bool TryFind(string wanted, [NotNullWhen(true)] out Member? responder, out ushort number, [NotNullWhen(false)] out Signal? refusal)
    {
        (responder, number, refusal) = (null, 0, null);
        if (wanted.Length > NtmName.NameMost + 1 || !NtmName.TrySplit(NtmName.Canonical(wanted), context.Model.Zone, out var name, out var device)
            || members.Find(name) is not { Role: Role.Node } node)
        {
            refusal = context.Refuse(RefusalReason.RefusalNoSuchName, "direction-no-such-node", "There is no node of that name in the zone.");
        }
        else if (device is not null && !node.Devices.TryGetValue(device, out number))
        {
            refusal = context.Refuse(RefusalReason.RefusalNoSuchName, "direction-no-such-device", $"Node '{name}' publishes no such device.");
        }
        else if (node is not { Registration: not null, Tunnel: not null })
        {
            refusal = context.Refuse(RefusalReason.RefusalUnreachable, "direction-unreachable", $"Node '{name}' is not registered at present.");
        }
        else
        {
            responder = node;
        }

        return responder is not null;
    }

    private bool TryDecide(
        Party asker, Member responder, IReadOnlyList<PairedRelay> legs, [NotNullWhen(true)] out RouteDecision? decision, [NotNullWhen(false)] out Signal? refusal)
    {
        decision = RouteDecision.Judge(
            asker.Candidates, responder.Registration!.Candidates, legs.Count > 0, asker.Nats, responder.Registration.Nats);
        refusal = null;
        if (decision.Verdict == RouteVerdict.RouteUnspecified)
        {
            refusal = context.Refuse(RefusalReason.RefusalUnreachable, "direction-no-route", $"Node '{responder.Name}' cannot be reached: {decision.Reason}.");
            decision = null;
        }

        return decision is not null;
    }

    /// <param name="peer">About whom.</param>
    /// <param name="to">Who is directed.</param>
    /// <param name="lacks">Which relays it has not met and is to be given the binding of; null: none.</param>
    /// <param name="ahead">Without what says where the peer is.</param>
    private static Signal Direct(
        Now now, RouteDecision decision, IReadOnlyList<PairedRelay> legs, Party peer, Party to, bool begin, ushort number,
        SignedAcceptance? acceptance = null, Func<Member, bool>? lacks = null, bool ahead = false)
    {
        var direction = new RouteDirection
        {
            Peer = peer.Binding,
            Begin = begin,
            Verdict = decision.Verdict,
            Reason = decision.Reason,
            Number = number,
            Acceptance = acceptance,
            Suites = peer.Suites.Bits,
            Ahead = ahead,
        };
        direction.Nats.AddRange(ahead ? [] : peer.Nats);
        foreach (var (relay, pair) in legs)
        {
            var leg = new RelayLeg
            {
                RelayPublicKey = relay.Key.ToWire(),
                Channel = pair.ChannelOf(to.Key),
                Lifetime = (uint)pair.Lease.Left(now.Boot).TotalSeconds,
                Binding = lacks?.Invoke(relay) == true ? relay.Binding.Signed : null,
            };
            leg.Endpoints.AddRange(relay.Presence!.Endpoints.Select(e => e.ToWire()));
            direction.Relays.Add(leg);
        }

        // The number stands in while the size is worked out; the signalling sets it.
        var signal = new Signal { Number = ulong.MaxValue, Answer = begin, RouteDirection = direction };
        if (decision.Verdict != RouteVerdict.RouteRelayOnly && !ahead)
        {
            direction.Candidates.AddRange(
                CandidateRules.HandedOut(peer.Candidates, to.Candidates).Select(c => c.ToWire()));
            while (direction.Candidates.Count > 0 && signal.CalculateSize() > Limits.SignalBytes)
            {
                direction.Candidates.RemoveAt(direction.Candidates.Count - 1);
            }
        }

        return signal;
    }
}
