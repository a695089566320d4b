using System.Buffers.Binary;

namespace Ntm.Protocol;

/// <summary>
/// Fixed layouts of the tunnel protocol (WireGuard whitepaper section 5.4), and the relay channel in the bytes it reserves.
/// </summary>
/// <remarks>
/// <code>
/// initiation, 148 bytes
///   0 type=1 | 1 channel(3) | 4 sender(4) | 8 ephemeral(32) | 40 static(32+16) | 88 timestamp(12+16) | 116 mac1(16) | 132 mac2(16)
/// response, 92 bytes
///   0 type=2 | 1 channel(3) | 4 sender(4) | 8 receiver(4) | 12 ephemeral(32) | 44 nothing(0+16) | 60 mac1(16) | 76 mac2(16)
/// cookie reply, 64 bytes
///   0 type=3 | 1 channel(3) | 4 receiver(4) | 8 nonce(24) | 32 cookie(16+16)
/// transport data, 32 + n bytes
///   0 type=4 | 1 channel(3) | 4 receiver(4) | 8 counter(8) | 16 packet(n+16)
/// half, inside transport data in place of a packet
///   0 which=0x10 first, 0x11 second | 1 half of the packet
/// </code>
/// </remarks>
public static class TunnelMessage
{
    public const byte Initiation = 1;
    public const byte Response = 2;
    public const byte CookieReply = 3;
    public const byte Transport = 4;

    public const int InitiationSize = 148;
    public const int ResponseSize = 92;
    public const int CookieReplySize = 64;
    public const int TransportHeaderSize = 16;
    public const int TagSize = 16;

    /// <summary>The least transport message: a keep-alive.</summary>
    public const int TransportOverhead = TransportHeaderSize + TagSize;

    /// <summary>In place of an IP version: what follows is the first or the second half of a packet.</summary>
    public const byte FirstHalf = 0x10;
    public const byte SecondHalf = 0x11;

    /// <summary>Bytes of a half at most, without the byte that says which it is.</summary>
    public const int HalfSize = (Limits.MtuInside + 1) / 2;

    public const int MacSize = 16;
    public const int InitiationMac1 = 116;
    public const int ResponseMac1 = 60;

    /// <summary>The type if the datagram has a known type and a length that type can have; else 0. Never throws.</summary>
    public static byte Classify(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length < TransportOverhead)
        {
            return 0;
        }

        return (datagram[0], datagram.Length) switch
        {
            (Initiation, InitiationSize) => Initiation,
            (Response, ResponseSize) => Response,
            (CookieReply, CookieReplySize) => CookieReply,
            (Transport, _) => Transport,
            _ => 0,
        };
    }

    /// <summary>The relay channel; the datagram has at least 4 bytes.</summary>
    public static uint ReadChannel(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadUInt32LittleEndian(datagram) >> 8;

    /// <summary>Writes the relay channel (24 bits) and leaves the type as it is. Zero clears it.</summary>
    public static void WriteChannel(Span<byte> datagram, uint channel) =>
        BinaryPrimitives.WriteUInt32LittleEndian(datagram, (channel << 8) | datagram[0]);
}
