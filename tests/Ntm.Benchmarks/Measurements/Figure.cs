namespace Ntm.Benchmarks.Measurements;

/// <summary>What is measured.</summary>
internal enum Figure
{
    /// <summary>Gb/s of one TCP stream, processor seconds of both ends for each GB, and those of the whole machine.</summary>
    OneStream,
    OneStreamEnds,
    OneStreamMachine,

    /// <summary>The same of four.</summary>
    FourStreams,
    FourStreamsEnds,
    FourStreamsMachine,

    /// <summary>64-byte packets a second with less than 1 % lost.</summary>
    PacketRate,

    /// <summary>Round trips of small packets, ms: alone, and beside a TCP stream.</summary>
    IdleMedian,
    IdleWorst,
    LoadedMedian,
    LoadedWorst,

    /// <summary>Beside each other: Gb/s of a TCP stream, parts of a packet stream lost, how long its packets took, ms; and short flows, ms.</summary>
    MixedBulk,
    MixedLoss,
    MixedWorst,
    MixedFlow,
}
