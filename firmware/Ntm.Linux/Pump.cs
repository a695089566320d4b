using System.Collections.Concurrent;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>
/// The only code that moves data between Linux and a core: one thread that owns one core, its sockets and its TUN. Everything else that wants
/// something of the core posts it here. The pump decides nothing.
/// </summary>
public sealed class Pump : IDisposable
{
    /// <summary>EX_SOFTWARE of sysexits.h: an internal error.</summary>
    public const int ExitCodeBug = 70;

    private readonly ICore _core;
    private readonly PumpOptions _options;
    private readonly Poller _poller = new();
    private readonly ConcurrentQueue<Posting> _posted = new();
    private readonly PacketBatch _received = new();
    private readonly PacketBatch _outgoing = new();
    private readonly SocketTable _sockets = new();
    private (int Descriptor, Action<Now> OnReadable)[] _watched = []; // replaced, never changed: a callback may watch another
    private readonly Lanes? _lanes;
    private readonly Thread _thread;
    private Tun? _tun;
    private volatile bool _stopping;
    private volatile bool _ended;

    /// <param name="core">From now on only the pump's thread calls it.</param>
    public Pump(ICore core, PumpOptions? options = null)
    {
        _core = core;
        _options = options ?? new PumpOptions();
        _lanes = _options.Lanes > 1 ? new Lanes(_options.Lanes - 1, _options.Name) : null;
        _thread = new Thread(Run) { Name = _options.Name, IsBackground = true };
    }

    /// <summary>What Linux did not take, by reason. Hand it to the sockets and the TUN; read it on the pump's thread (<see cref="Ask"/>).</summary>
    public Counters Counters { get; } = new();

    /// <summary>Pieces of work that other lanes than the pump's own have done (<see cref="PumpOptions.Lanes"/>). To be read on the pump's thread.</summary>
    public long Shared => _lanes?.Shared ?? 0;

    /// <summary>The sockets. To be read on the pump's thread.</summary>
    public IReadOnlyList<UdpSocket> Sockets => _sockets.All;

    /// <summary>To be read on the pump's thread.</summary>
    public Tun? Tun => _tun;

    public void Start() => _thread.Start();

    /// <summary>Takes over a socket, for the uplink and family it says. Before <see cref="Start"/> or on the pump's thread.</summary>
    /// <exception cref="InvalidOperationException">There is one already: remove that first.</exception>
    public void AddSocket(UdpSocket socket)
    {
        DemandOwnThread();
        _sockets.Add(socket);
        _poller.Add(socket.Descriptor);
    }

    /// <summary>Gives the socket up and disposes of it. Before <see cref="Start"/> or on the pump's thread.</summary>
    public void RemoveSocket(UdpSocket socket)
    {
        DemandOwnThread();
        _sockets.Remove(socket);
        _poller.Remove(socket.Descriptor);
        socket.Dispose();
    }

    /// <summary>Takes over the TUN, in place of the one before, which is disposed of; null: none. Before <see cref="Start"/> or on the pump's thread.</summary>
    public void SetTun(Tun? tun)
    {
        DemandOwnThread();
        if (_tun is not null)
        {
            _poller.Remove(_tun.Descriptor);
            _tun.Dispose();
        }

        _tun = tun;
        if (tun is not null)
        {
            _poller.Add(tun.Descriptor);
        }
    }

    /// <summary>Calls back whenever a further descriptor is readable; the callback must read it empty. Before <see cref="Start"/> or on the pump's thread.</summary>
    public void Watch(int descriptor, Action<Now> onReadable)
    {
        DemandOwnThread();
        _watched = [.. _watched, (descriptor, onReadable)];
        _poller.Add(descriptor);
    }

    /// <summary>The end of <see cref="Watch"/>; the descriptor stays open.</summary>
    public void Unwatch(int descriptor)
    {
        DemandOwnThread();
        _watched = [.. _watched.Where(w => w.Descriptor != descriptor)];
        _poller.Remove(descriptor);
    }

    /// <summary>Has something done on the pump's thread, in the order of posting. From any thread. An exception in it is a bug, as in the core.</summary>
    /// <returns>False when the pump has ended: it will not be done.</returns>
    public bool Post(Action<Now> action) => Enqueue(new Posting(action, null));

    /// <summary>Has a question answered on the pump's thread. From any thread; do not block the pump's own on the answer. An exception in it is handed
    /// to the asker and is a bug, as in the core.</summary>
    /// <exception cref="OperationCanceledException">In the task: the pump has ended.</exception>
    public Task<T> Ask<T>(Func<Now, T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(new Posting(
            now =>
            {
                try
                {
                    answer.SetResult(question(now));
                }
                catch (Exception e)
                {
                    answer.SetException(e);
                    throw;
                }
            },
            () => answer.TrySetCanceled()));
        return answer.Task;
    }

