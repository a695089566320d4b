using Ntm.Benchmarks.Measurements;

namespace Ntm.Fast.Tests.Benchmarks;

/// <summary>The search for the highest rate without loss.</summary>
public sealed class RateSearchTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(50_000, 83_000)]
    [InlineData(50_000, 400_000)]
    [InlineData(200_000, 60_000)]
    [InlineData(100_000, 100_000)]
    public void It_comes_within_5_percent_of_the_limit(double first, double limit)
    {
        var (search, runs) = Search(first, 30, rate => Path(rate, limit));
        Assert.InRange(search.Best, limit * 0.94, limit * 1.011);
        Assert.False(search.SenderLimited);
        Assert.InRange(runs, 3, 15);
    }

    [Fact]
    public void It_ends_where_the_sender_can_do_no_more()
    {
        var (search, _) = Search(50_000, 30, rate => Path(Math.Min(rate, 90_000), 500_000));
        Assert.InRange(search.Best, 89_999, 90_000);
        Assert.True(search.SenderLimited);
    }

    [Fact]
    public void A_slip_is_tried_again()
    {
        var slips = 1;
        var (search, _) = Search(50_000, 30, rate => rate > 70_000 && slips-- > 0 ? new StreamResult(1000, 970, Second) : Path(rate, 200_000));
        Assert.InRange(search.Best, 188_000, 202_000);
    }

    [Fact]
    public void Its_runs_are_bounded_and_a_path_that_loses_all_has_no_rate()
    {
        var (search, runs) = Search(50_000, 6, rate => new StreamResult((int)rate, 0, Second));
        Assert.Equal((6, 0), (runs, search.Best));
        Assert.Throws<InvalidOperationException>(() => search.Tell(default));
        Assert.Equal(1, default(StreamResult).Loss);
    }

    private static StreamResult Path(double rate, double limit) => new((int)rate, (int)Math.Min(rate, limit), Second);

    private static (RateSearch Search, int Runs) Search(double first, int mostRuns, Func<double, StreamResult> path)
    {
        var (search, runs) = (new RateSearch(first, mostRuns), 0);
        for (; search.Next is { } rate; runs++)
        {
            search.Tell(path(rate));
        }

        return (search, runs);
    }
}
