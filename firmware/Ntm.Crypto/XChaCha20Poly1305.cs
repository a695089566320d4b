using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Ntm.Crypto;

/// <summary>XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) for the cookie reply.</summary>
/// <remarks>
/// HChaCha20 here, since libcrypto lacks it, the rest libcrypto's. A call sets a key up: for rare messages, not for the data path.
/// </remarks>
public static class XChaCha20Poly1305
{
    public const int NonceSize = 24;

    /// <summary>Encrypts in place.</summary>
    /// <param name="key">32 bytes.</param>
    /// <param name="nonce">24 bytes, may be random.</param>
    /// <param name="tag">16 bytes.</param>
    public static void Seal(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> text, Span<byte> tag)
    {
        using var cipher = Subkeyed(key, nonce);
        cipher.Seal(Rest(nonce), associatedData, text, tag);
    }

    /// <summary>Decrypts in place.</summary>
    /// <returns>False where the tag does not fit; the text's bytes are then worthless (they are zeroed).</returns>
    public static bool TryOpen(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> text, ReadOnlySpan<byte> tag)
    {
        using var cipher = Subkeyed(key, nonce);
        return cipher.TryOpen(Rest(nonce), associatedData, text, tag);
    }

    private static ChaCha20Poly1305 Subkeyed(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceSize, nameof(nonce));
        Span<byte> subkey = stackalloc byte[ChaCha20Poly1305.KeySize];
        HChaCha20.Derive(key, nonce[..HChaCha20.NonceSize], subkey);
        var cipher = new ChaCha20Poly1305(subkey);
        CryptographicOperations.ZeroMemory(subkey);
        return cipher;
    }

    // The draft's inner nonce is four zero bytes and the last eight: a counter, as WireGuard's nonce has it.
    private static ulong Rest(ReadOnlySpan<byte> nonce) => BinaryPrimitives.ReadUInt64LittleEndian(nonce[HChaCha20.NonceSize..]);
}
