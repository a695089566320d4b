namespace Ntm.Crypto;

/// <summary>BLAKE2s (RFC 7693) over libcrypto.</summary>
public static class Blake2s
{
    public const int Size = 32;

    /// <summary>Hash of the concatenation of both inputs, 32 bytes.</summary>
    public static void Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> hash) => throw new NotImplementedException();

    public static void Hash(ReadOnlySpan<byte> input, Span<byte> hash) => Hash(input, default, hash);

    /// <summary>Keyed BLAKE2s with 16 bytes of output: WireGuard's Mac(key, input).</summary>
    /// <param name="key">1 to 32 bytes.</param>
    public static void Mac16(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> mac) => throw new NotImplementedException();

    /// <summary>HMAC-BLAKE2s, 32 bytes of output (the Noise KDF's; WireGuard's Hmac).</summary>
    public static void Hmac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> mac) => throw new NotImplementedException();
}
