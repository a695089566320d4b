using Ntm.Uplink;

namespace Ntm.Fast.Tests.UplinkChoosing;

/// <summary>Which uplink comes first.</summary>
public sealed class UplinkChoiceTests
{
    private static readonly string[] Names = ["catv", "wifi", "lte"];

    [Fact]
    public void The_whole_grid_of_three_uplinks_keeps_to_the_rules()
    {
        var conditions = new (UplinkCondition Condition, bool Usable)[]
        {
            (UplinkCondition.Absent, false), (UplinkCondition.Connecting, false), (UplinkCondition.Connecting, true), (UplinkCondition.Online, true),
            (UplinkCondition.Degraded, true), (UplinkCondition.Offline, true),
        };
        UplinkWish[] wishes = [UplinkWish.None, new([2, 0], null), new([], 1), new([1], 2)];
        var cases = 0;
        foreach (var wish in wishes)
        {
            for (var grid = 0; grid < 216 * 8; grid++)
            {
                var uplinks = Enumerable.Range(0, 3).Select(n =>
                {
                    var (condition, usable) = conditions[grid / 8 / (int)Math.Pow(6, n) % 6];
                    return new UplinkStanding(n, Names[n], condition, usable, (grid >> n & 1) != 0);
                }).ToArray();
                var choice = UplinkChoice.Of(uplinks, wish);
                Assert.Equal([0, 1, 2], choice.Places.Select(p => p.Rank));
                Assert.Equal([0, 1, 2], choice.Places.Select(p => p.Number).Order());
                Assert.All(choice.Places, p => Assert.NotEmpty(p.Reason));
                Assert.Equal(uplinks.Any(u => u.Usable), choice.Carrier is not null);
                for (var i = 1; i < 3; i++)
                {
                    var (better, worse) = (uplinks[choice.Places[i - 1].Number], uplinks[choice.Places[i].Number]);
                    Assert.False(!better.Usable && worse.Usable);
                    if (better.Usable && worse.Usable && better.Number != wish.Use)
                    {
                        Assert.True(Goodness(better) <= Goodness(worse), $"{better} before {worse}");
                        if (Goodness(better) == Goodness(worse) && wish.Order.Count == 0)
                        {
                            Assert.False(better.Metered && !worse.Metered);
                            Assert.True(better.Metered != worse.Metered || better.Number < worse.Number);
                        }
                    }
                }

                if (wish.Use is { } wanted && uplinks[wanted] is { Usable: true, Condition: not UplinkCondition.Offline })
                {
                    Assert.Equal(wanted, choice.Carrier);
                }

                cases++;
            }
        }

        Assert.Equal(6912, cases);
    }

    [Fact]
    public void It_says_why()
    {
        UplinkStanding[] all = [new(0, "catv", UplinkCondition.Degraded, true, false), new(1, "wifi", UplinkCondition.Online, true, false), new(2, "lte", UplinkCondition.Online, true, true)];
        var choice = UplinkChoice.Of(all, UplinkWish.None);
        Assert.Equal((1, "wifi: it is the first in the owner's order of those that are online"), (choice.Carrier, choice.Reason));
        Assert.Equal(["it is metered, wifi is not", "it is degraded, lte is online"], choice.Places.Skip(1).Select(p => p.Reason));
        Assert.Equal("lte: it is the first in the owner's order of those that are online", UplinkChoice.Of(all, new([2, 1], null)).Reason);
        var forced = UplinkChoice.Of(all, new([], 0));
        Assert.Equal(["the owner wants it used", "the owner wants catv used", "it is metered, wifi is not"], forced.Places.Select(p => p.Reason));
        Assert.Equal("no uplink can be used", UplinkChoice.Of([all[0] with { Usable = false }], UplinkWish.None).Reason);
        Assert.Equal("wifi: it is the only one that can be used", UplinkChoice.Of([all[0] with { Usable = false }, all[1]], UplinkWish.None).Reason);
        Assert.Equal("wifi: it is online, catv is degraded", UplinkChoice.Of(all[..2], UplinkWish.None).Reason);
    }

    private static int Goodness(UplinkStanding uplink) => uplink.Condition switch
    {
        UplinkCondition.Online => 0,
        UplinkCondition.Degraded => 1,
        UplinkCondition.Offline => 3,
        _ => 2,
    };
}
