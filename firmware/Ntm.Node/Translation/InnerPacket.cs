using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Ntm.Node.Devices;

namespace Ntm.Node.Translation;

/// <summary>What an ICMP or ICMPv6 message is to the proxy.</summary>
internal enum IcmpKind : byte
{
    None,
    EchoRequest,
    EchoReply,

    /// <summary>About another packet, which it carries.</summary>
    Error,
}

/// <summary>
/// What the device proxy needs to know of an IP packet, read and checked once; afterwards translation cannot fail. TCP, UDP, ICMP echo and
/// ICMP errors, unfragmented, without IPv6 extension headers. Everything else is refused with a reason.
/// </summary>
internal readonly struct InnerPacket
{
    public const byte Tcp = 6;
    public const byte Udp = 17;
    public const byte Icmp = 1;
    public const byte IcmpV6 = 58;

    public const byte TcpFin = 1;
    public const byte TcpSyn = 2;
    public const byte TcpRst = 4;
    public const byte TcpAck = 16;

    // Counted.
    public const string Truncated = "packet-truncated";
    public const string BadHeader = "packet-header-bad";
    public const string BadChecksum = "packet-checksum-bad";
    public const string Fragment = "packet-fragment";
    public const string SourceRoute = "packet-source-routed";
    public const string OtherProtocol = "packet-other-protocol";
    public const string OtherIcmp = "packet-other-icmp";
    public const string BadAddress = "packet-address-bad";

    public bool IsIPv6 { get; private init; }

    public LanAddress Source { get; private init; }

    public LanAddress Destination { get; private init; }

    /// <summary>6, 17 or 58; ICMP is 58 in both families.</summary>
    public byte Protocol { get; private init; }

    /// <summary>Where TCP, UDP or ICMP starts.</summary>
    public int Offset { get; private init; }

    /// <summary>Bytes of TCP, UDP or ICMP that are there.</summary>
    public int TransportLength { get; private init; }

    /// <summary>Bytes of TCP, UDP or ICMP as the header says; more than are there in a packet that an error carries cut short.</summary>
    public int StatedTransportLength { get; private init; }

    /// <summary>Bytes of the packet; those beyond are padding.</summary>
    public int Length => Offset + TransportLength;

    /// <summary>The echo identifier of echo messages, 0 of errors.</summary>
    public ushort SourcePort { get; private init; }

    /// <summary>As <see cref="SourcePort"/>.</summary>
    public ushort DestinationPort { get; private init; }

    public byte TcpFlags { get; private init; }

    public IcmpKind IcmpKind { get; private init; }

    public bool IsError => IcmpKind == IcmpKind.Error;

    /// <summary>A SYN that begins a connection.</summary>
    public bool IsTcpBeginning => Protocol == Tcp && (TcpFlags & (TcpSyn | TcpAck | TcpRst)) == TcpSyn;

    /// <summary>Reads and checks a whole packet.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out InnerPacket packet, [NotNullWhen(false)] out string? reason) =>
        TryRead(bytes, false, out packet, out reason);

    /// <summary>
    /// Reads the packet an ICMP error carries, which may be cut short after 8 bytes of TCP, UDP or ICMP. Its <see cref="Offset"/> counts from
    /// its own start.
    /// </summary>
    public bool TryReadCarried(ReadOnlySpan<byte> bytes, out InnerPacket carried, [NotNullWhen(false)] out string? reason)
    {
        var start = Offset + 8;
        if (!TryRead(bytes[start..Length], true, out carried, out reason))
        {
            return false;
        }

        // An error about an error is never sent (RFC 1122, RFC 4443), and one about another family makes no sense.
        if (carried.IsIPv6 == IsIPv6 && !carried.IsError)
        {
            return true;
        }

        reason = OtherIcmp;
        return false;
    }

    private static bool TryRead(ReadOnlySpan<byte> bytes, bool carried, out InnerPacket packet, [NotNullWhen(false)] out string? reason)
    {
        packet = default;
        reason = Truncated;
        if (bytes.IsEmpty)
        {
            return false;
        }

        switch (bytes[0] >> 4)
        {
            case 4:
                return TryReadIPv4(bytes, carried, out packet, out reason);
            case 6:
                return TryReadIPv6(bytes, carried, out packet, out reason);
            default:
                reason = BadHeader;
                return false;
        }
    }

    private static bool TryReadIPv4(ReadOnlySpan<byte> bytes, bool carried, out InnerPacket packet, [NotNullWhen(false)] out string? reason)
    {
        packet = default;
        reason = Truncated;
        if (bytes.Length < 20)
        {
            return false;
        }

        var header = (bytes[0] & 15) * 4;
        int total = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (header < 20 || total < header)
        {
            reason = BadHeader;
            return false;
        }

        if (bytes.Length < header || (bytes.Length < total && !carried))
        {
            return false;
        }

        // A carried header has been through routers that need not have kept its checksum right; nothing rests on it.
        if (!carried && InternetChecksum.Fold(InternetChecksum.Sum(bytes[..header])) != 0xFFFF)
        {
            reason = BadChecksum;
            return false;
        }

        if ((BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) & 0x3FFF) != 0)
        {
            reason = Fragment;
            return false;
        }

        if (header > 20 && IsSourceRouted(bytes[20..header]))
        {
            reason = SourceRoute;
            return false;
        }

        return TryReadTransport(bytes[..Math.Min(total, bytes.Length)], carried, false, header, total - header, bytes[9],
            LanAddress.ReadIPv4(bytes[12..]), LanAddress.ReadIPv4(bytes[16..]), out packet, out reason);
    }

    private static bool TryReadIPv6(ReadOnlySpan<byte> bytes, bool carried, out InnerPacket packet, [NotNullWhen(false)] out string? reason)
    {
        packet = default;
        reason = Truncated;
        if (bytes.Length < 40)
        {
            return false;
        }

        int stated = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        if (bytes.Length < 40 + stated && !carried)
        {
            return false;
        }

        var source = LanAddress.ReadIPv6(bytes[8..]);
        var destination = LanAddress.ReadIPv6(bytes[24..]);
        if (source.IsIPv4 || destination.IsIPv4)
        {
            reason = BadAddress;
            return false;
        }

        if (bytes[6] == 44)
        {
            reason = Fragment;
            return false;
        }

        return TryReadTransport(bytes[..Math.Min(40 + stated, bytes.Length)], carried, true, 40, stated, bytes[6],
            source, destination, out packet, out reason);
    }

    private static bool TryReadTransport(
        ReadOnlySpan<byte> bytes, bool carried, bool isIPv6, int offset, int stated, byte protocol, LanAddress source, LanAddress destination,
        out InnerPacket packet, [NotNullWhen(false)] out string? reason)
    {
        packet = default;
        reason = Truncated;
        var transport = bytes[offset..];
        if (transport.Length < 8)
        {
            return false;
        }

        var flags = (byte)0;
        var kind = IcmpKind.None;
        var sourcePort = BinaryPrimitives.ReadUInt16BigEndian(transport);
        var destinationPort = BinaryPrimitives.ReadUInt16BigEndian(transport[2..]);
        if (protocol == Tcp)
        {
            if (!carried)
            {
                if (transport.Length < 20)
                {
                    return false;
                }

                var header = (transport[12] >> 4) * 4;
                if (header < 20 || header > transport.Length)
                {
                    reason = BadHeader;
                    return false;
                }
            }

            flags = transport.Length > 13 ? transport[13] : (byte)0;
        }
        else if (protocol == Udp)
        {
            // Shorter than IP says is legal (RFC 9868 puts options there); longer is not.
            // RFC 8200 section 8.1: no UDP over IPv6 without a checksum.
            int length = BinaryPrimitives.ReadUInt16BigEndian(transport[4..]);
            if (length < 8 || length > stated)
            {
                reason = BadHeader;
                return false;
            }

            if (isIPv6 && !carried && BinaryPrimitives.ReadUInt16BigEndian(transport[6..]) == 0)
            {
                reason = BadChecksum;
                return false;
            }
        }
        else if (protocol == (isIPv6 ? IcmpV6 : Icmp))
        {
            protocol = IcmpV6;
            kind = KindOf(isIPv6, transport[0], transport[1]);
            switch (kind)
            {
                case IcmpKind.None:
                    reason = OtherIcmp;
                    return false;

                case IcmpKind.Error:
                    sourcePort = destinationPort = 0;

                    // Its checksum is made anew by the translation, so it has to be right now.
                    if (!carried && !IsErrorChecksumGood(transport, isIPv6, source, destination))
                    {
                        reason = BadChecksum;
                        return false;
                    }

                    break;

                default:
                    sourcePort = destinationPort = BinaryPrimitives.ReadUInt16BigEndian(transport[4..]);
                    break;
            }
        }
        else
        {
            reason = OtherProtocol;
            return false;
        }

        packet = new()
        {
            IsIPv6 = isIPv6,
            Source = source,
            Destination = destination,
            Protocol = protocol,
            Offset = offset,
            TransportLength = transport.Length,
            StatedTransportLength = stated,
            SourcePort = sourcePort,
            DestinationPort = destinationPort,
            TcpFlags = flags,
            IcmpKind = kind,
        };
        reason = null;
        return true;
    }

    private static IcmpKind KindOf(bool isIPv6, byte type, byte code) => (isIPv6, type) switch
    {
        (false, 8) or (true, 128) => IcmpKind.EchoRequest,
        (false, 0) or (true, 129) => IcmpKind.EchoReply,
        _ => IcmpErrors.IsTranslated(isIPv6, type, code) ? IcmpKind.Error : IcmpKind.None,
    };

    private static bool IsErrorChecksumGood(ReadOnlySpan<byte> transport, bool isIPv6, LanAddress source, LanAddress destination)
    {
        var sum = InternetChecksum.Sum(transport);
        if (isIPv6)
        {
            sum += InternetChecksum.PseudoHeader(source.AsVip, destination.AsVip, transport.Length, IcmpV6);
        }

        return InternetChecksum.Fold(sum) == 0xFFFF;
    }

    /// <summary>An unexpired loose or strict source route (RFC 7915 section 4.1 forbids to translate it), or options that do not parse.</summary>
    private static bool IsSourceRouted(ReadOnlySpan<byte> options)
    {
        while (!options.IsEmpty && options[0] != 0)
        {
            if (options[0] == 1)
            {
                options = options[1..];
                continue;
            }

            if (options.Length < 2 || options[1] < 2 || options[1] > options.Length)
            {
                return true;
            }

            if (options[0] is 131 or 137 && options[1] >= 3 && options[2] <= options[1])
            {
                return true;
            }

            options = options[options[1]..];
        }

        return false;
    }
}
