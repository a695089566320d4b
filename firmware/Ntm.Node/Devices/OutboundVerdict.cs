namespace Ntm.Node.Devices;

/// <summary>What became of a packet from the TUN.</summary>
public enum OutboundVerdict
{
    /// <summary>Dropped and counted.</summary>
    Refused,

    /// <summary>It is now an IPv6 packet between VIPs, for the remote's tunnel.</summary>
    ToPeer,

    /// <summary>Its source is no device known yet: dropped and counted; hand in the neighbour table.</summary>
    NeighbourWanted,

    /// <summary>Refused and counted; it is now an ICMP error to its sender, for the TUN.</summary>
    Answered,
}
