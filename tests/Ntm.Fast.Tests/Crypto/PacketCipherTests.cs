using System.Buffers.Binary;
using Ntm.Crypto;

namespace Ntm.Fast.Tests.Crypto;

public sealed class PacketCipherTests
{
    public static TheoryData<CipherSuite, AesGcmSource> All => new()
    {
        { CipherSuite.ChaCha20Poly1305, AesGcmSource.Instructions },
        { CipherSuite.Aes256Gcm, AesGcmSource.Instructions },
        { CipherSuite.Aes256Gcm, AesGcmSource.Library },
    };

    // Noise, revision 34, section 12: the one counts little-endian, the other big-endian.
    [Theory]
    [MemberData(nameof(All))]
    public void A_counter_is_Noises_nonce(CipherSuite suite, AesGcmSource source)
    {
        var key = Enumerable.Range(1, PacketCipher.KeySize).Select(i => (byte)i).ToArray();
        const ulong counter = 0x0102_0304_0506_0708;
        var nonce = new byte[12];
        var aes = suite == CipherSuite.Aes256Gcm;
        if (aes)
        {
            BinaryPrimitives.WriteUInt64BigEndian(nonce.AsSpan(4), counter);
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(nonce.AsSpan(4), counter);
        }

        using var library = new LibCipher(aes ? Algorithms.Aes256Gcm : Algorithms.ChaCha20Poly1305, key);
        using var packets = new PacketCipher(suite, key, aes: source);
        var (expected, expectedTag, text, tag) = (new byte[200], new byte[16], new byte[200], new byte[16]);
        library.Seal(nonce, default, expected, expectedTag);
        packets.Seal(counter, text, tag);
        Assert.Equal(expected, text);
        Assert.Equal(expectedTag, tag);
        Assert.True(packets.TryOpen(counter, text, tag));
        Assert.Equal(new byte[200], text);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Another_counter_key_or_length_is_refused(CipherSuite suite, AesGcmSource source)
    {
        using var packets = new PacketCipher(suite, new byte[PacketCipher.KeySize], aes: source);
        using var others = new PacketCipher(suite, [1, .. new byte[PacketCipher.KeySize - 1]], aes: source);
        var (text, tag) = (new byte[100], new byte[16]);
        packets.Seal(1, text, tag);
        Assert.False(packets.TryOpen(2, text.AsSpan().ToArray(), tag));
        Assert.False(others.TryOpen(1, text.AsSpan().ToArray(), tag));
        Assert.False(packets.TryOpen(1, text.AsSpan(0, 99).ToArray(), tag));
        Assert.True(packets.TryOpen(1, text, tag));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_packet_allocates_nothing(CipherSuite suite, AesGcmSource source)
    {
        using var packets = new PacketCipher(suite, new byte[PacketCipher.KeySize], aes: source);
        var (text, tag, counter) = (new byte[1_424], new byte[16], 0UL);
        Allocations.AssertNone(() =>
        {
            packets.Seal(++counter, text, tag);
            Assert.True(packets.TryOpen(counter, text, tag));
            tag[0] ^= 1;
            Assert.False(packets.TryOpen(counter, text, tag));
        });
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Lanes_at_once_do_as_one_alone(CipherSuite suite, AesGcmSource source)
    {
        const int lanes = 4;
        const int packets = 2_000;
        using var alone = new PacketCipher(suite, new byte[PacketCipher.KeySize], aes: source);
        using var shared = new PacketCipher(suite, new byte[PacketCipher.KeySize], lanes, source);
        var expected = Enumerable.Range(0, packets).Select(i => Sealed(alone, i, 0)).ToArray();
        var threads = Enumerable.Range(0, lanes).Select(lane => Task.Factory.StartNew(
            () => Enumerable.Range(0, packets).All(i => Sealed(shared, i, lane).AsSpan().SequenceEqual(expected[i])), TaskCreationOptions.LongRunning)).ToArray();
        Assert.All(threads, t => Assert.True(t.Result));

        static byte[] Sealed(PacketCipher cipher, int number, int lane)
        {
            var packet = new byte[(number % 300) + PacketCipher.TagSize];
            var text = packet.AsSpan(0, number % 300);
            var tag = packet.AsSpan(text.Length);
            cipher.Seal((ulong)number, text, tag, lane);
            var opened = packet.ToArray();
            Assert.True(cipher.TryOpen((ulong)number, opened.AsSpan(0, text.Length), tag, lane));
            return packet;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Warming_up_finds_nothing_wrong(CipherSuite suite, AesGcmSource source) => PacketCipher.WarmUp(suite, source);

    [Theory]
    [MemberData(nameof(All))]
    public void A_disposed_one_seals_and_opens_nothing(CipherSuite suite, AesGcmSource source)
    {
        var packets = new PacketCipher(suite, new byte[PacketCipher.KeySize], aes: source);
        packets.Dispose();
        packets.Dispose();
        Assert.Throws<ObjectDisposedException>(() => packets.Seal(1, new byte[10], new byte[16]));
        Assert.Throws<ObjectDisposedException>(() => packets.TryOpen(1, new byte[10], new byte[16]));
    }
}
