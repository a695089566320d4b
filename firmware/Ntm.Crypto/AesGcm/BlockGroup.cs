using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Ntm.Crypto.AesGcm;

// Eight blocks of text, encrypted (or decrypted, which is the same) in counter mode, alone or while eight others are hashed.
internal static unsafe class BlockGroup<TInstructions>
    where TInstructions : struct, IAesInstructions
{
    internal const int Size = EightBlocks<TInstructions>.Count * Block;

    private const int Block = GcmKey.BlockSize;

    // The first block has a counter of its own, the others count on from the block before them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Encrypt(byte* keys, CounterBlock first, CounterBlock beforeOthers, byte* text)
    {
        var key = Vector128.Load(keys);
        var blocks = new EightBlocks<TInstructions>(first, beforeOthers, key);
        for (var i = 1; i < GcmKey.Rounds; i++)
        {
            Round(ref blocks, ref key, keys + (i * Block));
        }

        blocks.Finish(key, Vector128.Load(keys + (GcmKey.Rounds * Block)), text);
    }

    // The hash goes on over the eight blocks at `hashed`, which are read before the text is written: they may be the same.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<ulong> EncryptAndHash(
        byte* keys, CounterBlock first, CounterBlock beforeOthers, byte* text, byte* powers, Vector128<ulong> hash, byte* hashed)
    {
        var key = Vector128.Load(keys);
        var blocks = new EightBlocks<TInstructions>(first, beforeOthers, key);
        Product<TInstructions> product = default;

        // A round of encryption and a product in turn, neither of which waits for the other.
        Round(ref blocks, ref key, keys + Block);
        product.Add(hash ^ Ghash<TInstructions>.Load(hashed), Ghash<TInstructions>.Power(powers, 8));
        Round(ref blocks, ref key, keys + (2 * Block));
        product.Add(Ghash<TInstructions>.Load(hashed + Block), Ghash<TInstructions>.Power(powers, 7));
        Round(ref blocks, ref key, keys + (3 * Block));
        product.Add(Ghash<TInstructions>.Load(hashed + (2 * Block)), Ghash<TInstructions>.Power(powers, 6));
        Round(ref blocks, ref key, keys + (4 * Block));
        product.Add(Ghash<TInstructions>.Load(hashed + (3 * Block)), Ghash<TInstructions>.Power(powers, 5));
        Round(ref blocks, ref key, keys + (5 * Block));
        product.Add(Ghash<TInstructions>.Load(hashed + (4 * Block)), Ghash<TInstructions>.Power(powers, 4));
        Round(ref blocks, ref key, keys + (6 * Block));
        product.Add(Ghash<TInstructions>.Load(hashed + (5 * Block)), Ghash<TInstructions>.Power(powers, 3));
        Round(ref blocks, ref key, keys + (7 * Block));
        product.Add(Ghash<TInstructions>.Load(hashed + (6 * Block)), Ghash<TInstructions>.Power(powers, 2));
        Round(ref blocks, ref key, keys + (8 * Block));
        product.Add(Ghash<TInstructions>.Load(hashed + (7 * Block)), Ghash<TInstructions>.Power(powers, 1));
        Round(ref blocks, ref key, keys + (9 * Block));
        Round(ref blocks, ref key, keys + (10 * Block));
        Round(ref blocks, ref key, keys + (11 * Block));
        Round(ref blocks, ref key, keys + (12 * Block));
        Round(ref blocks, ref key, keys + (13 * Block));
        blocks.Finish(key, Vector128.Load(keys + (GcmKey.Rounds * Block)), text);
        return product.Reduce();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(ref EightBlocks<TInstructions> blocks, ref Vector128<byte> key, byte* next)
    {
        var after = Vector128.Load(next);
        blocks.Round(key, after);
        key = after;
    }
}
