using System.Text;
using Ntm.Crypto;
using Platform = System.Security.Cryptography.ChaCha20Poly1305;

namespace Ntm.Fast.Tests.Crypto;

public sealed class ChaCha20Poly1305Tests
{
    private const string Sunscreen =
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";

    // RFC 8439, section 2.8.2. Its nonce begins with 7, so that the counter alone cannot express it.
    private const string Key282 = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";
    private const string Nonce282 = "070000004041424344454647";
    private const string AssociatedData282 = "50515253c0c1c2c3c4c5c6c7";
    private const string Tag282 = "1ae10b594f09e26a7e902ecbd0600691";
    private const string Sealed282 = """
        d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6
        3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36
        92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc
        3ff4def08e4b7a9de576d26586cec64b6116
        """;

    // RFC 8439, appendix A.5. Its nonce begins with four zero bytes, so that it is WireGuard's for this counter.
    private const ulong CounterA5 = 0x0807060504030201;
    private const string KeyA5 = "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0";
    private const string NonceA5 = "000000000102030405060708";
    private const string AssociatedDataA5 = "f33388860000000000004e91";
    private const string TagA5 = "eead9d67890cbb22392336fea1851f38";
    private const string SealedA5 = """
        64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2
        4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf
        332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855
        9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4
        b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e
        af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a
        0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10
        49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29
        a6ad5cb4022b02709b
        """;

    private const string OpenedA5 =
        "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, replaced, or obsoleted by other " +
        "documents at any time. It is inappropriate to use Internet-Drafts as reference material or to cite them other than as " +
        "/“work in progress./”";

    [Fact]
    public void Seals_and_opens_as_RFC_8439_section_2_8_2()
    {
        using var cipher = new ChaCha20Poly1305(Hex.Bytes(Key282));
        var text = Encoding.UTF8.GetBytes(Sunscreen);
        var tag = new byte[ChaCha20Poly1305.TagSize];
        cipher.Seal(Hex.Bytes(Nonce282), Hex.Bytes(AssociatedData282), text, tag);
        Assert.Equal(Hex.Text(Hex.Bytes(Sealed282)), Hex.Text(text));
        Assert.Equal(Tag282, Hex.Text(tag));

        Assert.True(cipher.TryOpen(Hex.Bytes(Nonce282), Hex.Bytes(AssociatedData282), text, tag));
        Assert.Equal(Sunscreen, Encoding.UTF8.GetString(text));
    }

    [Fact]
    public void Opens_and_seals_as_RFC_8439_appendix_A_5_by_nonce_and_by_counter()
    {
        using var cipher = new ChaCha20Poly1305(Hex.Bytes(KeyA5));
        var text = Hex.Bytes(SealedA5);
        Assert.True(cipher.TryOpen(Hex.Bytes(NonceA5), Hex.Bytes(AssociatedDataA5), text, Hex.Bytes(TagA5)));
        Assert.Equal(OpenedA5, Encoding.UTF8.GetString(text));

        var tag = new byte[ChaCha20Poly1305.TagSize];
        cipher.Seal(CounterA5, Hex.Bytes(AssociatedDataA5), text, tag);
        Assert.Equal(Hex.Text(Hex.Bytes(SealedA5)), Hex.Text(text));
        Assert.Equal(TagA5, Hex.Text(tag));

        Assert.True(cipher.TryOpen(CounterA5, Hex.Bytes(AssociatedDataA5), text, tag));
        Assert.Equal(OpenedA5, Encoding.UTF8.GetString(text));
    }

