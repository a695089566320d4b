using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Ntm.Simulation;

/// <summary>What an IP packet of the simulation carries.</summary>
public enum IpContent
{
    Udp,
    Tcp,
    EchoRequest,
    EchoReply,

    /// <summary>Any other ICMP message: type and code are in the ports' place.</summary>
    IcmpOther,
}

/// <summary>
/// A whole IPv4 or IPv6 packet as the RFCs have it (791, 8200, 768, 9293, 792, 4443), written and read independently of the product's
/// translation, so that it can judge it: reading verifies every length and checksum.
/// </summary>
public sealed record IpPacket
{
    public required IPAddress Source { get; init; }

    public required IPAddress Destination { get; init; }

    public required IpContent Content { get; init; }

    /// <summary>Source port; for echo the identifier; for other ICMP the type.</summary>
    public int From { get; init; }

    /// <summary>Destination port; for echo the sequence number; for other ICMP the code.</summary>
    public int To { get; init; }

    public byte[] Payload { get; init; } = [];

    /// <summary>TTL or hop limit.</summary>
    public byte HopLimit { get; init; } = 64;

    /// <summary>TCP only: flags as in the header's 14th byte (SYN 2, ACK 16, RST 4, FIN 1, PSH 8).</summary>
    public byte TcpFlags { get; init; }

    public uint TcpSequence { get; init; }

    public uint TcpAcknowledged { get; init; }

    /// <summary>TCP only, where not 0: a maximum segment size option.</summary>
    public int TcpMss { get; init; }

    /// <summary>Type of service or traffic class.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>IPv4: identification field and don't-fragment.</summary>
    public ushort Identification { get; init; }

    public bool DontFragment { get; init; } = true;

    /// <summary>UDP over IPv4 only: checksum 0, "none computed".</summary>
    public bool UdpWithoutChecksum { get; init; }

    public bool IsIPv4 => Source.AddressFamily == AddressFamily.InterNetwork;

