using Ntm.Crypto;

namespace Ntm.Fast.Tests.Crypto;

public sealed class X25519Tests
{
    // RFC 7748, section 5.2. The second has the top bit of u set, which must be ignored.
    [Theory]
    [InlineData(
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")]
    [InlineData(
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957")]
    public void Multiplies_as_RFC_7748_section_5_2(string scalar, string point, string expected)
    {
        var shared = new byte[X25519.Size];
        Assert.True(X25519.TryAgree(Hex.Bytes(scalar), Hex.Bytes(point), shared));
        Assert.Equal(expected, Hex.Text(shared));
    }

    // RFC 7748, section 5.2: k and u begin as 9; (k, u) becomes (k * u, k) each time.
    [Theory]
    [InlineData(1, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")]
    [InlineData(1_000, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")]
    public void Multiplies_as_RFC_7748_section_5_2_iterated(int times, string expected)
    {
        var k = new byte[X25519.Size];
        k[0] = 9;
        var u = (byte[])k.Clone();
        for (int i = 0; i < times; i++)
        {
            var next = new byte[X25519.Size];
            Assert.True(X25519.TryAgree(k, u, next));
            (k, u) = (next, k);
        }

        Assert.Equal(expected, Hex.Text(k));
    }

    [Fact]
    public void Agrees_as_RFC_7748_section_6_1()
    {
        var alicePrivate = Hex.Bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        var bobPrivate = Hex.Bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        var alice = new byte[X25519.Size];
        var bob = new byte[X25519.Size];
        X25519.PublicKey(alicePrivate, alice);
        X25519.PublicKey(bobPrivate, bob);
        Assert.Equal("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", Hex.Text(alice));
        Assert.Equal("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", Hex.Text(bob));

        var aliceShared = new byte[X25519.Size];
        var bobShared = new byte[X25519.Size];
        Assert.True(X25519.TryAgree(alicePrivate, bob, aliceShared));
        Assert.True(X25519.TryAgree(bobPrivate, alice, bobShared));
        Assert.Equal("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", Hex.Text(aliceShared));
        Assert.Equal(aliceShared, bobShared);
    }

    // Every encoding of a point of order 1, 2, 4 or 8: with and without the top bit, canonical or not.
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880")]
    [InlineData("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")]
    [InlineData("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    public void Refuses_a_low_order_point_and_leaves_zeroes(string point)
    {
        var scalar = Hex.Bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        var shared = new byte[X25519.Size];
        Array.Fill(shared, (byte)0xff);
        Assert.False(X25519.TryAgree(scalar, Hex.Bytes(point), shared));
        Assert.Equal(new byte[X25519.Size], shared);
        Assert.Contains("00000000", LibCrypto.Failure("test").Message); // libcrypto's error queue is left empty
    }

    [Fact]
    public void Clamps_the_private_key()
    {
        var plain = Hex.Bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        var other = (byte[])plain.Clone();
        other[0] ^= 7;
        other[31] ^= 0x80;
        var expected = new byte[X25519.Size];
        var actual = new byte[X25519.Size];
        X25519.PublicKey(plain, expected);
        X25519.PublicKey(other, actual);
        Assert.Equal(expected, actual);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    public void Wrong_lengths_are_our_bugs(int length)
    {
        var wrong = new byte[length];
        var right = new byte[X25519.Size];
        Assert.Throws<ArgumentOutOfRangeException>(() => X25519.PublicKey(wrong, right));
        Assert.Throws<ArgumentOutOfRangeException>(() => X25519.PublicKey(right, wrong));
        Assert.Throws<ArgumentOutOfRangeException>(() => X25519.TryAgree(wrong, right, right));
        Assert.Throws<ArgumentOutOfRangeException>(() => X25519.TryAgree(right, wrong, right));
        Assert.Throws<ArgumentOutOfRangeException>(() => X25519.TryAgree(right, right, wrong));
    }
}
