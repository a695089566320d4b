using static Ntm.Crypto.LibCrypto;

namespace Ntm.Crypto;

/// <summary>BLAKE2s (RFC 7693) over libcrypto.</summary>
/// <remarks>A context is made and freed in each call, so that no key outlives it in one; output may overlap the input.</remarks>
public static unsafe class Blake2s
{
    public const int Size = 32;

    private const int Mac16Size = 16;
    private const int MaxKeySize = 32;

    /// <summary>Hash of the concatenation of both inputs, 32 bytes.</summary>
    public static void Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(hash.Length, Size, nameof(hash));
        nint ctx = Check(EVP_MD_CTX_new());
        try
        {
            fixed (byte* firstBytes = first, secondBytes = second, hashBytes = hash)
            {
                Check(EVP_DigestInit_ex2(ctx, Algorithms.Blake2s, null));
                if (!first.IsEmpty)
                    Check(EVP_DigestUpdate(ctx, firstBytes, (nuint)first.Length));
                if (!second.IsEmpty)
                    Check(EVP_DigestUpdate(ctx, secondBytes, (nuint)second.Length));
                Check(EVP_DigestFinal_ex(ctx, hashBytes, null));
            }
        }
        finally
        {
            EVP_MD_CTX_free(ctx);
        }
    }

    /// <summary>Hash of the input, 32 bytes.</summary>
    public static void Hash(ReadOnlySpan<byte> input, Span<byte> hash) => Hash(input, default, hash);

    /// <summary>Keyed BLAKE2s with 16 bytes of output: WireGuard's Mac(key, input).</summary>
    /// <param name="key">1 to 32 bytes.</param>
    public static void Mac16(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> mac)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(mac.Length, Mac16Size, nameof(mac));
        Mac(key, input, mac);
    }

    // Keyed BLAKE2s with as many bytes as the output holds, 1 to 32.
    internal static void Mac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> mac)
    {
        ArgumentOutOfRangeException.ThrowIfZero(key.Length, nameof(key));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Length, MaxKeySize, nameof(key));
        nuint size = (nuint)mac.Length;
        fixed (byte* name = "size\0"u8)
        {
            var parameters = stackalloc Parameter[2];
            parameters[0] = Parameter.Number(name, &size);
            parameters[1] = default;
            Authenticate(Algorithms.Blake2sMac, parameters, key, input, default, mac);
        }
    }

    /// <summary>HMAC-BLAKE2s, 32 bytes of output (the Noise KDF's; WireGuard's Hmac), over the concatenation of both inputs.</summary>
    public static void Hmac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> mac)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(mac.Length, Size, nameof(mac));
        var digest = "BLAKE2S-256\0"u8;
        fixed (byte* name = "digest\0"u8, value = digest)
        {
            var parameters = stackalloc Parameter[2];
            parameters[0] = Parameter.Text(name, value, digest.Length - 1);
            parameters[1] = default;
            Authenticate(Algorithms.Hmac, parameters, key, first, second, mac);
        }
    }

    private static void Authenticate(
        nint algorithm, Parameter* parameters, ReadOnlySpan<byte> key, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> mac)
    {
        nint ctx = Check(EVP_MAC_CTX_new(algorithm));
        try
        {
            byte none = 0;
            nuint written;
            fixed (byte* keyBytes = key, firstBytes = first, secondBytes = second, macBytes = mac)
            {
                // To libcrypto a null key is "the key of before", not an empty one.
                Check(
                    EVP_MAC_init(ctx, key.IsEmpty ? &none : keyBytes, (nuint)key.Length, parameters), "EVP_MAC_init");
                if (!first.IsEmpty)
                    Check(EVP_MAC_update(ctx, firstBytes, (nuint)first.Length));
                if (!second.IsEmpty)
                    Check(EVP_MAC_update(ctx, secondBytes, (nuint)second.Length));
                Check(EVP_MAC_final(ctx, macBytes, &written, (nuint)mac.Length));
            }
        }
        finally
        {
            EVP_MAC_CTX_free(ctx);
        }
    }
}
