namespace Ntm.Crypto;

/// <summary>Ed25519 (RFC 8032) over libcrypto. The private key is the 32-byte seed.</summary>
public static class Ed25519
{
    public const int Size = 32;
    public const int SignatureSize = 64;

    public static void PublicKey(ReadOnlySpan<byte> seed, Span<byte> publicKey) => throw new NotImplementedException();

    public static void Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message, Span<byte> signature) => throw new NotImplementedException();

    /// <returns>False for anything that is not a good signature, malformed keys and lengths included. Never throws.</returns>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => throw new NotImplementedException();
}