    // Both ways against .NET's own, every length up to some blocks, then a packet's and the largest. One pair of contexts throughout.
    [Fact]
    public void Agrees_with_the_platforms_own()
    {
        var random = new Random(20240607);
        var key = new byte[ChaCha20Poly1305.KeySize];
        random.NextBytes(key);
        using var ours = new ChaCha20Poly1305(key);
        using var theirs = new Platform(key);
        foreach (int length in Enumerable.Range(0, 260).Concat([1_232, 1_420, 65_535]))
        {
            ulong counter = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            byte[] nonce = [0, 0, 0, 0, .. BitConverter.GetBytes(counter)];
            var associated = new byte[random.Next(0, 40)];
            var plain = new byte[length];
            random.NextBytes(associated);
            random.NextBytes(plain);

            var expected = new byte[length];
            var expectedTag = new byte[16];
            theirs.Encrypt(nonce, plain, expected, expectedTag, associated);
            var text = (byte[])plain.Clone();
            var tag = new byte[16];
            ours.Seal(counter, associated, text, tag);
            Assert.True(expected.AsSpan().SequenceEqual(text), $"length {length}");
            Assert.Equal(expectedTag, tag);

            Assert.True(ours.TryOpen(counter, associated, text, tag));
            Assert.True(plain.AsSpan().SequenceEqual(text), $"length {length}");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(100)]
    public void Refuses_what_was_changed_and_still_opens_what_was_not(int length)
    {
        using var cipher = new ChaCha20Poly1305(Hex.Bytes(Key282));
        var associated = Hex.Bytes(AssociatedData282);
        var text = new byte[length];
        Array.Fill(text, (byte)0x5a);
        var plain = (byte[])text.Clone();
        var tag = new byte[16];
        cipher.Seal(7, associated, text, tag);

        void Refused(ulong counter, byte[] associatedData, byte[] badText, byte[] badTag)
        {
            var work = (byte[])badText.Clone();
            Assert.False(cipher.TryOpen(counter, associatedData, work, badTag));
            Assert.Equal(new byte[work.Length], work); // no unverified plaintext is left behind
            var good = (byte[])text.Clone();
            Assert.True(cipher.TryOpen(7, associated, good, tag));
            Assert.Equal(plain, good);
        }

        for (int bit = 0; bit < 128; bit++)
            Refused(7, associated, text, Flipped(tag, bit));
        for (int bit = 0; bit < associated.Length * 8; bit++)
            Refused(7, Flipped(associated, bit), text, tag);
        for (int bit = 0; bit < length * 8; bit++)
            Refused(7, associated, Flipped(text, bit), tag);
        Refused(7, [], text, tag);
        Refused(7, [.. associated, 0], text, tag);
        Refused(7, associated, [.. text, 0], tag);
        Refused(8, associated, text, tag);
        Refused(7UL << 32, associated, text, tag);
        Refused(7, associated, text, new byte[16]);
        Assert.Contains("00000000", LibCrypto.Failure("test").Message); // libcrypto's error queue is left empty

        using var other = new ChaCha20Poly1305(Hex.Bytes(KeyA5));
        Assert.False(other.TryOpen(7, associated, (byte[])text.Clone(), tag));
    }

    [Fact]
    public void The_tag_may_lie_right_behind_the_text()
    {
        using var cipher = new ChaCha20Poly1305(Hex.Bytes(Key282));
        var datagram = new byte[50 + 16];
        cipher.Seal(1, default, datagram.AsSpan(0, 50), datagram.AsSpan(50));
        Assert.True(cipher.TryOpen(1, default, datagram.AsSpan(0, 50), datagram.AsSpan(50)));
        Assert.Equal(new byte[50], datagram[..50]);
    }

    [Fact]
    public void A_failed_opening_does_not_disturb_a_sealing()
    {
        using var one = new ChaCha20Poly1305(Hex.Bytes(Key282));
        using var two = new ChaCha20Poly1305(Hex.Bytes(Key282));
        var expected = new byte[40];
        var actual = new byte[40];
        var expectedTag = new byte[16];
        var actualTag = new byte[16];
        two.TryOpen(9, default, new byte[40], new byte[16]);
        one.Seal(3, default, expected, expectedTag);
        two.Seal(3, default, actual, actualTag);
        Assert.Equal(expected, actual);
        Assert.Equal(expectedTag, actualTag);
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        using var cipher = new ChaCha20Poly1305(Hex.Bytes(Key282));
        var text = new byte[1_420];
        var associated = new byte[16];
        var tag = new byte[16];
        ulong counter = 0;
        bool opened = true;
        Allocations.AssertNone(() =>
        {
            cipher.Seal(++counter, associated, text, tag);
            opened &= cipher.TryOpen(counter, associated, text, tag);
            opened &= !cipher.TryOpen(counter + 1, associated, text, tag);
        });
        Assert.True(opened);
    }

    [Fact]
    public void After_disposal_calls_throw_and_touch_no_freed_memory()
    {
        var cipher = new ChaCha20Poly1305(Hex.Bytes(Key282));
        cipher.Dispose();
        cipher.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cipher.Seal(0, default, default, new byte[16]));
        Assert.Throws<ObjectDisposedException>(() => cipher.TryOpen(0, default, default, new byte[16]));
    }

    [Fact]
    public void Wrong_lengths_are_our_bugs()
    {
        using var cipher = new ChaCha20Poly1305(Hex.Bytes(Key282));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChaCha20Poly1305(new byte[31]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChaCha20Poly1305(new byte[33]));
        foreach (int length in (int[])[0, 12, 15, 17])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => cipher.Seal(0, default, default, new byte[length]));
            Assert.Throws<ArgumentOutOfRangeException>(() => cipher.TryOpen(0, default, default, new byte[length]));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => cipher.Seal(new byte[8], default, default, new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cipher.TryOpen(new byte[13], default, default, new byte[16]));
    }

    private static byte[] Flipped(byte[] bytes, int bit)
    {
        var flipped = (byte[])bytes.Clone();
        flipped[bit / 8] ^= (byte)(1 << (bit % 8));
        return flipped;
    }
}
