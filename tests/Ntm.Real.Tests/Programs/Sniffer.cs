using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Ntm.Real.Tests.Programs;

/// <summary>A UDP datagram as it was seen on a link.</summary>
/// <param name="Payload">What UDP carried.</param>
internal sealed record Seen(IPAddress From, int FromPort, IPAddress To, int ToPort, byte[] Payload);

/// <summary>Keeps the last UDP datagrams over IPv4 that came through a namespace's interfaces from or to certain ports (packet(7)).</summary>
internal sealed class Sniffer : IDisposable
{
    private const int Most = 200;
    private const int EveryProtocol = 0x0300; // htons(ETH_P_ALL)

    private readonly Socket _socket;
    private readonly Queue<Seen> _seen = new();
    private readonly Thread _thread;

    public Sniffer(TestNamespace where, params int[] ports)
    {
        _socket = where.In(() => new Socket(AddressFamily.Packet, SocketType.Dgram, (ProtocolType)EveryProtocol) { ReceiveTimeout = 200 });
        _thread = new Thread(() => Run(ports)) { IsBackground = true, Name = "sniffer" };
        _thread.Start();
    }

    /// <summary>The oldest first.</summary>
    public IReadOnlyList<Seen> Last
    {
        get
        {
            lock (_seen)
            {
                return [.. _seen];
            }
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        _socket.Dispose();
    }

    private volatile bool _stopping;

    private void Run(int[] ports)
    {
        var buffer = new byte[65536];
        while (!_stopping)
        {
            int length;
            try
            {
                length = _socket.Receive(buffer);
            }
            catch (SocketException)
            {
                continue; // nothing came
            }

            if (Read(buffer.AsSpan(0, length)) is { } seen && (ports.Contains(seen.FromPort) || ports.Contains(seen.ToPort)))
            {
                lock (_seen)
                {
                    _seen.Enqueue(seen);
                    if (_seen.Count > Most)
                    {
                        _seen.Dequeue();
                    }
                }
            }
        }
    }

    // IPv4 without fragments, then UDP: ports, length, checksum.
    private static Seen? Read(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 28 || packet[0] >> 4 != 4 || packet[9] != 17 || (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0)
        {
            return null;
        }

        var udp = packet[((packet[0] & 15) * 4)..];
        int length = BinaryPrimitives.ReadUInt16BigEndian(udp[4..]);
        return length < 8 || length > udp.Length ? null : new Seen(
            new IPAddress(packet.Slice(12, 4)), BinaryPrimitives.ReadUInt16BigEndian(udp),
            new IPAddress(packet.Slice(16, 4)), BinaryPrimitives.ReadUInt16BigEndian(udp[2..]), udp[8..length].ToArray());
    }
}
