using static Ntm.Crypto.LibCrypto;

namespace Ntm.Crypto;

// An EVP_PKEY made from 32 raw bytes, for one call: dispose it, and libcrypto wipes and frees it.
internal readonly unsafe ref struct RawKey
{
    internal static ReadOnlySpan<byte> X25519 => "X25519\0"u8;

    internal static ReadOnlySpan<byte> Ed25519 => "ED25519\0"u8;

    private const int Size = 32;

    private RawKey(nint handle) => Handle = handle;

    internal nint Handle { get; }

    internal static RawKey Private(ReadOnlySpan<byte> type, ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Size, nameof(key));
        fixed (byte* typeBytes = type, keyBytes = key)
            return new(Check(EVP_PKEY_new_raw_private_key_ex(0, typeBytes, null, keyBytes, Size)));
    }

    internal static RawKey Public(ReadOnlySpan<byte> type, ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Size, nameof(key));
        fixed (byte* typeBytes = type, keyBytes = key)
            return new(Check(EVP_PKEY_new_raw_public_key_ex(0, typeBytes, null, keyBytes, Size)));
    }

    internal void WritePublic(Span<byte> publicKey)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(publicKey.Length, Size, nameof(publicKey));
        nuint length = Size;
        fixed (byte* bytes = publicKey)
            Check(EVP_PKEY_get_raw_public_key(Handle, bytes, &length));
    }

    public void Dispose() => EVP_PKEY_free(Handle);
}
