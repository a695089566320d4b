using System.Numerics;
using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// What a tunnel sealed lately, to be sent again by another path (docs/protocol.md section 5, "The ring"): copies, oldest first, in one run of bytes that is written
/// around, no datagram across its end. A datagram has a number, by which it is found until it has given way. Room is made as it is needed, and given back by <see cref="Release"/>.
/// Nothing is allocated for a datagram.
/// </summary>
internal sealed class Ring(RingRoom room, Tunnel tunnel)
{
    /// <summary>Bytes at first; they are doubled.</summary>
    public const int LeastBytes = 64 << 10;

    private const int LeastEntries = 256;

    // After more room was refused: asking looks through all rings.
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(100);

    // However often it is sent again.
    private static readonly TimeSpan Longest = 5 * Limits.RingTime;

    private byte[] _bytes = [];
    private Kept[] _kept = []; // by number, masked: a power of two
    private int _end; // of the newest
    private TimeSpan _askAt;

    /// <summary>The oldest that is kept, and the first that is not there yet.</summary>
    public long First { get; private set; }

    public long Next { get; private set; }

    /// <summary>No datagram before this one is unsettled.</summary>
    public long Unsettled { get; private set; }

    /// <summary>The first that no report has spoken of, as received or as missing, nor of a later one.</summary>
    public long Reported { get; set; }

    public int Capacity => _bytes.Length;

    /// <summary>A re-sending is under way: age makes nothing give way, and room is not taken from it.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Boot time of the last datagram added.</summary>
    public TimeSpan LastAdded { get; private set; }

    public ref Kept this[long number] => ref _kept[number & (_kept.Length - 1)];

    /// <summary>Its bytes; empty: it has given way.</summary>
    public Span<byte> Bytes(long number)
    {
        if (number < First || number >= Next)
        {
            return default;
        }

        ref var kept = ref this[number];
        return _bytes.AsSpan(kept.At, kept.Length);
    }

    /// <summary>Makes room for a datagram; its bytes are the caller's to fill.</summary>
    /// <returns>Its number; -1: there is no room, it is not kept.</returns>
    public long Add(TimeSpan boot, Keypair keypair, ulong counter, int length)
    {
        Expire(boot);
        if (!MakeRoom(boot, length, out var at))
        {
            return -1;
        }

        this[Next] = new() { Keypair = keypair, Counter = counter, Sealed = boot, Went = boot, At = at, Length = length };
        (_end, LastAdded) = (at + length, boot);
        return Next++;
    }

    /// <summary>What is settled, or went out longer ago than <see cref="Limits.RingTime"/>, gives way, from the oldest on.</summary>
    public void Expire(TimeSpan boot)
    {
        for (; First < Next; First++)
        {
            ref var oldest = ref this[First];
            if (!oldest.IsSettled)
            {
                if (IsHeld || (boot - oldest.Went <= Limits.RingTime && boot - oldest.Sealed <= Longest))
                {
                    break;
                }

                tunnel.UnacknowledgedInTime++;
            }
        }

        Unsettled = Math.Max(Unsettled, First);
        _end = First == Next ? 0 : _end;
    }

    /// <summary>The oldest that is not settled; <see cref="Next"/>: there is none. What is passed over is not looked at again.</summary>
    public long OldestUnsettled()
    {
        while (Unsettled < Next && this[Unsettled].IsSettled)
        {
            Unsettled++;
        }

        return Unsettled;
    }

    /// <summary>The key is gone, and nobody can open what was sealed with it.</summary>
    public void Forget(Keypair keypair)
    {
        for (var number = OldestUnsettled(); number < Next; number++)
        {
            ref var kept = ref this[number];
            kept.IsSettled |= kept.Keypair == keypair;
        }
    }

    /// <summary>Gives all room back; what was kept is gone.</summary>
    public void Release()
    {
        var bytes = Capacity;
        (_bytes, _kept, _end) = ([], [], 0);
        First = Unsettled = Next;
        room.GiveBack(this, bytes);
    }

    /// <summary>Half of the room goes, with the oldest in it.</summary>
    /// <returns>False: there is no more than the least.</returns>
    public bool TryHalve()
    {
        if (Capacity <= LeastBytes)
        {
            return false;
        }

        var half = Capacity / 2;
        var kept = 0;
        for (var number = Next; number > First; number--)
        {
            kept += this[number - 1].Length;
            if (kept > half)
            {
                GiveWay(number);
                break;
            }
        }

        Resize(half);
        room.GiveBack(this, half);
        return true;
    }

    private bool MakeRoom(TimeSpan boot, int length, out int at)
    {
        while (true)
        {
            if (Next - First < _kept.Length && TryPlace(length, out at))
            {
                return true;
            }

            if (Next - First >= _kept.Length && Capacity > 0 && Grow(ref _kept))
            {
                continue;
            }

            if (TryGrow(boot))
            {
                continue;
            }

            if (First == Next)
            {
                at = 0;
                return false;
            }

            GiveWay(First + 1);
        }
    }

    // Free is what lies between the end of the newest and the start of the oldest, around the end of the bytes.
    private bool TryPlace(int length, out int at)
    {
        at = 0;
        if (First == Next)
        {
            return length <= Capacity;
        }

        var oldest = this[First].At;
        if (oldest >= _end)
        {
            at = _end;
            return oldest - _end >= length;
        }

        at = Capacity - _end >= length ? _end : 0;
        return at > 0 || oldest >= length;
    }

    private bool TryGrow(TimeSpan boot)
    {
        var more = Math.Max(LeastBytes, Capacity);
        if (Capacity + more > Limits.RingBytes || boot < _askAt)
        {
            return false;
        }

        if (!room.TryTake(this, more))
        {
            _askAt = boot + AskAgain;
            return false;
        }

        Resize(Capacity + more);
        return true;
    }

    // As many as the ring can hold of the shortest there are: half a cache line each.
    private bool Grow(ref Kept[] kept)
    {
        if (kept.Length >= Limits.RingBytes / 64)
        {
            return false;
        }

        var more = new Kept[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(LeastEntries, 2 * kept.Length))];
        for (var number = First; number < Next; number++)
        {
            more[number & (more.Length - 1)] = this[number];
        }

        kept = more;
        return true;
    }

    private void Resize(int capacity)
    {
        // Pinned, so that it is never moved: it is large and lives long.
        var bytes = GC.AllocateArray<byte>(capacity, pinned: true);
        var at = 0;
        for (var number = First; number < Next; number++)
        {
            ref var kept = ref this[number];
            _bytes.AsSpan(kept.At, kept.Length).CopyTo(bytes.AsSpan(at));
            kept.At = at;
            at += kept.Length;
        }

        (_bytes, _end) = (bytes, at);
    }

    private void GiveWay(long until)
    {
        for (; First < until; First++)
        {
            if (!this[First].IsSettled)
            {
                tunnel.LostBeyondRing++;
            }
        }

        Unsettled = Math.Max(Unsettled, First);
        _end = First == Next ? 0 : _end;
    }
}
