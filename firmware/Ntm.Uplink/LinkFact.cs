namespace Ntm.Uplink;

/// <summary>What the kernel says of an uplink's interface.</summary>
public enum LinkFact
{
    /// <summary>There is no such interface.</summary>
    Missing,

    /// <summary>It is there, but lacks something without which nothing can be sent: carrier, address, route, sockets.</summary>
    NotReady,

    /// <summary>It has an address and a default route.</summary>
    Ready,
}
