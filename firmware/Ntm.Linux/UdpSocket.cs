using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>
/// A UDP socket of one IP family on one uplink, read and written in batches (recvmmsg, sendmmsg), without allocations. Datagrams that the system
/// does not take are counted, never thrown: UDP may lose. Made inside a network namespace it stays there. One thread at a time.
/// </summary>
public sealed unsafe class UdpSocket : IDisposable
{
    /// <summary>Bytes of the kernel's buffers: about 30 ms at 1 Gb/s, so that a pause of ours loses nothing.</summary>
    private const int KernelBuffer = 4 << 20;

    private const int SocketAddressSize = 32; // struct sockaddr_in6 has 28

    private readonly Counters _counters;
    private readonly byte[] _addresses = GC.AllocateArray<byte>(2 * Limits.BatchSlots * SocketAddressSize, pinned: true);
    private readonly Libc.IoVector[] _vectors = GC.AllocateArray<Libc.IoVector>(2 * Limits.BatchSlots, pinned: true);
    private readonly Libc.MultiMessage[] _messages = GC.AllocateArray<Libc.MultiMessage>(2 * Limits.BatchSlots, pinned: true);

    // Pinned arrays' first elements; the second halves are for sending.
    private readonly byte* _address;
    private readonly Libc.IoVector* _vector;
    private readonly Libc.MultiMessage* _receive;
    private readonly Libc.MultiMessage* _send;
    private readonly uint _addressLength;
    private int _descriptor;
    private int _staged;

