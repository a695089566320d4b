namespace Ntm.Crypto;

/// <summary>X25519 (RFC 7748) over libcrypto.</summary>
public static class X25519
{
    public const int Size = 32;

    public static void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> publicKey) => throw new NotImplementedException();

    /// <returns>False where the result is all zero (a low-order point), as RFC 7748 section 6.1 allows to check.</returns>
    public static bool TryAgree(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> shared) => throw new NotImplementedException();
}
