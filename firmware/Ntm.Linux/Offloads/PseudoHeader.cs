using Ntm.Protocol;
using static Ntm.Linux.Offloads.IpLayout;

namespace Ntm.Linux.Offloads;

/// <summary>The pseudo-header of TCP and UDP in either family.</summary>
internal static class PseudoHeader
{
    /// <summary>Its sum, unfolded.</summary>
    /// <param name="packet">With its IP header.</param>
    /// <param name="length">Bytes of transport header and payload.</param>
    public static ulong Sum(ReadOnlySpan<byte> packet, bool isIPv4, byte protocol, int length) =>
        InternetChecksum.Sum(isIPv4 ? packet.Slice(Addresses4, 8) : packet.Slice(Addresses6, 32)) + protocol + (uint)length;
}
