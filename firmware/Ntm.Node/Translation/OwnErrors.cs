using System.Buffers.Binary;
using Ntm.Protocol;

namespace Ntm.Node.Translation;

/// <summary>Why a packet does not go on, for whoever sent it.</summary>
internal enum Refusal
{
    /// <summary>Nobody is told.</summary>
    Silent,

    /// <summary>Nothing is known by that address.</summary>
    Unreachable,

    /// <summary>It may not pass.</summary>
    Prohibited,

    /// <summary>It is longer than the path carries.</summary>
    TooBig,
}

/// <summary>
/// ICMP errors of our own: turns a refused packet, in its own buffer, into the message that tells its sender. Never about errors, fragments but the first,
/// echo replies, resets, or packets from or to other than one machine (RFC 4443 section 2.4 e, RFC 1122 section 3.2.2), and never many: a bucket of tokens
/// for each direction (RFC 4443 section 2.4 f).
/// </summary>
internal sealed class OwnErrors(Counters counters)
{
    // Counted.
    public const string Sent = "icmp-error-sent";
    public const string Limited = "icmp-error-rate-limited";

    private const byte HopLimit = 64;

    /// <summary>RFC 1812 section 4.3.2.3: as much as fits in 576 bytes.</summary>
    private const int LargestIPv4Error = 576;

    private static readonly TimeSpan s_each = TimeSpan.FromSeconds(1) / Limits.IcmpErrorsPerSecond;

    // When the bucket would be full again, as GCRA has it.
    private TimeSpan _full = TimeSpan.MinValue;

    /// <param name="read">What the packet holds: as it came, untouched.</param>
    /// <param name="source">Who says so, in IPv6; in IPv4 it is the packet's destination.</param>
    /// <param name="mtu">Where it is too big: what is not, as an IPv6 packet between nodes.</param>
    /// <returns>False: the packet is as it was, and nobody is told.</returns>
    public bool TryTurn(TimeSpan now, Packet packet, in InnerPacket read, Refusal refusal, VirtualAddress source, ref ushort identification, int mtu = 0)
    {
        if (refusal == Refusal.Silent || read.IsError || read.IsLaterFragment || read.IcmpKind == IcmpKind.EchoReply
            || (read.TcpFlags & InnerPacket.TcpRst) != 0 || !read.Source.IsUnicast || !read.Destination.IsUnicast)
        {
            return false;
        }

        if (_full > now + (s_each * (Limits.IcmpErrorsAtOnce - 1)))
        {
            counters.Count(Limited);
            return false;
        }

        _full = (_full > now ? _full : now) + s_each;
        counters.Count(Sent);
        var header = read.IsIPv6 ? 48 : 28;
        var quoted = Math.Min(read.Length, (read.IsIPv6 ? Limits.MtuMinimum : LargestIPv4Error) - header);
        packet.SetLength(header + quoted);
        var bytes = packet.Bytes;
        bytes[..quoted].CopyTo(bytes[header..]);
        if (read.IsIPv6)
        {
            PacketTranslation.WriteIPv6Header(bytes, 0, quoted + 8, InnerPacket.IcmpV6, HopLimit, source, read.Source.AsVip);
            var (type, code) = refusal switch { Refusal.TooBig => ((byte)2, (byte)0), Refusal.Prohibited => ((byte)1, (byte)1), _ => ((byte)1, (byte)3) };
            Write(bytes[40..], type, code, mtu,
                InternetChecksum.PseudoHeader(source, read.Source.AsVip, quoted + 8, InnerPacket.IcmpV6));
        }
        else
        {
            // The kernel takes no packet from the TUN that says it comes from one of its own IPv4 addresses.
            PacketTranslation.WriteIPv4Header(
                bytes, 0, bytes.Length, InnerPacket.Icmp, HopLimit, read.Destination.IPv4, read.Source.IPv4, ref identification);
            var code = refusal switch { Refusal.TooBig => (byte)4, Refusal.Prohibited => (byte)13, _ => (byte)1 };
            Write(bytes[20..], 3, code, mtu == 0 ? 0 : mtu - (Limits.MtuInside - Limits.MtuInsideIPv4), 0);
        }

        return true;
    }

    // The MTU is in the last 32 bits in ICMPv6, in the last 16 in ICMP (RFC 4443 section 3.2, RFC 1191 section 4); nothing is there else.
    private static void Write(Span<byte> message, byte type, byte code, int mtu, ulong pseudoHeader)
    {
        message[..8].Clear();
        BinaryPrimitives.WriteInt32BigEndian(message[4..], mtu);
        message[0] = type;
        message[1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], InternetChecksum.Finish(InternetChecksum.Sum(message) + pseudoHeader));
    }
}
