using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Coordinator;

/// <summary>One side of a direction: a node of ours or of another zone.</summary>
/// <param name="Binding">As it travels; another zone's is not ours to vouch for.</param>
/// <param name="Suites">As it says itself: both nodes' handshake shows whether the other was told the same.</param>
internal readonly record struct Party(SignedBinding Binding, PublicKey Key, IReadOnlyList<NodeCandidate> Candidates, CipherSuites Suites)
{
    /// <summary>It can send to IPv4 addresses through a NAT64, whatever its candidates are.</summary>
    public bool HasNat64 { get; init; }

    /// <summary>Whether it can send to one of these addresses.</summary>
    public bool Reaches(IReadOnlyList<RealAddress> endpoints)
    {
        foreach (var endpoint in endpoints)
        {
            if ((endpoint.IsIPv4 && HasNat64) || Candidates.Any(c => c.Address.IsIPv4 == endpoint.IsIPv4))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A registered node of ours.</summary>
    public static Party Of(Member node) => new(node.Binding.Signed, node.Key, node.Registration!.Candidates, node.Registration.Suites) { HasNat64 = node.Registration.HasNat64 };
}
