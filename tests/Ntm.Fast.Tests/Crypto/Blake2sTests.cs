using System.Text;
using Ntm.Crypto;

namespace Ntm.Fast.Tests.Crypto;

public sealed class Blake2sTests
{
    private const int BlockSize = 64;

    // RFC 7693, appendix B.
    [Fact]
    public void Hashes_as_RFC_7693_appendix_B()
    {
        var hash = new byte[Blake2s.Size];
        Blake2s.Hash("abc"u8, hash);
        Assert.Equal("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982", Hex.Text(hash));
    }

    [Fact]
    public void Hashes_as_the_reference_package()
    {
        var hash = new byte[Blake2s.Size];
        for (int length = 0; length < Blake2sKnownAnswers.Unkeyed.Length; length++)
        {
            Blake2s.Hash(Counting(length), hash);
            Assert.Equal(Blake2sKnownAnswers.Unkeyed[length], Hex.Text(hash));
        }
    }

    [Fact]
    public void Authenticates_as_the_reference_package()
    {
        var hash = new byte[Blake2s.Size];
        for (int length = 0; length < Blake2sKnownAnswers.Keyed.Length; length++)
        {
            Blake2s.Mac(Counting(32), Counting(length), hash);
            Assert.Equal(Blake2sKnownAnswers.Keyed[length], Hex.Text(hash));
        }
    }

    // 16 bytes of output are another function, not the first half of 32: the length is hashed too. Computed with Python's
    // hashlib.blake2s(message, key=key, digest_size=16), which is the BLAKE2 authors' code.
    [Theory]
    [InlineData("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0, "9536f9b267655743dee97b8a670f9f53")]
    [InlineData("0102030405060708090a0b0c0d0e0f10", 116, "68bdd19bd1aa299b8bee5d49d7a9c0e3")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", 0, "4b1fb082a728a87c3b6c6aa87b877441")]
    public void Mac16_gives_16_bytes(string key, int length, string expected)
    {
        var mac = new byte[16];
        Blake2s.Mac16(Hex.Bytes(key), Counting(length), mac);
        Assert.Equal(expected, Hex.Text(mac));

        var longer = new byte[Blake2s.Size];
        Blake2s.Mac(Hex.Bytes(key), Counting(length), longer);
        Assert.NotEqual(expected, Hex.Text(longer.AsSpan(0, 16)));
    }

    // WireGuard's KDF3 over this HMAC, with the answers that wireguard-go publishes (device/kdf_test.go): keys of 8, 9 and no bytes.
    [Theory]
    [InlineData(
        "test-key", "test-input",
        "6f0e5ad38daba1bea8a0d213688736f19763239305e0f58aba697f9ffc41c633",
        "df1194df20802a4fe594cde27e92991c8cae66c366e8106aaa937a55fa371e8a",
        "fac6e2745a325f5dc5d11a5b165aad08b0ada28e7b4e666b7c077934a4d76c24")]
    [InlineData(
        "wireguard", "wireguard",
        "491d43bbfdaa8750aaf535e334ecbfe5129967cd64635101c566d4caefda96e8",
        "1e71a379baefd8a79aa4662212fcafe19a23e2b609a3db7d6bcba8f560e3d25f",
        "31e1ae48bddfbe5de38f295e5452b1909a1b4e38e183926af3780b0c1e1f0160")]
    [InlineData(
        "", "",
        "8387b46bf43eccfcf349552a095d8315c4055beb90208fb1be23b894bc2ed5d0",
        "58a0e5f6faefccf4807bff1f05fa8a9217945762040bcec2f4b4a62bdfe0e86e",
        "0ce6ea98ec548f8e281e93e32db65621c45eb18dc6f0a7ad94178610a2f7338e")]
    public void Hmac_derives_keys_as_WireGuard_does(string key, string input, string first, string second, string third)
    {
        var secret = new byte[Blake2s.Size];
        var derived = new byte[Blake2s.Size];
        Blake2s.Hmac(Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes(input), default, secret);
        Blake2s.Hmac(secret, default, [1], derived);
        Assert.Equal(first, Hex.Text(derived));
        Blake2s.Hmac(secret, derived, [2], derived);
        Assert.Equal(second, Hex.Text(derived));
        Blake2s.Hmac(secret, derived, [3], derived);
        Assert.Equal(third, Hex.Text(derived));
    }

    // RFC 2104: H((K xor opad) | H((K xor ipad) | text)), a key longer than a block hashed first.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(200)]
    public void Hmac_is_what_RFC_2104_defines(int keyLength)
    {
        var key = Counting(keyLength);
        foreach (int length in (int[])[0, 1, 32, 63, 64, 65, 255])
        {
            var text = Counting(length);
            var block = new byte[BlockSize];
            if (keyLength > BlockSize)
                Blake2s.Hash(key, block.AsSpan(0, Blake2s.Size));
            else
                key.CopyTo(block, 0);
            var expected = new byte[Blake2s.Size];
            Blake2s.Hash(block.Select(b => (byte)(b ^ 0x36)).ToArray(), text, expected);
            Blake2s.Hash(block.Select(b => (byte)(b ^ 0x5c)).ToArray(), expected, expected);

            var actual = new byte[Blake2s.Size];
            Blake2s.Hmac(key, text.AsSpan(0, length / 2), text.AsSpan(length / 2), actual);
            Assert.Equal(Hex.Text(expected), Hex.Text(actual));
        }
    }

    [Fact]
    public void Two_inputs_are_hashed_as_one()
    {
        var whole = Counting(200);
        var expected = new byte[Blake2s.Size];
        var actual = new byte[Blake2s.Size];
        Blake2s.Hash(whole, expected);
        for (int split = 0; split <= whole.Length; split++)
        {
            Blake2s.Hash(whole.AsSpan(0, split), whole.AsSpan(split), actual);
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public void The_output_may_lie_over_the_input()
    {
        var expected = new byte[Blake2s.Size];
        Blake2s.Hash(Counting(32), Counting(32), expected);
        var place = Counting(32);
        Blake2s.Hash(place, place, place);
        Assert.Equal(expected, place);
    }

    [Fact]
    public void Wrong_lengths_are_our_bugs()
    {
        var right = new byte[32];
        Assert.Throws<ArgumentOutOfRangeException>(() => Blake2s.Hash(right, new byte[31]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Blake2s.Hash(right, new byte[33]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Blake2s.Hmac(right, right, right, new byte[31]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Blake2s.Mac16(right, right, new byte[15]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Blake2s.Mac16(right, right, new byte[32]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Blake2s.Mac16(default, right, new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Blake2s.Mac16(new byte[33], right, new byte[16]));
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var key = Counting(32);
        var mac = new byte[16];
        var hash = new byte[32];
        Allocations.AssertNone(() =>
        {
            Blake2s.Hash(key, key, hash);
            Blake2s.Mac16(key, key, mac);
            Blake2s.Hmac(key, key, key, hash);
        });
    }

    private static byte[] Counting(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)i)];
}
