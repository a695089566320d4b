using Ntm.Protocol.Signalling;

namespace Ntm.Coordinator;

/// <summary>
/// How two nodes are to reach one another (docs/protocol.md section 4, route decision): a pure function of both nodes' candidates and of whether they have a
/// relay in common.
/// </summary>
/// <param name="Verdict">What is to be done; <see cref="RouteVerdict.RouteUnspecified"/>: there is no way.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record RouteDecision(RouteVerdict Verdict, string Reason)
{
    /// <param name="asker">All candidates of the one, mapped ones as the coordinator and relays saw them included.</param>
    /// <param name="responder">All candidates of the other.</param>
    /// <param name="relayInCommon">Whether a relay both have can take the pair.</param>
    public static RouteDecision Judge(IReadOnlyList<NodeCandidate> asker, IReadOnlyList<NodeCandidate> responder, bool relayInCommon)
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

        var (one, other) = (MapsByDestination(asker), MapsByDestination(responder));
        var open = ipv4 && (fromAsker.Any(c => c.IsOpen && c.Address.IsIPv4) || fromResponder.Any(c => c.IsOpen && c.Address.IsIPv4));
        var hopeless = one == true && other == true && !ipv6 && !open && !CandidateRules.ShareMappedAddress(asker, responder);
        if (hopeless)
        {
            return relayInCommon
                ? new(RouteVerdict.RouteRelayOnly, "both NATs map by destination")
                : new(RouteVerdict.RouteDirectOnly, "no relay both have; both NATs map by destination, so direct will probably fail");
        }

        var hope = (ipv6, CandidateRules.ShareMappedAddress(asker, responder), one, other) switch
        {
            (true, _, _, _) => "both have IPv6",
            (_, true, _, _) => "both are seen with the same address",
            _ when open => "the box in front of one has opened a port",
            (_, _, true, _) or (_, _, _, true) => "only one NAT is known to map by destination",
            (_, _, false, false) => "neither NAT maps by destination",
            _ => "nothing is known against a direct path",
        };
        return relayInCommon
            ? new(RouteVerdict.RouteRelayThenDirect, hope)
            : new(RouteVerdict.RouteDirectOnly, $"no relay both have; {hope}");
    }

    /// <summary>
    /// Whether the node's IPv4 NATs give another mapped address to each destination: on each uplink that both the coordinator and a relay saw, the addresses
    /// they saw differ. Null: nothing to judge by.
    /// </summary>
    public static bool? MapsByDestination(IReadOnlyList<NodeCandidate> candidates)
    {
        bool? byDestination = null;
        foreach (var uplink in candidates.Where(c => c.IsMapped && c.Address.IsIPv4).GroupBy(c => c.Uplink))
        {
            var atCoordinator = uplink.Where(c => c.Kind == CandidateKind.CandidateMappedAtCoordinator).Select(c => c.Address).ToHashSet();
            var atRelays = uplink.Where(c => c.Kind == CandidateKind.CandidateMappedAtRelay).Select(c => c.Address).ToList();
            if (atCoordinator.Count > 0 && atRelays.Count > 0)
            {
                // One uplink that maps the same way everywhere is enough for a direct path.
                byDestination = byDestination != false && !atRelays.TrueForAll(atCoordinator.Contains);
            }
        }

        return byDestination;
    }
}
