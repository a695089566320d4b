using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Ntm.Crypto;

// HChaCha20 (draft-irtf-cfrg-xchacha-03, section 2.2): the subkey for XChaCha20. The only primitive in this room written by hand,
// because libcrypto has none; additions, xors and rotations only, so its time does not depend on the key.
internal static class HChaCha20
{
    internal const int NonceSize = 16;

    /// <param name="key">32 bytes.</param>
    /// <param name="nonce">16 bytes.</param>
    /// <param name="subkey">32 bytes.</param>
    internal static void Derive(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, Span<byte> subkey)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, ChaCha20Poly1305.KeySize, nameof(key));
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceSize, nameof(nonce));
        ArgumentOutOfRangeException.ThrowIfNotEqual(subkey.Length, ChaCha20Poly1305.KeySize, nameof(subkey));

        Span<uint> state = stackalloc uint[16];
        Fill(state[..4], "expand 32-byte k"u8);
        Fill(state[4..12], key);
        Fill(state[12..], nonce);

        for (int doubleRound = 0; doubleRound < 10; doubleRound++)
        {
            QuarterRound(state, 0, 4, 8, 12);
            QuarterRound(state, 1, 5, 9, 13);
            QuarterRound(state, 2, 6, 10, 14);
            QuarterRound(state, 3, 7, 11, 15);
            QuarterRound(state, 0, 5, 10, 15);
            QuarterRound(state, 1, 6, 11, 12);
            QuarterRound(state, 2, 7, 8, 13);
            QuarterRound(state, 3, 4, 9, 14);
        }

        // The first and last rows, without ChaCha20's final addition of the input.
        for (int i = 0; i < 4; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(subkey[(4 * i)..], state[i]);
            BinaryPrimitives.WriteUInt32LittleEndian(subkey[(16 + 4 * i)..], state[12 + i]);
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(state));
    }

    private static void Fill(Span<uint> words, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < words.Length; i++)
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 * i)..]);
    }

    // RFC 8439, section 2.1.
    private static void QuarterRound(Span<uint> s, int a, int b, int c, int d)
    {
        s[a] += s[b];
        s[d] = BitOperations.RotateLeft(s[d] ^ s[a], 16);
        s[c] += s[d];
        s[b] = BitOperations.RotateLeft(s[b] ^ s[c], 12);
        s[a] += s[b];
        s[d] = BitOperations.RotateLeft(s[d] ^ s[a], 8);
        s[c] += s[d];
        s[b] = BitOperations.RotateLeft(s[b] ^ s[c], 7);
    }
}
