using System.Security.Cryptography;
using static Ntm.Crypto.LibCrypto;

namespace Ntm.Crypto;

// An AEAD of libcrypto under one key, with 96-bit nonces and 128-bit tags, in place, through reused contexts: no allocation per call. Not thread-safe.
internal sealed unsafe class LibCipher : IDisposable
{
    internal const int NonceSize = 12;
    internal const int TagSize = 16;

    // The key schedule stays in the contexts; a call only sets a nonce. One each way, since a context cannot change direction cheaply.
    private readonly CipherContext _seal;
    private readonly CipherContext _open;

    internal LibCipher(nint algorithm, ReadOnlySpan<byte> key)
    {
        _seal = new CipherContext();
        _open = new CipherContext();
        fixed (byte* keyBytes = key)
        {
            Check(EVP_EncryptInit_ex2(_seal.DangerousGetHandle(), algorithm, keyBytes, null, null));
            Check(EVP_DecryptInit_ex2(_open.DangerousGetHandle(), algorithm, keyBytes, null, null));
        }
    }

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

    // False where the tag does not fit; the text is zeroed then.
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
