namespace Ntm.Protocol;

/// <summary>
/// Work on the packets of a batch that needs nothing but each packet's own bytes, so that several threads may share it: what a core decides, it decides by
/// itself; what only takes time, it may leave to its pump's lanes (docs/data-path.md).
/// </summary>
public interface IBatchWork
{
    /// <summary>How many pieces there are. Each is done exactly once, in any order.</summary>
    int Count { get; }

    /// <summary>Does the pieces from <paramref name="from"/> to before <paramref name="to"/>.</summary>
    /// <param name="lane">Which of the lanes does them, from 0: two at once have different numbers.</param>
    void Do(int from, int to, int lane);

    /// <summary>All pieces are done; there are none now.</summary>
    void Done();
}
