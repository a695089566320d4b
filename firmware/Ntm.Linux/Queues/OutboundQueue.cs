using System.Runtime.InteropServices;
using Ntm.Linux.Offloads;
using Ntm.Protocol;

namespace Ntm.Linux.Queues;

/// <summary>
/// What the TUN's kernel handed over and is not cut yet: packets and super-packets in places of their own, put in order by a <see cref="FlowQueue"/>.
/// A reader fills <see cref="Room"/> and says so with <see cref="Add"/>. Its memory is fixed: where it is full, the flow that fills it most loses its oldest.
/// One thread at a time.
/// </summary>
public sealed unsafe class OutboundQueue : IDisposable
{
    /// <summary>Bytes of the longest super-packet with its header: an IPv6 header and what its 16-bit length can tell.</summary>
    public const int LongestSize = VirtioHeader.Size + 40 + 65_535;

    /// <summary>Places for those, and for packets of up to <see cref="ShortSize"/> bytes with their header.</summary>
    public const int LongPlaces = 128, ShortPlaces = 1024, ShortSize = 2048;

    // So that places do not fall on the same cache lines.
    private const int LongStride = LongestSize + 1_600;

    private readonly Counters _counters;
    private readonly FlowQueue _order = new(LongPlaces + ShortPlaces);
    private readonly SegmentCut[] _cuts = new SegmentCut[LongPlaces + ShortPlaces];
    private readonly int[] _lengths = new int[LongPlaces + ShortPlaces];

    // Long places first; not touched before they are needed. Free ones are taken from the end: the last used is still in the cache.
    private readonly byte* _bytes = (byte*)NativeMemory.Alloc((nuint)((LongPlaces * LongStride) + (ShortPlaces * ShortSize)));
    private readonly int[] _freeLong = new int[LongPlaces];
    private readonly int[] _freeShort = new int[ShortPlaces];
    private int _freeLongCount;
    private int _freeShortCount;
    private int _filling;
    private bool _isDisposed;

    /// <param name="counters">Where what is dropped is counted: "queue-full", "queue-delayed".</param>
    public OutboundQueue(Counters counters)
    {
        _counters = counters;
        for (var place = LongPlaces + ShortPlaces - 1; place >= 0; place--)
        {
            Free(place);
        }

        _filling = _freeLong[--_freeLongCount];
    }

    /// <summary>Super-packets and packets that wait.</summary>
    public int Count => _order.Count;

    /// <summary>Packets that were marked, in place of a loss, because they had waited too long.</summary>
    public long Marked { get; private set; }

    /// <summary>The longest that a packet waited, of those taken since this was set to zero.</summary>
    public TimeSpan LongestWait { get; set; }

    /// <summary>Where the next one is to be written, its <see cref="VirtioHeader"/> first.</summary>
    public byte* Room => At(_filling);

    /// <summary>Takes up what was written to <see cref="Room"/>.</summary>
    /// <param name="length">Bytes of header and packet.</param>
    /// <param name="longest">Bytes that a packet may have once it is cut.</param>
    /// <param name="now">Boot time.</param>
    public void Add(int length, int longest, TimeSpan now)
    {
        var bytes = new ReadOnlySpan<byte>(Room, length);
        if (length <= VirtioHeader.Size || !SegmentCut.TryBegin(VirtioHeader.Read(bytes), bytes[VirtioHeader.Size..], out var cut))
        {
            _counters.Count("tun-malformed");
            return;
        }

        if (cut.LongestLength > longest)
        {
            _counters.Count("tun-oversized"); // an MTU beyond what a packet has room for
            return;
        }

        var hash = FlowHash.Of(bytes[VirtioHeader.Size..]);
        var place = _filling;
        if (length <= ShortSize)
        {
            if (_freeShortCount == 0)
            {
                MakeRoom(); // be it a long place, which a short one may have as well
            }

            if (_freeShortCount > 0)
            {
                place = _freeShort[--_freeShortCount];
                bytes.CopyTo(new Span<byte>(At(place), length));
            }
        }

        (_cuts[place], _lengths[place]) = (cut, length);
        _order.Add(place, hash, length - VirtioHeader.Size, now);
        if (place == _filling)
        {
            while (_freeLongCount == 0)
            {
                MakeRoom();
            }

            _filling = _freeLong[--_freeLongCount];
        }
    }

    /// <summary>Takes the packet or super-packet that is to go next. Its bytes stay until <see cref="Release"/>, which is to be called before the next.</summary>
    /// <param name="now">Boot time.</param>
    /// <param name="place">Where it is.</param>
    /// <param name="cut">What cuts it.</param>
    /// <returns>False: nothing waits.</returns>
    public bool TryTake(TimeSpan now, out int place, out SegmentCut cut)
    {
        while (_order.TryTake(now, out place, out var waited, out var isDue))
        {
            LongestWait = waited > LongestWait ? waited : LongestWait;
            cut = _cuts[place];
            if (isDue && CongestionMark.TrySet(BytesOf(place)))
            {
                Marked += cut.Left;
            }
            else if (isDue)
            {
                // Of a TCP flow, one segment tells the sender; of others, and where it is one, all of it goes.
                var lost = cut.IsTcpInSegments ? 1 : cut.Left;
                _counters.Count("queue-delayed", lost);
                if (lost == cut.Left)
                {
                    Free(place);
                    continue;
                }

                cut.Skip();
            }

            return true;
        }

        cut = default;
        return false;
    }

    /// <summary>The bytes of a packet that was taken.</summary>
    public Span<byte> BytesOf(int place) => new(At(place) + VirtioHeader.Size, _lengths[place] - VirtioHeader.Size);

    /// <summary>What was taken is cut to its end.</summary>
    public void Release(int place) => Free(place);

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            NativeMemory.Free(_bytes);
        }
    }

    private byte* At(int place) => place < LongPlaces
        ? _bytes + ((nint)place * LongStride)
        : _bytes + ((nint)LongPlaces * LongStride) + ((nint)(place - LongPlaces) * ShortSize);

    private void MakeRoom()
    {
        var place = _order.TakeOfFattest();
        _counters.Count("queue-full", _cuts[place].Left);
        Free(place);
    }

    private void Free(int place)
    {
        if (place < LongPlaces)
        {
            _freeLong[_freeLongCount++] = place;
        }
        else
        {
            _freeShort[_freeShortCount++] = place;
        }
    }
}
