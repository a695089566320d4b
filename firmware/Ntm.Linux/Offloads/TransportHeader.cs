using System.Buffers.Binary;
using static Ntm.Linux.Offloads.IpLayout;

namespace Ntm.Linux.Offloads;

/// <summary>What follows the IP header of a packet of our own kernel, beyond IPv4 options and IPv6 extension headers. Pure.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="Protocol">Which it is: TCP, UDP or another.</param>
/// <param name="IsFragment">Of which this is only a part.</param>
/// <param name="IsRouted">Of an IPv6 packet with a routing header: its pseudo-header has another destination than the header (RFC 8200 section 8.1).</param>
internal readonly record struct TransportHeader(int Start, byte Protocol, bool IsFragment, bool IsRouted)
{
    private const byte HopByHop = 0, Routing = 43, FragmentHeader = 44, DestinationOptions = 60;

    /// <summary>Extension headers that are gone through.</summary>
    private const int MostExtensions = 8;

    /// <returns>False: it is no IP packet, or its headers reach beyond its end.</returns>
    public static bool TryFind(ReadOnlySpan<byte> packet, out TransportHeader found)
    {
        found = default;
        if (packet.Length < IPv4Header)
        {
            return false;
        }

        if (packet[0] >> 4 == 4)
        {
            var start = (packet[0] & 15) * 4;
            found = new(start, packet[Carries], (BinaryPrimitives.ReadUInt16BigEndian(packet[Fragment..]) & 0x3FFF) != 0, false);
            return start >= IPv4Header && start <= packet.Length;
        }

        if (packet[0] >> 4 != 6 || packet.Length < IPv6Header)
        {
            return false;
        }

        found = new(IPv6Header, packet[NextHeader], false, false);
        for (var left = MostExtensions; found.Protocol is HopByHop or Routing or FragmentHeader or DestinationOptions; left--)
        {
            if (left == 0 || found.Start + 8 > packet.Length)
            {
                return false;
            }

            var length = found.Protocol == FragmentHeader ? 8 : (packet[found.Start + 1] + 1) * 8;
            found = new(found.Start + length, packet[found.Start], found.IsFragment || found.Protocol == FragmentHeader, found.IsRouted || found.Protocol == Routing);
        }

        return found.Start <= packet.Length;
    }
}
