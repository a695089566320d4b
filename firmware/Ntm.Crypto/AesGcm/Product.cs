using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Ntm.Crypto.AesGcm;

// A sum of GHASH's products, 256 bits, not yet reduced. A product is three of 64 by 64 bits (Karatsuba): of lower halves, upper halves, and sums of halves.
internal unsafe struct Product<TInstructions>
    where TInstructions : struct, IAesInstructions
{
    private Vector128<ulong> _lower;
    private Vector128<ulong> _upper;
    private Vector128<ulong> _sums;

    // `power` is a power of the hash key and the sum of its halves.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(Vector128<ulong> block, byte* power)
    {
        var key = Vector128.Load(power).AsUInt64();
        _lower ^= TInstructions.MultiplyLower(block, key);
        _upper ^= TInstructions.MultiplyUpper(block, key);
        _sums ^= TInstructions.MultiplyLower(block ^ Exchange(block), Vector128.Load(power + GcmKey.BlockSize).AsUInt64());
    }

    // The lowest 64 bits, x^192 and up, are folded onto the 128 above them, then the next 64 likewise: x^128 is 1 + x (1 + x + x^6). The 1 is the exchange of
    // halves, the rest the multiplication. The products of lower by upper halves belong to the 128 bits that the first folding changes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Vector128<ulong> Reduce()
    {
        var folding = Vector128.CreateScalar(Ghash<TInstructions>.Folding);
        var middle = _sums ^ _lower ^ _upper;
        var once = middle ^ Exchange(_lower) ^ TInstructions.MultiplyLower(_lower, folding);
        return _upper ^ Exchange(once) ^ TInstructions.MultiplyLower(once, folding);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<ulong> Exchange(Vector128<ulong> halves) => Vector128.Shuffle(halves, Vector128.Create(1UL, 0UL));
}