    public byte[] ToBytes()
    {
        var transport = TransportBytes();
        var header = IsIPv4 ? 20 : 40;
        var bytes = new byte[header + transport.Length];
        transport.CopyTo(bytes, header);
        if (IsIPv4)
        {
            bytes[0] = 0x45;
            bytes[1] = TrafficClass;
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)bytes.Length);
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), Identification);
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), (ushort)(DontFragment ? 0x4000 : 0));
            bytes[8] = HopLimit;
            bytes[9] = Protocol;
            Source.GetAddressBytes().CopyTo(bytes, 12);
            Destination.GetAddressBytes().CopyTo(bytes, 16);
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(10), Checksum.Of(bytes.AsSpan(0, 20)));
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, 0x6000_0000u | ((uint)TrafficClass << 20));
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)transport.Length);
            bytes[6] = Protocol;
            bytes[7] = HopLimit;
            Source.GetAddressBytes().CopyTo(bytes, 8);
            Destination.GetAddressBytes().CopyTo(bytes, 24);
        }

        return bytes;
    }

    /// <param name="bytes">A packet.</param>
    /// <param name="packet">What it says.</param>
    /// <param name="problem">Where false: which rule it breaks.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out IpPacket? packet, [NotNullWhen(false)] out string? problem)
    {
        packet = null;
        problem = Read(bytes, ref packet);
        return problem is null;
    }

    private byte Protocol => Content switch
    {
        IpContent.Udp => 17,
        IpContent.Tcp => 6,
        _ => IsIPv4 ? (byte)1 : (byte)58,
    };

    private byte[] TransportBytes()
    {
        byte[] bytes;
        int checksumAt;
        switch (Content)
        {
            case IpContent.Udp:
                bytes = new byte[8 + Payload.Length];
                WritePorts(bytes);
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)bytes.Length);
                checksumAt = 6;
                break;
            case IpContent.Tcp:
                var header = TcpMss == 0 ? 20 : 24;
                bytes = new byte[header + Payload.Length];
                WritePorts(bytes);
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), TcpSequence);
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), TcpAcknowledged);
                bytes[12] = (byte)(header << 2);
                bytes[13] = TcpFlags;
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(14), 64240);
                if (TcpMss != 0)
                {
                    (bytes[20], bytes[21]) = (2, 4);
                    BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(22), (ushort)TcpMss);
                }

                checksumAt = 16;
                break;
            case IpContent.IcmpOther:
                bytes = new byte[4 + Payload.Length];
                (bytes[0], bytes[1]) = ((byte)From, (byte)To);
                checksumAt = 2;
                break;
            default:
                bytes = new byte[8 + Payload.Length];
                bytes[0] = (Content, IsIPv4) switch
                {
                    (IpContent.EchoRequest, true) => 8,
                    (IpContent.EchoRequest, false) => 128,
                    (_, true) => 0,
                    (_, false) => 129,
                };
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)From);
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), (ushort)To);
                checksumAt = 2;
                break;
        }

        Payload.CopyTo(bytes, bytes.Length - Payload.Length);
        if (Content == IpContent.Udp && UdpWithoutChecksum && IsIPv4)
        {
            return bytes;
        }

        var sum = Protocol == 1
            ? Checksum.Of(bytes)
            : Checksum.Of(bytes, Checksum.Pseudo(Source.GetAddressBytes(), Destination.GetAddressBytes(), Protocol, bytes.Length));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(checksumAt), Content == IpContent.Udp && sum == 0 ? (ushort)0xFFFF : sum);
        return bytes;
    }

    private void WritePorts(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)From);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)To);
    }

    private static string? Read(ReadOnlySpan<byte> bytes, ref IpPacket? packet)
    {
        if (bytes.Length < 20)
        {
            return "it is shorter than any IP header";
        }

        ReadOnlySpan<byte> source, destination, transport;
        byte protocol, hops, trafficClass;
        ushort identification = 0;
        var dontFragment = true;
        if (bytes[0] >> 4 == 4)
        {
            var header = (bytes[0] & 15) * 4;
            if (header < 20 || header > bytes.Length || BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]) != bytes.Length)
            {
                return "its IPv4 lengths do not agree with its size";
            }

            if (Checksum.Of(bytes[..header]) != 0)
            {
                return "its IPv4 header checksum is wrong";
            }

            var fragment = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]);
            if ((fragment & 0x3FFF) != 0)
            {
                return "it is a fragment";
            }

            (protocol, hops, trafficClass) = (bytes[9], bytes[8], bytes[1]);
            identification = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
            dontFragment = (fragment & 0x4000) != 0;
            source = bytes[12..16];
            destination = bytes[16..20];
            transport = bytes[header..];
        }
        else if (bytes[0] >> 4 == 6)
        {
            if (bytes.Length < 40 || BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) != bytes.Length - 40)
            {
                return "its IPv6 payload length does not agree with its size";
            }

            (protocol, hops, trafficClass) = (bytes[6], bytes[7], (byte)(BinaryPrimitives.ReadUInt16BigEndian(bytes) >> 4));
            source = bytes[8..24];
            destination = bytes[24..40];
            transport = bytes[40..];
        }
        else
        {
            return $"its IP version is {bytes[0] >> 4}";
        }

        var isIPv4 = source.Length == 4;
        var content = (protocol, isIPv4) switch
        {
            (17, _) => IpContent.Udp,
            (6, _) => IpContent.Tcp,
            (1, true) or (58, false) => IpContent.IcmpOther,
            _ => (IpContent?)null,
        };
        var least = content switch { IpContent.Udp => 8, IpContent.Tcp => 20, IpContent.IcmpOther => 4, _ => 0 };
        if (content is null || transport.Length < least)
        {
            return content is null ? $"its protocol {protocol} is none of UDP, TCP and its family's ICMP" : "its transport header is cut short";
        }

        var noChecksum = content == IpContent.Udp && isIPv4 && BinaryPrimitives.ReadUInt16BigEndian(transport[6..]) == 0;
        var start = protocol == 1 ? 0 : Checksum.Pseudo(source, destination, protocol, transport.Length);
        if (!noChecksum && (Checksum.Of(transport, start) != 0
            || (content == IpContent.Udp && BinaryPrimitives.ReadUInt16BigEndian(transport[6..]) == 0)))
        {
            return $"its {content} checksum is wrong";
        }

        if (content == IpContent.Udp && BinaryPrimitives.ReadUInt16BigEndian(transport[4..]) != transport.Length)
        {
            return "its UDP length does not agree with its size";
        }

        var dataAt = content switch { IpContent.Tcp => (transport[12] >> 4) * 4, IpContent.Udp => 8, _ => 4 };
        if (dataAt < least || dataAt > transport.Length)
        {
            return "its TCP header length does not agree with its size";
        }

        int from = BinaryPrimitives.ReadUInt16BigEndian(transport), to = BinaryPrimitives.ReadUInt16BigEndian(transport[2..]);
        if (content == IpContent.IcmpOther)
        {
            (from, to) = (transport[0], transport[1]);
            var echo = (from, isIPv4) switch
            {
                (8, true) or (128, false) => IpContent.EchoRequest,
                (0, true) or (129, false) => IpContent.EchoReply,
                _ => IpContent.IcmpOther,
            };
            if (echo != IpContent.IcmpOther)
            {
                if (transport.Length < 8)
                {
                    return "its echo message is cut short";
                }

                content = echo;
                from = BinaryPrimitives.ReadUInt16BigEndian(transport[4..]);
                to = BinaryPrimitives.ReadUInt16BigEndian(transport[6..]);
                dataAt = 8;
            }
        }

        packet = new IpPacket
        {
            Source = new IPAddress(source),
            Destination = new IPAddress(destination),
            Content = content.Value,
            From = from,
            To = to,
            Payload = transport[dataAt..].ToArray(),
            HopLimit = hops,
            TrafficClass = trafficClass,
            Identification = identification,
            DontFragment = dontFragment,
            UdpWithoutChecksum = noChecksum,
            TcpFlags = content == IpContent.Tcp ? transport[13] : (byte)0,
            TcpSequence = content == IpContent.Tcp ? BinaryPrimitives.ReadUInt32BigEndian(transport[4..]) : 0,
            TcpAcknowledged = content == IpContent.Tcp ? BinaryPrimitives.ReadUInt32BigEndian(transport[8..]) : 0,
            TcpMss = content == IpContent.Tcp ? MssOf(transport[20..dataAt]) : 0,
        };
        return null;
    }

    private static int MssOf(ReadOnlySpan<byte> options)
    {
        for (var i = 0; i < options.Length && options[i] != 0;)
        {
            if (options[i] == 1)
            {
                i++;
                continue;
            }

            if (i + 1 >= options.Length || options[i + 1] < 2 || i + options[i + 1] > options.Length)
            {
                return 0;
            }

            if (options[i] == 2 && options[i + 1] == 4)
            {
                return BinaryPrimitives.ReadUInt16BigEndian(options[(i + 2)..]);
            }

            i += options[i + 1];
        }

        return 0;
    }
}
