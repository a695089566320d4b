using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>A mapping of its own, with a drawn port, for each destination; only that destination may send to it (RFC 4787: address- and
/// port-dependent mapping and filtering).</summary>
public sealed class Symmetric : NatBehaviour
{
    public override RealAddress MappedFor(RealAddress destination) => destination;

    public override RealAddress FilteredBy(RealAddress remote) => remote;

    public override bool PreservesPort => false;
}
