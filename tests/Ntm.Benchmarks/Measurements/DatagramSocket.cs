using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Ntm.Linux;

namespace Ntm.Benchmarks.Measurements;

/// <summary>
/// A UDP socket in a namespace that sends and receives many datagrams a system call, each a packet of its own: nothing is joined or cut by the kernel for it.
/// Each datagram carries the number of a run, its own number and when it was sent.
/// </summary>
internal sealed unsafe partial class DatagramSocket : IDisposable
{
    /// <summary>Bytes of a stamp, which is all the payload: with the headers of IPv6 and UDP 64 bytes, the whole packet inside the tunnel.</summary>
    public const int StampSize = 16;

    /// <summary>Bytes of a packet inside.</summary>
    public const int PacketSize = 64;

    public const int Most = 64;

    private const int KernelBuffer = 4 << 20, BufferSize = 64, ForceReceiveBuffer = 33, ForceSendBuffer = 32, SolSocket = 1, WaitForOne = 0x10000;

    private readonly Socket _socket;
    private readonly Message* _messages = (Message*)NativeMemory.AllocZeroed(Most, (nuint)sizeof(Message));
    private readonly Vector* _vectors = (Vector*)NativeMemory.AllocZeroed(Most, (nuint)sizeof(Vector));
    private readonly byte* _buffers = (byte*)NativeMemory.AllocZeroed(Most, BufferSize);

    private DatagramSocket(Socket socket, int length)
    {
        _socket = socket;
        for (var i = 0; i < Most; i++)
        {
            _vectors[i] = new() { Base = _buffers + (i * BufferSize), Length = (nuint)length };
            _messages[i].Vectors = _vectors + i;
            _messages[i].VectorCount = 1;
        }

        socket.SetRawSocketOption(SolSocket, ForceReceiveBuffer, BitConverter.GetBytes(KernelBuffer));
        socket.SetRawSocketOption(SolSocket, ForceSendBuffer, BitConverter.GetBytes(KernelBuffer));
    }

    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Sends to one address.</summary>
    public static DatagramSocket To(string where, IPAddress address, int port)
    {
        // The same 64 bytes whether the packet is IPv6 or IPv4.
        var length = PacketSize - (address.AddressFamily == AddressFamily.InterNetwork ? 28 : 48);
        var socket = new DatagramSocket(Open(where, address.AddressFamily), length);
        socket._socket.Connect(address, port);
        return socket;
    }

    /// <summary>Receives, on any port.</summary>
    public static DatagramSocket At(string where, AddressFamily family)
    {
        var socket = new DatagramSocket(Open(where, family), BufferSize);
        socket._socket.ReceiveTimeout = 5;
        socket._socket.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
        return socket;
    }

    /// <summary>The stamp of a datagram to be sent, or of one received.</summary>
    public ref Stamp this[int i] => ref *(Stamp*)(_buffers + (i * BufferSize));

    /// <returns>How many of the first <paramref name="count"/> the kernel took; what it refuses is passed over as lost.</returns>
    public int Send(int count)
    {
        var sent = 0;
        while (sent < count)
        {
            var taken = SendMany(_socket.SafeHandle, _messages + sent, (uint)(count - sent), 0);
            sent += Math.Max(taken, 1);
        }

        return sent;
    }

    /// <returns>How many came; 0: none in 5 ms.</returns>
    public int Receive() => Math.Max(0, ReceiveMany(_socket.SafeHandle, _messages, Most, WaitForOne, null));

    public void Dispose()
    {
        _socket.Dispose();
        NativeMemory.Free(_messages);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_buffers);
    }

    private static Socket Open(string where, AddressFamily family) => NetworkNamespace.Run(where, () => new Socket(family, SocketType.Dgram, ProtocolType.Udp));

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    private static partial int SendMany(SafeSocketHandle socket, Message* messages, uint count, int flags);

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    private static partial int ReceiveMany(SafeSocketHandle socket, Message* messages, uint count, int flags, void* timeout);

    /// <summary>What a datagram carries.</summary>
    /// <param name="Run">Of which run it is.</param>
    /// <param name="Number">Which of them, from 0.</param>
    /// <param name="SentAt">In ticks of the stopwatch.</param>
    public readonly record struct Stamp(int Run, int Number, long SentAt);

    // struct iovec
    private struct Vector
    {
        public byte* Base;
        public nuint Length;
    }

    // struct mmsghdr of 64-bit systems: name (8, 8), vectors (8, 8), control (8, 8), flags (8), and the length received (8)
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    private struct Message
    {
        [FieldOffset(16)]
        public Vector* Vectors;

        [FieldOffset(24)]
        public nuint VectorCount;
    }
}
