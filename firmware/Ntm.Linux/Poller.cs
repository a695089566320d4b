using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ntm.Linux;

/// <summary>Waits until a descriptor is readable, a time has passed or another thread wakes it: ppoll(2) and an eventfd. For a handful of descriptors.</summary>
public sealed unsafe class Poller : IDisposable
{
    private readonly Lock _guard = new();
    private Libc.PollFd[] _polled = GC.AllocateArray<Libc.PollFd>(8, pinned: true);
    private int _count;
    private int _event;

    public Poller()
    {
        _event = Libc.EventDescriptor(0, Libc.O_CLOEXEC | Libc.O_NONBLOCK);
        if (_event < 0)
        {
            throw LinuxException.Last("Making an eventfd");
        }

        Add(_event);
    }

    /// <summary>From the thread that waits.</summary>
    public void Add(int descriptor)
    {
        if (_count == _polled.Length)
        {
            var larger = GC.AllocateArray<Libc.PollFd>(_count * 2, pinned: true);
            _polled.CopyTo(larger, 0);
            _polled = larger;
        }

        _polled[_count++] = new Libc.PollFd { Descriptor = descriptor, Events = Libc.POLLIN };
    }

    /// <summary>From the thread that waits. A descriptor that is not there is none of its business.</summary>
    public void Remove(int descriptor)
    {
        for (var i = 1; i < _count; i++)
        {
            if (_polled[i].Descriptor == descriptor)
            {
                _polled[i] = _polled[--_count];
                return;
            }
        }
    }

    /// <summary>Waits. Returns earlier on a signal; the caller looks at its clock anyway.</summary>
    /// <param name="timeout">Zero or less: only looks. <see cref="TimeSpan.MaxValue"/>: for ever. The resolution is 100 ns.</param>
    public void Wait(TimeSpan timeout)
    {
        Libc.TimeSpec time;
        var forEver = timeout == TimeSpan.MaxValue;
        if (!forEver)
        {
            var ticks = Math.Max(timeout.Ticks, 0);
            time.Seconds = ticks / TimeSpan.TicksPerSecond;
            time.Nanoseconds = ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick;
        }

        var first = (Libc.PollFd*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_polled));
        var ready = Libc.Poll(first, (ulong)_count, forEver ? null : &time, null);
        if (ready < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Libc.EINTR)
            {
                throw new LinuxException("Waiting for descriptors", error);
            }

            for (var i = 0; i < _count; i++)
            {
                _polled[i].Returned = 0;
            }
        }
        else if (_polled[0].Returned != 0)
        {
            ulong value;
            _ = Libc.Read(_event, &value, sizeof(ulong)); // back to zero
        }
    }

    /// <summary>Whether the last <see cref="Wait"/> found something to read (or an error to fetch) on it.</summary>
    /// <exception cref="InvalidOperationException">The descriptor was closed while it was waited for: a bug.</exception>
    public bool IsReadable(int descriptor)
    {
        for (var i = 1; i < _count; i++)
        {
            if (_polled[i].Descriptor == descriptor)
            {
                return (_polled[i].Returned & Libc.POLLNVAL) == 0
                    ? _polled[i].Returned != 0
                    : throw new InvalidOperationException($"Descriptor {descriptor} was closed while it was waited for.");
            }
        }

        return false;
    }

    /// <summary>Ends the present or next <see cref="Wait"/>. From any thread, also after <see cref="Dispose"/>.</summary>
    public void Wake()
    {
        lock (_guard)
        {
            if (_event >= 0)
            {
                ulong one = 1;
                _ = Libc.Write(_event, &one, sizeof(ulong)); // full (2^64 - 2 wakes): awake anyway
            }
        }
    }

    public void Dispose()
    {
        lock (_guard)
        {
            if (_event >= 0)
            {
                _ = Libc.Close(_event);
                _event = -1;
            }
        }
    }
}
