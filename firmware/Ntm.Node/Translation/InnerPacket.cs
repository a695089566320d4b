using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Ntm.Node.Devices;
using Ntm.Protocol;

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
/// ICMP errors, whole or in fragments (ICMP only over IPv6: RFC 7915 section 1.2). IPv6 extension headers that a translator ignores are skipped
/// within bounds. Everything else is refused with a reason.
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
    public const string BadFragment = "fragment-bad";
    public const string TinyFragment = "fragment-tiny";
    public const string UnsummedFragment = "fragment-udp-unsummed";
    public const string IcmpFragment = "fragment-icmp";
    public const string CarriedFragment = "icmp-error-about-later-fragment";
    public const string ExtensionHeader = "packet-extension-header";
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

    /// <summary>Where in the whole packet's TCP, UDP or ICMP this fragment starts, in bytes.</summary>
    public int FragmentOffset { get; private init; }

    public bool HasMoreFragments { get; private init; }

    /// <summary>Of a fragment; IPv4's has 16 bits.</summary>
    public uint Identification { get; private init; }

    /// <summary>An IPv4 fragment, or an IPv6 packet with a fragment header, be it of a single fragment (RFC 6946).</summary>
    public bool HasFragmentHeader { get; private init; }

    public bool IsFragment => HasMoreFragments || FragmentOffset != 0;

    /// <summary>It holds neither ports nor flags: it goes where the first one went.</summary>
    public bool IsLaterFragment => FragmentOffset != 0;

    /// <summary>Bytes of fragment header it has in IPv6.</summary>
    public int FragmentHeaderLength => HasFragmentHeader ? IPv6Headers.FragmentHeaderLength : 0;

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

        if (carried.IsLaterFragment)
        {
            // No ports, so no flow vouches for it.
            reason = CarriedFragment;
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

        if (header > 20 && IPv4Options.AreSourceRouted(bytes[20..header]))
        {
            reason = SourceRoute;
            return false;
        }

        int fragment = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]);
        var isFragment = (fragment & 0x3FFF) != 0;
        packet = new()
        {
            Source = LanAddress.ReadIPv4(bytes[12..]),
            Destination = LanAddress.ReadIPv4(bytes[16..]),
            Protocol = bytes[9],
            Offset = header,
            TransportLength = Math.Min(total, bytes.Length) - header,
            StatedTransportLength = total - header,
            HasFragmentHeader = isFragment,
            FragmentOffset = (fragment & 0x1FFF) * 8,
            HasMoreFragments = (fragment & 0x2000) != 0,
            Identification = isFragment ? BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) : 0u,
        };
        return TryReadTransport(bytes, carried, ref packet, out reason);
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

        var end = Math.Min(40 + stated, bytes.Length);
        if (!IPv6Headers.TryRead(bytes[..end], out var headers, out reason))
        {
            return false;
        }

        packet = new()
        {
            IsIPv6 = true,
            Source = source,
            Destination = destination,
            Protocol = headers.Protocol,
            Offset = headers.Offset,
            TransportLength = end - headers.Offset,
            StatedTransportLength = 40 + stated - headers.Offset,
            HasFragmentHeader = headers.HasFragmentHeader,
            FragmentOffset = headers.Fragment & 0xFFF8,
            HasMoreFragments = (headers.Fragment & 1) != 0,
            Identification = headers.Identification,
        };
        return TryReadTransport(bytes, carried, ref packet, out reason);
    }

    /// <summary>Reads on where IP ends; <paramref name="packet"/> holds what IP says.</summary>
    private static bool TryReadTransport(ReadOnlySpan<byte> bytes, bool carried, ref InnerPacket packet, [NotNullWhen(false)] out string? reason)
    {
        var transport = bytes.Slice(packet.Offset, packet.TransportLength);
        var isIcmp = packet.Protocol == (packet.IsIPv6 ? IcmpV6 : Icmp);
        if (!isIcmp && packet.Protocol is not (Tcp or Udp))
        {
            reason = OtherProtocol;
            return false;
        }

        reason = !packet.IsFragment ? null : isIcmp && !packet.IsIPv6 ? IcmpFragment : !carried && !IsFragmentGood(packet) ? BadFragment : null;
        if (reason is not null)
        {
            return false;
        }

        if (packet.IsLaterFragment)
        {
            return true;
        }

        if (transport.Length < 8)
        {
            reason = packet.IsFragment && !carried ? TinyFragment : Truncated;
            return false;
        }

        var flags = (byte)0;
        var kind = IcmpKind.None;
        var sourcePort = BinaryPrimitives.ReadUInt16BigEndian(transport);
        var destinationPort = BinaryPrimitives.ReadUInt16BigEndian(transport[2..]);
        if (packet.Protocol == Tcp)
        {
            if (!carried && RefusalOfTcp(transport, packet.IsFragment) is { } refusal)
            {
                reason = refusal;
                return false;
            }

            flags = transport.Length > 13 ? transport[13] : (byte)0;
        }
        else if (packet.Protocol == Udp)
        {
            if (RefusalOfUdp(transport, packet, carried) is { } refusal)
            {
                reason = refusal;
                return false;
            }
        }
        else
        {
            kind = KindOf(packet.IsIPv6, transport[0], transport[1]);
            switch (kind)
            {
                case IcmpKind.None:
                    reason = OtherIcmp;
                    return false;

                case IcmpKind.Error:
                    sourcePort = destinationPort = 0;

                    // An error is never so large that it has to be fragmented. Its checksum is made anew by the translation, so it has to be right now.
                    reason = packet.HasFragmentHeader ? IcmpFragment : carried || IsErrorChecksumGood(transport, packet) ? null : BadChecksum;
                    break;

                default:
                    sourcePort = destinationPort = BinaryPrimitives.ReadUInt16BigEndian(transport[4..]);
                    break;
            }
        }

        packet = packet with
        {
            Protocol = isIcmp ? IcmpV6 : packet.Protocol,
            SourcePort = sourcePort,
            DestinationPort = destinationPort,
            TcpFlags = flags,
            IcmpKind = kind,
        };
        return reason is null;
    }

    /// <summary>Fragments but the last are of whole 8-byte blocks, none is empty, and none reaches beyond what a packet can hold.</summary>
    private static bool IsFragmentGood(in InnerPacket packet) => packet.TransportLength > 0
        && (!packet.HasMoreFragments || packet.TransportLength % 8 == 0)
        && packet.FragmentOffset + packet.TransportLength <= ushort.MaxValue - 20;

    private static string? RefusalOfTcp(ReadOnlySpan<byte> transport, bool isFragment)
    {
        var header = transport.Length < 20 ? 0 : (transport[12] >> 4) * 4;
        return header >= 20 && header <= transport.Length ? null

            // RFC 7112: all headers are in the first fragment.
            : isFragment && (header == 0 || header > transport.Length) ? TinyFragment
            : transport.Length < 20 ? Truncated : BadHeader;
    }

    private static string? RefusalOfUdp(ReadOnlySpan<byte> transport, in InnerPacket packet, bool carried)
    {
        // Shorter than IP says is legal (RFC 9868 puts options there); longer is not, but in a first fragment.
        int length = BinaryPrimitives.ReadUInt16BigEndian(transport[4..]);
        if (length < 8 || (length > packet.StatedTransportLength && !packet.IsFragment))
        {
            return BadHeader;
        }

        // RFC 8200 section 8.1: no UDP over IPv6 without a checksum. RFC 7915 section 4.5: of a fragment it cannot be computed.
        return carried || BinaryPrimitives.ReadUInt16BigEndian(transport[6..]) != 0 ? null
            : packet.IsIPv6 ? BadChecksum
            : packet.IsFragment ? UnsummedFragment : null;
    }

    private static IcmpKind KindOf(bool isIPv6, byte type, byte code) => (isIPv6, type) switch
    {
        (false, 8) or (true, 128) => IcmpKind.EchoRequest,
        (false, 0) or (true, 129) => IcmpKind.EchoReply,
        _ => IcmpErrors.IsTranslated(isIPv6, type, code) ? IcmpKind.Error : IcmpKind.None,
    };

    private static bool IsErrorChecksumGood(ReadOnlySpan<byte> transport, in InnerPacket packet)
    {
        var sum = InternetChecksum.Sum(transport);
        if (packet.IsIPv6)
        {
            sum += InternetChecksum.PseudoHeader(packet.Source.AsVip, packet.Destination.AsVip, transport.Length, IcmpV6);
        }

        return InternetChecksum.Fold(sum) == 0xFFFF;
    }
}
