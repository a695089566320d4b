using System.Diagnostics;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>
/// Threads that share a batch's work (<see cref="IBatchWork"/>) with the one that brings it, which works along and goes on when all of it is done: so every
/// batch leaves in its order, and cores see one thread. A lane that has had no work for a while sleeps.
/// </summary>
/// <remarks>One thread at a time may call <see cref="Run"/>. No allocation and no lock a batch.</remarks>
public sealed class Lanes : IDisposable
{
    /// <summary>Pieces taken at once: a few microseconds' work.</summary>
    private const int Chunk = 4;

    /// <summary>Fewer pieces than this are done before another processor's cache has seen them.</summary>
    private const int WorthSharing = 12;

    /// <summary>Looks for work before a lane sleeps: some 50 us, the time between two batches at full speed.</summary>
    private const int LooksBeforeSleep = 2000;

    // What there is to take, in one word, so that a lane that comes late takes nothing of the next batch: turn 32, pieces 16, next piece 16.
    private long _open;
    private IBatchWork? _work;
    private int _done;
    private int _asleep;
    private Exception? _bug;
    private volatile bool _stopping;
    private readonly LaneTrial _trial = new();
    private readonly AutoResetEvent[] _wakes;
    private readonly Thread[] _threads;

    /// <param name="more">Threads besides the one that calls <see cref="Run"/>, 1 and up.</param>
    public Lanes(int more, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(more, 1);
        _wakes = new AutoResetEvent[more];
        _threads = new Thread[more];
        for (var i = 0; i < more; i++)
        {
            var lane = i + 1;
            _wakes[i] = new AutoResetEvent(false);
            _threads[i] = new Thread(() => Serve(lane)) { Name = $"{name} lane {lane}", IsBackground = true };
            _threads[i].Start();
        }
    }

    /// <summary>All lanes, the caller's included.</summary>
    public int Count => _threads.Length + 1;

    /// <summary>Pieces done by other lanes than the caller's.</summary>
    public long Shared { get; private set; }

    /// <summary>How many lanes a machine of so many processors should have: one is left to the kernel and to whom the packets are for.</summary>
    public static int For(int processors) => Math.Clamp(processors - 1, 1, 4);

    /// <summary>Does all of it. What a piece throws, which is a bug, is thrown here when all others are done.</summary>
    public void Run(IBatchWork work)
    {
        var count = work.Count;
        if (count < WorthSharing)
        {
            work.Do(0, count, 0);
            work.Done();
            return;
        }

        var start = Stopwatch.GetTimestamp();
        if (_trial.Shares)
        {
            Share(work, count);
        }
        else
        {
            work.Do(0, count, 0);
        }

        _trial.Took(Stopwatch.GetTimestamp() - start, count);
        work.Done();
        if (_bug is { } bug)
        {
            _bug = null;
            throw new InvalidOperationException("A lane failed.", bug);
        }
    }

    public void Dispose()
    {
        _stopping = true;
        foreach (var wake in _wakes)
        {
            wake.Set();
        }

        foreach (var thread in _threads)
        {
            thread.Join();
        }

        foreach (var wake in _wakes)
        {
            wake.Dispose();
        }
    }

    private void Share(IBatchWork work, int count)
    {
        _work = work;
        _done = 0;
        var turn = (int)(_open >> 32) + 1;
        Interlocked.Exchange(ref _open, Word(turn, count, 0)); // and a barrier before _asleep is read
        if (_asleep > 0)
        {
            Wake();
        }

        var own = Take(turn, 0);
        var wait = default(SpinWait);
        while (Volatile.Read(ref _done) < count)
        {
            wait.SpinOnce(sleep1Threshold: -1);
        }

        Shared += count - own;
    }

    private static long Word(int turn, int count, int next) => ((long)turn << 32) | ((long)count << 16) | (uint)next;

    private void Wake()
    {
        foreach (var wake in _wakes)
        {
            wake.Set();
        }
    }

    private void Serve(int lane)
    {
        var turn = 0;
        while (!_stopping)
        {
            turn = Await(turn, _wakes[lane - 1]);
            Take(turn, lane);
        }
    }

    // The turn after this one, or this one when it is time to stop.
    private int Await(int former, AutoResetEvent wake)
    {
        var looks = 0;
        while (true)
        {
            var turn = (int)(Volatile.Read(ref _open) >> 32);
            if (turn != former || _stopping)
            {
                return turn;
            }

            if (++looks < LooksBeforeSleep)
            {
                Thread.SpinWait(8);
                continue;
            }

            looks = 0;
            Interlocked.Increment(ref _asleep); // before the last look: either it sees the turn, or the turn's maker sees us asleep
            if ((int)(Interlocked.Read(ref _open) >> 32) == former && !_stopping)
            {
                wake.WaitOne();
            }

            Interlocked.Decrement(ref _asleep);
        }
    }

    // Does pieces of this turn until none is left.
    private int Take(int turn, int lane)
    {
        var taken = 0;
        while (true)
        {
            var open = Volatile.Read(ref _open);
            var count = (int)(open >> 16) & 0xffff;
            var from = (int)open & 0xffff;
            if ((int)(open >> 32) != turn || from >= count)
            {
                return taken;
            }

            var to = Math.Min(from + Chunk, count);
            if (Interlocked.CompareExchange(ref _open, Word(turn, count, to), open) != open)
            {
                continue;
            }

            try
            {
                _work!.Do(from, to, lane);
            }
            catch (Exception e)
            {
                _bug = e;
            }

            taken += to - from;
            Interlocked.Add(ref _done, to - from);
        }
    }
}
