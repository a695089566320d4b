using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Ntm.Real.Tests.Translation;

/// <summary>
/// Debian's tayga with two explicit mappings, in a namespace of its own. Packets go to its TUN device by a packet socket, as they are: the kernel looks into
/// none of them and routes none of them.
/// </summary>
internal sealed unsafe partial class Tayga : IDisposable
{
    public const string Own4 = "192.0.2.10", Own6 = "2001:db8:1::10", Remote4 = "198.51.100.20", Remote6 = "2001:db8:2::20";
    public const string Itself4 = "192.0.2.254", Itself6 = "2001:db8:ffff::fe";

    private const string Device = "nat64";
    private const int PacketFamily = 17, Datagrams = 2, NonBlocking = 0x800, AllProtocols = 3, Outgoing = 4, AddressSize = 20;

    private readonly TestNamespace _where = new("tayga");
    private readonly string _folder = Directory.CreateTempSubdirectory("ntm-tayga-").FullName;
    private readonly byte[] _buffer = new byte[4096];
    private readonly int _socket;
    private readonly int _index;

    public Tayga()
    {
        var file = Path.Combine(_folder, "tayga.conf");
        File.WriteAllText(file, $"""
            tun-device {Device}
            ipv4-addr {Itself4}
            ipv6-addr {Itself6}
            map {Own4} {Own6}
            map {Remote4} {Remote6}

            """);
        _where.Run("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
        var program = _where.Start($"tayga --nodetach --config {file} --pidfile {Path.Combine(_folder, "pid")}");
        TestNamespace.WaitFor(() => _where.Try($"ip link set {Device} up mtu 1500"), $"tayga to make its TUN device{(program.HasExited ? "; it has ended" : "")}");
        (_socket, _index) = _where.In(() => (Open(PacketFamily, Datagrams | NonBlocking, BinaryPrimitives.ReverseEndianness((ushort)AllProtocols)), (int)IndexOf(Device)));
        Span<byte> address = stackalloc byte[AddressSize];
        Address(address, AllProtocols);
        fixed (byte* at = address)
        {
            Assert.True(_socket >= 0 && _index > 0 && Bind(_socket, at, AddressSize) == 0, $"The packet socket: error {Marshal.GetLastPInvokeError()}.");
        }

        // The first may be lost: carrier comes with tayga's opening.
        TestNamespace.WaitFor(() => Through(Marker(0)).Count == 1, "tayga to translate a first packet");
    }

    /// <summary>What tayga makes of a packet: usually one or none. It is single-threaded, so a packet sent behind it marks the end.</summary>
    public List<byte[]> Translate(byte[] packet, int number)
    {
        Send(packet);
        return Through(Marker(number));
    }

    public void Dispose()
    {
        _ = Close(_socket);
        _where.Dispose();
        Directory.Delete(_folder, true);
    }

    /// <summary>An echo reply that says which one it is and cannot be mistaken for another: the receiver gets it over IPv6.</summary>
    private static byte[] Marker(int number)
    {
        byte[] packet =
        [
            0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 1, 0, 0, 192, 0, 2, 10, 198, 51, 100, 20,
            0, 0, 0, 0, 0xFE, 0xED, 0xFA, 0xCE, (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number,
        ];
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Fast.Tests.Translation.TestPackets.Checksum(packet[..20]));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), Fast.Tests.Translation.TestPackets.Checksum(packet[20..]));
        return packet;
    }

    /// <summary>Sends the marker and gives what came out before it; the marker itself where nothing else did and it is the first.</summary>
    private List<byte[]> Through(byte[] marker)
    {
        Send(marker);
        var came = new List<byte[]>();
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < TimeSpan.FromSeconds(2))
        {
            if (TryReceive() is not { } packet)
            {
                Thread.Yield();
                continue;
            }

            if (packet.Length == 52 && packet[0] >> 4 == 6 && packet.AsSpan(44).SequenceEqual(marker.AsSpan(24)))
            {
                return marker[^1] == 0 && marker[^2] == 0 && marker[^3] == 0 && came.Count == 0 ? [packet] : came;
            }

            came.Add(packet);
        }

        return [];
    }

    private void Send(byte[] packet)
    {
        Span<byte> address = stackalloc byte[AddressSize];
        Address(address, packet[0] >> 4 == 4 ? (ushort)0x0800 : (ushort)0x86DD);
        fixed (byte* at = address, bytes = packet)
        {
            var sent = SendTo(_socket, bytes, (nuint)packet.Length, 0, at, AddressSize);
            Assert.True(sent == packet.Length, $"Sending {packet.Length} bytes: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    private byte[]? TryReceive()
    {
        Span<byte> address = stackalloc byte[AddressSize];
        var size = AddressSize;
        fixed (byte* at = address, bytes = _buffer)
        {
            var length = ReceiveFrom(_socket, bytes, (nuint)_buffer.Length, 0, at, &size);
            return length <= 0 || address[10] == Outgoing ? null : _buffer[..(int)length];
        }
    }

    // struct sockaddr_ll: family(2) protocol(2, big-endian) index(4) hardware(2) packet type(1) length(1) address(8)
    private void Address(Span<byte> address, ushort protocol)
    {
        address.Clear();
        MemoryMarshal.Write(address, (ushort)PacketFamily);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], protocol);
        MemoryMarshal.Write(address[4..], _index);
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Open(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int socket, byte* address, int length);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    private static partial nint SendTo(int socket, byte* bytes, nuint length, int flags, byte* address, int addressLength);

    [LibraryImport("libc", EntryPoint = "recvfrom", SetLastError = true)]
    private static partial nint ReceiveFrom(int socket, byte* bytes, nuint length, int flags, byte* address, int* addressLength);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "if_nametoindex", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint IndexOf(string device);
}
