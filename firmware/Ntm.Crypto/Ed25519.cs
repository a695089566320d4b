namespace Ntm.Crypto;

/// <summary>Ed25519 (RFC 8032) over libcrypto. The private key is the 32-byte seed.</summary>
public static unsafe class Ed25519
{
    public const int Size = 32;
    public const int SignatureSize = 64;

    public static void PublicKey(ReadOnlySpan<byte> seed, Span<byte> publicKey)
    {
        using var key = RawKey.Private(RawKey.Ed25519, seed);
        key.WritePublic(publicKey);
    }

    public static void Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(signature.Length, SignatureSize, nameof(signature));
        using var key = RawKey.Private(RawKey.Ed25519, seed);
        nint ctx = LibCrypto.Check(LibCrypto.EVP_MD_CTX_new(), "EVP_MD_CTX_new");
        try
        {
            nuint length = SignatureSize;
            fixed (byte* messageBytes = message, signatureBytes = signature)
            {
                LibCrypto.Check(LibCrypto.EVP_DigestSignInit_ex(ctx, null, null, 0, null, key.Handle, null), "EVP_DigestSignInit_ex");
                LibCrypto.Check(LibCrypto.EVP_DigestSign(ctx, signatureBytes, &length, messageBytes, (nuint)message.Length), "EVP_DigestSign");
            }
        }
        finally
        {
            LibCrypto.EVP_MD_CTX_free(ctx);
        }
    }

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
        nint ctx = LibCrypto.Check(LibCrypto.EVP_MD_CTX_new(), "EVP_MD_CTX_new");
        bool good;
        try
        {
            fixed (byte* messageBytes = message, signatureBytes = signature)
            {
                LibCrypto.Check(LibCrypto.EVP_DigestVerifyInit_ex(ctx, null, null, 0, null, key.Handle, null), "EVP_DigestVerifyInit_ex");
                good = LibCrypto.EVP_DigestVerify(ctx, signatureBytes, (nuint)signature.Length, messageBytes, (nuint)message.Length) == 1;
            }
        }
        finally
        {
            LibCrypto.EVP_MD_CTX_free(ctx);
        }

        if (!good)
            LibCrypto.ERR_clear_error();
        return good;
    }
}
