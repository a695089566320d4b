using System.Buffers.Binary;
using Ntm.Protocol;
using static Ntm.Linux.Offloads.IpLayout;

namespace Ntm.Linux.Queues;

/// <summary>"Congestion experienced" (RFC 3168) in the header of a packet whose ends have agreed on ECN. On a super-packet it stands for all its segments.</summary>
public static class CongestionMark
{
    private const int Mask = 3, Experienced = 3;

    /// <returns>Whether the packet has the mark now; false: its ends do not know it, and only a loss tells them.</returns>
    public static bool TrySet(Span<byte> packet)
    {
        if (packet.Length >= IPv4Header && packet[0] >> 4 == 4)
        {
            if ((packet[1] & Mask) == 0)
            {
                return false;
            }

            uint before = BinaryPrimitives.ReadUInt16BigEndian(packet);
            packet[1] |= Experienced;
            var checksum = InternetChecksum.Update(BinaryPrimitives.ReadUInt16BigEndian(packet[HeaderChecksum..]), before, BinaryPrimitives.ReadUInt16BigEndian(packet));
            BinaryPrimitives.WriteUInt16BigEndian(packet[HeaderChecksum..], checksum);
            return true;
        }

        // IPv6: the class is bits 4 to 11; ECN is its last two.
        if (packet.Length < IPv6Header || packet[0] >> 4 != 6 || (packet[1] & (Mask << 4)) == 0)
        {
            return false;
        }

        packet[1] |= Experienced << 4;
        return true;
    }
}
