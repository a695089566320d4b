using static Ntm.Crypto.LibCrypto;

namespace Ntm.Crypto;

/// <summary>Ed25519 (RFC 8032) over libcrypto. The private key is the 32-byte seed.</summary>
public static unsafe class Ed25519
{
    public const int Size = 32;
    public const int SignatureSize = 64;

    /// <param name="seed">32 bytes.</param>
    /// <param name="publicKey">32 bytes.</param>
    public static void PublicKey(ReadOnlySpan<byte> seed, Span<byte> publicKey)
    {
        using var key = RawKey.Private(RawKey.Ed25519, seed);
        key.WritePublic(publicKey);
    }

    /// <param name="seed">32 bytes.</param>
    /// <param name="message">Any length; signed as it is, so a context has to be part of it.</param>
    /// <param name="signature">64 bytes.</param>
    public static void Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(signature.Length, SignatureSize, nameof(signature));
        using var key = RawKey.Private(RawKey.Ed25519, seed);
        nint ctx = Check(EVP_MD_CTX_new());
        try
        {
            nuint length = SignatureSize;
            fixed (byte* messageBytes = message, signatureBytes = signature)
            {
                Check(EVP_DigestSignInit_ex(ctx, null, null, 0, null, key.Handle, null));
                Check(EVP_DigestSign(ctx, signatureBytes, &length, messageBytes, (nuint)message.Length));
            }
        }
        finally
        {
            EVP_MD_CTX_free(ctx);
        }
    }

    /// <summary>Whether the signature is the key's for this message.</summary>
    /// <remarks>
    /// As in RFC 8032, a key of small order is not refused, and such a key fits many messages: take public keys only from where they are
    /// pinned or signed for.
    /// </remarks>
    /// <returns>False for anything that is not a good signature, malformed keys and lengths included. Never throws.</returns>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != Size || signature.Length != SignatureSize)
            return false;
        using var key = RawKey.Public(RawKey.Ed25519, publicKey);
        nint ctx = Check(EVP_MD_CTX_new());
        bool good;
        try
        {
            fixed (byte* messageBytes = message, signatureBytes = signature)
            {
                Check(EVP_DigestVerifyInit_ex(ctx, null, null, 0, null, key.Handle, null));
                good = EVP_DigestVerify(ctx, signatureBytes, (nuint)signature.Length, messageBytes, (nuint)message.Length) == 1;
            }
        }
        finally
        {
            EVP_MD_CTX_free(ctx);
        }

        if (!good)
            ERR_clear_error();
        return good;
    }
}
