using Ntm.Protocol;
using Ntm.Protocol.Nats;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Paths.Hard;

/// <summary>This node on the uplink by which both a coordinator and a relay see it: only there can a peer believe where it is.</summary>
/// <param name="Uplink">Its number.</param>
/// <param name="Mapped">Where the coordinator sees it, IPv4.</param>
/// <param name="Nat">What its NAT does.</param>
/// <param name="IsCarriers">Whether its own address is a carrier's (RFC 6598).</param>
internal sealed record OwnSight(int Uplink, RealAddress Mapped, NatShape Nat, bool IsCarriers)
{
    /// <summary>New mappings that one trial may make.</summary>
    public int MappingsMost => IsCarriers ? Math.Min(Limits.ProbeSocketsAtCarrier, Nat.MappingsMost) : Nat.MappingsMost;

    /// <param name="servers">Own coordinators and relays, none of other owners.</param>
    /// <param name="nats">What was observed.</param>
    public static OwnSight? Of(NodeContext context, IEnumerable<ServerLink> servers, Func<int, NatTraits?> nats)
    {
        var seen = servers.SelectMany(s => s.Observed.Where(o => o.Address.IsIPv4 && !CandidateAddress.IsPrivate(o.Address)).Select(o => (s.IsRelay, o.Uplink, o.Address))).ToArray();
        foreach (var (isRelay, uplink, address) in seen)
        {
            var byRelay = seen.FirstOrDefault(s => s.IsRelay && s.Uplink == uplink && s.Address.SameHost(address));
            if (!isRelay && !byRelay.Address.IsNone && context.Uplinks.TryGetValue(uplink, out var state) && state.Usable)
            {
                return new(uplink, address, SeenHosts.Of(nats(uplink), address, byRelay.Address), state.Addresses.Any(IsCarriersAddress));
            }
        }

        return null;
    }

    private static bool IsCarriersAddress(RealAddress address) => address.IsIPv4 && (uint)address.Low >> 22 == 0x6440 >> 6;

    /// <summary>As the other node is told it.</summary>
    public NatTraits ToWire(ushort latest) => new()
    {
        Uplink = (uint)Uplink,
        Mapping = Nat.Mapping,
        Filtering = Nat.Filtering,
        Allocation = Nat.Allocation,
        Step = Nat.Step,
        LatestPort = latest,
        FirstPort = Nat.HasPortSet ? (uint)Nat.FirstPort : 0,
        LastPort = Nat.HasPortSet ? (uint)Nat.LastPort : 0,
    };
}
