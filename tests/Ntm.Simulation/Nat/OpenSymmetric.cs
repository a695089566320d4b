using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>A mapping of its own, with a drawn port, for each destination; any port of a host that was sent to may send to it (RFC 4787: address- and port-dependent mapping,
/// address-dependent filtering).</summary>
public sealed class OpenSymmetric : NatBehaviour
{
    public override RealAddress MappedFor(RealAddress destination) => destination;

    public override RealAddress FilteredBy(RealAddress remote) => remote.WithPort(0);

    public override bool PreservesPort => false;
}
