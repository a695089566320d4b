using System.Text;
using Ntm.Node.Nat;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Fast.Tests.Nat;

/// <summary>The search for a NAT's memory, and what is made of it.</summary>
public sealed class LifetimeSearchTests
{
    [Theory]
    [InlineData(10, 8.1)]
    [InlineData(15, 10.8)]
    [InlineData(20, 16.2)]
    [InlineData(30, 25.2)]
    [InlineData(45, 36)]
    [InlineData(60, 49.5)]
    [InlineData(90, 67.5)]
    [InlineData(120, 82.5)]
    [InlineData(150, 126)]
    [InlineData(180, 153)]
    [InlineData(300, 165)]
    [InlineData(3600, 165)]
    public void It_ends_soon_and_below_the_truth(int truth, double interval)
    {
        var search = default(LifetimeSearch);
        Assert.Equal(Limits.KeepAliveFirst, KeepAliveInterval.For(search));
        var tries = 0;
        while (search.Next is { } silence)
        {
            Assert.InRange(silence, 1, LifetimeSearch.Longest);
            search = search.With(silence, survived: silence < truth);
            Assert.True(++tries <= 8, "it goes on and on");
        }

        Assert.Equal(interval, KeepAliveInterval.For(search).TotalSeconds, 1);
        Assert.True(KeepAliveInterval.For(search).TotalSeconds < truth);
    }

    [Fact]
    public void It_is_never_kept_up_too_often() => Assert.Equal(Limits.KeepAliveLeast, KeepAliveInterval.For(new(0, 9)));

    [Theory]
    [InlineData(18, 22, 20)]
    [InlineData(28, 40, 30)]
    [InlineData(55, 75, 60)]
    [InlineData(110, 140, 120)]
    [InlineData(170, 220, 180)]
    [InlineData(285, 400, 300)]
    [InlineData(40, 55, 47)]
    [InlineData(28, 110, 0)]
    [InlineData(590, 0, 0)]
    public void What_a_person_would_call_it(int lived, int died, int about) => Assert.Equal(about, new LifetimeSearch(lived, died).About);

    [Fact]
    public void What_contradicts_the_former_takes_its_place()
    {
        Assert.Equal(new LifetimeSearch(28, 0), new LifetimeSearch(0, 22).With(28, survived: true));
        Assert.Equal(new LifetimeSearch(0, 22), new LifetimeSearch(110, 140).With(22, survived: false));
    }

    [Fact]
    public void What_is_kept_is_read_again_and_damage_is_not()
    {
        var kept = new NatMemory(
            new(NatMapping.AddressAndPortDependent, NatFiltering.AddressDependent, PortAllocation.Stepped, -2, true, false, 40_001, "seen"), new(28, 40),
            [RealAddress.FromIPv4(0xC633_6400, 0), new(0x2001_0DB8_0001_0000, 0, 0)]);
        Assert.True(NatMemory.TryRead(kept.Write(), out var read));
        Assert.Equal((kept.Judgement with { Reason = "" }, kept.Lifetime), (read.Judgement with { Reason = "" }, read.Lifetime));
        Assert.Equal(kept.Networks, read.Networks);
        var good = Encoding.UTF8.GetString(kept.Write());
        foreach (var bad in (string[])["", "1", good + " 1", good.Replace("1 4 ", "1 9 ", StringComparison.Ordinal), good.Replace("28 40", "40 28", StringComparison.Ordinal),
            good.Replace("28 40", "99999 0", StringComparison.Ordinal), good.Replace("198.51.100.0:1", "here", StringComparison.Ordinal), "2" + good[1..], good.Replace("40001", "70000", StringComparison.Ordinal)])
        {
            Assert.False(NatMemory.TryRead(Encoding.UTF8.GetBytes(bad), out _), bad);
        }

        Assert.False(NatMemory.TryRead([0xFF, 0xFE, 0], out _));
    }
}
