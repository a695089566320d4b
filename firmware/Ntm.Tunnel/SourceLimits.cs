using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// How many handshakes each source may have answered while we are under load. (address, port, channel) is one source. At most
/// <see cref="Limits.RateLimitedSources"/> are remembered; when all of them are busy a further source is refused, because forgetting a busy one would give
/// whoever has many ports no limit at all.
/// </summary>
internal sealed class SourceLimits
{
    private static readonly TimeSpan SweepSpacing = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Source, RateBucket> _buckets = [];
    private TimeSpan? _swept;

    public int Count => _buckets.Count;

    public bool TryTake(TimeSpan boot, WirePath path)
    {
        var source = new Source(path.Remote, path.Channel);
        if (!_buckets.TryGetValue(source, out var bucket))
        {
            if (_buckets.Count >= Limits.RateLimitedSources && !TrySweep(boot))
            {
                return false;
            }

            bucket = RateBucket.Full(Limits.HandshakeBurstPerSource);
        }

        var taken = bucket.TryTake(boot, Limits.HandshakesPerSecondPerSource, Limits.HandshakeBurstPerSource);
        _buckets[source] = bucket;
        return taken;
    }

    // Forgets sources that have been quiet for so long that their bucket is full again: remembering them changes nothing.
    private bool TrySweep(TimeSpan boot)
    {
        if (_swept is { } swept && boot - swept < SweepSpacing)
        {
            return false;
        }

        _swept = boot;
        foreach (var (source, bucket) in _buckets)
        {
            if (boot - bucket.Touched >= SweepSpacing)
            {
                _buckets.Remove(source);
            }
        }

        return _buckets.Count < Limits.RateLimitedSources;
    }

    // HashCode is seeded, so that nobody can choose addresses that collide; a record struct's own hash is not.
    private readonly record struct Source(RealAddress Remote, uint Channel)
    {
        public override int GetHashCode() => HashCode.Combine(Remote, Channel);
    }
}

/// <summary>A token bucket.</summary>
internal struct RateBucket
{
    private double _tokens;

    public TimeSpan Touched { get; private set; }

    public static RateBucket Full(int burst) => new() { _tokens = burst };

    public bool TryTake(TimeSpan boot, int perSecond, int burst)
    {
        _tokens = Math.Min(burst, _tokens + ((boot - Touched).TotalSeconds * perSecond));
        Touched = boot;
        if (_tokens < 1)
        {
            return false;
        }

        _tokens--;
        return true;
    }
}
