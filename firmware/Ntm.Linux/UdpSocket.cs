using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Ntm.Linux.Offloads;
using Ntm.Linux.Queues;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>
/// A UDP socket of one IP family on one uplink, read and written in batches (recvmmsg, sendmmsg), without allocations. Datagrams of one path and one length
/// that follow one another are handed to the kernel as one and taken from it as one (UDP_SEGMENT, UDP_GRO), where it can. Datagrams that the system
/// does not take are counted, never thrown: UDP may lose. Made inside a network namespace it stays there. One thread at a time.
/// </summary>
public sealed unsafe class UdpSocket : IDisposable
{
    /// <summary>Bytes of the kernel's buffers: about 30 ms at 1 Gb/s, so that a pause of ours loses nothing; <see cref="Codel"/> sees to it that it does not stay full.</summary>
    private const int KernelBuffer = 4 << 20;

    private const int SocketAddressSize = 32; // struct sockaddr_in6 has 28

    /// <summary>Bytes of a receive buffer: the longest datagram there is, and a bit that keeps the buffers from falling on the same cache lines.</summary>
    private const int ReceiveSize = 65_536 + 1_600;

    /// <summary>Messages of one recvmmsg: each may need a whole buffer, so that a few calls a batch are better than many buffers.</summary>
    private const int MostReceived = 16;

    /// <summary>Room for two control messages a message: when it came, and how long each of its datagrams is.</summary>
    private const int ControlsReceived = 3;

    /// <summary>Datagrams that go singly after the link turned out to be narrower than their length, before that is tried again.</summary>
    private const int SinglyAfterRefusal = 4096;

    /// <summary>Nothing waits longer than this in a buffer that is read.</summary>
    private static readonly TimeSpan LongestCredible = TimeSpan.FromSeconds(10);

    /// <summary>Counted: discarded because of a drill; what comes in, by messages of the kernel's, which may be runs.</summary>
    public const string Drilled = "drill-discarded";

    private readonly Counters _counters;
    private readonly uint _addressLength;

    // Receiving: one buffer, address, control message and vector a message.
    private readonly byte* _buffers = (byte*)NativeMemory.Alloc(MostReceived, ReceiveSize); // not touched before it is needed
    private readonly MessageRing _receive = new(MostReceived, vectorsEach: 1, ControlsReceived);
    private int _received; // messages of the last recvmmsg
    private int _at;       // the one to be cut next,
    private int _offset;   // and from where
    private int _datagramsEach = 1; // of the last call's messages, on average
    private bool _mayBeMore;        // behind those
    private Codel _codel;           // of the kernel's buffer

    // Sending: a message is a run.
    private readonly MessageRing _send;
    private readonly DatagramRun[] _runs;
    private int _runCount;
    private int _stagedCount;
    private int _longestSegment = int.MaxValue;
    private int _singly;
    private int _descriptor;

    private UdpSocket(int descriptor, AddressFamily family, int uplink, ushort port, Counters counters, int batch)
    {
        _descriptor = descriptor;
        _counters = counters;
        (_send, _runs) = (new MessageRing(batch, DatagramRun.MostDatagrams), new DatagramRun[batch]);
        _addressLength = family == AddressFamily.InterNetwork ? 16u : 28u;
        (Family, Uplink, Port) = (family, uplink, port);
        for (var i = 0; i < MostReceived; i++)
        {
            *_receive.Vector(i, 0) = new() { Base = (nint)(_buffers + ((nint)i * ReceiveSize)), Length = ReceiveSize };
        }
    }

    public AddressFamily Family { get; }

    /// <summary>The number of the uplink it belongs to, as in <see cref="WirePath.Uplink"/>.</summary>
    public int Uplink { get; }

    /// <summary>The local port, also where 0 was asked for.</summary>
    public ushort Port { get; }

    public int Descriptor => _descriptor;

    /// <summary>Whether a message that was received is not yet cut to its end: <see cref="Receive"/> goes on with it, and polling does not tell.</summary>
    public bool HasRest => _at < _received;

    /// <summary>Whether datagrams of one path and length may be handed to the kernel as one, where it can. False: never, the device spoils them.</summary>
    public bool SendsRuns { get; set; } = true;

    /// <summary>Whether what is to be sent is discarded: a drill. It counts as not sent.</summary>
    public bool DropsSent { get; set; }

    /// <summary>Whether what comes in is discarded: a drill.</summary>
    public bool DropsReceived { get; set; }

