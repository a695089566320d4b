using Ntm.Node.Devices;
using Ntm.Node.Mapping;
using Ntm.Node.Nat;
using Ntm.Node.Paths;
using Ntm.Protocol;
using Ntm.Signalling.Trust;

namespace Ntm.Node;

/// <summary>Makes the immutable picture of the node core that people see. Reads everything, changes nothing.</summary>
internal static class NodeDescription
{
    public static NodeStatus Of(
        NodeContext context, NatObserver nat, Registration registration, Peers peers, Directions directions, DeviceTable devices, AliasTable aliases, UplinkMappings mappings,
        DateTimeOffset time, long outboxDropped) => new(
        context.Membership is { } m ? Describe(context, m, registration) : null,
        [.. context.Uplinks.Values.Select(u => Describe(u, nat, registration, peers, mappings))],
        devices.Describe(),
        [.. peers.All.OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => Describe(p, directions, aliases))],
        Describe(context, devices, time),
        Merge(outboxDropped, context.Counters, context.Tunnels.Counters),
        context.OwnRemoval is { } removal ? Leaving.Sentence(removal) : null);

    private static SharingStatus Describe(NodeContext context, DeviceTable devices, DateTimeOffset time)
    {
        var node = context.Membership is { } m ? $"{m.Name}.{m.Zone}" : null;
        return new(
            devices.NodePublished,
            [.. context.Sharing.Given.All.Select(s => new GivenShareStatus(s.Id, NameOf(s.Number), s.For, s.Ports, s.Expires, s.Expires <= time, s.Zone))],
            [.. context.Sharing.Taken.All.Select(s => new TakenShareStatus(s.Name, s.Offer.Ports, s.Expires, s.Expires <= time))]);

        string? NameOf(ushort number) => number == 0 ? node : devices.Find(number)?.Name is { } name ? $"{name}.{node}" : null;
    }

    private static MemberStatus Describe(NodeContext context, Membership membership, Registration registration) => new(
        membership.Zone, membership.Name, context.Own, context.Key, registration.IsRegistered,
        string.Join("; ", registration.Coordinators.Select(c => $"{c.Name}: {c.Reason}")),
        [.. registration.Coordinators.Select(Describe)], [.. registration.Relays.Select(Describe)]);

    private static ServerStatus Describe(ServerLink link) => new(
        link.Name, link.Tunnel.Peer, link.Tunnel.SendPath.IsNone ? link.Endpoints.FirstOrDefault() : link.Tunnel.SendPath.Remote,
        link.Registered, link.Tunnel.LastReceived);

    private static UplinkStatus Describe(UplinkState uplink, NatObserver nat, Registration registration, Peers peers, UplinkMappings mappings)
    {
        var seen = registration.Links
            .SelectMany(l => l.Observed.Where(o => o.Uplink == uplink.Number).Select(o => (SeenBy: l.IsRelay ? "relay" : "coordinator", o.Address)))
            .ToArray();
        var paths = peers.All.SelectMany(p => p.Paths).Where(p => UplinkSocket.UplinkOf(p.Path.Uplink) == uplink.Number).ToArray();
        NatUplink?[] known = [nat.Find(uplink.Number, ipv4: true), nat.Find(uplink.Number, ipv4: false)];
        var nats = known.OfType<NatUplink>()
            .Select(u => new NatStatus(u.IsIPv4, u.Judgement, u.Lifetime, u.KeepAlive, NatWords.Of(u.Judgement, u.Lifetime), NatWords.Meaning(u.Judgement))).ToArray();
        var judged = nats.FirstOrDefault(n => n.Judgement != NatJudgement.Unknown);
        return new(uplink, seen, judged?.Words ?? Nat(uplink, seen), paths.Sum(p => p.BytesReceived), paths.Sum(p => p.BytesSent))
        {
            Nats = nats,
            Ports = mappings.Describe(uplink.Number),
        };
    }

    // Before it was looked at: what the mapped addresses of two servers tell (RFC 4787 section 4.1).
    private static string Nat(UplinkState uplink, (string SeenBy, RealAddress Address)[] seen)
    {
        var v4 = seen.Where(s => s.Address.IsIPv4).ToArray();
        if (v4.Length == 0)
        {
            return seen.Length > 0 ? "none seen on IPv6" : "not known yet";
        }

        if (v4.All(s => uplink.Addresses.Contains(s.Address)))
        {
            return "none: the uplink's own address is the one seen from outside";
        }

        return v4.Select(s => s.SeenBy).Distinct().Count() < 2 ? "a NAT; how it maps is not known yet"
            : v4.Select(s => s.Address).Distinct().Count() == 1 ? "a NAT that maps independently of the destination"
            : "a NAT that maps by destination (symmetric)";
    }

    private static PeerStatus Describe(Peer peer, Directions directions, AliasTable aliases) => new(
        peer.Name, peer.Binding.Key, peer.Vip, peer.Tunnel.IsEstablished, peer.Used?.IsDirect ?? false, peer.Reason,
        peer.Tunnel.LastHandshake, peer.Tunnel.LastReceived, peer.Tunnel.BytesReceived, peer.Tunnel.BytesSent,
        [.. aliases.Describe().Where(a => a.Vip.SameNode(peer.Vip)).Select(a => new AliasStatus(a.Alias, a.Vip, directions.NameOf(a.Vip)))],
        [.. peer.Paths.Select(p => Describe(peer, p))])
    {
        Suite = peer.Tunnel.Suite,
    };

    private static PathStatus Describe(Peer peer, PeerPath path)
    {
        var used = path == peer.Used;
        var state = used && path.State == PathState.Proven ? "used"
            : path.State == PathState.Unproven && path.RoundsLeft > 0 ? "checking"
            : path.State.ToString().ToLowerInvariant();
        var kind = path.Kind switch
        {
            PathKind.PeerReflexive => "peer-reflexive",
            PathKind.PortMapped => "port-mapped",
            _ => path.Kind.ToString().ToLowerInvariant(),
        };
        var reason = used ? peer.Reason
            : path == peer.Double ? "carries a second copy while the other path is silent"
            : path.State switch
            {
                PathState.Unproven => "no check was answered",
                PathState.Failed => "went silent",
                _ => "ready, not used",
            };
        return new(path.Path, kind, state, path.RoundTrip, reason, path.BytesSent, path.BytesReceived) { Mtu = path.Mtu.Usable, MtuReason = path.Mtu.Reason };
    }

    private static SortedDictionary<string, long> Merge(long outboxDropped, params Counters[] all)
    {
        var merged = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (reason, count) in all.SelectMany(c => c.All))
        {
            merged[reason] = merged.GetValueOrDefault(reason) + count;
        }

        if (outboxDropped > 0)
        {
            merged["outbox-full"] = outboxDropped;
        }

        return merged;
    }
}
