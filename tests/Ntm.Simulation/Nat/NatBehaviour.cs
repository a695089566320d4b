using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>The NAT behaviours of the simulation, by the names they are commonly called.</summary>
public enum NatKind
{
    /// <summary>No NAT: a real address of its own.</summary>
    None,

    /// <summary>Endpoint-independent mapping and filtering: "full cone".</summary>
    EndpointIndependent,

    /// <summary>Endpoint-independent mapping, address-dependent filtering: "restricted cone".</summary>
    AddressRestricted,

    /// <summary>Endpoint-independent mapping, address- and port-dependent filtering: "port-restricted cone".</summary>
    PortRestricted,

    /// <summary>Address- and port-dependent mapping and filtering: "symmetric".</summary>
    Symmetric,
}

/// <summary>How a NAT maps and filters (RFC 4787 sections 4.1 and 5).</summary>
public abstract class NatBehaviour
{
    /// <summary>The part of a destination that a mapping is made for: two destinations with the same part share the mapping.</summary>
    public abstract RealAddress MappedFor(RealAddress destination);

    /// <summary>The part of a remote address that a filter remembers: a datagram passes when something was sent to the same part.</summary>
    public abstract RealAddress FilteredBy(RealAddress remote);

    /// <summary>Whether the outside port is the inside one where that is free (RFC 4787 section 4.2.1); else it is drawn.</summary>
    public virtual bool PreservesPort => true;

    /// <summary>The outside port of a new mapping, where the behaviour says so itself; null: by <see cref="PreservesPort"/>.</summary>
    public virtual ushort? NextPort(PortAsk ask) => null;

    public static NatBehaviour Of(NatKind kind) => kind switch
    {
        NatKind.EndpointIndependent => new EndpointIndependent(),
        NatKind.AddressRestricted => new AddressRestricted(),
        NatKind.PortRestricted => new PortRestricted(),
        NatKind.Symmetric => new Symmetric(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "This is no NAT's behaviour."),
    };
}
