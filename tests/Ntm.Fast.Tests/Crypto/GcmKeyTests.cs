using System.Runtime.Intrinsics;
using Ntm.Crypto.AesGcm;

namespace Ntm.Fast.Tests.Crypto;

public sealed class GcmKeyTests
{
    // FIPS 197, appendix A.3: the first and the last words of the expanded key.
    [Fact]
    public unsafe void A_key_is_expanded_as_in_FIPS_197()
    {
        using var key = new GcmKey();
        Gcm<ArmRounds<ArmModel>>.Prepare(Hex.Bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"), key);
        var words = Hex.Text(new ReadOnlySpan<byte>(key.RoundKeys, (GcmKey.Rounds + 1) * GcmKey.BlockSize));
        Assert.StartsWith("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff49ba354118e6925af", words, StringComparison.Ordinal);
        Assert.EndsWith("fe4890d1e6188d0b046df344706c631e", words, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void Disposing_wipes_the_key()
    {
        var key = new GcmKey();
        Gcm<ArmRounds<ArmModel>>.Prepare(Enumerable.Repeat((byte)0x42, GcmKey.KeySize).ToArray(), key);
        var made = new ReadOnlySpan<byte>(key.RoundKeys, GcmKey.Size);
        Assert.True(made.ContainsAnyExcept((byte)0));
        var memory = made;
        key.Dispose();
        Assert.False(memory.ContainsAnyExcept((byte)0));
        GC.KeepAlive(key);
    }

    [AesInstructionsFact]
    public void The_model_of_x86_instructions_is_what_the_processor_does()
    {
        if (!X86Instructions.IsSupported)
        {
            return;
        }

        var random = new Random(64);
        for (var i = 0; i < 200; i++)
        {
            var (a, b) = (RandomBlock(random), RandomBlock(random));
            Assert.Equal(X86Instructions.Round(a, a, b), X86Model.Round(a, a, b));
            Assert.Equal(X86Instructions.LastRound(a, a, b), X86Model.LastRound(a, a, b));
            Assert.Equal(X86Instructions.MultiplyLower(a.AsUInt64(), b.AsUInt64()), X86Model.MultiplyLower(a.AsUInt64(), b.AsUInt64()));
            Assert.Equal(X86Instructions.MultiplyUpper(a.AsUInt64(), b.AsUInt64()), X86Model.MultiplyUpper(a.AsUInt64(), b.AsUInt64()));
        }
    }

    private static Vector128<byte> RandomBlock(Random random)
    {
        var bytes = new byte[GcmKey.BlockSize];
        random.NextBytes(bytes);
        return Vector128.Create(bytes);
    }
}
