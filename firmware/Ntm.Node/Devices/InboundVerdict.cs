namespace Ntm.Node.Devices;

/// <summary>What became of a packet from a peer.</summary>
public enum InboundVerdict
{
    /// <summary>Dropped and counted.</summary>
    Refused,

    /// <summary>It is now a packet for the LAN or the router itself, for the TUN.</summary>
    ToLan,

    /// <summary>Refused and counted; it is now an ICMPv6 error to its sender, for the peer's tunnel.</summary>
    Answered,
}
