using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Ntm.Crypto.AesGcm;

// Eight blocks of text, encrypted (or decrypted, which is the same) in counter mode, alone or while eight others are hashed.
internal static unsafe class BlockGroup<TInstructions>
    where TInstructions : struct, IAesInstructions
{
    internal const int Size = Lanes<TInstructions>.Count * Block;

    private const int Block = GcmKey.BlockSize;

    // The first block has a counter of its own, the others count on from `others`.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Encrypt(byte* keys, CounterBlock first, CounterBlock others, byte* text)
    {
        var key = Vector128.Load(keys);
        var lanes = new Lanes<TInstructions>(first, others, key);
        Finish(ref lanes, key, keys + Block, GcmKey.Rounds, text);
    }

    // The hash goes on over the eight blocks at `hashed`, which are read before the text is written: they may be the same.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<ulong> EncryptAndHash(
        byte* keys, CounterBlock first, CounterBlock others, byte* text, byte* powers, Vector128<ulong> hash, byte* hashed)
    {
        var key = Vector128.Load(keys);
        var lanes = new Lanes<TInstructions>(first, others, key);
        Ghash<TInstructions>.Product product = default;
        var term = hash ^ Ghash<TInstructions>.Load(hashed);

        // A round of encryption and a product at a time, which do not wait for each other.
        for (var i = 1; i <= Lanes<TInstructions>.Count; i++)
        {
            var next = Vector128.Load(keys + (i * Block));
            lanes.Round(key, next);
            product.Add(term, Vector128.Load(powers + (i * Block)).AsUInt64());
            term = Ghash<TInstructions>.Load(hashed + ((i % Lanes<TInstructions>.Count) * Block));
            key = next;
        }

        Finish(ref lanes, key, keys + ((Lanes<TInstructions>.Count + 1) * Block), GcmKey.Rounds - Lanes<TInstructions>.Count, text);
        return product.Reduce();
    }

    // The rounds that are left; `key` is the last one used, `keys` are those that follow.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(ref Lanes<TInstructions> lanes, Vector128<byte> key, byte* keys, int rounds, byte* text)
    {
        for (var i = 0; i < rounds - 1; i++)
        {
            var next = Vector128.Load(keys + (i * Block));
            lanes.Round(key, next);
            key = next;
        }

        lanes.Finish(key, Vector128.Load(keys + ((rounds - 1) * Block)), text);
    }
}
