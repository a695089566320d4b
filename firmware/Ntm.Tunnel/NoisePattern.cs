using System.Security.Cryptography;
using Ntm.Crypto;
using ChaCha20Poly1305 = Ntm.Crypto.ChaCha20Poly1305;

namespace Ntm.Tunnel;

/// <summary>
/// The two messages of Noise's IKpsk2 over <see cref="NoiseState"/>: <c>-> e, es, s, ss</c> and <c>&lt;- e, ee, se, psk</c>, each with a payload of any
/// length. WireGuard's are these with a timestamp and with nothing as payload. It knows no layouts, indices or MACs: those are Handshake's.
/// </summary>
internal static class NoisePattern
{
    private const int KeySize = X25519.Size;
    private const int TagSize = ChaCha20Poly1305.TagSize;

    /// <summary>Bytes of a first message without its payload.</summary>
    public const int FirstOverhead = KeySize + KeySize + TagSize + TagSize;

    /// <summary>Bytes of a second message without its payload.</summary>
    public const int SecondOverhead = KeySize + TagSize;

    /// <summary>Writes the first message.</summary>
    /// <param name="state">Started with the responder's key.</param>
    /// <param name="ephemeral">32 private bytes, used once.</param>
    /// <param name="ownPublic">The initiator's static key.</param>
    /// <param name="peerPublic">The responder's static key.</param>
    /// <param name="staticStatic">DH of both static keys.</param>
    /// <returns>False for a peer's key of low order.</returns>
    public static bool TryWriteFirst(NoiseState state, ReadOnlySpan<byte> ephemeral, ReadOnlySpan<byte> ownPublic, ReadOnlySpan<byte> peerPublic,
        ReadOnlySpan<byte> staticStatic, ReadOnlySpan<byte> payload, Span<byte> message)
    {
        Span<byte> key = stackalloc byte[KeySize];
        Span<byte> shared = stackalloc byte[KeySize];
        var e = message[..KeySize];
        X25519.PublicKey(ephemeral, e);
        state.MixHash(e);
        state.MixKey(e);
        if (!X25519.TryAgree(ephemeral, peerPublic, shared))
        {
            return false;
        }

        state.MixKey(shared, key);
        state.Seal(key, ownPublic, message.Slice(KeySize, KeySize + TagSize));
        state.MixKey(staticStatic, key);
        state.Seal(key, payload, message[(KeySize + KeySize + TagSize)..]);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(shared);
        return true;
    }

    /// <summary>Reads the first message up to the initiator's static key, which is claimed so far, not shown.</summary>
    public static bool TryReadFirstStatic(NoiseState state, ReadOnlySpan<byte> ownPrivate, ReadOnlySpan<byte> message, Span<byte> peerPublic)
    {
        Span<byte> key = stackalloc byte[KeySize];
        Span<byte> shared = stackalloc byte[KeySize];
        var e = message[..KeySize];
        state.MixHash(e);
        state.MixKey(e);
        if (!X25519.TryAgree(ownPrivate, e, shared))
        {
            return false;
        }

        state.MixKey(shared, key);
        CryptographicOperations.ZeroMemory(shared);
        var good = state.TryOpen(key, message.Slice(KeySize, KeySize + TagSize), peerPublic);
        CryptographicOperations.ZeroMemory(key);
        return good;
    }

    /// <summary>Reads the rest: afterwards the initiator has shown that it has its static key (but this may be a copy of an old message).</summary>
    public static bool TryReadFirstPayload(NoiseState state, ReadOnlySpan<byte> staticStatic, ReadOnlySpan<byte> message, Span<byte> payload)
    {
        Span<byte> key = stackalloc byte[KeySize];
        state.MixKey(staticStatic, key);
        var good = state.TryOpen(key, message[(KeySize + KeySize + TagSize)..], payload);
        CryptographicOperations.ZeroMemory(key);
        return good;
    }

    /// <summary>Writes the second message.</summary>
    /// <param name="state">As it is after the first message.</param>
    /// <param name="peerEphemeral">The first message's ephemeral key.</param>
    /// <param name="peerPublic">The initiator's static key.</param>
    /// <param name="presharedKey">32 bytes; zeroes where there is none.</param>
    /// <returns>False for an ephemeral key of low order.</returns>
    public static bool TryWriteSecond(NoiseState state, ReadOnlySpan<byte> ephemeral, ReadOnlySpan<byte> peerEphemeral, ReadOnlySpan<byte> peerPublic,
        ReadOnlySpan<byte> presharedKey, ReadOnlySpan<byte> payload, Span<byte> message)
    {
        Span<byte> key = stackalloc byte[KeySize];
        Span<byte> shared = stackalloc byte[KeySize];
        var e = message[..KeySize];
        X25519.PublicKey(ephemeral, e);
        state.MixHash(e);
        state.MixKey(e);
        var good = X25519.TryAgree(ephemeral, peerEphemeral, shared);
        state.MixKey(shared);
        good &= X25519.TryAgree(ephemeral, peerPublic, shared);
        if (!good)
        {
            return false;
        }

        state.MixKey(shared);
        state.MixKeyAndHash(presharedKey, key);
        state.Seal(key, payload, message[KeySize..]);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(shared);
        return true;
    }

    /// <summary>Reads the second message. Where it is false the state must be thrown away.</summary>
    public static bool TryReadSecond(NoiseState state, ReadOnlySpan<byte> ephemeral, ReadOnlySpan<byte> ownPrivate, ReadOnlySpan<byte> presharedKey,
        ReadOnlySpan<byte> message, Span<byte> payload)
    {
        Span<byte> key = stackalloc byte[KeySize];
        Span<byte> shared = stackalloc byte[KeySize];
        var e = message[..KeySize];
        state.MixHash(e);
        state.MixKey(e);
        var good = X25519.TryAgree(ephemeral, e, shared);
        state.MixKey(shared);
        good &= X25519.TryAgree(ownPrivate, e, shared);
        if (!good)
        {
            return false;
        }

        state.MixKey(shared);
        state.MixKeyAndHash(presharedKey, key);
        good = state.TryOpen(key, message[KeySize..], payload);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(shared);
        return good;
    }
}
