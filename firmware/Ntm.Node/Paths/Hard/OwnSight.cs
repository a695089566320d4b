using Ntm.Protocol;
using Ntm.Protocol.Nats;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Paths.Hard;

/// <summary>This node on the uplink by which both a coordinator and a relay see it: only there can a peer believe where it is.</summary>
/// <param name="Uplink">Its number.</param>
/// <param name="Mapped">Where the coordinator sees it, IPv4.</param>
/// <param name="Nat">What its NAT does.</param>
/// <param name="Ports">Ports of mappings there that servers saw.</param>
/// <param name="IsCarriers">Whether its own address is a carrier's (RFC 6598).</param>
internal sealed record OwnSight(int Uplink, RealAddress Mapped, NatShape Nat, IReadOnlyList<ushort> Ports, bool IsCarriers)
{
    /// <summary>New mappings that one trial may make.</summary>
    public int MappingsMost => IsCarriers ? Math.Min(Limits.ProbeSocketsAtCarrier, Nat.MappingsMost) : Nat.MappingsMost;

    /// <summary>Sockets whose mappings are to be looked at before a trial: one where ports are counted up, some where they are drawn from nobody knows how many.</summary>
    public int LookersWanted => !Nat.MapsByDestination ? 0
        : Nat.Allocation == PortAllocation.Stepped ? 1
        : Nat.Allocation != PortAllocation.Preserving && !Nat.HasPortSet ? LookersAtDrawn : 0;

    private const int LookersAtDrawn = 3;

    /// <summary>With what was seen of its ports besides.</summary>
    public OwnSight With(IEnumerable<ushort> looked) =>
        LookersWanted == LookersAtDrawn && PortSpan.Of(Ports.Concat(looked)) is { } span ? this with { Nat = Nat with { FirstPort = span.First, LastPort = span.Last } } : this;

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
                var ports = seen.Where(s => s.Uplink == uplink && s.Address.SameHost(address)).Select(s => s.Address.Port);
                return new(uplink, address, SeenHosts.Of(nats(uplink), address, byRelay.Address), [.. ports], state.Addresses.Any(IsCarriersAddress));
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
