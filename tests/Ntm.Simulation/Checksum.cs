namespace Ntm.Simulation;

/// <summary>The Internet checksum (RFC 1071), in its plainest form: byte pairs, added up, folded at the end.</summary>
public static class Checksum
{
    /// <summary>The checksum; 0 over bytes that hold a right one.</summary>
    /// <param name="bytes">What it is over.</param>
    /// <param name="start">A sum to begin with: that of the pseudo-header.</param>
    public static ushort Of(ReadOnlySpan<byte> bytes, ulong start = 0)
    {
        var sum = start;
        for (var i = 0; i < bytes.Length; i++)
        {
            sum += (ulong)bytes[i] << (i % 2 == 0 ? 8 : 0);
        }

        while (sum >> 16 != 0)
        {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)~sum;
    }

    /// <summary>Sum of the pseudo-header of IPv4 (RFC 768) or IPv6 (RFC 8200 section 8.1).</summary>
    public static ulong Pseudo(ReadOnlySpan<byte> source, ReadOnlySpan<byte> destination, byte protocol, int length)
    {
        var sum = protocol + (ulong)length;
        for (var i = 0; i < source.Length; i++)
        {
            sum += (ulong)(source[i] + destination[i]) << (i % 2 == 0 ? 8 : 0);
        }

        return sum;
    }
}
