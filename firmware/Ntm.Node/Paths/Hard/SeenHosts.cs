using Ntm.Protocol;
using Ntm.Protocol.Nats;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Node.Paths.Hard;

/// <summary>
/// Where a peer may be probed: IPv4 hosts at which, by the last direction, the coordinator saw it and a relay did. The peer's own later word adds none, since whoever
/// is named there gets many datagrams. Pure.
/// </summary>
public sealed class SeenHosts
{
    private readonly (RealAddress AtCoordinator, RealAddress AtRelay, uint Uplink)[] _hosts;

    private SeenHosts((RealAddress, RealAddress, uint)[] hosts) => _hosts = hosts;

    public static SeenHosts None { get; } = new([]);

    /// <param name="direction">The coordinator's word.</param>
    public static SeenHosts Of(RouteDirection direction)
    {
        var read = new List<(CandidateKind Kind, RealAddress Address, uint Uplink)>();
        foreach (var candidate in direction.Candidates.Take(Limits.Candidates))
        {
            if (candidate.Endpoint.TryRead(out var address) && address.IsIPv4 && !CandidateAddress.IsPrivate(address))
            {
                read.Add((candidate.Kind, address, candidate.Uplink));
            }
        }

        return new([
            .. from seen in read
               where seen.Kind == CandidateKind.CandidateMappedAtCoordinator
               let byRelay = read.Find(r => r.Kind == CandidateKind.CandidateMappedAtRelay && r.Address.SameHost(seen.Address))
               where !byRelay.Address.IsNone
               select (seen.Address, byRelay.Address, seen.Uplink),
        ]);
    }

    public bool Has(RealAddress host) => _hosts.Any(h => h.AtCoordinator.SameHost(host));

    /// <summary>Each host with what is known of the NAT there.</summary>
    /// <param name="nats">The peer's word.</param>
    public IEnumerable<(RealAddress Host, NatShape Nat)> All(IEnumerable<NatTraits> nats) => _hosts.Select(h =>
        (h.AtCoordinator, Of(nats.FirstOrDefault(n => n.Uplink == h.Uplink), h.AtCoordinator, h.AtRelay)));

    /// <summary>What a node observed of its NAT; of mapping, where it did not, what two servers saw.</summary>
    public static NatShape Of(NatTraits? traits, RealAddress atCoordinator, RealAddress atRelay)
    {
        var shape = traits is null ? NatShape.Unknown : NatShape.Read(traits);
        return shape.Mapping != NatMapping.Unknown ? shape : shape with
        {
            Mapping = atCoordinator == atRelay ? NatMapping.EndpointIndependent : NatMapping.AddressAndPortDependent,
        };
    }
}
