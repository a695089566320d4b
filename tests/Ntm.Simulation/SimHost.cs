using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>One attachment of a host: a segment, and the host's addresses there (with the port of its socket).</summary>
/// <param name="Segment">Where it hangs.</param>
/// <param name="Addresses">At most one of each family.</param>
public sealed record SimUplink(Segment Segment, IReadOnlyList<RealAddress> Addresses);

/// <summary>
/// A machine with one core, driven as the pump on Linux drives it: batches in, dispositions carried out, the outbox drained after each call, a
/// timer at NextDeadline.
/// </summary>
public sealed class SimHost : IStation
{
    /// <summary>Packets in a batch: fewer than a pump's, since a world may have a thousand hosts.</summary>
    public const int BatchSlots = 64;

    // A core that wants to be woken at once this often without time passing is stuck: a bug of ours, and better an exception than a hang.
    private const int WakesInOneInstant = 1000;

    private readonly World _world;
    private readonly List<SimUplink> _uplinks = [];
    private readonly Dictionary<(int Number, bool IPv4), ushort> _sockets = [];
    private ushort _nextPort = 50_000;
    private readonly Queue<(WirePath Path, byte[] Bytes)> _datagrams = new();
    private readonly Queue<byte[]> _packets = new();
    private readonly PacketBatch _batch = new(BatchSlots);
    private bool _pumpScheduled;
    private TimeSpan _wakeScheduled = TimeSpan.MaxValue;
    private TimeSpan _lastWake = TimeSpan.MinValue;
    private int _wakes;

    /// <param name="world">The world.</param>
    /// <param name="name">For the flow.</param>
    /// <param name="core">What runs on it; null: switched off until <see cref="Start"/>.</param>
    public SimHost(World world, string name, ICore? core = null)
    {
        (_world, Name) = (world, name);
        Tun = new SimTun(this);

        // Hosts boot at different times: a boot time that leaks from one to another must show.
        SinceBoot = TimeSpan.FromSeconds(30 + world.Entropy.Fork("boot " + name).Below(100_000));
        Core = core;
    }

    public string Name { get; }

    public ICore? Core { get; private set; }

    public SimTun Tun { get; }

    public World World => _world;

    /// <summary>What the program does after every call of its core: it takes the events. Before anything is sent.</summary>
    public Action<Now>? AfterEach { get; set; }

    /// <summary>How long the host had been up when the world began.</summary>
    public TimeSpan SinceBoot { get; private set; }

    /// <summary>How wrong its wall clock is.</summary>
    public TimeSpan WallSkew { get; set; }

    /// <summary>The machine boots again: boot time starts anew, and nothing runs until <see cref="Start"/>.</summary>
    public void Reboot()
    {
        Stop();
        SinceBoot = -_world.Clock.Elapsed;
    }

    public Now Now => _world.Clock.Read(SinceBoot, WallSkew);

    public IReadOnlyList<SimUplink> Uplinks => _uplinks;

    /// <summary>Largest batch that was handed in so far.</summary>
    public int LargestBatch { get; private set; }

    /// <summary>Bytes and datagrams sent to the wire.</summary>
    public long DatagramsSent { get; private set; }

    /// <summary>Attaches the host to a segment; the uplink's number is its place in the order of calls.</summary>
    public Wire Attach(Segment segment, params ReadOnlySpan<RealAddress> addresses)
    {
        _uplinks.Add(new SimUplink(segment, addresses.ToArray()));
        return segment.Attach(this, addresses);
    }

    /// <summary>Opens a further socket (<see cref="UplinkSocket"/>) on a port of its own, or on the one given.</summary>
    /// <returns>The port.</returns>
    public ushort OpenSocket(int number, bool ipv4, ushort port = 0) => _sockets[(number, ipv4)] = port != 0 ? port : _nextPort++;

    public void CloseSocket(int number, bool ipv4) => _sockets.Remove((number, ipv4));

    /// <summary>Further sockets that are open.</summary>
    public int FurtherSockets => _sockets.Count;

    /// <summary>Closes all further sockets, as a program's end does.</summary>
    public void CloseSockets() => _sockets.Clear();

    /// <summary>Gives an uplink other addresses or another segment: the host has moved.</summary>
    public Wire Move(int uplink, Segment segment, params ReadOnlySpan<RealAddress> addresses)
    {
        foreach (var address in _uplinks[uplink].Addresses)
        {
            _uplinks[uplink].Segment.Detach(address);
        }

        _uplinks[uplink] = new SimUplink(segment, addresses.ToArray());
        return segment.Attach(this, addresses);
    }

    /// <summary>Starts a core, in place of the one that ran: a restart loses what had arrived and was not yet read.</summary>
    public void Start(ICore core)
    {
        Stop();
        Core = core;
        Call(_ => { });
    }

    /// <summary>Power cut.</summary>
    public void Stop()
    {
        Core = null;
        _datagrams.Clear();
        _packets.Clear();
        _wakeScheduled = TimeSpan.MaxValue;
    }

    /// <summary>A domain input: calls the core with the time, then does what a pump does after every call.</summary>
    public void Call(Action<Now> input)
    {
        input(Now);
        AfterCall();
    }

