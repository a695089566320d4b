using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>One mapping for all destinations; only addresses and ports that were sent to may send (RFC 4787: address- and port-dependent filtering).</summary>
public sealed class PortRestricted : NatBehaviour
{
    public override RealAddress MappedFor(RealAddress destination) => default;

    public override RealAddress FilteredBy(RealAddress remote) => remote;
}
