using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Coordinator;

/// <summary>
/// Answers a node's question for a name: looks it up, has the route decided, and directs relay, responder and asker, in this order.
/// </summary>
internal sealed class Directions(CoordinatorContext context, Members members, Relays relays)
{
    public Signal Asked(Now now, Member asker, DirectionRequest request)
    {
        if (asker.Registration is null)
        {
            return context.Refuse(RefusalReason.RefusalNotRegistered, "direction-not-registered", "Register first: this coordinator does not know where you are.");
        }

        if (request.Name.Length > NtmName.NameMost + 1
            || !NtmName.TrySplit(NtmName.Canonical(request.Name), context.Model.Zone, out var name, out var device)
            || members.Find(name) is not { Role: Role.Node } responder)
        {
            return context.Refuse(RefusalReason.RefusalNoSuchName, "direction-no-such-node", "There is no node of that name in the zone.");
        }

        ushort number = 0;
        if (device is not null && !responder.Devices.TryGetValue(device, out number))
        {
            return context.Refuse(RefusalReason.RefusalNoSuchName, "direction-no-such-device", $"Node '{name}' publishes no such device.");
        }

        if (responder == asker)
        {
            return context.Refuse(RefusalReason.RefusalNotPermitted, "direction-to-itself", "That name is your own.");
        }

        if (responder is not { Registration: not null, Tunnel: { } tunnel })
        {
            return context.Refuse(RefusalReason.RefusalUnreachable, "direction-unreachable", $"Node '{name}' is not registered at present.");
        }

        var legs = relays.ForPair(now, asker, responder);
        var (ofAsker, ofResponder) = (asker.Registration.Candidates, responder.Registration.Candidates);
        var decision = RouteDecision.Judge(ofAsker, ofResponder, legs.Count > 0);
        if (decision.Verdict == RouteVerdict.RouteUnspecified)
        {
            return context.Refuse(RefusalReason.RefusalUnreachable, "direction-no-route", $"Node '{name}' cannot be reached: {decision.Reason}.");
        }

        foreach (var (relay, pair) in legs)
        {
            relays.Announce(now, relay, pair);
        }

        context.Signals.Request(now, tunnel, Direct(now, decision, legs, asker, responder, begin: false, 0), (_, answer) =>
        {
            if (answer is { Refusal: { } refusal })
            {
                context.Counters.Count("direction-refused-by-responder");
                context.Warn($"Node '{responder.Name}' refused to be directed to '{asker.Name}': {Relays.Shown(refusal.Text)}.");
            }
            else if (answer is not { Acknowledgement: not null })
            {
                context.Counters.Count("direction-not-acknowledged");
            }
        });
        context.Counters.Count("direction-given");
        return Direct(now, decision, legs, responder, asker, begin: true, number);
    }

    /// <param name="peer">About whom.</param>
    /// <param name="to">Who is directed.</param>
    private static Signal Direct(
        Now now, RouteDecision decision, IReadOnlyList<PairedRelay> legs, Member peer, Member to, bool begin, ushort number)
    {
        var direction = new RouteDirection
        {
            Peer = peer.Binding.Signed,
            Begin = begin,
            Verdict = decision.Verdict,
            Reason = decision.Reason,
            Number = number,
        };
        foreach (var (relay, pair) in legs)
        {
            var leg = new RelayLeg
            {
                RelayPublicKey = relay.Key.ToWire(),
                Channel = pair.ChannelOf(to.Key),
                Lifetime = (uint)pair.Lease.Left(now.Boot).TotalSeconds,
            };
            leg.Endpoints.AddRange(relay.Presence!.Endpoints.Select(e => e.ToWire()));
            direction.Relays.Add(leg);
        }

        // The number stands in while the size is worked out; the signalling sets it.
        var signal = new Signal { Number = ulong.MaxValue, Answer = begin, RouteDirection = direction };
        if (decision.Verdict != RouteVerdict.RouteRelayOnly)
        {
            direction.Candidates.AddRange(
                CandidateRules.HandedOut(peer.Registration!.Candidates, to.Registration!.Candidates).Select(c => c.ToWire()));
            while (direction.Candidates.Count > 0 && signal.CalculateSize() > Limits.SignalBytes)
            {
                direction.Candidates.RemoveAt(direction.Candidates.Count - 1);
            }
        }

        return signal;
    }
}