    public void Receive(SimDatagram datagram, Segment segment)
    {
        var uplink = _uplinks.FindIndex(u => u.Segment == segment && u.Addresses.Contains(datagram.Destination));
        if (uplink < 0 && _sockets.Count > 0)
        {
            var to = datagram.Destination;
            uplink = _sockets.Where(s => s.Value == to.Port && s.Key.IPv4 == to.IsIPv4 && UplinkSocket.UplinkOf(s.Key.Number) is var u && u < _uplinks.Count
                    && _uplinks[u].Segment == segment && _uplinks[u].Addresses.Any(a => a.SameHost(to)))
                .Select(s => s.Key.Number).DefaultIfEmpty(-1).First();
        }

        if (uplink < 0 || Core is null)
        {
            _world.Flow.Lost(datagram, uplink < 0 ? $"{Name} has no socket there" : $"{Name} is off");
            return;
        }

        _world.Flow.Arrived(datagram, Name);
        _datagrams.Enqueue((new WirePath(uplink, datagram.Source, 0), datagram.Bytes));
        SchedulePump();
    }

    /// <summary>Sends a datagram as the pump would: from the uplink's address of the destination's family. Nothing where there is none.</summary>
    public void Send(WirePath path, ReadOnlySpan<byte> bytes)
    {
        if (path.Uplink < 0 || UplinkSocket.UplinkOf(path.Uplink) >= _uplinks.Count)
        {
            throw new InvalidOperationException($"{Name} was told to send on uplink {path.Uplink}, which it does not have.");
        }

        var uplink = _uplinks[UplinkSocket.UplinkOf(path.Uplink)];
        var source = uplink.Addresses.FirstOrDefault(a => a.IsIPv4 == path.Remote.IsIPv4);
        if (UplinkSocket.SocketOf(path.Uplink) != 0)
        {
            source = !source.IsNone && _sockets.TryGetValue((path.Uplink, source.IsIPv4), out var port) ? source.WithPort(port) : default;
        }

        if (path.IsNone)
        {
            throw new InvalidOperationException($"{Name} was told to send to nowhere.");
        }

        var datagram = new SimDatagram(Name, source, path.Remote, bytes.ToArray());
        DatagramsSent++;
        if (source.IsNone)
        {
            _world.Flow.Lost(datagram, $"{Name} has no address or socket of this family");
            return;
        }

        uplink.Segment.Send(this, datagram);
    }

    internal void TakePacket(byte[] packet)
    {
        _packets.Enqueue(packet);
        SchedulePump();
    }

    private void SchedulePump()
    {
        if (!_pumpScheduled)
        {
            // Later in this same instant, so that what arrives together is read together.
            _pumpScheduled = true;
            _world.After(TimeSpan.Zero, Pump);
        }
    }

    private void Pump()
    {
        _pumpScheduled = false;
        while (Core is { } core && _datagrams.Count > 0)
        {
            _batch.Clear();
            while (!_batch.IsFull && _datagrams.TryDequeue(out var next))
            {
                var packet = _batch.Add();
                packet.Fill(next.Bytes);
                packet.Path = next.Path;
            }

            LargestBatch = Math.Max(LargestBatch, _batch.Count);
            core.ReceiveDatagrams(Now, _batch);
            CarryOut();
        }

        while (Core is { } core && _packets.Count > 0)
        {
            _batch.Clear();
            while (!_batch.IsFull && _packets.TryDequeue(out var next))
            {
                _batch.Add().Fill(next);
            }

            LargestBatch = Math.Max(LargestBatch, _batch.Count);
            core.ReceivePackets(Now, _batch);
            CarryOut();
        }
    }

    /// <summary>A device with a bad driver: of datagrams to one address and of one length that leave together, as a run, only the first arrives.</summary>
    public bool SpoilsRuns { get; set; }

    /// <summary>Whether such datagrams leave as runs.</summary>
    public bool SendsRuns { get; set; } = true;

    private void CarryOut()
    {
        AfterEach?.Invoke(Now);
        for (var i = 0; i < _batch.Count; i++)
        {
            var packet = _batch[i];
            switch (packet.Disposition)
            {
                case Disposition.ToWire:
                    Send(packet.Path, packet.Bytes);
                    break;
                case Disposition.ToTun:
                    Tun.Deliver(packet.Bytes);
                    break;
            }
        }

        AfterCall();
    }

    private void AfterCall()
    {
        if (Core is not { } core)
        {
            return;
        }

        AfterEach?.Invoke(Now);
        var spoilt = default((RealAddress Remote, int Length));
        while (core.Outbox.TryTakeDatagram(out var path, out var datagram))
        {
            // What is left of a run: its first datagram.
            var run = (path.Remote, datagram.Length);
            if (!SpoilsRuns || !SendsRuns || run != spoilt)
            {
                Send(path, datagram);
            }

            spoilt = run;
        }

        while (core.Outbox.TryTakePacket(out var packet))
        {
            Tun.Deliver(packet);
        }

        ScheduleWake(core);
    }

    private void ScheduleWake(ICore core)
    {
        if (core.NextDeadline == TimeSpan.MaxValue)
        {
            return;
        }

        var at = core.NextDeadline - SinceBoot;
        at = at < _world.Clock.Elapsed ? _world.Clock.Elapsed : at;
        if (at >= _wakeScheduled)
        {
            return;
        }

        _wakeScheduled = at;
        _world.At(at, () => Wake(core, at));
    }

    private void Wake(ICore core, TimeSpan at)
    {
        if (core != Core || at != _wakeScheduled)
        {
            return;   // a restart, or an earlier wake took its place
        }

        _wakeScheduled = TimeSpan.MaxValue;
        _wakes = _lastWake == at ? _wakes + 1 : 1;
        _lastWake = at;
        if (_wakes > WakesInOneInstant)
        {
            throw new InvalidOperationException(
                $"The core on {Name} wants to be woken at boot time {core.NextDeadline} again and again, and it is {Now.Boot} already.");
        }

        core.HandleTimeout(Now);
        AfterCall();
    }
}
