using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>Address- and port-dependent mapping and filtering; the outside port is the inside one where that is free, else drawn: so a socket's first destination sees its
/// port, the others do not.</summary>
public sealed class PreservingSymmetric : NatBehaviour
{
    public override RealAddress MappedFor(RealAddress destination) => destination;

    public override RealAddress FilteredBy(RealAddress remote) => remote;
}
