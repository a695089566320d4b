using Ntm.Protocol;
using Ntm.Protocol.Nats;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Paths.Hard;

/// <summary>This node on the uplink by which both a coordinator and a relay see it: only there can a peer believe where it is.</summary>
/// <param name="Uplink">Its number.</param>
/// <param name="Mapped">Where the coordinator sees it, IPv4.</param>
/// <param name="Nat">What its NAT does.</param>
/// <param name="Ports">Ports of mappings there that servers saw.</param>
/// <param name="IsCarriers">Whether its own address is a carrier's (RFC 6598), or the NAT is a NAT64.</param>
internal sealed record OwnSight(int Uplink, RealAddress Mapped, NatShape Nat, IReadOnlyList<ushort> Ports, bool IsCarriers)
{
    /// <summary>The set of ports is a guess, wider than what was seen.</summary>
    public bool IsGuess { get; private init; }

    /// <summary>New mappings that one trial may make.</summary>
    public int MappingsMost => Math.Min(IsCarriers ? Limits.ProbeSocketsAtCarrier : Limits.ProbeSockets, IsGuess ? Math.Max(1, Nat.MappingsMost / 2) : Nat.MappingsMost);

    /// <summary>Sockets whose mappings are to be looked at before a trial, where ports are counted up or drawn from nobody knows how many.</summary>
    public int LookersWanted => Nat is { MapsByDestination: true, Allocation: not PortAllocation.Preserving, HasPortSet: false } ? Lookers : 0;

    private const int Lookers = 3;

    /// <summary>With what was seen of its ports just now. What was taken for counting may have been drawn from few ports by chance.</summary>
    /// <param name="looked">Of new mappings, in the order in which they were made.</param>
    /// <param name="latest">Of the newest one known before; 0: none is.</param>
    public OwnSight With(IReadOnlyList<ushort> looked, ushort latest)
    {
        var nat = Nat;
        if (nat.Allocation == PortAllocation.Stepped && !PortSpan.AreCounted(looked, nat.Step))
        {
            nat = nat with { Allocation = PortAllocation.Scattered, Step = 0 };
        }

        if (LookersWanted == 0 || nat.Allocation == PortAllocation.Stepped)
        {
            return this with { Nat = nat };
        }

        var seen = Ports.Concat(looked).Append(latest).ToArray();
        return PortSpan.Of(seen) is { } span ? this with { Nat = nat with { FirstPort = span.First, LastPort = span.Last }, IsGuess = true }
            : PortPattern.Of(seen) is { } pattern ? this with { Nat = nat with { PortMask = pattern.Mask, PortValue = pattern.Value }, IsGuess = true }
            : this with { Nat = nat };
    }

    /// <param name="servers">Own coordinators and relays, none of other owners.</param>
    /// <param name="nats">What was observed.</param>
    public static OwnSight? Of(NodeContext context, IEnumerable<ServerLink> servers, Func<int, NatTraits?> nats)
    {
        var seen = servers.SelectMany(s => s.Observed.Where(o => o.Address.IsIPv4 && !CandidateAddress.IsPrivate(o.Address)).Select(o => (s.IsRelay, o.Uplink, o.Address))).ToArray();
        foreach (var (isRelay, uplink, address) in seen)
        {
            var byRelay = seen.FirstOrDefault(s => s.IsRelay && s.Uplink == uplink && s.Address.SameHost(address));
            if (!isRelay && !byRelay.Address.IsNone && context.Uplinks.TryGetValue(uplink, out var state)
                && state.Usable && !state.Reach(address).IsNone)
            {
                var ports = seen.Where(s => s.Uplink == uplink && s.Address.SameHost(address)).Select(s => s.Address.Port);
                return new(uplink, address, SeenHosts.Of(nats(uplink), address, byRelay.Address), [.. ports], state.NeedsNat64 || state.Addresses.Any(IsCarriersAddress));
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
        PortMask = (uint)Nat.PortMask,
        PortValue = (uint)Nat.PortValue,
    };
}
