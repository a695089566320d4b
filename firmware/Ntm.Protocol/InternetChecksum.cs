using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Ntm.Protocol;

/// <summary>The Internet checksum (RFC 1071) and its incremental update (RFC 1624). Sums are kept unfolded in 64 bits, in big-endian words.</summary>
public static class InternetChecksum
{
    /// <summary>The sum of 16-bit words; an odd last byte counts as the high half of one.</summary>
    public static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        // One's complement sums do not mind byte order (RFC 1071 section 2 B): add 32-bit words as they lie, swap once at the end.
        ulong sum = 0;
        if (bytes.Length >= 2 * Vector256<byte>.Count)
        {
            // The two halves of 64-bit lanes, apart: neither overflows before 16 GB.
            ref var at = ref MemoryMarshal.GetReference(bytes);
            var (low, high) = (Vector256<ulong>.Zero, Vector256<ulong>.Zero);
            var end = bytes.Length & ~(Vector256<byte>.Count - 1);
            for (var i = 0; i < end; i += Vector256<byte>.Count)
            {
                var lanes = Vector256.LoadUnsafe(ref at, (nuint)i).AsUInt64();
                low += lanes & Vector256.Create(0xFFFF_FFFFul);
                high += lanes >>> 32;
            }

            sum = Vector256.Sum(low + high);
            bytes = bytes[end..];
        }

        var words = MemoryMarshal.Cast<byte, uint>(bytes);
        foreach (var word in words)
        {
            sum += word;
        }

        var rest = bytes[(words.Length * 4)..];
        if (rest.Length >= 2)
        {
            sum += MemoryMarshal.Read<ushort>(rest);
            rest = rest[2..];
        }

        if (rest.Length == 1)
        {
            sum += BitConverter.IsLittleEndian ? rest[0] : (uint)rest[0] << 8;
        }

        var folded = Fold(sum);
        return BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(folded) : folded;
    }

    public static ulong Sum(uint word) => (word >> 16) + (word & 0xFFFF);

    public static ulong Sum(VirtualAddress address) => Sum((uint)(address.High >> 32)) + Sum((uint)address.High)
        + Sum((uint)(address.Low >> 32)) + Sum((uint)address.Low);

    /// <summary>Sum of an IPv6 pseudo-header (RFC 8200 section 8.1).</summary>
    public static ulong PseudoHeader(VirtualAddress source, VirtualAddress destination, int length, byte nextHeader) =>
        Sum(source) + Sum(destination) + (uint)length + nextHeader;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Fold(ulong sum)
    {
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        var low = (uint)sum;
        low = (low & 0xFFFF) + (low >> 16);
        low = (low & 0xFFFF) + (low >> 16);
        return (ushort)low;
    }

    /// <summary>The checksum field for a sum.</summary>
    public static ushort Finish(ulong sum) => (ushort)~Fold(sum);

    /// <summary>RFC 1624 equation 3: HC' = ~(~HC + ~m + m'). An error in the packet stays an error.</summary>
    public static ushort Update(ushort checksum, ulong removed, ulong added) =>
        Finish((ulong)(ushort)~checksum + (ushort)~Fold(removed) + Fold(added));
}
