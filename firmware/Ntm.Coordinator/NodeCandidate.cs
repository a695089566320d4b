using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Coordinator;

/// <summary>An address at which a node may be reached, checked.</summary>
/// <param name="Uplink">The node's own number for the uplink.</param>
public readonly record struct NodeCandidate(CandidateKind Kind, RealAddress Address, uint Uplink)
{
    public bool IsMapped => Kind is CandidateKind.CandidateMappedAtCoordinator or CandidateKind.CandidateMappedAtRelay;

    internal Candidate ToWire() => new() { Kind = Kind, Endpoint = Address.ToWire(), Uplink = Uplink };
}
