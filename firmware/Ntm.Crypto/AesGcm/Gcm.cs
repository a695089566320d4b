using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace Ntm.Crypto.AesGcm;

// AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and 128-bit tags, in place. A text is cut into groups of eight blocks (`BlockGroup`). What is left at the
// end, fewer than eight blocks, is done in scratch memory, as a group with the block that masks the tag at its head.
internal static unsafe class Gcm<TInstructions>
    where TInstructions : struct, IAesInstructions
{
    private const int Block = GcmKey.BlockSize;
    private const int Group = BlockGroup<TInstructions>.Size;
    private const int ScratchSize = Block + Group;

    internal static void Prepare(ReadOnlySpan<byte> key, GcmKey ready)
    {
        BlockCipher<TInstructions>.Expand(key, ready.RoundKeys);
        Ghash<TInstructions>.Prepare(BlockCipher<TInstructions>.Encrypt(ready.RoundKeys, Vector128<byte>.Zero), ready.HashPowers);
        GC.KeepAlive(ready);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Seal(GcmKey key, CounterBlock mask, ReadOnlySpan<byte> associatedData, Span<byte> text, Span<byte> tag)
    {
        var keys = key.RoundKeys;
        var powers = key.HashPowers;
        var rest = text.Length % Group;
        var whole = text.Length - rest;
        var scratch = stackalloc byte[ScratchSize];
        text[whole..].CopyTo(new Span<byte>(scratch + Block, Group));
        var hash = associatedData.IsEmpty ? Vector128<ulong>.Zero : Ghash<TInstructions>.HashAssociated(powers, associatedData);
        var counter = mask;
        fixed (byte* begin = text)
        {
            for (var at = 0; at <= whole; at += Group)
            {
                var isLast = at == whole;
                var group = isLast ? scratch : begin + at;
                var others = isLast ? counter : counter.Next;
                var first = isLast ? mask : others;

                // A group is hashed once it is encrypted: with the next.
                if (at == 0)
                {
                    BlockGroup<TInstructions>.Encrypt(keys, first, others, group);
                }
                else
                {
                    hash = BlockGroup<TInstructions>.EncryptAndHash(keys, first, others, group, powers, hash, begin + at - Group);
                }

                counter = counter.Plus(EightBlocks<TInstructions>.Count);
            }
        }

        EncryptEighth(keys, counter, scratch, rest);
        new ReadOnlySpan<byte>(scratch + Block, rest).CopyTo(text[whole..]);
        new Span<byte>(scratch + Block + rest, Group - rest).Clear();
        var end = Ghash<TInstructions>.HashLast(powers, hash, scratch + Block, rest, associatedData.Length, text.Length);
        GC.KeepAlive(key); // Its memory is only pointed at.
        (end ^ Vector128.Load(scratch)).CopyTo(tag);
    }

    // False where the tag does not fit; the text is zeroed then.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static bool TryOpen(GcmKey key, CounterBlock mask, ReadOnlySpan<byte> associatedData, Span<byte> text, ReadOnlySpan<byte> tag)
    {
        var keys = key.RoundKeys;
        var powers = key.HashPowers;
        var rest = text.Length % Group;
        var whole = text.Length - rest;
        var scratch = stackalloc byte[ScratchSize];
        text[whole..].CopyTo(new Span<byte>(scratch + Block, Group));
        var hash = associatedData.IsEmpty ? Vector128<ulong>.Zero : Ghash<TInstructions>.HashAssociated(powers, associatedData);
        var counter = mask;
        fixed (byte* begin = text)
        {
            for (var at = 0; at < whole; at += Group)
            {
                hash = BlockGroup<TInstructions>.EncryptAndHash(keys, counter.Next, counter.Next, begin + at, powers, hash, begin + at);
                counter = counter.Plus(EightBlocks<TInstructions>.Count);
            }
        }

        var end = Ghash<TInstructions>.HashLast(powers, hash, scratch + Block, rest, associatedData.Length, text.Length);
        BlockGroup<TInstructions>.Encrypt(keys, mask, counter, scratch);
        EncryptEighth(keys, counter.Plus(EightBlocks<TInstructions>.Count), scratch, rest);
        GC.KeepAlive(key);

        // All bits at once: what takes longer tells nothing of where tags differ.
        if ((end ^ Vector128.Load(scratch)) != Vector128.Create(tag))
        {
            CryptographicOperations.ZeroMemory(text);
            return false;
        }

        new ReadOnlySpan<byte>(scratch + Block, rest).CopyTo(text[whole..]);
        return true;
    }

    // The mask takes a block of the last group, so a rest of more than seven blocks has an eighth one over.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EncryptEighth(byte* keys, CounterBlock counter, byte* scratch, int rest)
    {
        if (rest > Group - Block)
        {
            EncryptOne(keys, counter, scratch + Group);
        }
    }

    private static void EncryptOne(byte* keys, CounterBlock counter, byte* block) =>
        (BlockCipher<TInstructions>.Encrypt(keys, counter.Bytes) ^ Vector128.Load(block)).Store(block);
}
