using Ntm.Protocol.Nats;
using Ntm.Protocol.Signalling;

namespace Ntm.Coordinator;

/// <summary>
/// How two nodes are to reach one another (docs/protocol.md section 4, route decision): a pure function of both nodes' candidates, of what they observed of their
/// NATs, and of whether they have a relay in common.
/// </summary>
/// <param name="Verdict">What is to be done; <see cref="RouteVerdict.RouteUnspecified"/>: there is no way.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record RouteDecision(RouteVerdict Verdict, string Reason)
{
    /// <param name="asker">All candidates of the one, mapped ones as the coordinator and relays saw them included.</param>
    /// <param name="responder">All candidates of the other.</param>
    /// <param name="relayInCommon">Whether a relay both have can take the pair.</param>
    /// <param name="askersNats">What the one observed of its uplinks' NATs; null: nothing.</param>
    /// <param name="respondersNats">Likewise the other.</param>
    public static RouteDecision Judge(
        IReadOnlyList<NodeCandidate> asker, IReadOnlyList<NodeCandidate> responder, bool relayInCommon,
        IReadOnlyList<NatTraits>? askersNats = null, IReadOnlyList<NatTraits>? respondersNats = null)
    {
        var fromAsker = CandidateRules.HandedOut(asker, responder);
        var fromResponder = CandidateRules.HandedOut(responder, asker);
        var ipv4 = fromAsker.Any(c => c.Address.IsIPv4) && fromResponder.Any(c => c.Address.IsIPv4);
        var ipv6 = fromAsker.Any(c => !c.Address.IsIPv4) && fromResponder.Any(c => !c.Address.IsIPv4);
        if (!ipv4 && !ipv6)
        {
            return relayInCommon
                ? new(RouteVerdict.RouteRelayOnly, "no address family in common")
                : new(RouteVerdict.RouteUnspecified, "no address family in common and no relay both have");
        }

        var (ones, others) = (Shapes(asker, askersNats ?? []), Shapes(responder, respondersNats ?? []));
        var (one, other) = (MapsByDestination(ones), MapsByDestination(others));
        var sameNat = CandidateRules.ShareMappedAddress(asker, responder);
        var open = ipv4 && (fromAsker.Any(c => c.IsOpen && c.Address.IsIPv4) || fromResponder.Any(c => c.IsOpen && c.Address.IsIPv4));
        var hard = one == true && other == true && !ipv6 && !sameNat && !open ? Best(ones, others) : null;
        if (hard is { IsWorthTrying: false })
        {
            return relayInCommon
                ? new(RouteVerdict.RouteRelayOnly, hard.Reason)
                : new(RouteVerdict.RouteDirectOnly, $"no relay both have; {hard.Reason}, so direct will probably fail");
        }

        var hope = (ipv6, sameNat, one, other) switch
        {
            (true, _, _, _) => "both have IPv6",
            (_, true, _, _) => "both are seen with the same address",
            _ when open => "the box in front of one has opened a port",
            _ when hard is not null => hard.Reason,
            (_, _, true, _) or (_, _, _, true) => "only one NAT is known to map by destination",
            (_, _, false, false) => "neither NAT maps by destination",
            _ => "nothing is known against a direct path",
        };
        return relayInCommon
            ? new(RouteVerdict.RouteRelayThenDirect, hope)
            : new(RouteVerdict.RouteDirectOnly, $"no relay both have; {hope}");
    }

    /// <summary>
    /// Whether the node's IPv4 NATs give another mapped address to each destination. Null: nothing to judge by.
    /// </summary>
    public static bool? MapsByDestination(IReadOnlyList<NodeCandidate> candidates) => MapsByDestination(Shapes(candidates, []));

    // One uplink that maps the same way everywhere is enough for a direct path.
    private static bool? MapsByDestination(IReadOnlyList<NatShape> shapes)
    {
        var known = shapes.Where(s => s.Mapping != NatMapping.Unknown).ToArray();
        return known.Length == 0 ? null : known.All(s => s.MapsByDestination);
    }

    private static ProbePlan Best(IReadOnlyList<NatShape> ones, IReadOnlyList<NatShape> others) =>
        ones.SelectMany(one => others.Select(other => ProbePlan.Judge(one, other))).MaxBy(p => p.Chance)!;

    /// <summary>
    /// The NATs of its uplinks with IPv4, as the node observed them; how one maps, where the node did not say, from whether the coordinator and relays saw one address.
    /// </summary>
    private static List<NatShape> Shapes(IReadOnlyList<NodeCandidate> candidates, IReadOnlyList<NatTraits> nats)
    {
        var shapes = new List<NatShape>();
        foreach (var uplink in candidates.Where(c => c.IsMapped && c.Address.IsIPv4).GroupBy(c => c.Uplink))
        {
            var shape = nats.FirstOrDefault(n => n.Uplink == uplink.Key) is { } traits ? NatShape.Read(traits) : NatShape.Unknown;
            var atCoordinator = uplink.Where(c => c.Kind == CandidateKind.CandidateMappedAtCoordinator).Select(c => c.Address).ToHashSet();
            var atRelays = uplink.Where(c => c.Kind == CandidateKind.CandidateMappedAtRelay).Select(c => c.Address).ToList();
            if (shape.Mapping == NatMapping.Unknown && atCoordinator.Count > 0 && atRelays.Count > 0)
            {
                shape = shape with { Mapping = atRelays.TrueForAll(atCoordinator.Contains) ? NatMapping.EndpointIndependent : NatMapping.AddressAndPortDependent };
            }

            shapes.Add(shape);
        }

        return shapes;
    }
}
