using System.Text.Json.Serialization;

namespace Ntm.Coordinator;

/// <summary>A block of channels that a relay leased to this coordinator.</summary>
internal sealed class ChannelLease(uint first, uint count, DateTimeOffset expires)
{
    private readonly Queue<uint> _free = new(Enumerable.Range(0, (int)count).Select(i => first + (uint)i));

    public uint First { get; } = first;

    public uint Count { get; } = count;

    /// <summary>Wall time: what is kept.</summary>
    public DateTimeOffset Expires { get; } = expires;

    /// <summary>Boot time at which it ends; null for one from the store until there is a time.</summary>
    public TimeSpan? Until { get; set; }

    public int Free => _free.Count;

    public TimeSpan Left(TimeSpan now) => (Until ?? now) - now;

    public bool Holds(uint channel) => channel >= First && channel - First < Count;

    public bool Overlaps(ChannelLease other) => First < other.First + other.Count && other.First < First + Count;

    public bool TryTake(out uint a, out uint b)
    {
        (a, b) = (0, 0);
        return _free.Count >= 2 && _free.TryDequeue(out a) && _free.TryDequeue(out b);
    }

    public void GiveBack(uint a, uint b)
    {
        _free.Enqueue(a);
        _free.Enqueue(b);
    }

    /// <summary>Takes these out of the free ones: a pair has them already.</summary>
    public void Occupy(IReadOnlySet<uint> channels)
    {
        for (var i = _free.Count; i > 0; i--)
        {
            var channel = _free.Dequeue();
            if (!channels.Contains(channel))
            {
                _free.Enqueue(channel);
            }
        }
    }

    /// <summary>As it is kept.</summary>
    internal sealed record Kept(uint First, uint Count, long Expires);
}

/// <summary>What a coordinator keeps as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ChannelLease.Kept))]
[JsonSerializable(typeof(KeptAddress))]
internal sealed partial class KeptJson : JsonSerializerContext;
