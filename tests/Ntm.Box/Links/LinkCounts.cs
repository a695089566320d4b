namespace Ntm.Box.Links;

/// <summary>What came to one direction of a link, and what became of it.</summary>
/// <param name="Frames">That came.</param>
/// <param name="Bytes">Of these.</param>
/// <param name="Marked">Frames that came with a length of <see cref="Link.Marked"/>.</param>
/// <param name="Lost">By lot, or because it was deaf or cut.</param>
/// <param name="Full">Dropped because too many waited.</param>
/// <param name="Refused">Not taken by the far end's kernel: its interface is down.</param>
internal readonly record struct LinkCounts(long Frames, long Bytes, long Marked, long Lost, long Full, long Refused)
{
    public static LinkCounts operator -(LinkCounts a, LinkCounts b) =>
        new(a.Frames - b.Frames, a.Bytes - b.Bytes, a.Marked - b.Marked, a.Lost - b.Lost, a.Full - b.Full, a.Refused - b.Refused);
}
