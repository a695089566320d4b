using System.Buffers.Binary;
using Ntm.Protocol;

namespace Ntm.Node.Translation;

/// <summary>
/// Lowers the largest segment that a TCP SYN asks for to what the path carries, in both directions: so TCP never has to learn it from losses. The checksum is updated.
/// </summary>
internal static class MssClamp
{
    /// <summary>Headers between a packet inside and its segment: 28 that an IPv4 device's packet is shorter (<see cref="Limits.MtuInsideIPv4"/>), 40 of IPv4 and TCP.
    /// Over IPv6 alone 8 more would do; one number serves all.</summary>
    private const int Headers = Limits.MtuInside - Limits.MtuInsideIPv4 + 40;

    private const int End = 0, NoOperation = 1, MaximumSegmentSize = 2, MaximumSegmentSizeLength = 4;

    /// <summary>The largest segment in packets of <paramref name="mtu"/> bytes between nodes; 1352 of 1420.</summary>
    public static ushort Of(int mtu) => (ushort)(mtu - Headers);

    /// <param name="transport">A TCP SYN's header, which has been checked, and what follows.</param>
    public static void Lower(Span<byte> transport, ushort most)
    {
        var at = 20;
        var end = (transport[12] >> 4) * 4;
        while (at < end && transport[at] != End)
        {
            if (transport[at] == NoOperation)
            {
                at++;
                continue;
            }

            if (at + 2 > end || transport[at + 1] < 2 || at + transport[at + 1] > end)
            {
                return;
            }

            if (transport[at] == MaximumSegmentSize && transport[at + 1] == MaximumSegmentSizeLength)
            {
                var asked = BinaryPrimitives.ReadUInt16BigEndian(transport[(at + 2)..]);
                if (asked > most)
                {
                    BinaryPrimitives.WriteUInt16BigEndian(transport[(at + 2)..], most);

                    // At an odd offset the two bytes straddle two summed words: swap both sides (RFC 1071 section 2 B).
                    var odd = (at & 1) == 1;
                    var checksum = InternetChecksum.Update(BinaryPrimitives.ReadUInt16BigEndian(transport[16..]),
                        odd ? BinaryPrimitives.ReverseEndianness(asked) : asked, odd ? BinaryPrimitives.ReverseEndianness(most) : most);
                    BinaryPrimitives.WriteUInt16BigEndian(transport[16..], checksum);
                }

                return;
            }

            at += transport[at + 1];
        }
    }
}