    /// <summary>Stops the thread, and disposes of sockets and TUN.</summary>
    /// <exception cref="InvalidOperationException">Called on the pump's own thread, which cannot wait for its own end.</exception>
    public void Dispose()
    {
        if (Thread.CurrentThread == _thread)
        {
            throw new InvalidOperationException($"The thread of '{_options.Name}' cannot wait for its own end.");
        }

        _stopping = true;
        _poller.Wake();
        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted))
        {
            End();
        }
        else
        {
            _thread.Join();
        }

        _poller.Dispose();
    }

    private void Run()
    {
        try
        {
            Settle(_options.Clock()); // what the core's making brought
            while (!_stopping)
            {
                Turn();
            }
        }
        catch (Exception e)
        {
            _options.OnBug?.Invoke(e);
            End();
            _options.Exit(ExitCodeBug);
        }

        End();
    }

    private void Turn()
    {
        var now = _options.Clock();
        if (_core.NextDeadline <= now.Boot)
        {
            _core.HandleTimeout(now);
            Settle(now);
        }

        var deadline = _core.NextDeadline;
        _poller.Wait(deadline == TimeSpan.MaxValue ? deadline : deadline - now.Boot);

        // As many as wait now: one that posts itself again must not keep the packets waiting.
        for (var left = _posted.Count; left > 0 && _posted.TryDequeue(out var posting); left--)
        {
            now = _options.Clock();
            posting.Action(now);
            Settle(now);
        }

        foreach (var (descriptor, onReadable) in _watched)
        {
            if (_poller.IsReadable(descriptor))
            {
                now = _options.Clock();
                onReadable(now);
                Settle(now);
            }
        }

        foreach (var socket in _sockets.All)
        {
            if (!_poller.IsReadable(socket.Descriptor))
            {
                continue;
            }

            do
            {
                if (socket.Receive(_received) > 0)
                {
                    now = _options.Clock();
                    Do(_core.Ahead(now, _received));
                    _core.ReceiveDatagrams(now, _received);
                    Settle(now, _received);
                }
            }
            while (socket.HasRest);
        }

        if (_tun is { } tun && _poller.IsReadable(tun.Descriptor))
        {
            do
            {
                if (tun.Read(_received) > 0)
                {
                    now = _options.Clock();
                    _core.ReceivePackets(now, _received);
                    Settle(now, _received);
                }
            }
            while (tun.HasRest);
        }
    }

    /// <summary>After a call of the core: the program takes the events, then what the core left in the batch and in the outbox is carried out.</summary>
    private void Settle(Now now, PacketBatch? batch = null)
    {
        _options.AfterEach?.Invoke(now);
        Do(_core.Left);
        for (var i = 0; i < batch?.Count; i++)
        {
            var packet = batch[i];
            switch (packet.Disposition)
            {
                case Disposition.ToWire:
                    Stage(packet);
                    break;
                case Disposition.ToTun when _tun is { } tun:
                    tun.Stage(packet);
                    break;
                case Disposition.ToTun:
                    Counters.Count("tun-none");
                    break;
            }
        }

        _sockets.Flush();
        _tun?.Flush();
        var outbox = _core.Outbox;
        if (outbox.Count > 0)
        {
            Drain(outbox);
        }
    }

    private void Do(IBatchWork? work)
    {
        if (work is null || work.Count == 0)
        {
            return;
        }

        if (_lanes is { } lanes)
        {
            lanes.Run(work);
            return;
        }

        work.Do(0, work.Count, 0);
        work.Done();
    }

    private void Drain(Outbox outbox)
    {
        _outgoing.Clear();
        while (outbox.TryTakeDatagram(out var path, out var datagram))
        {
            if (_outgoing.IsFull)
            {
                _sockets.Flush();
                _outgoing.Clear();
            }

            var packet = _outgoing.Add();
            packet.Fill(datagram);
            packet.Path = path;
            Stage(packet);
        }

        _sockets.Flush();
        while (outbox.TryTakePacket(out var packet))
        {
            WriteToTun(packet);
        }
    }

    private void Stage(Packet packet)
    {
        if (_sockets.Find(packet.Path) is { } socket)
        {
            socket.Stage(packet);
        }
        else
        {
            Counters.Count("wire-no-socket"); // the uplink went away, or has no such family
        }
    }

    private void WriteToTun(ReadOnlySpan<byte> packet)
    {
        if (_tun is { } tun)
        {
            tun.Write(packet);
        }
        else
        {
            Counters.Count("tun-none");
        }
    }

    private bool Enqueue(Posting posting)
    {
        if (_ended)
        {
            posting.Abandoned?.Invoke();
            return false;
        }

        _posted.Enqueue(posting);
        Interlocked.MemoryBarrier(); // with the one in End: either it sees the posting, or we see the end
        if (_ended)
        {
            Abandon();
            return false;
        }

        _poller.Wake();
        return true;
    }

    private void End()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        Interlocked.MemoryBarrier();
        Abandon();
        foreach (var socket in _sockets.All)
        {
            socket.Dispose();
        }

        _tun?.Dispose();
        _lanes?.Dispose();
    }

    private void Abandon()
    {
        while (_posted.TryDequeue(out var posting))
        {
            posting.Abandoned?.Invoke();
        }
    }

    private void DemandOwnThread()
    {
        if (Environment.CurrentManagedThreadId != _thread.ManagedThreadId && !_thread.ThreadState.HasFlag(ThreadState.Unstarted))
        {
            throw new InvalidOperationException($"The thread of '{_options.Name}' runs: post this to it.");
        }
    }

    private readonly record struct Posting(Action<Now> Action, Action? Abandoned);
}
