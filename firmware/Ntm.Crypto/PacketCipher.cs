using System.Buffers.Binary;

namespace Ntm.Crypto;

/// <summary>One direction of a tunnel's packets under one key, by one suite: seals and opens in place, without associated data and without allocations.</summary>
/// <remarks>
/// Not thread-safe but for different lanes.
/// A counter must be sealed with once only under a key: that is the caller's duty. Disposing wipes the key.
/// </remarks>
public sealed class PacketCipher : IDisposable
{
    public const int KeySize = 32;
    public const int TagSize = LibCipher.TagSize;

    private const int CounterOffset = 4;

    private readonly LibCipher[] _library; // one a lane

    /// <param name="key">32 bytes; they are copied.</param>
    /// <param name="lanes">How many threads may use it at once, each with a lane's number of its own.</param>
    public PacketCipher(CipherSuite suite, ReadOnlySpan<byte> key, int lanes = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySize, nameof(key));
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        Suite = suite;
        _library = new LibCipher[lanes];
        for (var lane = 0; lane < lanes; lane++)
        {
            _library[lane] = new LibCipher(suite == CipherSuite.Aes256Gcm ? Algorithms.Aes256Gcm : Algorithms.ChaCha20Poly1305, key);
        }
    }

    public CipherSuite Suite { get; }

    /// <summary>Encrypts in place. The nonce is Noise's (specification revision 34, section 12): 32 zero bits, then the counter, little-endian for
    /// ChaCha20-Poly1305, big-endian for AES-GCM.</summary>
    /// <param name="text">Plaintext in, ciphertext out; may be empty.</param>
    /// <param name="tag">16 bytes; may lie right behind the text.</param>
    public void Seal(ulong counter, Span<byte> text, Span<byte> tag, int lane = 0)
    {
        Span<byte> nonce = stackalloc byte[LibCipher.NonceSize];
        Write(nonce, counter);
        _library[lane].Seal(nonce, default, text, tag);
    }

    /// <summary>Decrypts in place. Never throws for what a peer sent.</summary>
    /// <param name="tag">16 bytes.</param>
    /// <returns>False where the tag does not fit; the text's bytes are then worthless.</returns>
    public bool TryOpen(ulong counter, Span<byte> text, ReadOnlySpan<byte> tag, int lane = 0)
    {
        Span<byte> nonce = stackalloc byte[LibCipher.NonceSize];
        Write(nonce, counter);
        return _library[lane].TryOpen(nonce, default, text, tag);
    }

    public void Dispose() => Array.ForEach(_library, static cipher => cipher.Dispose());

    private void Write(Span<byte> nonce, ulong counter)
    {
        if (Suite == CipherSuite.Aes256Gcm)
        {
            BinaryPrimitives.WriteUInt64BigEndian(nonce[CounterOffset..], counter);
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(nonce[CounterOffset..], counter);
        }
    }
}
