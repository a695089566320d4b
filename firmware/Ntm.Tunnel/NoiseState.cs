using System.Security.Cryptography;
using Ntm.Crypto;
using ChaCha20Poly1305 = Ntm.Crypto.ChaCha20Poly1305;

namespace Ntm.Tunnel;

/// <summary>
/// The symmetric state of a Noise handshake (Noise specification revision 34, sections 4.3 and 5.2) for 25519, ChaChaPoly, BLAKE2s: a chaining key
/// and a hash of all that was said. Every AEAD key is used once, with nonce 0, so it is handed out rather than kept.
/// </summary>
internal sealed class NoiseState : IDisposable
{
    public const int Size = 32;
    private const string Construction = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";

    private static readonly byte[] Initial = HashOf(System.Text.Encoding.ASCII.GetBytes(Construction));

    private readonly byte[] _chainingKey = new byte[Size];
    private readonly byte[] _hash = new byte[Size];

    private NoiseState()
    {
    }

    /// <summary>The state both sides start from, the responder's public key mixed in (IK's pre-message).</summary>
    public static NoiseState Start(ReadOnlySpan<byte> prologue, ReadOnlySpan<byte> responderPublic)
    {
        var state = new NoiseState();
        Initial.CopyTo(state._chainingKey, 0);
        Initial.CopyTo(state._hash, 0);
        state.MixHash(prologue);
        state.MixHash(responderPublic);
        return state;
    }

    public ReadOnlySpan<byte> Hash => _hash;

    public NoiseState Copy()
    {
        var copy = new NoiseState();
        _chainingKey.CopyTo(copy._chainingKey, 0);
        _hash.CopyTo(copy._hash, 0);
        return copy;
    }

    public void MixHash(ReadOnlySpan<byte> data) => Blake2s.Hash(_hash, data, _hash);

    /// <summary>MixKey where no key is needed before the next one: WireGuard's KDF1.</summary>
    public void MixKey(ReadOnlySpan<byte> input)
    {
        Span<byte> unused = stackalloc byte[Size];
        MixKey(input, unused);
    }

    /// <summary>MixKey: WireGuard's KDF2.</summary>
    public void MixKey(ReadOnlySpan<byte> input, Span<byte> key) => Derive(input, key, default);

    /// <summary>MixKeyAndHash: WireGuard's KDF3 of the pre-shared key.</summary>
    public void MixKeyAndHash(ReadOnlySpan<byte> input, Span<byte> key)
    {
        Span<byte> toHash = stackalloc byte[Size];
        Derive(input, toHash, key);
        MixHash(toHash);
        CryptographicOperations.ZeroMemory(toHash);
    }

    /// <summary>Encrypts, authenticating all that was said, into <paramref name="sealedText"/> (16 bytes longer), and mixes that in.</summary>
    public void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> text, Span<byte> sealedText)
    {
        text.CopyTo(sealedText);
        using var cipher = new ChaCha20Poly1305(key);
        cipher.Seal(0, _hash, sealedText[..text.Length], sealedText[text.Length..]);
        MixHash(sealedText);
    }

    /// <summary>The reverse. Where it is false the state must be thrown away: nothing was mixed in.</summary>
    public bool TryOpen(ReadOnlySpan<byte> key, ReadOnlySpan<byte> sealedText, Span<byte> text)
    {
        sealedText[..text.Length].CopyTo(text);
        using var cipher = new ChaCha20Poly1305(key);
        if (!cipher.TryOpen(0, _hash, text, sealedText[text.Length..]))
        {
            return false;
        }

        MixHash(sealedText);
        return true;
    }

    /// <summary>The two transport keys, the initiator's sending key first. The state is worth nothing afterwards.</summary>
    public void Split(Span<byte> initiatorKey, Span<byte> responderKey)
    {
        Derive(default, responderKey, default);
        _chainingKey.CopyTo(initiatorKey);
        Dispose();
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_chainingKey);
        CryptographicOperations.ZeroMemory(_hash);
    }

    // HKDF of section 4.3: the first output becomes the chaining key, the third is made where there is room for it.
    private void Derive(ReadOnlySpan<byte> input, Span<byte> second, Span<byte> third)
    {
        Span<byte> root = stackalloc byte[Size];
        Span<byte> counter = stackalloc byte[1];
        Blake2s.Hmac(_chainingKey, input, default, root);
        counter[0] = 1;
        Blake2s.Hmac(root, counter, default, _chainingKey);
        counter[0] = 2;
        Blake2s.Hmac(root, _chainingKey, counter, second);
        if (!third.IsEmpty)
        {
            counter[0] = 3;
            Blake2s.Hmac(root, second, counter, third);
        }

        CryptographicOperations.ZeroMemory(root);
    }

    private static byte[] HashOf(byte[] text)
    {
        var hash = new byte[Size];
        Blake2s.Hash(text, hash);
        return hash;
    }
}
