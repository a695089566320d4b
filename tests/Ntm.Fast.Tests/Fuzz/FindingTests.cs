using System.Text;
using Ntm.Hosting;
using Ntm.Node.Naming;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Fuzz;

/// <summary>What fuzzing found, one by one; the inputs are also kept in the corpora.</summary>
public sealed class FindingTests
{
    [Theory]
    [InlineData("""{"zone":"\ud800"}""", "'zone' must be a text")]
    [InlineData("""{"\udc00":1}""", "is no valid text")]
    [InlineData("""{"data":"a\u0000b"}""", "zero character")]
    public void Configuration_with_half_a_character_or_a_zero_in_it_is_refused_in_words(string json, string said) => Refused(Encoding.UTF8.GetBytes(json), said);

    [Fact]
    public void Configuration_that_is_no_utf8_is_refused_in_words() => Refused([.. "{\"zone\":\""u8, 0xC4, .. "x\"}"u8], "'zone' must be a text");

    [Theory]
    [InlineData("5.0.1\0.198.in-addr.arpa")]
    [InlineData("5.0.+1.198.in-addr.arpa")]
    public void A_reverse_name_is_digits_only(string name) => Assert.False(ReverseName.TryParse(name, out _));

    [Fact]
    public void A_mac_address_is_digits_only() => Assert.False(MacAddress.TryParse("02:00:00:00:00:1\0", out _));

    private static void Refused(byte[] json, string said)
    {
        var refused = Assert.Throws<ConfigException>(() =>
        {
            var section = ConfigSection.Parse("/etc/ntm/some.json", json);
            section.Text("zone");
            section.FilePath("data", "data");
            section.Finish();
        });
        Assert.Contains(refused.Problems, p => p.Contains(said, StringComparison.Ordinal));
    }
}
