using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// What a tunnel sealed lately, in the order of counters, so that it can be sent again (docs/protocol.md section 5, "Handover"): <see cref="Limits.RingTime"/>, <see cref="Limits.RingBytes"/>,
/// and no more datagrams than the peer's replay window would take. While it is sent again it is also where newer datagrams wait. Allocates nothing once it has its size.
/// </summary>
/// <remarks>Entries have numbers that only grow: head &lt;= reported, cursor &lt;= tail.</remarks>
internal sealed class Ring(RingChunks chunks)
{
    private const int EntriesFirst = 256, EntriesMost = Limits.ReplayWindowNode;

    private Kept[] _entries = new Kept[EntriesFirst];
    private long _head, _tail, _reported;
    private byte[]? _chunk; // being filled
    private int _used, _held;

    /// <summary>Left unacknowledged: too old, or no room.</summary>
    public long Lost { get; private set; }

    /// <summary>Of these, those for which there was no room.</summary>
    public long LostForRoom { get; private set; }

    /// <summary>Acknowledged after they were sent again.</summary>
    public long Late { get; private set; }

    /// <summary>The next one to be sent again; equal to <see cref="Tail"/>: none.</summary>
    public long Cursor { get; private set; }

    public long Tail => _tail;

    public bool IsEmpty => _head == _tail;

    public ref Kept this[long number] => ref _entries[number & (_entries.Length - 1)];

    /// <summary>When the oldest datagram was sealed of which no report has spoken; null: there is none.</summary>
    public TimeSpan? UnreportedSince => _reported < _tail ? this[_reported].At : null;

    /// <summary>Bytes sealed within <see cref="Limits.RingTime"/>, as far as they are here.</summary>
    public long BytesKept { get; private set; }

    /// <summary>Makes room for a datagram that is about to be sealed, or was.</summary>
    /// <returns>Where it is to be copied; null: there is no memory.</returns>
    public byte[]? Reserve(TimeSpan boot, Keypair keypair, ulong counter, int length, out int offset)
    {
        offset = 0;
        DropOld(boot);
        if (_tail - _head == _entries.Length && !Grow())
        {
            DropHead(forRoom: true);
        }

        if (_chunk is null || _used + length > RingChunks.Size)
        {
            if (!TryNextChunk())
            {
                return null;
            }
        }

        (offset, _used) = (_used, _used + length);
        this[_tail++] = new() { Chunk = _chunk!, Offset = offset, Length = length, Counter = counter, Keypair = keypair, At = boot };
        BytesKept += length;
        if (Cursor == _tail - 1)
        {
            Cursor = _tail; // it goes out by itself
        }

        return _chunk;
    }

    /// <summary>What was just reserved is not to go out by itself: it waits for its turn behind what is sent again.</summary>
    public void HoldLast() => Cursor = Cursor == _tail ? _tail - 1 : Cursor;

    /// <summary>Takes a report: everything of that key from <paramref name="floor"/> to <paramref name="highest"/> came, but for the missing ranges.</summary>
    /// <param name="missing">Pairs of first and length, in order, within the two.</param>
    /// <returns>How many were not acknowledged before.</returns>
    public int Acknowledge(Keypair keypair, ulong floor, ulong highest, ReadOnlySpan<(ulong First, ulong Length)> missing)
    {
        var news = 0;
        var range = 0;
        for (var number = _head; number < _tail; number++)
        {
            ref var kept = ref this[number];
            if (kept.Keypair != keypair)
            {
                if (kept.Keypair.Made < keypair.Made && number == _reported)
                {
                    _reported++; // of a key before: whatever became of it, the path works
                }

                continue;
            }

            if (kept.Counter > highest)
            {
                break;
            }

            _reported = number == _reported ? number + 1 : _reported;
            while (range < missing.Length && missing[range].First + missing[range].Length <= kept.Counter)
            {
                range++;
            }

            if (kept.Acknowledged || kept.Counter < floor || (range < missing.Length && kept.Counter >= missing[range].First))
            {
                continue;
            }

            kept.Acknowledged = true;
            Late += kept.Again ? 1 : 0;
            news++;
        }

        return news;
    }

    /// <summary>All that is unacknowledged is to be sent again.</summary>
    /// <returns>How many that are at present.</returns>
    public int Rewind(TimeSpan boot)
    {
        DropOld(boot);
        Cursor = _head;
        var count = 0;
        for (var number = _head; number < _tail; number++)
        {
            count += this[number].Acknowledged ? 0 : 1;
        }

        return count;
    }

    public void Advance() => Cursor++;

    /// <summary>The keys are gone: nobody could open it.</summary>
    public void Clear()
    {
        while (_head < _tail)
        {
            DropHead(forRoom: false);
        }

        if (_chunk is not null)
        {
            chunks.Return(_chunk);
            (_chunk, _used) = (null, 0);
            _held--;
        }
    }

    /// <summary>What is acknowledged or too old goes, but not what waits for its turn.</summary>
    public void DropOld(TimeSpan boot)
    {
        while (_head < _tail && _head < Cursor && (this[_head].Acknowledged || boot - this[_head].At > Limits.RingTime))
        {
            DropHead(forRoom: false);
        }
    }

    private void DropHead(bool forRoom)
    {
        ref var kept = ref this[_head];
        BytesKept -= kept.Length;
        if (!kept.Acknowledged)
        {
            Lost++;
            LostForRoom += forRoom ? 1 : 0;
        }

        var chunk = kept.Chunk;
        kept = default;
        _head++;
        Cursor = Math.Max(Cursor, _head);
        _reported = Math.Max(_reported, _head);
        if (chunk != _chunk && (_head == _tail || this[_head].Chunk != chunk))
        {
            chunks.Return(chunk);
            _held--;
        }
    }

    private bool TryNextChunk()
    {
        // A full one that nothing of is kept any more is nobody's.
        var full = _chunk;
        _chunk = null;
        if (full is not null && (_head == _tail || this[_tail - 1].Chunk != full))
        {
            chunks.Return(full);
            _held--;
        }

        while (_held < RingChunks.MostOfOne)
        {
            if (chunks.Rent() is { } chunk)
            {
                (_chunk, _used) = (chunk, 0);
                _held++;
                return true;
            }

            if (_head == _tail)
            {
                return false;
            }

            DropHead(forRoom: true);
        }

        while (_held == RingChunks.MostOfOne)
        {
            DropHead(forRoom: true);
        }

        return TryNextChunk();
    }

    private bool Grow()
    {
        if (_entries.Length == EntriesMost)
        {
            return false;
        }

        var grown = new Kept[2 * _entries.Length];
        for (var number = _head; number < _tail; number++)
        {
            grown[number & (grown.Length - 1)] = this[number];
        }

        _entries = grown;
        return true;
    }
}
