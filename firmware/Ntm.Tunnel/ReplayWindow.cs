namespace Ntm.Tunnel;

/// <summary>
/// Which counters of a key were seen already: RFC 6479's window, a ring of 64-bit blocks that is moved by clearing blocks, never by shifting.
/// Only authenticated datagrams may be entered.
/// </summary>
internal sealed class ReplayWindow
{
    private const int BlockBits = 64;

    // One block more than the window, because the block of the highest counter is only partly used. A power of two, so that a mask finds a block.
    private readonly ulong[] _blocks;
    private readonly ulong _blockMask;
    private readonly ulong _size;
    private ulong _highest;
    private bool _any;

    /// <param name="size">Datagrams; a positive multiple of 64.</param>
    public ReplayWindow(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, BlockBits);
        ArgumentOutOfRangeException.ThrowIfNotEqual(size % BlockBits, 0);
        _size = (ulong)size;
        _blocks = new ulong[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(size / BlockBits) + 1)];
        _blockMask = (ulong)_blocks.Length - 1;
    }

    /// <summary>Whether a datagram of this counter could still be accepted. Changes nothing.</summary>
    public bool IsFresh(ulong counter)
    {
        if (!_any || counter > _highest)
        {
            return true;
        }

        return _highest - counter < _size && (_blocks[(counter / BlockBits) & _blockMask] & Bit(counter)) == 0;
    }

    /// <summary>Enters the counter of an authenticated datagram.</summary>
    /// <returns>False where it was entered before or is older than the window.</returns>
    public bool TryEnter(ulong counter)
    {
        if (!IsFresh(counter))
        {
            return false;
        }

        var block = counter / BlockBits;
        if (!_any)
        {
            _any = true;
            _highest = counter;
        }
        else if (counter > _highest)
        {
            var current = _highest / BlockBits;
            for (var cleared = Math.Min(block - current, (ulong)_blocks.Length); cleared > 0; cleared--)
            {
                _blocks[(current + cleared) & _blockMask] = 0;
            }

            _highest = counter;
        }

        _blocks[block & _blockMask] |= Bit(counter);
        return true;
    }

    /// <summary>Whether anything came.</summary>
    public bool Any => _any;

    /// <summary>The highest counter that came; 0 where nothing did.</summary>
    public ulong Highest => _highest;

    /// <summary>Lists what did not come below the highest counter, the newest ranges.</summary>
    /// <param name="most">Ranges.</param>
    /// <param name="into">Pairs, in order: first counter less the end of the range before (the first: less the result), length.</param>
    /// <returns>The counter from which on that says all.</returns>
    public ulong Missing(int most, ICollection<ulong> into)
    {
        // One block of the ring may be older than the window: nothing is said of it.
        var floor = _highest >= _size ? _highest - _size + 1 : 0;
        Span<(ulong First, ulong End)> found = stackalloc (ulong, ulong)[most];
        var count = 0;
        var at = _highest; // came
        while (at > floor)
        {
            var end = Previous(at, floor, came: false);
            if (end is not { } last)
            {
                break;
            }

            if (count == most)
            {
                floor = last + 1;
                break;
            }

            var first = Previous(last, floor, came: true) is { } came ? came + 1 : floor;
            found[count++] = (first, last + 1);
            if (first == floor)
            {
                break;
            }

            at = first - 1;
        }

        var next = floor;
        for (var i = count - 1; i >= 0; i--)
        {
            into.Add(found[i].First - next);
            into.Add(found[i].End - found[i].First);
            next = found[i].End;
        }

        return floor;
    }

    // The next counter below one, not below the floor, that came or did not; 64 at a time.
    private ulong? Previous(ulong below, ulong floor, bool came)
    {
        while (below > floor)
        {
            var counter = below - 1;
            var block = _blocks[(counter / BlockBits) & _blockMask];
            block = (came ? block : ~block) << (BlockBits - 1 - (int)(counter % BlockBits));
            if (block != 0)
            {
                var found = counter - (ulong)System.Numerics.BitOperations.LeadingZeroCount(block);
                return found >= floor && found <= counter ? found : null;
            }

            below = counter - (counter % BlockBits);
        }

        return null;
    }

    private static ulong Bit(ulong counter) => 1UL << (int)(counter % BlockBits);
}
