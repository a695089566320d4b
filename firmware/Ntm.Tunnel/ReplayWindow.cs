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

    /// <summary>Lists what has not come, the newest where there is more than room.</summary>
    /// <param name="missing">Room for the ranges; ascending.</param>
    /// <param name="floor">Nothing is said of lower counters.</param>
    /// <param name="ranges">How many there are.</param>
    /// <returns>False: nothing came yet.</returns>
    public bool TryList(Span<CounterRange> missing, out ulong floor, out ulong highest, out int ranges)
    {
        (floor, highest, ranges) = (0, _highest, 0);
        if (!_any)
        {
            return false;
        }

        var least = _highest >= _size ? _highest - _size + 1 : 0;
        var at = _highest + 1; // all from here on are told
        while (at > least)
        {
            // The next one below that came, or the end.
            var end = at;
            at = Below(at, least, came: true);
            if (at < end)
            {
                if (ranges == missing.Length)
                {
                    (floor, least) = (end, end);
                    break;
                }

                missing[ranges++] = new(at, end - at);
            }

            at = Below(at, least, came: false);
        }

        floor = Math.Max(floor, least);
        missing[..ranges].Reverse();
        return true;
    }

    // The lowest counter from which on all below `at` are of the other kind: those below it came, or did not.
    private ulong Below(ulong at, ulong least, bool came)
    {
        while (at > least)
        {
            var below = at - 1;
            var block = _blocks[(below / BlockBits) & _blockMask];
            var wanted = (came ? block : ~block) << (int)(BlockBits - 1 - (below % BlockBits)); // the highest bit is that of `below`
            var passed = (ulong)System.Numerics.BitOperations.LeadingZeroCount(wanted);
            var inBlock = (below % BlockBits) + 1;
            if (passed < inBlock)
            {
                return Math.Max(least, at - passed);
            }

            at -= inBlock;
        }

        return least;
    }

    private static ulong Bit(ulong counter) => 1UL << (int)(counter % BlockBits);
}
