namespace Ntm.Box.World;

/// <summary>How a NAT maps, in the words of RFC 4787 section 4.1 and RFC 5780.</summary>
internal enum Mapping
{
    Unknown,
    None,
    EndpointIndependent,
    AddressDependent,
    AddressAndPortDependent,
}

/// <summary>What a NAT lets in, in the words of RFC 4787 section 5 and RFC 5780.</summary>
internal enum Filtering
{
    Unknown,
    EndpointIndependent,
    AddressDependent,
    AddressAndPortDependent,
}

/// <summary>One NAT's behaviour.</summary>
internal readonly record struct NatBehaviour(Mapping Mapping, Filtering Filtering)
{
    /// <summary>One mapping for all destinations; lets in whom the mapping's holder has spoken to, from any of their ports.</summary>
    public static NatBehaviour OpenEnough => new(Mapping.EndpointIndependent, Filtering.AddressDependent);

    /// <summary>One mapping for all destinations, open to everybody: "full cone".</summary>
    public static NatBehaviour Open => new(Mapping.EndpointIndependent, Filtering.EndpointIndependent);

    /// <summary>One mapping for all destinations, open to the addresses and ports that were spoken to: what Linux and most home routers do.</summary>
    public static NatBehaviour PortRestricted => new(Mapping.EndpointIndependent, Filtering.AddressAndPortDependent);

    /// <summary>An address of its own, and whoever likes gets in.</summary>
    public static NatBehaviour None => new(Mapping.None, Filtering.EndpointIndependent);

    /// <summary>An address of its own behind a stateful firewall.</summary>
    public static NatBehaviour Firewall => new(Mapping.None, Filtering.AddressAndPortDependent);

    /// <summary>"Symmetric": another mapping for each destination, and nobody else gets in.</summary>
    public static NatBehaviour Symmetric => new(Mapping.AddressAndPortDependent, Filtering.AddressAndPortDependent);

    public override string ToString()
    {
        var mapping = Mapping switch
        {
            Mapping.None => "no translation at all",
            Mapping.EndpointIndependent => "endpoint-independent mapping",
            Mapping.AddressDependent => "address-dependent mapping",
            Mapping.AddressAndPortDependent => "address-and-port-dependent mapping",
            _ => "a mapping that could not be found out",
        };
        var filtering = Filtering switch
        {
            Filtering.EndpointIndependent => "endpoint-independent filtering",
            Filtering.AddressDependent => "address-dependent filtering",
            Filtering.AddressAndPortDependent => "address-and-port-dependent filtering",
            _ => "a filtering that could not be found out",
        };
        return $"{mapping}, {filtering}";
    }
}
