namespace Ntm.Crypto;

/// <summary>ChaCha20-Poly1305 (RFC 8439) under one key, through reused libcrypto contexts: no allocation per call. Not thread-safe.</summary>
public sealed class ChaCha20Poly1305 : IDisposable
{
    public const int KeySize = 32;
    public const int TagSize = 16;

    public ChaCha20Poly1305(ReadOnlySpan<byte> key) => throw new NotImplementedException();

    /// <summary>Encrypts in place. The nonce is WireGuard's: 32 zero bits, then the counter, little-endian.</summary>
    public void Seal(ulong counter, ReadOnlySpan<byte> associatedData, Span<byte> text, Span<byte> tag) => throw new NotImplementedException();

    /// <summary>Decrypts in place.</summary>
    /// <returns>False where the tag does not fit; the text's bytes are then worthless.</returns>
    public bool TryOpen(ulong counter, ReadOnlySpan<byte> associatedData, Span<byte> text, ReadOnlySpan<byte> tag) => throw new NotImplementedException();

    public void Dispose() => GC.SuppressFinalize(this);
}
