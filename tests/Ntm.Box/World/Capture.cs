using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Ntm.Box.Os;

namespace Ntm.Box.World;

/// <summary>One IP packet as tcpdump saw it.</summary>
/// <param name="Length">Bytes of the whole IP packet.</param>
/// <param name="Protocol">6 TCP, 17 UDP, 1 ICMP.</param>
/// <param name="Payload">For UDP what follows its header, else what follows the IP header; as far as it was captured.</param>
internal readonly record struct SeenPacket(
    DateTimeOffset At, IPAddress Source, int SourcePort, IPAddress Destination, int DestinationPort, int Protocol, int Length, ReadOnlyMemory<byte> Payload)
{
    private const int IPv4HeaderSize = 20; // nobody here sends options
    private const int IPv6HeaderSize = 40;

    /// <summary>A datagram of the tunnel protocol: type 1 to 4, as in WireGuard; 0 where it is anything else.</summary>
    public int TunnelType => Protocol == 17 && Payload.Length >= 4 && Payload.Span[0] is >= 1 and <= 4 and var type ? type : 0;

    /// <summary>The relay channel in the three bytes after the type; 0 off relays.</summary>
    public int Channel => TunnelType == 0 ? 0 : Payload.Span[1] | (Payload.Span[2] << 8) | (Payload.Span[3] << 16);

    /// <summary>Bytes of TCP data; 0 where it is no TCP.</summary>
    public int TcpBytes => Protocol == 6 && Payload.Length > 12 ? Length - IpHeaderSize - ((Payload.Span[12] >> 4) * 4) : 0;

    private int IpHeaderSize => Source.AddressFamily == AddressFamily.InterNetworkV6 ? IPv6HeaderSize : IPv4HeaderSize;

    public bool Between(string a, string b) =>
        (Source.ToString() == a && Destination.ToString() == b) || (Source.ToString() == b && Destination.ToString() == a);
}

/// <summary>
/// tcpdump at one place of the box, and a reader of what it has written. tcpdump writes late, by up to a second and more on a busy machine: so before each
/// reading a marked datagram is sent past it, and what is read reaches at least up to that.
/// </summary>
internal sealed class Capture
{
    /// <summary>Enough of each packet to hold a whole watermark of a gift file (<see cref="Gift"/>) behind all headers.</summary>
    private const int WholeGiftMark = 400;

    private readonly string file;
    private readonly NetworkNamespace marker;
    private readonly string markedTo;

    private Capture(string file, NetworkNamespace marker, string markedTo)
    {
        this.file = file;
        this.marker = marker;
        this.markedTo = markedTo;
    }

    /// <param name="marker">From where marked datagrams are sent past the capture; they go to the discard port (9).</param>
    /// <param name="markedTo">The address they go to.</param>
    /// <param name="filter">Which packets.</param>
    /// <param name="snap">Bytes kept of each.</param>
    public static async Task<Capture> StartAsync(
        Copy copy, string name, NetworkNamespace place, string device, NetworkNamespace marker, string markedTo, CancellationToken stop, string filter = "ip",
        int snap = WholeGiftMark)
    {
        var file = Path.Combine(copy.Directory, name + ".pcap");
        var tcpdump = Child.Start(copy, "capture-" + name, place.Inside(
            "tcpdump", "-i", device, "-n", "-U", "-s", $"{snap}", "-B", "16384", "-Z", "root", "-w", file, filter));
        var capture = new Capture(file, marker, markedTo);
        var limit = DateTime.UtcNow.AddSeconds(10);
        while (!tcpdump.Tail(5).Any(l => l.Contains("listening on", StringComparison.Ordinal)))
        {
            if (!tcpdump.Running || DateTime.UtcNow > limit)
            {
                throw new BoxFailed($"tcpdump does not capture in {place.Name}: {string.Join(" / ", tcpdump.Tail(3))}");
            }

            await Task.Delay(50, stop);
        }

        return capture;
    }

