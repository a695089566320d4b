using System.Security.Cryptography;
using static Ntm.Crypto.LibCrypto;

namespace Ntm.Crypto;

/// <summary>X25519 (RFC 7748) over libcrypto.</summary>
public static unsafe class X25519
{
    public const int Size = 32;

    /// <param name="privateKey">32 bytes; clamped inside, so any are good.</param>
    /// <param name="publicKey">32 bytes.</param>
    public static void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        using var key = RawKey.Private(RawKey.X25519, privateKey);
        key.WritePublic(publicKey);
    }

    /// <param name="privateKey">32 bytes; clamped inside, so any are good.</param>
    /// <param name="publicKey">The peer's 32 bytes, whatever they are.</param>
    /// <param name="shared">32 bytes; zeroed where the result is false.</param>
    /// <returns>False where the result is all zero (a low-order point), as RFC 7748 section 6.1 allows to check.</returns>
    public static bool TryAgree(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> shared)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(shared.Length, Size, nameof(shared));
        using var own = RawKey.Private(RawKey.X25519, privateKey);
        using var peer = RawKey.Public(RawKey.X25519, publicKey);
        nint ctx = Check(EVP_PKEY_CTX_new_from_pkey(0, own.Handle, null));
        bool good;
        try
        {
            Check(EVP_PKEY_derive_init(ctx));
            Check(EVP_PKEY_derive_set_peer_ex(ctx, peer.Handle, 0));
            nuint length = Size;
            // libcrypto itself refuses an all-zero result.
            fixed (byte* secret = shared)
                good = EVP_PKEY_derive(ctx, secret, &length) == 1 && length == Size;
        }
        finally
        {
            EVP_PKEY_CTX_free(ctx);
        }

        if (!good)
        {
            ERR_clear_error();
            CryptographicOperations.ZeroMemory(shared);
        }

        return good;
    }
}
