using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Ntm.Crypto.AesGcm;

// GHASH (NIST SP 800-38D, section 6.4) over GF(2^128) with x^128 + x^7 + x^2 + x + 1.
// GCM's first bit, the highest of the first byte, is the coefficient of x^0. So a block with its bytes reversed is a number whose bit 127 - i stands for x^i.
// The carry-less product of two such numbers has 255 bits. Read as 256 bits, with bit 255 - i for x^i, it is x times the polynomials' product: so one factor, the
// hash key, is divided by x beforehand.
internal static unsafe class Ghash<TInstructions>
    where TInstructions : struct, IAesInstructions
{
    private const int Block = GcmKey.BlockSize;

    // 1 + x + x^6 as 64 bits, bit 63 - i for x^i.
    internal const ulong Folding = 0xC200_0000_0000_0000;

    // The powers of H / x, from the highest on, each followed by the sum of its halves, which `Product` wants.
    internal static void Prepare(Vector128<byte> encryptedZero, byte* powers)
    {
        var h = DividedByX(Reverse(encryptedZero));
        var power = h;
        for (var i = 1; i <= GcmKey.Powers; i++)
        {
            var at = Power(powers, i);
            power.AsByte().Store(at);
            (power ^ Product<TInstructions>.Exchange(power)).AsByte().Store(at + Block);
            Product<TInstructions> product = default;
            product.Add(power, Power(powers, 1));
            power = product.Reduce();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte* Power(byte* powers, int power) => powers + ((GcmKey.Powers - power) * 2 * Block);

    // The block as a polynomial.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<ulong> Load(byte* block) => Reverse(Vector128.Load(block));

    // Padded with zeros to whole blocks. A tunnel's packets have none.
    internal static Vector128<ulong> HashAssociated(byte* powers, ReadOnlySpan<byte> associatedData)
    {
        var hash = Vector128<ulong>.Zero;
        var padded = stackalloc byte[Block];
        while (!associatedData.IsEmpty)
        {
            var length = Math.Min(Block, associatedData.Length);
            var block = new Span<byte>(padded, Block);
            block.Clear();
            associatedData[..length].CopyTo(block);
            associatedData = associatedData[length..];
            Product<TInstructions> product = default;
            product.Add(hash ^ Load(padded), Power(powers, 1));
            hash = product.Reduce();
        }

        return hash;
    }

    // The last blocks, padded with zeros, and the block of lengths.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> HashLast(byte* powers, Vector128<ulong> hash, byte* rest, int length, int associatedLength, int textLength)
    {
        Product<TInstructions> product = default;
        var power = ((length + Block - 1) / Block) + 1;
        for (; power > 1; power--)
        {
            product.Add(hash ^ Load(rest), Power(powers, power));
            hash = Vector128<ulong>.Zero;
            rest += Block;
        }

        product.Add(hash ^ Vector128.Create((ulong)textLength * 8, (ulong)associatedLength * 8), Power(powers, 1));
        return Reverse(product.Reduce().AsByte()).AsByte();
    }

    // Coefficients move up by a bit, and what falls out, x^-1, is x^127 + x^6 + x + 1.
    private static Vector128<ulong> DividedByX(Vector128<ulong> h)
    {
        var lower = h.ToScalar();
        var upper = h.GetElement(1);
        var fallen = 0 - (upper >> 63);
        return Vector128.Create((lower << 1) ^ (fallen & 1), ((upper << 1) | (lower >> 63)) ^ (fallen & Folding));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Reverse(Vector128<byte> block) =>
        Vector128.Shuffle(block, Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)).AsUInt64();
}
