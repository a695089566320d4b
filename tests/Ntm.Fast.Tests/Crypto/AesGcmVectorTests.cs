using Ntm.Crypto;
using Ntm.Crypto.AesGcm;

namespace Ntm.Fast.Tests.Crypto;

/// <summary>
/// Published vectors, each for the processor's own instructions, for libcrypto, and for the product's code over a model of either kind of instructions, of
/// which Arm's is the one that this machine may not have.
/// </summary>
public sealed class AesGcmVectorTests
{
    // Around a block, around the seven blocks that fit behind the mask's, around one group and several.
    private static readonly int[] s_lengths = [0, 1, 15, 16, 17, 111, 112, 113, 127, 128, 129, 143, 144, 240, 241, 255, 256, 257, 368, 383, 384, 400, 512, 1_424];

    public static TheoryData<string, string, int, int> Vectors
    {
        get
        {
            var data = new TheoryData<string, string, int, int>();
            foreach (var kind in Kinds())
            {
                data.Add(kind, "nist-gcm-encrypt-256.txt", 175, 0);
                data.Add(kind, "nist-gcm-decrypt-256.txt", 89, 86);
                data.Add(kind, "wycheproof-aes-gcm-256.txt", 39, 27);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Seals_opens_and_refuses_as_published(string kind, string file, int fitting, int refused)
    {
        foreach (var vector in GcmVector.Of(file))
        {
            using var cipher = Make(kind, vector.Key);
            var text = (byte[])vector.Sealed.Clone();
            var opened = cipher.TryOpen(vector.Nonce, vector.AssociatedData, text, vector.Tag);
            Assert.True(opened == vector.Fits, vector.Where);
            if (!opened)
            {
                Assert.All(text, b => Assert.Equal(0, b));
                refused--;
                continue;
            }

            Assert.True(text.AsSpan().SequenceEqual(vector.Text), vector.Where);
            var tag = new byte[AesGcm256.TagSize];
            cipher.Seal(vector.Nonce, vector.AssociatedData, text, tag);
            Assert.True(text.AsSpan().SequenceEqual(vector.Sealed), vector.Where);
            Assert.True(tag.AsSpan().SequenceEqual(vector.Tag), vector.Where);
            fitting--;
        }

        Assert.Equal((0, 0), (fitting, refused));
    }

    // Published vectors are shorter than a group of blocks.
    [Theory]
    [InlineData("model of Arm's")]
    [InlineData("model of x86-64's")]
    public void A_model_does_long_texts_as_libcrypto(string kind)
    {
        var random = new Random(4711);
        foreach (var length in s_lengths)
        {
            var (key, nonce, associated, plain) = (new byte[AesGcm256.KeySize], new byte[AesGcm256.NonceSize], new byte[length % 35], new byte[length]);
            foreach (var bytes in new[] { key, nonce, associated, plain })
            {
                random.NextBytes(bytes);
            }

            using var ours = Make(kind, key);
            using var theirs = Make("libcrypto", key);
            var (text, tag) = ((byte[])plain.Clone(), new byte[AesGcm256.TagSize]);
            var (expected, expectedTag) = ((byte[])plain.Clone(), new byte[AesGcm256.TagSize]);
            ours.Seal(nonce, associated, text, tag);
            theirs.Seal(nonce, associated, expected, expectedTag);
            Assert.True(expected.AsSpan().SequenceEqual(text), $"length {length}");
            Assert.Equal(expectedTag, tag);
            Assert.True(ours.TryOpen(nonce, associated, text, tag), $"length {length}");
            Assert.True(plain.AsSpan().SequenceEqual(text), $"length {length}");
            tag[random.Next(tag.Length)] ^= 0x10;
            Assert.False(ours.TryOpen(nonce, associated, expected, tag), $"length {length}");
        }
    }

    private static IEnumerable<string> Kinds()
    {
        if (CipherHardware.HasAes)
        {
            yield return "instructions";
        }

        yield return "libcrypto";
        yield return "model of Arm's";
        yield return "model of x86-64's";
    }

    private static IGcmUnderTest Make(string kind, byte[] key) => kind switch
    {
        "instructions" when X86Instructions.IsSupported => new GcmByInstructions<X86Instructions>(key),
        "instructions" => new GcmByInstructions<ArmRounds<ArmInstructions>>(key),
        "libcrypto" => new GcmOfLibrary(key),
        "model of Arm's" => new GcmByInstructions<ArmRounds<ArmModel>>(key),
        _ => new GcmByInstructions<X86Model>(key),
    };
}
