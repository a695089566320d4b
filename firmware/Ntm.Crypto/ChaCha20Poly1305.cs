using System.Buffers.Binary;
using System.Security.Cryptography;
using static Ntm.Crypto.LibCrypto;

namespace Ntm.Crypto;

/// <summary>ChaCha20-Poly1305 (RFC 8439) under one key, through reused libcrypto contexts: no allocation per call.</summary>
/// <remarks>
/// Not thread-safe.
/// A counter must be sealed with once only under a key: that is the caller's duty. Disposing wipes the key. Calls after that throw
/// <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed unsafe class ChaCha20Poly1305 : IDisposable
{
    public const int KeySize = 32;
    public const int TagSize = 16;
    internal const int NonceSize = 12;

    private const int CounterOffset = 4;

    // The key schedule stays in the contexts; a call only sets a nonce. One each way, since a context cannot change direction cheaply.
    private readonly CipherContext _seal;
    private readonly CipherContext _open;

    /// <param name="key">32 bytes; they are copied.</param>
    public ChaCha20Poly1305(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySize, nameof(key));
        nint cipher = Algorithms.ChaCha20Poly1305;
        _seal = new CipherContext();
        _open = new CipherContext();
        fixed (byte* keyBytes = key)
        {
            Check(EVP_EncryptInit_ex2(_seal.DangerousGetHandle(), cipher, keyBytes, null, null));
            Check(EVP_DecryptInit_ex2(_open.DangerousGetHandle(), cipher, keyBytes, null, null));
        }
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
    internal void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> text, Span<byte> tag)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceSize, nameof(nonce));
        ArgumentOutOfRangeException.ThrowIfNotEqual(tag.Length, TagSize, nameof(tag));
        bool held = false;
        try
        {
            _seal.DangerousAddRef(ref held);
            nint ctx = _seal.DangerousGetHandle();
            byte last;
            int written;
            fixed (byte* nonceBytes = nonce, associatedBytes = associatedData, textBytes = text, tagBytes = tag)
            {
                Check(EVP_EncryptInit_ex2(ctx, 0, null, nonceBytes, null));
                // An empty span's pointer is null, which libcrypto takes for a different call; it wants no call for no bytes anyway.
                if (!associatedData.IsEmpty)
                    Check(EVP_EncryptUpdate(ctx, null, &written, associatedBytes, associatedData.Length));
                if (!text.IsEmpty)
                    Check(EVP_EncryptUpdate(ctx, textBytes, &written, textBytes, text.Length));
                Check(EVP_EncryptFinal_ex(ctx, &last, &written));
                Check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TagSize, tagBytes));
            }
        }
        finally
        {
            if (held)
                _seal.DangerousRelease();
        }
    }

    internal bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> text, ReadOnlySpan<byte> tag)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceSize, nameof(nonce));
        ArgumentOutOfRangeException.ThrowIfNotEqual(tag.Length, TagSize, nameof(tag));
        bool held = false;
        bool good;
        try
        {
            _open.DangerousAddRef(ref held);
            nint ctx = _open.DangerousGetHandle();
            byte last;
            int written;
            fixed (byte* nonceBytes = nonce, associatedBytes = associatedData, textBytes = text, tagBytes = tag)
            {
                Check(EVP_DecryptInit_ex2(ctx, 0, null, nonceBytes, null));
                // Always set anew: the context keeps the tag of the call before.
                Check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TagSize, tagBytes));
                if (!associatedData.IsEmpty)
                    Check(EVP_DecryptUpdate(ctx, null, &written, associatedBytes, associatedData.Length));
                if (!text.IsEmpty)
                    Check(EVP_DecryptUpdate(ctx, textBytes, &written, textBytes, text.Length));
                good = EVP_DecryptFinal_ex(ctx, &last, &written) == 1;
            }
        }
        finally
        {
            if (held)
                _open.DangerousRelease();
        }

        if (!good)
        {
            ERR_clear_error();
            CryptographicOperations.ZeroMemory(text);
        }

        return good;
    }

    public void Dispose()
    {
        _seal.Dispose();
        _open.Dispose();
    }
}
