namespace Ntm.Crypto;

/// <summary>XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) for the cookie reply: HChaCha20 here, since libcrypto lacks it, the rest libcrypto's.</summary>
public static class XChaCha20Poly1305
{
    public const int NonceSize = 24;

    public static void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> text, Span<byte> tag) =>
        throw new NotImplementedException();

    public static bool TryOpen(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> text, ReadOnlySpan<byte> tag) =>
        throw new NotImplementedException();
}
