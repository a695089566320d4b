namespace Ntm.Benchmarks.Relaying;

/// <summary>How datagrams and segments pass a veth pair.</summary>
internal enum Frames
{
    /// <summary>Super-packets stay in one piece: veth's own way, with all offloads.</summary>
    Whole,

    /// <summary>One by one, and merged again on receipt (GRO), where the receiver has asked for that: a network card without offloads of its own, as Linux sets it up.</summary>
    Merged,

    /// <summary>One by one.</summary>
    Single,
}
