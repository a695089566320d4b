using System.Buffers.Binary;
using Ntm.Protocol;

namespace Ntm.Signalling;

/// <summary>Signalling as an inner packet: UDP (RFC 768) over IPv6 (RFC 8200) between number-0 VIPs, both ports 4916, checksum present.</summary>
/// <remarks>
/// <code>
///  0 version 6 (4) traffic class, flow label 0 | 4 payload length(2) | 6 next header 17 | 7 hop limit 64
///  8 source VIP(16) | 24 destination VIP(16)
/// 40 source port(2) | 42 destination port(2) | 44 length(2) | 46 checksum(2) | 48 message
/// </code>
/// </remarks>
internal static class SignalFrame
{
    public const int HeaderSize = 48;
    private const byte Udp = 17;
    private const byte HopLimit = 64;

    public static void Write(Span<byte> frame, VirtualAddress source, VirtualAddress destination, ReadOnlySpan<byte> message)
    {
        var udpLength = (ushort)(8 + message.Length);
        frame[..HeaderSize].Clear();
        frame[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(frame[4..], udpLength);
        frame[6] = Udp;
        frame[7] = HopLimit;
        source.Write(frame[8..]);
        destination.Write(frame[24..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[40..], Limits.SignallingPort);
        BinaryPrimitives.WriteUInt16BigEndian(frame[42..], Limits.SignallingPort);
        BinaryPrimitives.WriteUInt16BigEndian(frame[44..], udpLength);
        message.CopyTo(frame[HeaderSize..]);
        var sum = (ushort)~Sum(frame[..(HeaderSize + message.Length)]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[46..], sum == 0 ? (ushort)0xFFFF : sum);
    }

    /// <summary>Whether the packet is for us at number 0 and has the signalling port at either end: it must never reach the TUN.</summary>
    public static bool IsMeant(ReadOnlySpan<byte> packet, VirtualAddress own) =>
        packet.Length >= HeaderSize && packet[0] >> 4 == 6 && packet[6] == Udp && VirtualAddress.Read(packet[24..]) == own
        && (BinaryPrimitives.ReadUInt16BigEndian(packet[40..]) == Limits.SignallingPort
            || BinaryPrimitives.ReadUInt16BigEndian(packet[42..]) == Limits.SignallingPort);

    /// <summary>The message, where the frame is exactly as <see cref="Write"/> makes it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> packet, out VirtualAddress source, out ReadOnlySpan<byte> message)
    {
        message = default;
        source = VirtualAddress.Read(packet[8..]);
        var udpLength = BinaryPrimitives.ReadUInt16BigEndian(packet[44..]);
        if (BinaryPrimitives.ReadUInt16BigEndian(packet[40..]) != Limits.SignallingPort
            || BinaryPrimitives.ReadUInt16BigEndian(packet[42..]) != Limits.SignallingPort
            || udpLength < 8 || packet.Length != 40 + udpLength || BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) != udpLength
            || packet.Length - HeaderSize > Limits.SignalBytes
            || BinaryPrimitives.ReadUInt16BigEndian(packet[46..]) == 0 || Sum(packet) != 0xFFFF)
        {
            return false;
        }

        message = packet[HeaderSize..];
        return true;
    }

    // Ones' complement sum over pseudo-header, UDP header and message (RFC 8200 section 8.1).
    private static ushort Sum(ReadOnlySpan<byte> frame)
    {
        var sum = (uint)(frame.Length - 40) + Udp;
        var words = frame[8..];
        for (; words.Length >= 2; words = words[2..])
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(words);
        }

        if (words.Length == 1)
        {
            sum += (uint)words[0] << 8;
        }

        while (sum >> 16 != 0)
        {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)sum;
    }
}
