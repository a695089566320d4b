namespace Ntm.Box.Links;

/// <summary>What one direction of a link does to frames.</summary>
/// <param name="Delay">From the end of a frame's transmission to its arrival.</param>
internal sealed record LinkConditions(TimeSpan Delay)
{
    /// <summary>Of all frames, the part that is lost by lot: 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>Bits a second; 0: as many as come.</summary>
    public long Rate { get; init; }

    /// <summary>Bytes that may wait for their turn, where there is a rate; what comes beyond is dropped.</summary>
    public int Buffer { get; init; } = 256 * 1024;

    /// <summary>Everything that comes is lost, and nobody is told.</summary>
    public bool IsDeaf { get; init; }
}
