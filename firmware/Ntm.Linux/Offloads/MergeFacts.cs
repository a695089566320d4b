using System.Buffers.Binary;
using Ntm.Protocol;
using static Ntm.Linux.Offloads.IpLayout;

namespace Ntm.Linux.Offloads;

/// <summary>What of a packet decides whether it may be merged with others of its flow. Pure.</summary>
/// <param name="HasFlow">It has addresses, protocol and ports that tell its flow; else it is a fragment, has extension headers, or is neither TCP nor UDP.</param>
/// <param name="MayMerge">It is a plain segment or datagram with payload. Its checksums have not been looked at.</param>
/// <param name="Ends">Nothing may follow it in a run: PSH or FIN.</param>
/// <param name="Transport">Where the transport header begins.</param>
/// <param name="Headers">Bytes of all headers.</param>
/// <param name="Payload">Bytes after them.</param>
public readonly record struct MergeFacts(bool HasFlow, bool MayMerge, bool IsIPv4, bool IsTcp, bool Ends, int Transport, int Headers, int Payload)
{
    public static MergeFacts Of(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < IPv4Header)
        {
            return default;
        }

        int transport;
        byte protocol;
        bool isExact;
        var isIPv4 = packet[0] >> 4 == 4;
        if (isIPv4)
        {
            // Options and fragments (the reserved flag as well) are left alone.
            if (packet[0] != 0x45 || (BinaryPrimitives.ReadUInt16BigEndian(packet[Fragment..]) & ~DoNotFragment) != 0)
            {
                return default;
            }

            (transport, protocol) = (IPv4Header, packet[Carries]);
            isExact = BinaryPrimitives.ReadUInt16BigEndian(packet[TotalLength..]) == packet.Length;
        }
        else
        {
            if (packet[0] >> 4 != 6 || packet.Length < IPv6Header)
            {
                return default;
            }

            (transport, protocol) = (IPv6Header, packet[NextHeader]);
            isExact = BinaryPrimitives.ReadUInt16BigEndian(packet[PayloadLength..]) == packet.Length - IPv6Header;
        }

        var rest = packet[transport..];
        switch (protocol)
        {
            case Tcp when rest.Length >= TcpHeader:
                var headers = (rest[DataOffset] >> 4) * 4;
                var flags = rest[Flags];
                var isPlain = (flags & ~(Push | Fin | Ecn)) == Ack && headers >= TcpHeader && headers < rest.Length;
                return new(true, isExact && isPlain, isIPv4, true, (flags & (Push | Fin)) != 0, transport, transport + headers, rest.Length - headers);

            case Udp when rest.Length >= UdpHeader:
                var isSummed = BinaryPrimitives.ReadUInt16BigEndian(rest[UdpChecksum..]) != 0;
                var isWhole = BinaryPrimitives.ReadUInt16BigEndian(rest[UdpLength..]) == rest.Length && rest.Length > UdpHeader;
                return new(true, isExact && isSummed && isWhole, isIPv4, false, false, transport, transport + UdpHeader, rest.Length - UdpHeader);

            default:
                return default;
        }
    }

    /// <summary>Whether both are of one flow: addresses, protocol and ports.</summary>
    public bool IsSameFlow(ReadOnlySpan<byte> own, MergeFacts other, ReadOnlySpan<byte> others) =>
        HasFlow && other.HasFlow && IsIPv4 == other.IsIPv4 && IsTcp == other.IsTcp
        && own.Slice(Transport, 4).SequenceEqual(others.Slice(other.Transport, 4))
        && (IsIPv4 ? own.Slice(Addresses4, 8).SequenceEqual(others.Slice(Addresses4, 8)) : own.Slice(Addresses6, 32).SequenceEqual(others.Slice(Addresses6, 32)));

    /// <summary>Whether the checksums are right: merging makes new ones, and must not hide an error.</summary>
    public bool IsIntact(ReadOnlySpan<byte> packet)
    {
        var rest = packet[Transport..];
        return (!IsIPv4 || InternetChecksum.Finish(InternetChecksum.Sum(packet[..IPv4Header])) == 0)
            && InternetChecksum.Finish(PseudoHeader.Sum(packet, IsIPv4, IsTcp ? Tcp : Udp, rest.Length) + InternetChecksum.Sum(rest)) == 0;
    }
}
