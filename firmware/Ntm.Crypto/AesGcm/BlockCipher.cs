using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace Ntm.Crypto.AesGcm;

// AES-256 (FIPS 197): its key expansion, and one block.
internal static unsafe class BlockCipher<TInstructions>
    where TInstructions : struct, IAesInstructions
{
    private const int Block = GcmKey.BlockSize;
    private const int KeyWords = GcmKey.KeySize / sizeof(uint);
    private const int Words = (GcmKey.Rounds + 1) * Block / sizeof(uint);

    internal static void Expand(ReadOnlySpan<byte> key, byte* roundKeys)
    {
        var words = new Span<byte>(roundKeys, Words * sizeof(uint));
        key.CopyTo(words);
        uint roundConstant = 1;
        for (var i = KeyWords; i < Words; i++)
        {
            // Little-endian words: RotWord, to the left in the standard, is to the right here, and the round constant is added to the lowest byte.
            var word = Word(words, i - 1);
            if (i % KeyWords == 0)
            {
                word = BitOperations.RotateRight(Substitute(word), 8) ^ roundConstant;
                roundConstant <<= 1;
            }
            else if (i % KeyWords == KeyWords / 2)
            {
                word = Substitute(word);
            }

            BinaryPrimitives.WriteUInt32LittleEndian(words[(i * sizeof(uint))..], Word(words, i - KeyWords) ^ word);
        }
    }

    internal static Vector128<byte> Encrypt(byte* keys, Vector128<byte> block)
    {
        var state = TInstructions.Begin(block, Vector128.Load(keys));
        for (var i = 0; i < GcmKey.Rounds - 1; i++)
        {
            state = TInstructions.Round(state, Vector128.Load(keys + (i * Block)), Vector128.Load(keys + ((i + 1) * Block)));
        }

        return TInstructions.LastRound(state, Vector128.Load(keys + ((GcmKey.Rounds - 1) * Block)), Vector128.Load(keys + (GcmKey.Rounds * Block)));
    }

    private static uint Word(ReadOnlySpan<byte> words, int index) => BinaryPrimitives.ReadUInt32LittleEndian(words[(index * sizeof(uint))..]);

    // SubWord by the processor's SubBytes: a last round without keys. Its ShiftRows changes nothing where all columns are equal.
    private static uint Substitute(uint word) =>
        TInstructions.LastRound(Vector128.Create(word).AsByte(), Vector128<byte>.Zero, Vector128<byte>.Zero).AsUInt32().ToScalar();
}
