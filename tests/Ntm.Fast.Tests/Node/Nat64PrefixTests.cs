using System.Net;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Node;

/// <summary>RFC 6052's own examples, and what a DNS may answer (RFC 7050).</summary>
public sealed class Nat64PrefixTests
{
    /// <summary>RFC 6052 section 2.4.</summary>
    public static TheoryData<string, string> Examples => new()
    {
        { "2001:db8::/32", "2001:db8:c000:221::" },
        { "2001:db8:100::/40", "2001:db8:1c0:2:21::" },
        { "2001:db8:122::/48", "2001:db8:122:c000:2:2100::" },
        { "2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::" },
        { "2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::" },
        { "2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33" },
        { "64:ff9b::/96", "64:ff9b::192.0.2.33" },
    };

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_IPv4_address_goes_in_and_comes_out(string text, string expected)
    {
        Assert.True(Nat64Prefix.TryParse(text, out var prefix));
        Assert.Equal(text, prefix.ToString());
        var ipv4 = RealAddress.FromIPv4(0xC000_0221, 4916);
        var ipv6 = prefix.Embed(ipv4);
        Assert.Equal((IPAddress.Parse(expected), (ushort)4916), (ipv6.ToIPAddress(), ipv6.Port));
        Assert.True(prefix.TryExtract(ipv6, out var back));
        Assert.Equal(ipv4, back);
        Assert.False(prefix.TryExtract(new(0x2001_0DB9_0000_0000, 1, 1), out _));
        Assert.False(prefix.TryExtract(ipv4, out _));
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void It_is_found_in_what_a_DNS64_makes_of_the_well_known_name(string text, string _)
    {
        Assert.True(Nat64Prefix.TryParse(text, out var prefix));
        Assert.True(Nat64Prefix.TryFind([[1, 2], prefix.Embed(RealAddress.FromIPv4(0xC000_00AB, 1)).AddressBytes()], out var found));
        Assert.Equal(prefix, found);
    }

    [Theory]
    [InlineData("2001:db8::1")] // no well-known address in it
    [InlineData("::192.0.0.170")] // prefixes by which somebody else would be meant
    [InlineData("fe80::c000:aa")]
    [InlineData("ff02::c000:aa")]
    [InlineData("2001:db8:c000:aa:0:0:c000:aa")] // in two places
    public void Nothing_is_found_in_other_answers(string answer)
    {
        Assert.False(Nat64Prefix.TryFind([IPAddress.Parse(answer).GetAddressBytes()], out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("2001:db8::/33")]
    [InlineData("192.0.2.0/24")]
    [InlineData("::/96")]
    [InlineData("fe80::/64")]
    public void Other_texts_are_no_prefix(string? text) => Assert.False(Nat64Prefix.TryParse(text, out _));
}
