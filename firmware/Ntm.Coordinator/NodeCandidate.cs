using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Coordinator;

/// <summary>An address at which a node may be reached, checked.</summary>
/// <param name="Uplink">The node's own number for the uplink.</param>
public readonly record struct NodeCandidate(CandidateKind Kind, RealAddress Address, uint Uplink)
{
    /// <summary>The node's word on that uplink, handed on: 0 is the one it wants used.</summary>
    public uint Rank { get; init; }

    /// <summary>Its word as well: whether it pays for what goes there.</summary>
    public bool Metered { get; init; }

    public bool IsMapped => Kind is CandidateKind.CandidateMappedAtCoordinator or CandidateKind.CandidateMappedAtRelay;

    /// <summary>A port that the box in front of the node has opened: any may send to it.</summary>
    public bool IsOpen => Kind == CandidateKind.CandidatePortMapped;

    /// <summary>Reads what may be a candidate at all; false for the rest.</summary>
    internal static bool TryRead(Candidate candidate, VirtualAddress zonePrefix, out NodeCandidate read)
    {
        read = default;
        if (candidate.Kind is not (CandidateKind.CandidateLocal or CandidateKind.CandidateMappedAtCoordinator or CandidateKind.CandidateMappedAtRelay
                or CandidateKind.CandidatePortMapped)
            || !candidate.Endpoint.TryRead(out var address) || !CandidateAddress.IsPossible(address, zonePrefix))
        {
            return false;
        }

        read = new(candidate.Kind, address, candidate.Uplink) { Rank = candidate.Rank, Metered = candidate.Metered };
        return true;
    }

    internal Candidate ToWire() => new() { Kind = Kind, Endpoint = Address.ToWire(), Uplink = Uplink, Rank = Rank, Metered = Metered };
}