    /// <summary>Whether the kernel hands over datagrams of one sender and length as one (UDP_GRO).</summary>
    public bool ReceivesRuns { get; private init; }

    /// <summary>Whether kernel or device refused a run lately; it is tried again.</summary>
    public bool WasRefusedRuns => _longestSegment < int.MaxValue;

    /// <summary>Datagrams and their bytes (UDP payload) that the system took and gave.</summary>
    public long DatagramsSent { get; private set; }

    public long DatagramsReceived { get; private set; }

    /// <summary>Runs of datagrams that the system took and gave in one piece; a single one counts as well.</summary>
    public long MessagesSent { get; private set; }

    public long MessagesReceived { get; private set; }

    public long BytesSent { get; private set; }

    public long BytesReceived { get; private set; }

    /// <summary>The longest that a datagram waited in the kernel's buffer and ours, of those received since this was set to zero.</summary>
    public TimeSpan LongestWait { get; set; }

    /// <summary>
    /// Which of the slots that were filled last holds a datagram whose sender must hear that it waited too long; -1: none. How it hears, by a mark
    /// inside or by its loss, is for those who can open it.
    /// </summary>
    public int DueSlot { get; private set; } = -1;

    /// <param name="family">One of the two IP families; an IPv6 socket takes no IPv4.</param>
    /// <param name="port">0: any free one.</param>
    /// <param name="uplink">See <see cref="Uplink"/>.</param>
    /// <param name="device">Send and receive on this interface only (SO_BINDTODEVICE); null: any.</param>
    /// <param name="counters">Where what the system did not take is counted; null: its own.</param>
    /// <param name="batch">Datagrams that are staged at most; as many as a batch of the pump's has slots.</param>
    /// <param name="address">Of the family; null: any of this machine's.</param>
    /// <exception cref="LinuxException">The port is in use, the family is switched off, or the interface or the address does not exist.</exception>
    public static UdpSocket Open(
        AddressFamily family, int port = 0, int uplink = 0, string? device = null, Counters? counters = null, int batch = Limits.BatchSlots, IPAddress? address = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)port, ushort.MaxValue);
        var isIPv4 = family == AddressFamily.InterNetwork;
        var what = $"Opening UDP port {port} for {(isIPv4 ? "IPv4" : "IPv6")}{(address is null ? "" : $" at {address}")}{(device is null ? "" : " on " + device)}";
        var descriptor = Libc.Socket(isIPv4 ? Libc.AF_INET : Libc.AF_INET6, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0);
        if (descriptor < 0)
        {
            throw LinuxException.Last(what);
        }

        try
        {
            var bound = Configure(descriptor, isIPv4, port, device, address, what);
            // Linux 5.0; without it, each datagram comes by itself.
            var receivesRuns = Libc.SetSocketOption(descriptor, Libc.SOL_UDP, Libc.UDP_GRO, 1) == 0;
            return new UdpSocket(descriptor, family, uplink, bound, counters ?? new Counters(), batch) { ReceivesRuns = receivesRuns };
        }
        catch
        {
            _ = Libc.Close(descriptor);
            throw;
        }
    }

    /// <summary>Fills the batch's slots, from the first, with what waits; each has its path (channel 0).</summary>
    /// <param name="now">When it is; without it, it is not known how long datagrams waited.</param>
    /// <returns>How many; 0: nothing waits.</returns>
    public int Receive(PacketBatch batch, Now now = default)
    {
        batch.Clear();
        DueSlot = -1;
        if (DropsReceived)
        {
            Discard();
            return 0;
        }

        bool more;
        do
        {
            more = !HasRest && Fetch(batch.Slots - batch.Count);
            while (HasRest)
            {
                if (_offset == 0 && !batch.IsFull)
                {
                    Judge(now, batch.Count);
                }

                if (!Cut(batch))
                {
                    break;
                }

                (_at, _offset) = (_at + 1, 0);
            }
        }
        while (more && batch.Slots - batch.Count >= _datagramsEach);

        DatagramsReceived += batch.Count;
        return batch.Count;
    }

    /// <summary>
    /// Takes note of a datagram to be sent to <c>packet.Path.Remote</c>, whose family is this socket's. Nothing is copied: the packet must stay as
    /// it is until <see cref="Flush"/>. Flushes by itself when a batch is staged.
    /// </summary>
    public void Stage(Packet packet)
    {
        if (_stagedCount == _runs.Length)
        {
            Flush();
        }

        _stagedCount++;
        var remote = packet.Path.Remote;
        var vector = new Libc.IoVector { Base = packet.Address + packet.Start, Length = packet.Length };
        for (var i = _runCount - 1; i >= 0; i--)
        {
            ref var run = ref _runs[i];
            if (run.Remote != remote)
            {
                continue;
            }

            // Only the path's last run: datagrams of one path keep their order.
            if (!run.TryAdd(packet.Length, SendsRuns ? _longestSegment : 0))
            {
                break;
            }

            *_send.Vector(i, run.Count - 1) = vector;
            return;
        }

        WriteAddress(_send.Address(_runCount), remote);
        *_send.Vector(_runCount, 0) = vector;
        _runs[_runCount++] = DatagramRun.Begin(remote, packet.Length);
    }

    /// <summary>Sends what is staged.</summary>
    public void Flush()
    {
        if (DropsSent && _stagedCount > 0)
        {
            _counters.Count(Drilled, _stagedCount);
            (_runCount, _stagedCount) = (0, 0);
        }

        for (var i = 0; i < _runCount; i++)
        {
            var message = _send.Message(i);
            var isRun = _runs[i].Count > 1;
            message->NameLength = _addressLength;
            message->VectorCount = _runs[i].Count;
            message->Control = isRun ? (nint)_send.Control(i) : 0;
            message->ControlLength = isRun ? sizeof(Libc.ControlMessage) : 0;
            if (isRun)
            {
                *_send.Control(i) = new()
                {
                    Length = Libc.ControlHeaderSize + sizeof(ushort), Level = Libc.SOL_UDP, Type = Libc.UDP_SEGMENT, Value = (ulong)_runs[i].Segment,
                };
            }
        }

        var from = 0;
        while (from < _runCount)
        {
            var sent = Libc.SendMany(_descriptor, _send.Message(from), (uint)(_runCount - from), Libc.MSG_DONTWAIT);
            for (var end = from + Math.Max(sent, 0); from < end; from++)
            {
                CountSent(_runs[from].Count, _runs[from].Bytes);
            }

            // sendmmsg reports the error of the first message only; the ones after it may go elsewhere and fare better.
            if (sent <= 0 && !MayRetry(Marshal.GetLastPInvokeError(), _runs[from].Count, out var asRun))
            {
                if (!asRun)
                {
                    SendSingly(from);
                }

                from++;
            }
        }

        if (_singly > 0 && (_singly -= _stagedCount) <= 0)
        {
            _longestSegment = int.MaxValue;
        }

        (_runCount, _stagedCount) = (0, 0);
    }

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = Libc.Close(_descriptor);
            _descriptor = -1;
            (_received, _at) = (0, 0);
            NativeMemory.Free(_buffers);
        }
    }

    // What is left is readable still, and comes with the next call.
    private void Discard()
    {
        Fetch(MostReceived * _datagramsEach);
        _counters.Count(Drilled, _received);
        (_received, _at, _offset) = (0, 0, 0);
    }

    /// <summary>Receives as many messages as probably fill so many slots: what waits in our buffers only gets older.</summary>
    /// <returns>Whether all of those came: there may be more.</returns>
    private bool Fetch(int slots)
    {
        var wanted = Math.Clamp(slots / _datagramsEach, 1, MostReceived);
        for (var i = 0; i < wanted; i++)
        {
            var message = _receive.Message(i);
            message->NameLength = SocketAddressSize;
            message->Control = (nint)_receive.Control(i);
            message->ControlLength = ControlsReceived * sizeof(Libc.ControlMessage);
        }

        // An error here is one that an ICMP message brought (ECONNREFUSED and its like) and that fetching it cleared, or "nothing waits".
        (_received, _at, _offset) = (Math.Max(Libc.ReceiveMany(_descriptor, _receive.Message(0), (uint)wanted, Libc.MSG_DONTWAIT, null), 0), 0, 0);
        var datagrams = 0;
        for (var i = 0; i < _received; i++)
        {
            var length = (int)_receive.Message(i)->Length;
            var segment = SegmentOf(i, length);
            datagrams += segment < length ? (length + segment - 1) / segment : 1;
        }

        MessagesReceived += _received;
        if (_received > 0)
        {
            _datagramsEach = datagrams / _received;
        }

        return _mayBeMore = _received == wanted;
    }

    /// <summary>Judges how long the present message waited. That a queue stands behind it is seen by more having come.</summary>
    private void Judge(Now now, int slot)
    {
        var control = FindControl(_at, Libc.SOL_SOCKET, Libc.SO_TIMESTAMPNS);
        if (control != null)
        {
            var time = &((Libc.TimeMessage*)control)->Time;
            var came = (time->Seconds * TimeSpan.TicksPerSecond) + (time->Nanoseconds / TimeSpan.NanosecondsPerTick);
            var waited = new TimeSpan(now.Wall.UtcTicks - DateTime.UnixEpoch.Ticks - came);
            if (waited < TimeSpan.Zero || waited > LongestCredible)
            {
                waited = TimeSpan.Zero; // the wall clock was set
            }

            LongestWait = waited > LongestWait ? waited : LongestWait;
            var left = _mayBeMore || _at + 1 < _received ? FlowQueue.Quantum : 0;
            if (_codel.IsDue(now.Boot, waited, left))
            {
                DueSlot = slot;
            }
        }
    }

    // The control message of that kind; null: the kernel gave none.
    private Libc.ControlMessage* FindControl(int message, int level, int type)
    {
        var at = (byte*)_receive.Control(message);
        var end = at + _receive.Message(message)->ControlLength;
        while (end - at >= Libc.ControlHeaderSize && ((Libc.ControlMessage*)at)->Length >= Libc.ControlHeaderSize)
        {
            var control = (Libc.ControlMessage*)at;
            if (control->Level == level && control->Type == type)
            {
                return control;
            }

            at += (control->Length + 7) & ~7;
        }

        return null;
    }

    /// <summary>Cuts the present message into the batch.</summary>
    /// <returns>Whether it came to its end.</returns>
    private bool Cut(PacketBatch batch)
    {
        var message = _receive.Message(_at);
        var length = (int)message->Length;
        var segment = SegmentOf(_at, length);
        var path = new WirePath(Uplink, ReadAddress(_receive.Address(_at)), 0);
        do
        {
            if (batch.IsFull)
            {
                return false;
            }

            var packet = batch.Add();
            packet.Path = path;
            var bytes = new ReadOnlySpan<byte>(_buffers + ((nint)_at * ReceiveSize) + _offset, Math.Min(segment, length - _offset));
            _offset += bytes.Length;
            if (bytes.Length > packet.Room.Length)
            {
                _counters.Count("wire-oversized"); // left empty: longer than anything we speak
                continue;
            }

            bytes.CopyTo(packet.Room);
            packet.SetLength(bytes.Length);
            BytesReceived += bytes.Length;
        }
        while (_offset < length);
        return true;
    }

    // Bytes of each datagram in a message; the message's where it is one.
    private int SegmentOf(int message, int length)
    {
        var control = FindControl(message, Libc.SOL_UDP, Libc.UDP_GRO);
        var segment = control != null ? (int)(uint)control->Value : 0;
        return segment > 0 ? segment : length;
    }

    /// <summary>What becomes of a message that was not taken.</summary>
    /// <param name="error">Why.</param>
    /// <param name="count">Datagrams in it.</param>
    /// <param name="asRun">False: not as a run, but perhaps each by itself.</param>
    /// <returns>Whether it is to be tried again; false: it is done with, or goes out datagram by datagram.</returns>
    private bool MayRetry(int error, int count, out bool asRun)
    {
        asRun = true;
        switch (error)
        {
            case Libc.EINTR or Libc.ECONNREFUSED: // the latter belongs to a datagram long gone; fetching it cleared it
                return true;
            case Libc.EIO or Libc.EINVAL or Libc.EMSGSIZE or Libc.EOPNOTSUPP when count > 1:
                asRun = false;
                return false;
            default:
                _counters.Count(Reason(error), count);
                return false;
        }
    }

    // The link is narrower than the run's datagrams (the last may yet pass), or its driver makes no checksums.
    private void SendSingly(int run)
    {
        _longestSegment = Math.Min(_longestSegment, _runs[run].Segment - 1);
        _singly = SinglyAfterRefusal;
        var message = *_send.Message(run);
        (message.VectorCount, message.Control, message.ControlLength) = (1, 0, 0);
        for (var i = 0; i < _runs[run].Count; i++)
        {
            message.Vectors = (nint)_send.Vector(run, i);
            int sent;
            do
            {
                sent = Libc.SendMany(_descriptor, &message, 1, Libc.MSG_DONTWAIT);
            }
            while (sent <= 0 && MayRetry(Marshal.GetLastPInvokeError(), 1, out _));

            if (sent > 0)
            {
                CountSent(1, (int)_send.Vector(run, i)->Length);
            }
        }
    }

    private void CountSent(int datagrams, int bytes)
    {
        MessagesSent++;
        DatagramsSent += datagrams;
        BytesSent += bytes;
    }

    private static string Reason(int error) => error switch
    {
        Libc.EMSGSIZE => "wire-too-long",
        Libc.EPERM or Libc.EACCES => "wire-forbidden", // the local firewall, or a broadcast address
        Libc.EAGAIN or Libc.ENOBUFS => "wire-full",
        Libc.ENETUNREACH or Libc.EHOSTUNREACH or Libc.ENETDOWN or Libc.EHOSTDOWN or Libc.ENODEV or Libc.EADDRNOTAVAIL => "wire-unreachable",
        _ => "wire-failed",
    };

    private static ushort Configure(int descriptor, bool isIPv4, int port, string? device, IPAddress? own, string what)
    {
        Demand(isIPv4 ? 0 : Libc.SetSocketOption(descriptor, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, 1), what);

        // PROBE: datagrams leave with "don't fragment", and the kernel refuses only what is longer than the link itself. What it has heard of narrower links on the
        // way it does not apply: anyone may forge that. What a path carries the cores find out (docs/protocol.md section 5); what is longer is lost, and they see it.
        Demand(isIPv4
            ? Libc.SetSocketOption(descriptor, Libc.IPPROTO_IP, Libc.IP_MTU_DISCOVER, Libc.IP_PMTUDISC_PROBE)
            : Libc.SetSocketOption(descriptor, Libc.IPPROTO_IPV6, Libc.IPV6_MTU_DISCOVER, Libc.IPV6_PMTUDISC_PROBE), what);

        // Beyond net.core.[rw]mem_max where we may (root); else as much as the system grants.
        if (Libc.SetSocketOption(descriptor, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, KernelBuffer) != 0)
        {
            _ = Libc.SetSocketOption(descriptor, Libc.SOL_SOCKET, Libc.SO_RCVBUF, KernelBuffer);
        }

        if (Libc.SetSocketOption(descriptor, Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, KernelBuffer) != 0)
        {
            _ = Libc.SetSocketOption(descriptor, Libc.SOL_SOCKET, Libc.SO_SNDBUF, KernelBuffer);
        }

        _ = Libc.SetSocketOption(descriptor, Libc.SOL_SOCKET, Libc.SO_TIMESTAMPNS, 1); // when each came, so that we see how long it waited
        if (device is not null)
        {
            var name = Encoding.UTF8.GetBytes(device + "\0");
            fixed (byte* first = name)
            {
                Demand(Libc.SetSocketOption(descriptor, Libc.SOL_SOCKET, Libc.SO_BINDTODEVICE, first, (uint)name.Length), what);
            }
        }

        var address = stackalloc byte[SocketAddressSize];
        new Span<byte>(address, SocketAddressSize).Clear();
        *(ushort*)address = (ushort)(isIPv4 ? Libc.AF_INET : Libc.AF_INET6);
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(address + 2, 2), (ushort)port);
        own?.TryWriteBytes(new Span<byte>(address + (isIPv4 ? 4 : 8), isIPv4 ? 4 : 16), out _);
        uint length = isIPv4 ? 16u : 28u;
        Demand(Libc.Bind(descriptor, address, length), what);
        Demand(Libc.GetSocketName(descriptor, address, &length), what);
        return BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(address + 2, 2));
    }

    private static void Demand(int result, string what)
    {
        if (result != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new LinuxException(what, error, error switch
            {
                Libc.EADDRINUSE => "Something else uses the port: is a second copy running?",
                Libc.EACCES or Libc.EPERM => "It needs root.",
                _ => null,
            });
        }
    }

    // struct sockaddr_in:  family(2) port(2) address(4)
    // struct sockaddr_in6: family(2) port(2) flow(4) address(16) scope(4); ports and addresses are big-endian
    private static RealAddress ReadAddress(byte* address)
    {
        var bytes = new ReadOnlySpan<byte>(address, SocketAddressSize);
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        return *(ushort*)address == Libc.AF_INET
            ? RealAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]), port)
            : new RealAddress(BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]), port);
    }

    private void WriteAddress(byte* address, RealAddress remote)
    {
        var bytes = new Span<byte>(address, SocketAddressSize);
        bytes.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], remote.Port);
        if (Family == AddressFamily.InterNetwork)
        {
            *(ushort*)address = Libc.AF_INET;
            BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], (uint)remote.Low);
        }
        else
        {
            *(ushort*)address = Libc.AF_INET6;
            BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], remote.High);
            BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], remote.Low);
        }
    }
}
