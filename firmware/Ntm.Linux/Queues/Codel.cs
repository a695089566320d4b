namespace Ntm.Linux.Queues;

/// <summary>
/// CoDel (RFC 8289) for one queue: judges each packet as it is taken out, by how long it waited. A queue whose packets all waited longer than
/// <see cref="Target"/> for a whole <see cref="Interval"/> stands, and is told so, ever more often until it does not stand any more. Pure; times come in.
/// </summary>
public struct Codel
{
    /// <summary>What a packet may wait (RFC 8289, section 4.4).</summary>
    public static readonly TimeSpan Target = TimeSpan.FromMilliseconds(5);

    /// <summary>For how long it may be exceeded: a round trip, by which senders have heard (section 4.3).</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private TimeSpan _stands;    // since when every packet waited too long, and an interval; zero: not known to
    private TimeSpan _next;      // when the next is due
    private int _count;          // in this spell
    private int _countBefore;    // as this spell began
    private bool _isSignalling;

    /// <summary>Judges the packet that was just taken out.</summary>
    /// <param name="now">Boot time.</param>
    /// <param name="waited">How long it was in the queue.</param>
    /// <param name="left">Bytes still in the queue: with less than a packet left it does not stand.</param>
    /// <returns>Whether its sender must hear of the queue: by a mark (ECN) or by its loss; then the next may be judged.</returns>
    public bool IsDue(TimeSpan now, TimeSpan waited, int left)
    {
        if (!Stands(now, waited, left))
        {
            _isSignalling = false;
            return false;
        }

        if (_isSignalling)
        {
            if (now < _next)
            {
                return false;
            }

            _count++;
            _next += Spacing;
            return true;
        }

        // A spell that begins soon after the last goes on about where that one was.
        _isSignalling = true;
        var more = _count - _countBefore;
        _count = more > 1 && now - _next < 16 * Interval ? more : 1;
        _countBefore = _count;
        _next = now + Spacing;
        return true;
    }

    private readonly TimeSpan Spacing => new((long)(Interval.Ticks / Math.Sqrt(_count)));

    private bool Stands(TimeSpan now, TimeSpan waited, int left)
    {
        if (waited < Target || left < FlowQueue.Quantum)
        {
            _stands = TimeSpan.Zero;
            return false;
        }

        if (_stands == TimeSpan.Zero)
        {
            _stands = now + Interval;
            return false;
        }

        return now >= _stands;
    }
}
