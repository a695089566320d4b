using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>A re-sending under way: what the ring keeps goes out by a path, from the oldest to whatever is sealed meanwhile, no faster than <see cref="Take"/> allows.</summary>
/// <param name="path">Where it goes.</param>
/// <param name="round">Its number, from 1.</param>
/// <param name="began">The number of the first datagram that is not sent again but waits for its turn.</param>
internal sealed class Resending(WirePath path, int round, long began)
{
    // So much at once, also where the pump was late: the new path's queues are not ours alone.
    private static readonly TimeSpan MostAtOnce = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(2);

    private double _bytes;
    private TimeSpan? _at;

    public WirePath Path { get; } = path;

    public int Round { get; } = round;

    public long Began { get; } = began;

    /// <summary>The number of the datagram that is next.</summary>
    public long Cursor { get; set; }

    /// <summary>Time has passed: bytes may go out.</summary>
    /// <param name="lastSecond">Bytes sealed in the last second.</param>
    public void Allow(TimeSpan boot, long lastSecond)
    {
        var passed = _at is { } at ? boot - at : First;
        passed = passed < MostAtOnce ? passed : MostAtOnce;
        _at = boot;
        _bytes = Math.Min(0, _bytes) + (passed.TotalMilliseconds * Math.Max(Limits.ResendBytesPerMillisecond, 2 * lastSecond / 1000.0));
    }

    /// <summary>May one more go now? The last one goes whole, and the next time begins with what it had too much.</summary>
    public bool Take(int bytes)
    {
        if (_bytes <= 0)
        {
            return false;
        }

        _bytes -= bytes;
        return true;
    }
}
