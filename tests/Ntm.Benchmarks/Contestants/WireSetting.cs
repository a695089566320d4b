namespace Ntm.Benchmarks.Contestants;

/// <summary>How the wire between the two ends takes super-packets.</summary>
internal enum WireSetting
{
    /// <summary>As veth is: what the kernel passes on in one piece crosses the wire in one piece.</summary>
    Offloads,

    /// <summary>Segmentation offloads are switched off: each frame of 1,500 bytes crosses alone, as between network cards.</summary>
    SingleFrames,
}