    /// <summary>All that passed from <paramref name="since"/> until this call.</summary>
    public async Task<IReadOnlyList<SeenPacket>> SinceAsync(DateTimeOffset since, CancellationToken stop)
    {
        var mark = RandomNumberGenerator.GetHexString(32);
        var marked = Encoding.ASCII.GetBytes(mark);
        for (var round = 0; round < 10; round++)
        {
            var sent = await marker.RunAsync(["socat", "-u", "-", $"UDP4-SENDTO:{markedTo}:9"], TimeSpan.FromSeconds(10), stop, mark);
            if (!sent.Ok)
            {
                throw new BoxFailed($"a mark could not be sent past the capture {file}: {sent.Sentence}");
            }

            for (var look = 0; look < 15; look++)
            {
                await Task.Delay(100, stop);
                var bytes = Written();
                if (bytes.AsSpan().IndexOf(marked) >= 0)
                {
                    return [.. Parse(bytes).Where(p => p.At >= since)];
                }
            }
        }

        throw new BoxFailed($"tcpdump has not written a mark that was sent past it to {file}");
    }

    private byte[] Written()
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Reads a classic pcap file of Ethernet frames; stops at a record that is not whole yet. Anything but IPv4 and IPv6 without extension headers is left out.</summary>
    public static IEnumerable<SeenPacket> Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < 24)
        {
            yield break;
        }

        var nanoseconds = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span) switch
        {
            0xA1B2C3D4 => false,
            0xA1B23C4D => true,
            _ => throw new BoxFailed("a capture is no little-endian pcap file"),
        };
        for (var at = 24; at + 16 <= bytes.Length;)
        {
            var seconds = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[at..]);
            var fraction = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[(at + 4)..]);
            var captured = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[(at + 8)..]);
            at += 16;
            if (captured < 0 || captured > bytes.Length - at)
            {
                yield break;
            }

            var time = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanoseconds ? fraction / 100 : fraction * 10L);
            if (TryPacket(bytes.Slice(at, captured), time, out var packet))
            {
                yield return packet;
            }

            at += captured;
        }
    }

    private static bool TryPacket(ReadOnlyMemory<byte> frame, DateTimeOffset at, out SeenPacket packet)
    {
        packet = default;
        return frame.Length >= 34 && BinaryPrimitives.ReadUInt16BigEndian(frame.Span[12..]) switch
        {
            0x0800 => TryIPv4(frame[14..], at, out packet),
            0x86DD => TryIPv6(frame[14..], at, out packet),
            _ => false,
        };
    }

    private static bool TryIPv6(ReadOnlyMemory<byte> ip, DateTimeOffset at, out SeenPacket packet)
    {
        packet = default;
        if (ip.Length < 40 || ip.Span[0] >> 4 != 6)
        {
            return false;
        }

        packet = Of(
            at, new IPAddress(ip.Span.Slice(8, 16)), new IPAddress(ip.Span.Slice(24, 16)), ip.Span[6], 40 + BinaryPrimitives.ReadUInt16BigEndian(ip.Span[4..]), ip[40..]);
        return true;
    }

    private static bool TryIPv4(ReadOnlyMemory<byte> ip, DateTimeOffset at, out SeenPacket packet)
    {
        packet = default;
        var header = (ip.Span[0] & 0x0F) * 4;
        if (ip.Span[0] >> 4 != 4 || header < 20 || ip.Length < header)
        {
            return false;
        }

        packet = Of(
            at, new IPAddress(ip.Span.Slice(12, 4)), new IPAddress(ip.Span.Slice(16, 4)), ip.Span[9], BinaryPrimitives.ReadUInt16BigEndian(ip.Span[2..]), ip[header..]);
        return true;
    }

    private static SeenPacket Of(DateTimeOffset at, IPAddress source, IPAddress destination, int protocol, int length, ReadOnlyMemory<byte> body)
    {
        var ports = protocol is 6 or 17 && body.Length >= 4;
        return new SeenPacket(
            at,
            source,
            ports ? BinaryPrimitives.ReadUInt16BigEndian(body.Span) : 0,
            destination,
            ports ? BinaryPrimitives.ReadUInt16BigEndian(body.Span[2..]) : 0,
            protocol,
            length,
            protocol == 17 && body.Length >= 8 ? body[8..] : body);
    }
}
