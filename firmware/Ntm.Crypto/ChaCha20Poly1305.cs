using System.Buffers.Binary;

namespace Ntm.Crypto;

/// <summary>ChaCha20-Poly1305 (RFC 8439) under one key, through reused libcrypto contexts: no allocation per call.</summary>
/// <remarks>
/// Not thread-safe.
/// A counter must be sealed with once only under a key: that is the caller's duty. Disposing wipes the key. Calls after that throw
/// <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed class ChaCha20Poly1305 : IDisposable
{
    public const int KeySize = 32;
    public const int TagSize = LibCipher.TagSize;
    internal const int NonceSize = LibCipher.NonceSize;

    private const int CounterOffset = 4;

    private readonly LibCipher _cipher;

    /// <param name="key">32 bytes; they are copied.</param>
    public ChaCha20Poly1305(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySize, nameof(key));
        _cipher = new LibCipher(Algorithms.ChaCha20Poly1305, key);
    }

    /// <summary>Encrypts in place. The nonce is WireGuard's: 32 zero bits, then the counter, little-endian.</summary>
    /// <param name="text">Plaintext in, ciphertext out; may be empty.</param>
    /// <param name="tag">16 bytes; may lie right behind the text.</param>
    public void Seal(ulong counter, ReadOnlySpan<byte> associatedData, Span<byte> text, Span<byte> tag)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[CounterOffset..], counter);
        Seal(nonce, associatedData, text, tag);
    }

    /// <summary>Decrypts in place. Never throws for what a peer sent.</summary>
    /// <param name="tag">16 bytes.</param>
    /// <returns>False where the tag does not fit; the text's bytes are then worthless (they are zeroed).</returns>
    public bool TryOpen(ulong counter, ReadOnlySpan<byte> associatedData, Span<byte> text, ReadOnlySpan<byte> tag)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[CounterOffset..], counter);
        return TryOpen(nonce, associatedData, text, tag);
    }

    // With RFC 8439's whole nonce, 12 bytes: its vectors set the 32 bits that WireGuard leaves zero.
    internal void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> text, Span<byte> tag) =>
        _cipher.Seal(nonce, associatedData, text, tag);

    internal bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> text, ReadOnlySpan<byte> tag) =>
        _cipher.TryOpen(nonce, associatedData, text, tag);

    public void Dispose() => _cipher.Dispose();
}
