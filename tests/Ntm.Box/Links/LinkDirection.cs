using System.Runtime.InteropServices;

namespace Ntm.Box.Links;

/// <summary>
/// One direction of a link: frames wait in the order they came, each until its time. The link's thread alone calls it; conditions are set and counts read from anywhere. It has
/// no clock: the time comes in. A frame's time never lies before that of the one ahead of it.
/// </summary>
/// <param name="seed">Of the lot that loses frames: the same frames with the same seed.</param>
internal sealed unsafe class LinkDirection(int seed) : IDisposable
{
    /// <summary>Bytes of the longest frame: 1500 and the Ethernet header.</summary>
    public const int FrameSize = 1514;

    /// <summary>Frames that can wait; the memory is the kernel's until it is used.</summary>
    public const int Slots = 16_384;

    private const int Stride = 1536;

    private readonly int[] lengths = new int[Slots];
    private readonly long[] times = new long[Slots];
    private readonly Random lot = new(seed);
    private byte* frames = (byte*)NativeMemory.Alloc(Slots, Stride);
    private volatile LinkConditions conditions = new(TimeSpan.Zero);
    private volatile bool isCutBefore, isCutBehind;
    private long head;
    private long tail;
    private long free; // when the last frame taken has left the sender
    private long last; // the time of the last frame taken
    private long stalledUntil;
    private long count, bytes, marked, lost, full, refused;

    public LinkConditions Conditions
    {
        get => conditions;
        set => conditions = value;
    }

    /// <summary>Nothing comes out before this time, and all of it after.</summary>
    public long StalledUntil
    {
        get => Interlocked.Read(ref stalledUntil);
        set => Interlocked.Exchange(ref stalledUntil, value);
    }

    /// <summary>The wire is cut at this direction's near end: what comes is lost.</summary>
    public bool IsCutBefore
    {
        get => isCutBefore;
        set => isCutBefore = value;
    }

    /// <summary>The wire is cut at its far end: what is under way is lost as well.</summary>
    public bool IsCutBehind
    {
        get => isCutBehind;
        set => isCutBehind = value;
    }

    /// <summary>Frames that wait.</summary>
    public int Waiting => (int)(Interlocked.Read(ref tail) - Interlocked.Read(ref head));

    public LinkCounts Counts => new(
        Interlocked.Read(ref count), Interlocked.Read(ref bytes), Interlocked.Read(ref marked), Interlocked.Read(ref lost), Interlocked.Read(ref full), Interlocked.Read(ref refused));

    /// <summary>Where the next frame is to be read to: <see cref="FrameSize"/> bytes, also when none can wait.</summary>
    public byte* Room => frames + (tail % Slots * Stride);

    /// <summary>Takes the frame that was read to <see cref="Room"/>.</summary>
    /// <param name="now">Nanoseconds.</param>
    /// <param name="isMarked">To be counted as such.</param>
    public void Take(int length, long now, bool isMarked)
    {
        var told = conditions;
        count++;
        bytes += length;
        marked += isMarked ? 1 : 0;
        if (told.IsDeaf || isCutBefore || (told.Loss > 0 && lot.NextDouble() < told.Loss))
        {
            lost++;
            return;
        }

        var left = Math.Max(now, free);
        if (told.Rate > 0)
        {
            if ((left - now) * (told.Rate / 8e9) + length > told.Buffer)
            {
                full++;
                return;
            }

            left += (long)(length * 8e9 / told.Rate);
        }

        if (tail - head >= Slots - 1)
        {
            full++;
            return;
        }

        free = left;
        last = Math.Max(last, left + (told.Delay.Ticks * 100));
        lengths[tail % Slots] = length;
        times[tail % Slots] = last;
        Interlocked.Increment(ref tail);
    }

    /// <summary>Whether a frame's time has come.</summary>
    public bool TryNext(long now, out byte* frame, out int length)
    {
        frame = frames + (head % Slots * Stride);
        length = lengths[head % Slots];
        return NextTime <= now;
    }

    /// <summary>When the next frame is due; the end of time: none waits.</summary>
    public long NextTime => head == tail ? long.MaxValue : Math.Max(times[head % Slots], StalledUntil);

    /// <summary>It is out.</summary>
    /// <param name="wasTaken">By the far end's kernel.</param>
    public void Done(bool wasTaken)
    {
        lost += isCutBehind ? 1 : 0;
        refused += wasTaken || isCutBehind ? 0 : 1;
        Interlocked.Increment(ref head);
    }

    public void Dispose()
    {
        NativeMemory.Free(frames);
        frames = null;
    }
}
