namespace Ntm.Benchmarks.Allocation;

/// <summary>What one path allocated.</summary>
/// <param name="Path">Which, in words.</param>
/// <param name="Packets">That went it.</param>
/// <param name="Bytes">Allocated meanwhile on the thread at work.</param>
internal readonly record struct PathAllocation(string Path, long Packets, long Bytes)
{
    public double Each => (double)Bytes / Packets;
}
