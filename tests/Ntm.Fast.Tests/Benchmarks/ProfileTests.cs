using Ntm.Benchmarks.Profile;

namespace Ntm.Fast.Tests.Benchmarks;

/// <summary>Samples of perf, sorted by whose code they are in.</summary>
public sealed class ProfileTests
{
    [Fact]
    public void Samples_are_counted_by_group_and_by_symbol()
    {
        var shares = new ProfileShares(
        [
            "        7f0a1c2d3e4f [unknown] (/usr/lib/x86_64-linux-gnu/libcrypto.so.3)",
            "        7f0a1c2d3e50 EVP_DecryptUpdate (/usr/lib/x86_64-linux-gnu/libcrypto.so.3)",
            "    ffffffff81234567 _copy_from_iter ([kernel.kallsyms])",
            "        7f0a00001000 void [Ntm.Linux] Ntm.Linux.Offloads.SegmentCut::Cut(class [Ntm.Protocol] Ntm.Protocol.PacketBatch)[OptimizedTier1] (/tmp/perf-42.map)",
            "        7f0a00001000 void [Ntm.Linux] Ntm.Linux.Offloads.SegmentCut::Cut(class [Ntm.Protocol] Ntm.Protocol.PacketBatch)[OptimizedTier1] (/tmp/perf-42.map)",
            "        7f0a00002000 valuetype [System.Private.CoreLib] System.DateTimeOffset::get_UtcNow()[PreJIT] (/tmp/perf-42.map)",
            "        7f0a00003000 [unknown] (/memfd:doublemapper (deleted))",
            "        7f0a00004000 something (/usr/lib/libelse.so)",
            "",
            "no sample",
        ]);
        Assert.Equal(8, shares.Count);
        Assert.Equal(
            [0.25, 0.125, 0.25, 0.25, 0.125],
            new[] { ProfileGroup.Cipher, ProfileGroup.Kernel, ProfileGroup.OurCode, ProfileGroup.Runtime, ProfileGroup.Other }.Select(group => shares[group]));
        Assert.Equal((ProfileGroup.OurCode, "SegmentCut::Cut", 0.25), shares.Most(1).Single());
        Assert.Contains((ProfileGroup.Cipher, "libcrypto.so.3", 0.125), shares.Most(9));
    }

    [Theory]
    [InlineData("int32 [Ntm.Crypto] Ntm.Crypto.Aead::Seal()[OptimizedTier1]", "/tmp/perf-1.map", "Cipher")]
    [InlineData("void [ntm-gateway] Ntm.Gateway.Program::Main()", "/tmp/perf-1.map", "OurCode")]
    [InlineData("[unknown]", "/usr/share/dotnet/shared/Microsoft.NETCore.App/10.0.1/libcoreclr.so", "Runtime")]
    [InlineData("[unknown]", "/usr/share/dotnet/shared/Microsoft.NETCore.App/10.0.1/System.Private.CoreLib.dll", "Runtime")]
    [InlineData("__memmove_avx_unaligned_erms", "/usr/lib/x86_64-linux-gnu/libc.so.6", "Runtime")]
    [InlineData("__vdso_clock_gettime", "[vdso]", "Kernel")]
    [InlineData("[unknown]", "[unknown]", "Other")]
    public void A_sample_belongs_to_whose_code_it_was_taken_in(string symbol, string file, string group) =>
        Assert.Equal(group, ProfileShares.GroupOf(symbol, file).ToString());

    [Fact]
    public void Nothing_sampled_is_no_share() => Assert.Equal(0, new ProfileShares([])[ProfileGroup.Kernel]);
}
