using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>One mapping for all destinations; anyone may send to it (RFC 4787: endpoint-independent mapping and filtering).</summary>
public sealed class EndpointIndependent : NatBehaviour
{
    public override RealAddress MappedFor(RealAddress destination) => default;

    public override RealAddress FilteredBy(RealAddress remote) => default;
}
