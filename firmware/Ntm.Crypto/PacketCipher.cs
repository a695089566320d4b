using System.Buffers.Binary;
using System.Security.Cryptography;
using Ntm.Crypto.AesGcm;

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

    // More than a group of blocks and a rest.
    private const int WarmUpText = 250;

    // One of the two is there. The instructions keep nothing between calls; libcrypto's contexts do, so each lane has one.
    private readonly AesGcm256? _instructions;
    private readonly LibCipher[] _library = [];

    /// <param name="key">32 bytes; they are copied.</param>
    /// <param name="lanes">How many threads may use it at once, each with a lane's number of its own.</param>
    /// <param name="aes">Whose AES-256-GCM, where that is the suite.</param>
    public PacketCipher(CipherSuite suite, ReadOnlySpan<byte> key, int lanes = 1, AesGcmSource aes = AesGcmSource.Library)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySize, nameof(key));
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        Suite = suite;
        if (suite == CipherSuite.Aes256Gcm && aes == AesGcmSource.Instructions && CipherHardware.HasAes)
        {
            _instructions = new AesGcm256(key);
            return;
        }

        _library = new LibCipher[lanes];
        for (var lane = 0; lane < lanes; lane++)
        {
            _library[lane] = new LibCipher(suite == CipherSuite.Aes256Gcm ? Algorithms.Aes256Gcm : Algorithms.ChaCha20Poly1305, key);
        }
    }

    public CipherSuite Suite { get; }

    /// <summary>Seals and opens a packet of nothing, so that all of the code is compiled before packets flow: AES-256-GCM from instructions takes about 20 ms, which a
    /// tunnel's first packet would wait for. For a program's start.</summary>
    public static void WarmUp(CipherSuite suite, AesGcmSource aes = AesGcmSource.Library)
    {
        using var cipher = new PacketCipher(suite, stackalloc byte[KeySize], aes: aes);
        Span<byte> text = stackalloc byte[WarmUpText];
        Span<byte> tag = stackalloc byte[TagSize];
        cipher.Seal(0, text, tag);
        if (!cipher.TryOpen(0, text, tag) || text.ContainsAnyExcept((byte)0))
        {
            throw new CryptographicException($"{suite} does not open what it sealed: this processor or this build is broken.");
        }
    }

    /// <summary>Encrypts in place. The nonce is Noise's (specification revision 34, section 12): 32 zero bits, then the counter, little-endian for
    /// ChaCha20-Poly1305, big-endian for AES-GCM.</summary>
    /// <param name="text">Plaintext in, ciphertext out; may be empty.</param>
    /// <param name="tag">16 bytes; may lie right behind the text.</param>
    public void Seal(ulong counter, Span<byte> text, Span<byte> tag, int lane = 0)
    {
        Span<byte> nonce = stackalloc byte[LibCipher.NonceSize];
        Write(nonce, counter);
        if (_instructions is { } instructions)
        {
            instructions.Seal(nonce, default, text, tag);
        }
        else
        {
            _library[lane].Seal(nonce, default, text, tag);
        }
    }

    /// <summary>Decrypts in place. Never throws for what a peer sent.</summary>
    /// <param name="tag">16 bytes.</param>
    /// <returns>False where the tag does not fit; the text's bytes are then worthless.</returns>
    public bool TryOpen(ulong counter, Span<byte> text, ReadOnlySpan<byte> tag, int lane = 0)
    {
        Span<byte> nonce = stackalloc byte[LibCipher.NonceSize];
        Write(nonce, counter);
        return _instructions is { } instructions
            ? instructions.TryOpen(nonce, default, text, tag)
            : _library[lane].TryOpen(nonce, default, text, tag);
    }

    public void Dispose()
    {
        _instructions?.Dispose();
        Array.ForEach(_library, static cipher => cipher.Dispose());
    }

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
