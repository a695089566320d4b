namespace Ntm.Node.Mapping;

/// <summary>The protocols by which a box is asked to open a port, in the order in which they are tried.</summary>
public enum MappingProtocol
{
    /// <summary>Port Control Protocol, RFC 6887.</summary>
    Pcp,

    /// <summary>NAT Port Mapping Protocol, RFC 6886.</summary>
    NatPmp,

    /// <summary>UPnP Internet Gateway Device, version 1 or 2.</summary>
    Upnp,
}

/// <summary>How people know them.</summary>
public static class MappingProtocolNames
{
    public static string Name(this MappingProtocol protocol) => protocol switch
    {
        MappingProtocol.Pcp => "PCP",
        MappingProtocol.NatPmp => "NAT-PMP",
        _ => "UPnP",
    };
}
