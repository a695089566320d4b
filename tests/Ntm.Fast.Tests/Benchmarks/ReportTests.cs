using Ntm.Benchmarks.Report;

namespace Ntm.Fast.Tests.Benchmarks;

/// <summary>What the benchmarks print and write: tables, sections, pages and the figures in them.</summary>
public sealed class ReportTests
{
    [Fact]
    public void A_table_is_markdown_with_aligned_columns()
    {
        var table = new Table("what", "Gb/s").Add("ours", "3.91").Add("a|b", "12.00").Add("short");
        Assert.Equal(
            """
            | what  |  Gb/s |
            | ----- | ----: |
            | ours  |  3.91 |
            | a\|b  | 12.00 |
            | short |       |

            """, table.ToString());
    }

    [Fact]
    public void A_row_wider_than_the_table_is_refused() => Assert.Throws<ArgumentException>(() => new Table("a").Add("1", "2"));

    [Fact]
    public void A_section_has_its_parts_in_order_and_no_empty_table()
    {
        var section = new Section("Memory").Say("Of one end.").Show(new Table("a")).Head("Again").Quote("ls", "# x");
        Assert.Equal("## Memory\n\nOf one end.\n\n### Again\n\n```\nls\n# x\n```\n", section.ToString());
    }

    [Fact]
    public void Each_command_writes_its_own_sections_of_a_page()
    {
        var first = Page.Put("", "# Speed\n\nBegin.\n", new Section("A").Say("one").Quote("## no heading"), new Section("B").Say("two"));
        Assert.Equal("# Speed\n\nBegin.\n\n## A\n\none\n\n```\n## no heading\n```\n\n## B\n\ntwo\n", first);
        var second = Page.Put(first, "# Faster\n", new Section("A").Say("three"), new Section("C").Say("four"));
        Assert.Equal("# Faster\n\n## A\n\nthree\n\n## B\n\ntwo\n\n## C\n\nfour\n", second);
        Assert.Equal(second, Page.Put(second, "# Faster\n"));
    }

    [Fact]
    public void A_sample_shows_its_median_and_its_range()
    {
        Assert.Equal("2.50 (1.00-10.00)", new Sample(10, 1, 2, 3).Show());
        Assert.Equal("2.0 (1.0-3.0)", new Sample(3, 1, 2).Show("0.0"));
        Assert.Equal("7.00", new Sample(7).Show());
        Assert.Equal("-", new Sample().Show());
        Assert.Equal("-", new Sample().Middle());
        Assert.Equal(1.0, new Sample(3, 1, 2).Spread);
    }

    [Fact]
    public void Rounds_are_compared_one_by_one()
    {
        Assert.Equal("2.00 (0.50-3.00)", Sample.Ratios(new Sample(4, 1, 9, 5), new Sample(2, 2, 3)).Show());
        Assert.Equal(0, Sample.Ratios(new Sample(1), new Sample(0)).Count);
        Assert.Equal("1.00 (-1.00-2.00)", Sample.Differences(new Sample(4, 1, 3), new Sample(2, 2, 2)).Show());
        Assert.Equal("3.00", new Sample(1, 2).Times(2).Middle());
    }

    [Fact]
    public void Quantiles_are_interpolated()
    {
        var sample = new Sample(Enumerable.Range(0, 101).Select(i => (double)i));
        Assert.Equal(99, sample.Of(0.99), 9);
        Assert.Equal(50, sample.Of(0.5), 9);
        Assert.Equal(1.75, new Sample(1, 2).Of(0.75), 9);
        Assert.True(double.IsNaN(new Sample().Of(0.5)));
    }
}
