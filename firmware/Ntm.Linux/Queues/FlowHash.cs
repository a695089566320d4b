using System.Runtime.InteropServices;
using static Ntm.Linux.Offloads.IpLayout;

namespace Ntm.Linux.Queues;

/// <summary>A number for a packet's flow, other in each run of the program, so that nobody can choose addresses and ports that fall together.</summary>
public static class FlowHash
{
    /// <param name="packet">Any bytes; what is no IP has one flow.</param>
    public static int Of(ReadOnlySpan<byte> packet)
    {
        if (packet.Length >= IPv4Header && packet[0] >> 4 == 4)
        {
            // Fragments but the first have no ports; so that all keep their order, none of them is asked for its.
            var header = (packet[0] & 15) * 4;
            var isFragment = ((packet[Fragment] & 0x3F) | packet[Fragment + 1]) != 0;
            return Mix(packet.Slice(Addresses4, 8), packet[Carries], isFragment ? 0 : PortsAt(packet, header, packet[Carries]));
        }

        if (packet.Length >= IPv6Header && packet[0] >> 4 == 6)
        {
            return Mix(packet.Slice(Addresses6, 32), packet[NextHeader], PortsAt(packet, IPv6Header, packet[NextHeader]));
        }

        return 0;
    }

    private static uint PortsAt(ReadOnlySpan<byte> packet, int transport, byte protocol) =>
        protocol is Tcp or Udp && transport + sizeof(uint) <= packet.Length ? MemoryMarshal.Read<uint>(packet[transport..]) : 0;

    // HashCode is seeded at random when the program starts.
    private static int Mix(ReadOnlySpan<byte> addresses, byte protocol, uint ports)
    {
        var hash = default(HashCode);
        hash.AddBytes(addresses);
        hash.Add(((ulong)protocol << 32) + ports);
        return hash.ToHashCode();
    }
}
