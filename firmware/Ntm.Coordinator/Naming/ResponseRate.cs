using System.Buffers.Binary;
using System.Net;
using Ntm.Protocol;

namespace Ntm.Coordinator.Naming;

/// <summary>What a question by UDP gets.</summary>
public enum RateVerdict
{
    Answered,

    /// <summary>An empty answer that asks to come by TCP: who is really there can, who was only named as the source cannot.</summary>
    Cut,

    Dropped,
}

/// <summary>
/// Response rate limiting by UDP, so that nobody is flooded with answers to questions that others asked in his name. A source is a /24 of IPv4 or a /56 of
/// IPv6; of what is beyond its rate, one in <see cref="Limits.DnsSlip"/> is answered cut, the rest not at all. At most <see cref="Limits.DnsSources"/> are
/// remembered; while all of them are busy, the others share one rate.
/// </summary>
public sealed class ResponseRate
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Refill = TimeSpan.FromSeconds((double)Limits.DnsAnswersAtOnce / Limits.DnsAnswersPerSecond);

    private readonly Dictionary<Source, Bucket> _buckets = [];
    private readonly Bucket _others = new();
    private TimeSpan _swept = TimeSpan.MinValue;

    /// <summary>Sources remembered.</summary>
    public int Count => _buckets.Count;

    /// <param name="boot">Time since boot.</param>
    /// <param name="asker">IPv4-mapped ones count as IPv4.</param>
    public RateVerdict Judge(TimeSpan boot, IPAddress asker)
    {
        var bucket = Find(boot, SourceOf(asker));
        bucket.Tokens = Math.Min(Limits.DnsAnswersAtOnce, bucket.Tokens + ((boot - bucket.Touched).TotalSeconds * Limits.DnsAnswersPerSecond));
        bucket.Touched = boot;
        if (bucket.Tokens >= 1)
        {
            bucket.Tokens--;
            return RateVerdict.Answered;
        }

        return ++bucket.Refused % Limits.DnsSlip == 0 ? RateVerdict.Cut : RateVerdict.Dropped;
    }

    private static Source SourceOf(IPAddress asker)
    {
        var bytes = (asker.IsIPv4MappedToIPv6 ? asker.MapToIPv4() : asker).GetAddressBytes();
        return bytes.Length == 4
            ? new(true, BinaryPrimitives.ReadUInt32BigEndian(bytes) >> 8)
            : new(false, BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 8);
    }

    private Bucket Find(TimeSpan boot, Source source)
    {
        if (_buckets.TryGetValue(source, out var bucket))
        {
            return bucket;
        }

        if (_buckets.Count >= Limits.DnsSources)
        {
            Forget(boot);
        }

        if (_buckets.Count >= Limits.DnsSources)
        {
            return _others;
        }

        return _buckets[source] = new() { Touched = boot };
    }

    /// <summary>Forgets sources that have been quiet for so long that their rate is whole again: remembering them changes nothing.</summary>
    private void Forget(TimeSpan boot)
    {
        if (_swept != TimeSpan.MinValue && boot - _swept < Sweep)
        {
            return;
        }

        _swept = boot;
        foreach (var (source, bucket) in _buckets)
        {
            if (boot - bucket.Touched >= Refill)
            {
                _buckets.Remove(source);
            }
        }
    }

    // HashCode is seeded, so that nobody can choose addresses that collide.
    private readonly record struct Source(bool IsIPv4, ulong Network)
    {
        public override int GetHashCode() => HashCode.Combine(IsIPv4, (uint)Network, (uint)(Network >> 32));
    }

    private sealed class Bucket
    {
        public double Tokens { get; set; } = Limits.DnsAnswersAtOnce;

        public TimeSpan Touched { get; set; }

        public int Refused { get; set; }
    }
}
