using System.Buffers.Binary;
using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// The handshake timestamp as a counter (docs/protocol.md section 1): the wall clock where that is ahead, else one more than before. What is used stays
/// below a mark that is stored ahead of use, so that a gateway whose clock is wrong after a power cut is not taken for a replay.
/// </summary>
internal sealed class HandshakeClock
{
    // The peer learns our clock no finer than 16.8 ms (wireguard-go does the same): how long a computation took is not its business.
    private const ulong Coarseness = (1UL << 24) - 1;

    // 2^62 + 10: TAI64's epoch and the leap seconds WireGuard counts.
    private const ulong Tai64Base = 0x4000_0000_0000_000A;
    private const ulong NanosecondsPerSecond = 1_000_000_000;

    // Nobody's clock is right beyond this, and it leaves the counter room. Nanoseconds of the year 2200, roughly.
    private const ulong LatestWall = 230UL * 365 * 86_400 * NanosecondsPerSecond;

    private static readonly ulong Block = (ulong)Limits.TimestampBlock.Ticks * 100;

    private ulong _next;

    /// <param name="mark">The stored mark; 0 the first time. A block is skipped, in case the last mark was not stored in time.</param>
    public HandshakeClock(ulong mark)
    {
        Mark = Math.Min(mark, ulong.MaxValue - (2 * Block));
        _next = Mark + (mark == 0 ? 0 : Block);
    }

    /// <summary>Up to which values may be used, nanoseconds since 1970.</summary>
    public ulong Mark { get; private set; }

    /// <summary>The next timestamp, TAI64N, 12 bytes.</summary>
    /// <param name="wall">The wall clock, right or wrong.</param>
    /// <param name="timestamp">12 bytes; as byte strings they always increase.</param>
    /// <param name="onMark">Told of a new mark before this returns.</param>
    public void Next(DateTimeOffset wall, Span<byte> timestamp, Action<ulong>? onMark)
    {
        var ticks = (wall - DateTimeOffset.UnixEpoch).Ticks;
        var clock = ticks <= 0 ? 0 : Math.Min((ulong)ticks, LatestWall / 100) * 100 & ~Coarseness;
        var value = Math.Max(clock, _next);
        if (value >= Mark)
        {
            Mark = value + Block;
            onMark?.Invoke(Mark);
        }

        _next = value + 1;
        BinaryPrimitives.WriteUInt64BigEndian(timestamp, Tai64Base + (value / NanosecondsPerSecond));
        BinaryPrimitives.WriteUInt32BigEndian(timestamp[8..], (uint)(value % NanosecondsPerSecond));
    }
}
