using System.Buffers.Binary;
using Ntm.Fast.Tests.Translation;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Real.Tests.Translation;

/// <summary>What tayga 0.9.2 and we may do differently, and why. All else is an error of one of the two.</summary>
internal static class AllowedDifferences
{
    public const string Same = "the same";

    /// <summary>Refusals of ours that tayga does not share.</summary>
    private static readonly Dictionary<string, string> s_oursAlone = new()
    {
        [InnerPacket.OtherProtocol] = "RFC 7915 lets a translator pass other protocols; ours passes TCP, UDP and ICMP",
        [InnerPacket.SourceRoute] = "RFC 7915 sections 4.1 and 5.1 refuse routes not yet followed, and we refuse options that do not parse; tayga looks at neither",
        [InnerPacket.BadHeader] = "tayga does not look at the lengths in TCP and UDP headers",
        [InnerPacket.Truncated] = "tayga translates transport headers that are not all there",
        [InnerPacket.BadChecksum] = "tayga leaves the IPv4 header's checksum to the kernel, and passes UDP over IPv6 without one; the checksum of an error with its contents changed we make anew, and so verify",
        [InnerPacket.TinyFragment] = "RFC 7112: headers that are not all in the first fragment",
        [InnerPacket.CarriedFragment] = "an error about a fragment without ports belongs to no flow",
    };

    public static (bool IsAllowed, string Why) Judge(byte[] packet, byte[]? ours, string? reason, List<byte[]> theirs)
    {
        if (ours is null)
        {
            return theirs.Count == 0 ? (true, "refused by both")
                : s_oursAlone.TryGetValue(reason!, out var why) ? (true, $"{reason}: {why}")
                : (false, "only we refuse it");
        }

        if (theirs.Count == 0)
        {
            return TheirsAlone(packet) is { } why ? (true, why) : (false, "only tayga refuses it");
        }

        var (mine, other) = (Comparable(ours, 0), Comparable(theirs[0], 1));
        ForgetClampedSegment(mine, other);
        return theirs.Count == 1 && mine.AsSpan().SequenceEqual(other) ? (true, Same)
            : (false, $"they differ at byte {mine.AsSpan().CommonPrefixLength(other)} of {mine.Length} and {other.Length}; tayga made {theirs.Count}");
    }

    /// <summary>Ours lowers the largest segment that a SYN asks for; the generator puts the option first.</summary>
    private static void ForgetClampedSegment(byte[] mine, byte[] other)
    {
        var isIPv4 = mine[0] >> 4 == 4;
        var at = isIPv4 ? 20 : mine[6] == 44 ? 48 : 40;
        if ((isIPv4 ? mine[9] : mine[at == 48 ? 40 : 6]) == 6 && mine.Length >= at + 24 && mine.Length == other.Length && mine[at + 20] == 2
            && BinaryPrimitives.ReadUInt16BigEndian(mine.AsSpan(at + 22)) == MssClamp.Of(Limits.MtuInside)
            && BinaryPrimitives.ReadUInt16BigEndian(other.AsSpan(at + 22)) > MssClamp.Of(Limits.MtuInside))
        {
            other.AsSpan(at + 22, 2).CopyTo(mine.AsSpan(at + 22));
            mine.AsSpan(at + 16, 2).Clear();
            other.AsSpan(at + 16, 2).Clear();
        }
    }

