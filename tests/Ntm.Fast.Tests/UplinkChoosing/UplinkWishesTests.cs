using Ntm.Gateway;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.UplinkChoosing;

/// <summary>What the owner says of the uplinks, and what of it is kept.</summary>
public sealed class UplinkWishesTests
{
    private static readonly UplinkConfig[] Uplinks = [new("catv", "wan0", 0), new("lte", "wan1", 0) { Metered = true }];

    private readonly Dictionary<string, StoreWrite> _store = [];

    [Fact]
    public void What_was_said_is_kept_over_a_restart_and_can_be_taken_back()
    {
        var wishes = New(Uplinks);
        Assert.True(wishes.Prefer(["lte", "catv"]).Done);
        Assert.True(wishes.Use("catv").Done);
        Assert.True(wishes.Meter("lte", false).Done);
        wishes = New(Uplinks);
        Assert.Equal([1, 0], wishes.Wish.Order);
        Assert.Equal(0, wishes.Wish.Use);
        Assert.False(wishes.IsMetered(Uplinks[1]));

        // An uplink less: what was said of it says nothing.
        Assert.Equal((0, null), (New(Uplinks[1..]).Wish.Order[0], New(Uplinks[1..]).Wish.Use));
        Assert.True(wishes.Prefer([]).Done);
        Assert.True(wishes.Use(null).Done);
        wishes = New(Uplinks);
        Assert.Empty(wishes.Wish.Order);
        Assert.Null(wishes.Wish.Use);
    }

    [Theory]
    [InlineData("dsl")]
    [InlineData("")]
    [InlineData("lte\"; flush ruleset; #")]
    public void A_name_that_is_no_uplinks_is_refused_and_changes_nothing(string name)
    {
        var wishes = New(Uplinks);
        foreach (var verdict in new[] { wishes.Prefer([name]), wishes.Prefer(["lte", name]), wishes.Use(name), wishes.Meter(name, true), wishes.Prefer(["lte", "lte"]), wishes.Prefer(["lte", "catv", "lte"]) })
        {
            Assert.False(verdict.Done);
        }

        Assert.Contains("There are: catv, lte.", wishes.Use(name).Reason, StringComparison.Ordinal);
        Assert.Empty(_store);
        Assert.Empty(wishes.Wish.Order);
    }

    private UplinkWishes New(UplinkConfig[] uplinks) => new(uplinks, _store.Values.Where(w => w.Value is not null).ToArray(), write => _store[write.Key] = write);
}
