using System.Diagnostics.CodeAnalysis;
using Ntm.Node.Devices;
using Ntm.Protocol;

namespace Ntm.Node.Translation;

/// <summary>What all fragments of one packet share (RFC 8200 section 4.5, RFC 791).</summary>
internal readonly record struct FragmentKey(LanAddress Source, LanAddress Destination, uint Identification, byte Protocol)
{
    public static FragmentKey Of(in InnerPacket read) => new(read.Source, read.Destination, read.Identification, read.Protocol);

    // Whoever sends chooses most of it: nobody shall know which keys collide.
    public override int GetHashCode() => HashCode.Combine(Source, Destination, Identification, Protocol);
}

/// <summary>
/// Lets later fragments go where the first one went, and only them: those that overlap what went before (RFC 5722), end where the packet does not, or come
/// before the first or too late are refused. Nothing is held back or put together; the receiver does that.
/// </summary>
/// <remarks>
/// Bounded: the packet begun longest ago gives way. One whose fragments have all passed is forgotten at once, so that its identification may be used again.
/// A bit for each block of 8 bytes says what has passed; the room for them is made with the first fragment ever seen.
/// </remarks>
internal sealed class FragmentTable
{
    // Counted.
    public const string Overlaps = "fragment-overlaps";
    public const string Unexpected = "fragment-without-first";

    private const int WordsEach = 65536 / 8 / 64;

    private readonly Dictionary<FragmentKey, int> _index = [];
    private Entry[] _entries = [];
    private ulong[] _passed = [];
    private int _next;

    public int Count => _index.Count;

    /// <summary>Whether a first fragment repeats or overlaps one that passed. Changes nothing.</summary>
    public bool HasBegun(TimeSpan now, in FragmentKey key) => _index.TryGetValue(key, out var at) && IsLive(now, at);

    /// <summary>A first fragment has been admitted.</summary>
    /// <param name="goes">What is to be known when the later ones come.</param>
    public void Begin(TimeSpan now, in FragmentKey key, in InnerPacket first, LanAddress goes)
    {
        if (_entries.Length == 0)
        {
            _entries = new Entry[Limits.FragmentedPackets];
            _passed = new ulong[Limits.FragmentedPackets * WordsEach];
            _index.EnsureCapacity(Limits.FragmentedPackets);
        }

        if (_index.Remove(key, out var at))
        {
            _entries[at] = default;
        }

        at = _next;
        _next = (_next + 1) % _entries.Length;
        if (_entries[at].IsUsed)
        {
            _index.Remove(_entries[at].Key);
        }

        Passed(at).Clear();
        _entries[at] = new() { Key = key, Begun = now, Goes = goes, IsUsed = true };
        _index[key] = at;
        TryMark(at, first);
    }

    /// <summary>Judges a later fragment and remembers that it passed.</summary>
    public bool TryFollow(TimeSpan now, in FragmentKey key, in InnerPacket later, out LanAddress goes, [NotNullWhen(false)] out string? reason)
    {
        goes = default;
        if (!_index.TryGetValue(key, out var at) || !IsLive(now, at))
        {
            reason = Unexpected;
            return false;
        }

        goes = _entries[at].Goes;
        if (!TryMark(at, later))
        {
            reason = Overlaps;
            return false;
        }

        reason = null;
        if (_entries[at].IsComplete)
        {
            _index.Remove(key);
            _entries[at] = default;
        }

        return true;
    }

    private bool IsLive(TimeSpan now, int at) => now - _entries[at].Begun <= Limits.FragmentLife;

    private Span<ulong> Passed(int at) => _passed.AsSpan(at * WordsEach, WordsEach);

    private bool TryMark(int at, in InnerPacket read)
    {
        ref var entry = ref _entries[at];
        var from = read.FragmentOffset / 8;
        var end = (read.FragmentOffset + read.TransportLength + 7) / 8;
        if (!read.HasMoreFragments ? end < entry.Furthest || entry.Blocks != 0 : entry.Blocks != 0 && end > entry.Blocks)
        {
            return false;
        }

        var passed = Passed(at);
        for (var block = from; block < end; block++)
        {
            if ((passed[block >> 6] & (1UL << (block & 63))) != 0)
            {
                return false;
            }
        }

        for (var block = from; block < end; block++)
        {
            passed[block >> 6] |= 1UL << (block & 63);
        }

        entry.Seen += end - from;
        entry.Furthest = Math.Max(entry.Furthest, end);
        entry.Blocks = read.HasMoreFragments ? entry.Blocks : end;
        return true;
    }

    private struct Entry
    {
        public FragmentKey Key;
        public TimeSpan Begun;
        public LanAddress Goes;
        public bool IsUsed;

        /// <summary>Blocks that passed, and the end of the last of them.</summary>
        public int Seen;
        public int Furthest;

        /// <summary>Blocks of the whole packet; 0 while its end has not been seen.</summary>
        public int Blocks;

        public readonly bool IsComplete => Blocks != 0 && Seen == Blocks;
    }
}
