using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Coordinator;

/// <summary>Which of its candidates one node is told of another (docs/protocol.md section 5). Pure.</summary>
public static class CandidateRules
{
    /// <summary>Whether both are seen from outside with one IP address: behind the same NAT, as far as anyone can tell.</summary>
    public static bool ShareMappedAddress(IReadOnlyList<NodeCandidate> one, IReadOnlyList<NodeCandidate> other) =>
        one.Any(a => a.IsMapped && other.Any(b => b.IsMapped && a.Address.SameHost(b.Address)));

    /// <remarks>An address that a relay saw, too, is told twice: who probes wants to know that both did.</remarks>
    /// <summary>What <paramref name="to"/> is told of <paramref name="of"/>: private addresses only where both share a mapped IP address.</summary>
    public static IReadOnlyList<NodeCandidate> HandedOut(IReadOnlyList<NodeCandidate> of, IReadOnlyList<NodeCandidate> to)
    {
        var sameNat = ShareMappedAddress(of, to);

        // An open port first, and beside the same address as it is seen: by that one the peer judges whether both are behind one NAT.
        return
        [
            .. of.Where(c => sameNat || !CandidateAddress.IsPrivate(c.Address)).OrderByDescending(c => c.IsOpen)
                .DistinctBy(c => (c.Address, c.IsOpen, c.Kind == CandidateKind.CandidateMappedAtRelay)).Take(Limits.Candidates),
        ];
    }
}
