using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Ntm.Crypto.AesGcm;

// GCM's counter blocks under one nonce: 96 bits of nonce, 32 of counter, big-endian. The counter is kept in the processor's order, so that adding is an addition.
internal readonly struct CounterBlock
{
    private readonly Vector128<uint> _words;

    // SP 800-38D's J0, whose counter is 1: it masks the tag, and the text's first block has the next.
    internal static CounterBlock OfMask(ReadOnlySpan<byte> nonce) => new(Vector128.Create(
        BinaryPrimitives.ReadUInt32LittleEndian(nonce),
        BinaryPrimitives.ReadUInt32LittleEndian(nonce[4..]),
        BinaryPrimitives.ReadUInt32LittleEndian(nonce[8..]),
        1));

    private CounterBlock(Vector128<uint> words) => _words = words;

    internal CounterBlock Next
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Plus(1);
    }

    // As it is encrypted.
    internal Vector128<byte> Bytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Shuffle(_words.AsByte(), Vector128.Create((byte)0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 14, 13, 12));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal CounterBlock Plus(uint blocks) => new(_words + Vector128.Create(0, 0, 0, blocks));
}