    /// <summary>Why tayga alone may refuse a packet; null where it may not.</summary>
    private static string? TheirsAlone(byte[] packet)
    {
        var isIPv4 = packet[0] >> 4 == 4;
        Assert.True(InnerPacket.TryRead(packet, out var read, out _));
        if (isIPv4 && read.Protocol == 17 && packet[read.Offset + 6] == 0 && packet[read.Offset + 7] == 0)
        {
            return "RFC 7915 section 4.5: UDP without a checksum gets one; tayga drops it";
        }

        if (read.IcmpKind is IcmpKind.EchoRequest or IcmpKind.EchoReply)
        {
            var isRight = isIPv4 ? TestPackets.Checksum(packet[read.Offset..read.Length]) == 0
                : InternetChecksum.Finish(InternetChecksum.Sum(packet.AsSpan(read.Offset, read.TransportLength))
                    + InternetChecksum.PseudoHeader(read.Source.AsVip, read.Destination.AsVip, read.TransportLength, 58)) == 0;
            return isRight ? null : "an echo message with a wrong checksum: we keep the damage for the receiver to see, tayga drops it";
        }

        if (!read.IsError || !read.TryReadCarried(packet, out var carried, out _))
        {
            return null;
        }

        return carried.IcmpKind == IcmpKind.EchoReply ? "an error about an echo reply: tayga drops it"
            : packet[0] >> 4 == 6 && packet[read.Offset] == 1 && packet[read.Offset + 1] == 3
                ? "RFC 7915 section 5.2: address unreachable becomes host unreachable; tayga drops it"
            : carried.IsFragment && carried.TransportLength < carried.StatedTransportLength
                ? "an error that carries a part of a fragment: tayga drops it"
            : carried.Protocol == 6 && carried.TransportLength < 20 ? "an error that carries less than a TCP header: RFC 792 asks for 8 bytes, tayga for 20"
            : null;
    }

    /// <summary>The packet without what may differ in every one; checksums that hang on it have been found right.</summary>
    /// <param name="hops">Tayga counts itself as a hop; with us the kernel counts, on its way to the TUN.</param>
    private static byte[] Comparable(byte[] packet, int hops)
    {
        var copy = packet.ToArray();
        if (copy[0] >> 4 == 6)
        {
            copy[7] += (byte)hops;
            return copy[6] == 58 && copy[40] < 128 ? ComparableError6(copy, packet) : copy;
        }

        copy[8] += (byte)hops;
        Assert.Equal(0, TestPackets.Checksum(packet[..20]));
        ForgetIdentification(copy, 0);
        if (copy[9] == 1 && copy[20] is 3 or 11 or 12 && copy.Length >= 48)
        {
            Assert.Equal(0, TestPackets.Checksum(packet[20..]));
            copy.AsSpan(22, 2).Clear();
            ForgetIdentification(copy, 28);
            CapMtu(copy.AsSpan(20), 3, 4, Limits.MtuInsideIPv4);
        }

        return copy;
    }

    private static byte[] ComparableError6(byte[] copy, byte[] packet)
    {
        TestPackets.AssertRight(packet);
        copy.AsSpan(42, 2).Clear();
        CapMtu(copy.AsSpan(40), 2, 0, Limits.MtuInside);
        if (copy[54] != 44)
        {
            return copy;
        }

        // Tayga forgets that what an error carries was a fragment.
        copy[54] = copy[88];
        TestPackets.Put(copy, 4, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(copy.AsSpan(4)) - 8));
        TestPackets.Put(copy, 52, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(copy.AsSpan(52)) - 8));
        return [.. copy[..88], .. copy[96..]];
    }

    /// <summary>Nothing larger than the tunnel's MTU is of use; tayga's knows its device's 1,500 bytes.</summary>
    private static void CapMtu(Span<byte> error, byte type, byte code, int most)
    {
        if (error[0] == type && error[1] == code)
        {
            BinaryPrimitives.WriteUInt32BigEndian(error[4..], Math.Min(BinaryPrimitives.ReadUInt32BigEndian(error[4..]), (uint)most));
        }
    }

    /// <summary>RFC 7915 section 5.1: DF 0 and an identification up to 1,260 bytes; RFC 6145 section 5.1, and so tayga: DF and none. Of fragments it is the same.</summary>
    private static void ForgetIdentification(byte[] packet, int header)
    {
        if ((BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(header + 6)) & 0x3FFF) == 0)
        {
            packet.AsSpan(header + 4, 4).Clear();
        }

        packet.AsSpan(header + 10, 2).Clear();
    }
}
