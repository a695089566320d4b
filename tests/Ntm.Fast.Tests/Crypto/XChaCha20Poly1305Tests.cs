using System.Text;
using Ntm.Crypto;

namespace Ntm.Fast.Tests.Crypto;

public sealed class XChaCha20Poly1305Tests
{
    // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    private const string Key = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";
    private const string Nonce = "404142434445464748494a4b4c4d4e4f5051525354555657";
    private const string AssociatedData = "50515253c0c1c2c3c4c5c6c7";
    private const string Tag = "c0875924c1c7987947deafd8780acf49";
    private const string Sunscreen =
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
    private const string Sealed = """
        bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb
        731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
        2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9
        21f9664c97637da9768812f615c68b13b52e
        """;

    [Fact]
    public void HChaCha20_derives_as_the_draft_section_2_2_1()
    {
        var subkey = new byte[32];
        HChaCha20.Derive(
            Hex.Bytes("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
            Hex.Bytes("000000090000004a0000000031415927"),
            subkey);
        Assert.Equal("82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc", Hex.Text(subkey));
    }

    [Fact]
    public void Seals_and_opens_as_the_draft_appendix_A_3_1()
    {
        var text = Encoding.UTF8.GetBytes(Sunscreen);
        var tag = new byte[16];
        XChaCha20Poly1305.Seal(Hex.Bytes(Key), Hex.Bytes(Nonce), Hex.Bytes(AssociatedData), text, tag);
        Assert.Equal(Hex.Text(Hex.Bytes(Sealed)), Hex.Text(text));
        Assert.Equal(Tag, Hex.Text(tag));

        Assert.True(XChaCha20Poly1305.TryOpen(Hex.Bytes(Key), Hex.Bytes(Nonce), Hex.Bytes(AssociatedData), text, tag));
        Assert.Equal(Sunscreen, Encoding.UTF8.GetString(text));
    }

    [Fact]
    public void Refuses_what_was_changed()
    {
        byte[][] good = [Hex.Bytes(Key), Hex.Bytes(Nonce), Hex.Bytes(AssociatedData), Hex.Bytes(Sealed), Hex.Bytes(Tag)];
        for (int part = 0; part < good.Length; part++)
        {
            for (int i = 0; i < good[part].Length; i++)
            {
                var bad = good.Select(bytes => (byte[])bytes.Clone()).ToArray();
                bad[part][i] ^= 0x10;
                Assert.False(XChaCha20Poly1305.TryOpen(bad[0], bad[1], bad[2], bad[3], bad[4]), $"part {part}, byte {i}");
                Assert.Equal(new byte[bad[3].Length], bad[3]);
            }
        }
    }

    [Fact]
    public void Wrong_lengths_are_our_bugs()
    {
        var key = new byte[32];
        var nonce = new byte[24];
        var tag = new byte[16];
        Assert.Throws<ArgumentOutOfRangeException>(() => XChaCha20Poly1305.Seal(new byte[31], nonce, default, default, tag));
        Assert.Throws<ArgumentOutOfRangeException>(() => XChaCha20Poly1305.Seal(key, new byte[12], default, default, tag));
        Assert.Throws<ArgumentOutOfRangeException>(() => XChaCha20Poly1305.Seal(key, nonce, default, default, new byte[15]));
        Assert.Throws<ArgumentOutOfRangeException>(() => XChaCha20Poly1305.TryOpen(key, new byte[23], default, default, tag));
        Assert.Throws<ArgumentOutOfRangeException>(() => HChaCha20.Derive(key, nonce, key));
    }
}
