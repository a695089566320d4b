namespace Ntm.Tunnel;

/// <summary>Bytes of the last second: the greater of this one's and the one's before.</summary>
internal struct Rate
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private TimeSpan _began;
    private long _current;
    private long _former;

    public void Add(TimeSpan boot, int bytes)
    {
        Turn(boot);
        _current += bytes;
    }

    public long PerSecond(TimeSpan boot)
    {
        Turn(boot);
        return Math.Max(_current, _former);
    }

    private void Turn(TimeSpan boot)
    {
        if (boot - _began < Second)
        {
            return;
        }

        _former = boot - _began < 2 * Second ? _current : 0;
        (_current, _began) = (0, boot);
    }
}
