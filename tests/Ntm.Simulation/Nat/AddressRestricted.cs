using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>One mapping for all destinations; only hosts that were sent to may send, from any port (RFC 4787: address-dependent filtering).</summary>
public sealed class AddressRestricted : NatBehaviour
{
    public override RealAddress MappedFor(RealAddress destination) => default;

    public override RealAddress FilteredBy(RealAddress remote) => remote.WithPort(0);
}
