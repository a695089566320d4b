using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Coordinator;

/// <summary>One side of a direction: a node of ours or of another zone.</summary>
/// <param name="Binding">As it travels; another zone's is not ours to vouch for.</param>
/// <param name="Nats">What its uplinks' NATs do, by its own word: good for where to look and nothing else.</param>
/// <param name="Suites">As it says itself: both nodes' handshake shows whether the other was told the same.</param>
internal readonly record struct Party(SignedBinding Binding, PublicKey Key, IReadOnlyList<NodeCandidate> Candidates, CipherSuites Suites, IReadOnlyList<NatTraits> Nats)
{
    /// <summary>A registered node of ours.</summary>
    public static Party Of(Member node) => new(node.Binding.Signed, node.Key, node.Registration!.Candidates, node.Registration.Suites, node.Registration.Nats);
}
