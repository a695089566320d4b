namespace Ntm.Box.Handover;

/// <summary>Which two homes a row is of.</summary>
internal enum PairKind
{
    /// <summary>Three uplinks and two, IPv4, each behind a NAT of its own: direct.</summary>
    Direct,

    /// <summary>Two and two, between which nothing passes but by relays.</summary>
    Relayed,

    /// <summary>An uplink with IPv6 alone and one with IPv4 alone; the other home has both.</summary>
    SixAndFour,

    /// <summary>The same, and the other home has IPv4 alone: by the relay before, direct after.</summary>
    SixAndFourToFour,
}
