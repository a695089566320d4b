using Ntm.Box.Handover;

namespace Ntm.Fast.Tests.Box;

public sealed class HandoverTextTests
{
    [Fact]
    public void A_spread_is_a_median_and_a_range()
    {
        Assert.Equal("3", HandoverText.Spread([3, 3, 3]));
        Assert.Equal("2 (1-9)", HandoverText.Spread([9, 1, 2]));
        Assert.Equal("1.5 (1-2)", HandoverText.Spread([1, 2]));
    }

    [Fact]
    public void What_is_not_asked_of_a_row_does_not_count_against_it()
    {
        var goal = new HandoverGoal { Gap = TimeSpan.FromSeconds(1), Switches = 0 };

        Assert.True(goal.IsMetBy(Round(lost: 100, gap: 1000, switches: 0)));
        Assert.False(goal.IsMetBy(Round(lost: 0, gap: 1001, switches: 0)));
        Assert.False(goal.IsMetBy(Round(lost: 0, gap: 1, switches: 1)));
        Assert.False(goal.IsMetBy(Round(lost: 0, gap: 1, switches: 0) with { WentOn = false }));
        Assert.Equal("gap <= 1000 ms, 0 changes", goal.ToString());
    }

    [Fact]
    public void Each_row_has_its_rounds_and_what_was_left_out_its_reason()
    {
        var row = HandoverRows.All.First(r => r.Key == "carrier");
        var text = HandoverText.Of(
            [
                new(row, StreamRate.Slow, [Round(0, 50, 1), Round(2, 70, 1), Round(0, 60, 1)], "besides"),
                new(HandoverRows.All[0], StreamRate.Of(100), [], "") { Lack = "there is none" },
            ],
            [new("idle", "<= 5 s", [1.25, 1.75], [], 3)],
            "the fastest");

        Assert.Contains("500/s each way", text, StringComparison.Ordinal);
        Assert.Contains("    2/3          0 (0-2) ", text, StringComparison.Ordinal);
        Assert.Contains("60 (50-70)", text, StringComparison.Ordinal);
        Assert.Contains("100 Mb/s each way", text, StringComparison.Ordinal);
        Assert.Contains("left out: there is none", text, StringComparison.Ordinal);
        Assert.Contains(" 1.5 (1.25-1.75)              never\n", text, StringComparison.Ordinal);
        Assert.EndsWith("the fastest\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_gets_its_table_and_keeps_the_rest()
    {
        var page = HandoverPage.With("before\n<!-- the table: written by a command -->\nold\n<!-- end of the table -->\nafter\n", "new\n");

        Assert.StartsWith("before\n", page, StringComparison.Ordinal);
        Assert.EndsWith("```\nnew\n```\n<!-- end of the table -->\nafter\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("old", page, StringComparison.Ordinal);
        Assert.Throws<Ntm.Box.BoxFailed>(() => HandoverPage.With("nothing", "new"));
    }

    private static RoundSeen Round(int lost, double gap, int switches) =>
        new(new(1000, lost, 0, 0, TimeSpan.FromMilliseconds(gap), TimeSpan.Zero, 0), switches, 0, 0, 0, TimeSpan.Zero, WasWarm: true, WentOn: true);
}