    private UdpSocket(int descriptor, AddressFamily family, int uplink, ushort port, Counters counters)
    {
        _descriptor = descriptor;
        _counters = counters;
        _addressLength = family == AddressFamily.InterNetwork ? 16u : 28u;
        (Family, Uplink, Port) = (family, uplink, port);
        _address = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_addresses));
        _vector = (Libc.IoVector*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_vectors));
        _receive = (Libc.MultiMessage*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_messages));
        _send = _receive + Limits.BatchSlots;
        for (var i = 0; i < _messages.Length; i++)
        {
            _messages[i].Name = (nint)(_address + (i * SocketAddressSize));
            _messages[i].Vectors = (nint)(_vector + i);
            _messages[i].VectorCount = 1;
        }
    }

    public AddressFamily Family { get; }

    /// <summary>The number of the uplink it belongs to, as in <see cref="WirePath.Uplink"/>.</summary>
    public int Uplink { get; }

    /// <summary>The local port, also where 0 was asked for.</summary>
    public ushort Port { get; }

    public int Descriptor => _descriptor;

    /// <summary>Datagrams and their bytes (UDP payload) that the system took and gave.</summary>
    public long DatagramsSent { get; private set; }

    public long DatagramsReceived { get; private set; }

    public long BytesSent { get; private set; }

    public long BytesReceived { get; private set; }

    /// <param name="family">One of the two IP families; an IPv6 socket takes no IPv4.</param>
    /// <param name="port">0: any free one.</param>
    /// <param name="uplink">See <see cref="Uplink"/>.</param>
    /// <param name="device">Send and receive on this interface only (SO_BINDTODEVICE); null: any.</param>
    /// <param name="counters">Where what the system did not take is counted; null: its own.</param>
    /// <exception cref="LinuxException">The port is in use, the family is switched off, or the interface does not exist.</exception>
    public static UdpSocket Open(AddressFamily family, int port = 0, int uplink = 0, string? device = null, Counters? counters = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)port, ushort.MaxValue);
        var isIPv4 = family == AddressFamily.InterNetwork;
        var what = $"Opening UDP port {port} for {(isIPv4 ? "IPv4" : "IPv6")}{(device is null ? "" : " on " + device)}";
        var descriptor = Libc.Socket(isIPv4 ? Libc.AF_INET : Libc.AF_INET6, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0);
        if (descriptor < 0)
        {
            throw LinuxException.Last(what);
        }

        try
        {
            var bound = Configure(descriptor, isIPv4, port, device, what);
            return new UdpSocket(descriptor, family, uplink, bound, counters ?? new Counters());
        }
        catch
        {
            _ = Libc.Close(descriptor);
            throw;
        }
    }

    /// <summary>Fills the batch's slots, from the first, with what waits; each has its path (channel 0).</summary>
    /// <returns>How many; 0: nothing waits.</returns>
    public int Receive(PacketBatch batch)
    {
        batch.Clear();
        var slots = Math.Min(batch.Slots, Limits.BatchSlots);
        for (var i = 0; i < slots; i++)
        {
            var packet = batch[i];
            _vector[i].Base = packet.Address + Limits.PacketHeadroom;
            _vector[i].Length = packet.Capacity - Limits.PacketHeadroom;
            _receive[i].NameLength = SocketAddressSize;
        }

        // An error here is one that an ICMP message brought (ECONNREFUSED and its like) and that fetching it cleared, or "nothing waits".
        var count = Libc.ReceiveMany(_descriptor, _receive, (uint)slots, Libc.MSG_DONTWAIT, null);
        for (var i = 0; i < count; i++)
        {
            var packet = batch.Add();
            packet.Path = new WirePath(Uplink, ReadAddress(_address + (i * SocketAddressSize)), 0);
            if ((_receive[i].Flags & Libc.MSG_TRUNC) != 0)
            {
                _counters.Count("wire-oversized"); // left empty: longer than anything we speak
                continue;
            }

            packet.SetLength((int)_receive[i].Length);
            BytesReceived += packet.Length;
        }

        DatagramsReceived += Math.Max(count, 0);
        return batch.Count;
    }

    /// <summary>
    /// Takes note of a datagram to be sent to <c>packet.Path.Remote</c>, whose family is this socket's. Nothing is copied: the packet must stay as
    /// it is until <see cref="Flush"/>. Flushes by itself when <see cref="Limits.BatchSlots"/> are staged.
    /// </summary>
    public void Stage(Packet packet)
    {
        if (_staged == Limits.BatchSlots)
        {
            Flush();
        }

        var slot = Limits.BatchSlots + _staged;
        WriteAddress(_address + (slot * SocketAddressSize), packet.Path.Remote);
        _vector[slot].Base = packet.Address + packet.Start;
        _vector[slot].Length = packet.Length;
        _send[_staged].NameLength = _addressLength;
        _staged++;
    }

    /// <summary>Sends what is staged.</summary>
    public void Flush()
    {
        var from = 0;
        while (from < _staged)
        {
            var sent = Libc.SendMany(_descriptor, _send + from, (uint)(_staged - from), Libc.MSG_DONTWAIT);
            if (sent > 0)
            {
                for (var i = from; i < from + sent; i++)
                {
                    BytesSent += _vector[Limits.BatchSlots + i].Length;
                }

                DatagramsSent += sent;
                from += sent;
                continue;
            }

            // sendmmsg reports the error of the first datagram only; the ones after it may go elsewhere and fare better.
            var error = Marshal.GetLastPInvokeError();
            switch (error)
            {
                case Libc.EINTR or Libc.ECONNREFUSED: // the latter belongs to a datagram long gone; fetching it cleared it
                    break;
                case Libc.EAGAIN:
                    _counters.Count("wire-full", _staged - from);
                    from = _staged;
                    break;
                default:
                    _counters.Count(Reason(error));
                    from++;
                    break;
            }
        }

        _staged = 0;
    }

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = Libc.Close(_descriptor);
            _descriptor = -1;
        }
    }

    private static string Reason(int error) => error switch
    {
        Libc.EMSGSIZE => "wire-too-long",
        Libc.EPERM or Libc.EACCES => "wire-forbidden", // the local firewall, or a broadcast address
        Libc.ENOBUFS => "wire-full",
        Libc.ENETUNREACH or Libc.EHOSTUNREACH or Libc.ENETDOWN or Libc.EHOSTDOWN or Libc.ENODEV or Libc.EADDRNOTAVAIL => "wire-unreachable",
        _ => "wire-failed",
    };

    private static ushort Configure(int descriptor, bool isIPv4, int port, string? device, string what)
    {
        Demand(isIPv4 ? 0 : Libc.SetSocketOption(descriptor, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, 1), what);

        // DONT: datagrams leave without "don't fragment", and the kernel cuts what is longer than the link. We do not probe the path's MTU yet, so
        // the alternatives would lose: PROBE sends DF and hears of no narrower link; WANT (the default) believes ICMP "fragmentation needed", which
        // anyone may forge, and then fails every send with EMSGSIZE. Inside, 1420 leaves room for IPv4 on PPPoE and for IPv6 on Ethernet,
        // so that fragments are the exception.
        Demand(isIPv4
            ? Libc.SetSocketOption(descriptor, Libc.IPPROTO_IP, Libc.IP_MTU_DISCOVER, Libc.IP_PMTUDISC_DONT)
            : Libc.SetSocketOption(descriptor, Libc.IPPROTO_IPV6, Libc.IPV6_MTU_DISCOVER, Libc.IPV6_PMTUDISC_DONT), what);

        // Beyond net.core.[rw]mem_max where we may (root); else as much as the system grants.
        if (Libc.SetSocketOption(descriptor, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, KernelBuffer) != 0)
        {
            _ = Libc.SetSocketOption(descriptor, Libc.SOL_SOCKET, Libc.SO_RCVBUF, KernelBuffer);
        }

        if (Libc.SetSocketOption(descriptor, Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, KernelBuffer) != 0)
        {
            _ = Libc.SetSocketOption(descriptor, Libc.SOL_SOCKET, Libc.SO_SNDBUF, KernelBuffer);
        }

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
