using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Ntm.Crypto.AesGcm;

// GHASH's field, GF(2^128) with x^128 + x^7 + x^2 + x + 1 (NIST SP 800-38D, section 6).
// GCM's bit 0, the coefficient of x^0, is the highest bit of the first byte, so a block with its bytes reversed is a polynomial with its coefficients reversed:
// bit 127 - i stands for x^i. The carry-less product of two such numbers has 255 bits, and is read as 256: that multiplies by x, which is why the hash key is
// divided by x beforehand. Then bit 255 - i of a product stands for x^i.
internal static unsafe class Ghash<TInstructions>
    where TInstructions : struct, IAesInstructions
{
    // 1 + x + x^6, as 64 reversed bits.
    private const ulong Folding = 0xC200_0000_0000_0000;

    private const int Block = GcmKey.BlockSize;

    // The hash key as it is multiplied by, H / x: coefficients move up by a bit, and what falls out, x^-1, is x^127 + x^6 + x + 1.
    internal static Vector128<ulong> KeyOf(Vector128<byte> encryptedZero)
    {
        var h = Reverse(encryptedZero);
        var (lower, upper) = (h[0], h[1]);
        var fallen = 0 - (upper >> 63);
        return Vector128.Create((lower << 1) ^ (fallen & 1), ((upper << 1) | (lower >> 63)) ^ (fallen & Folding));
    }

    // The block as a polynomial.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<ulong> Load(byte* block) => Reverse(Vector128.Load(block));

    internal static Vector128<ulong> Multiply(Vector128<ulong> a, Vector128<ulong> b)
    {
        Product product = default;
        product.Add(a, b);
        return product.Reduce();
    }

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
            hash = Multiply(hash ^ Load(padded), Power(powers, 1));
        }

        return hash;
    }

    // The last blocks, padded with zeros, and the block of lengths.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> HashLast(byte* powers, Vector128<ulong> hash, byte* rest, int length, int associatedLength, int textLength)
    {
        Product product = default;
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Power(byte* powers, int power) => Vector128.Load(powers + ((GcmKey.Powers - power) * Block)).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Reverse(Vector128<byte> block) =>
        Vector128.Shuffle(block, Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)).AsUInt64();

    // A sum of products, not yet reduced.
    internal struct Product
    {
        private Vector128<ulong> _lower;
        private Vector128<ulong> _middle;
        private Vector128<ulong> _upper;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal void Add(Vector128<ulong> a, Vector128<ulong> b)
        {
            _lower ^= TInstructions.MultiplyLower(a, b);
            _middle ^= TInstructions.MultiplyCrosswise(a, b);
            _upper ^= TInstructions.MultiplyUpper(a, b);
        }

        // The lowest 64 bits, x^192 and up, are folded onto the 128 above them, then the next 64: x^128 is 1 + x (1 + x + x^6). The 1 is the exchange of halves,
        // the rest the multiplication. The middle product belongs to just those 128 bits that the first folding changes.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal readonly Vector128<ulong> Reduce()
        {
            var folding = Vector128.CreateScalar(Folding);
            var once = Exchange(_lower) ^ TInstructions.MultiplyLower(_lower, folding) ^ _middle;
            return _upper ^ Exchange(once) ^ TInstructions.MultiplyLower(once, folding);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector128<ulong> Exchange(Vector128<ulong> halves) => Vector128.Shuffle(halves, Vector128.Create(1UL, 0UL));
    }
}
