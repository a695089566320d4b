using Google.Protobuf;
using Ntm.Crypto;

namespace Ntm.Signalling.Trust;

/// <summary>Signatures over serialised messages as they travel, each under a context of its own so that none passes for another.</summary>
internal static class Signing
{
    public static ReadOnlySpan<byte> GrantContext => "ntm grant 1\0"u8;

    public static ReadOnlySpan<byte> BindingContext => "ntm binding 1\0"u8;

    public static ReadOnlySpan<byte> RemovalContext => "ntm removal 1\0"u8;
    public static ReadOnlySpan<byte> ShareContext => "ntm share 1\0"u8;

    public static ByteString Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> context, ByteString message)
    {
        Span<byte> signature = stackalloc byte[Ed25519.SignatureSize];
        Ed25519.Sign(seed, Join(context, message), signature);
        return ByteString.CopyFrom(signature);
    }

    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> context, ByteString message, ByteString signature) =>
        Ed25519.Verify(publicKey, Join(context, message), signature.Span);

    private static byte[] Join(ReadOnlySpan<byte> context, ByteString message)
    {
        var joined = new byte[context.Length + message.Length];
        context.CopyTo(joined);
        message.Span.CopyTo(joined.AsSpan(context.Length));
        return joined;
    }
}
