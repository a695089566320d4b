using Ntm.Linux;

namespace Ntm.Fast.Tests.Linux;

/// <summary>Work is shared while that is faster, and it is found out when it becomes so or ceases to be.</summary>
public sealed class LaneTrialTests
{
    [Theory]
    [InlineData(100, 50, true)]
    [InlineData(100, 95, false)] // too little for another processor's time
    [InlineData(100, 400, false)]
    public void The_faster_way_is_taken(int alone, int shared, bool shares)
    {
        var share = Share(new LaneTrial(), 5000, alone, shared);
        Assert.InRange(share, shares ? 0.9 : 0, shares ? 1 : 0.1);
    }

    [Fact]
    public void A_machine_that_becomes_busy_and_idle_again_is_noticed()
    {
        var trial = new LaneTrial();
        Assert.True(Share(trial, 3000, 100, 50) > 0.8);
        Share(trial, 1500, 100, 300);
        Assert.True(Share(trial, 5000, 100, 300) < 0.1);
        Share(trial, 1500, 100, 60);
        Assert.True(Share(trial, 5000, 100, 60) > 0.9);
    }

    [Fact]
    public void Batches_of_different_lengths_are_compared_by_the_piece()
    {
        var trial = new LaneTrial();
        var shared = 0;
        for (var i = 0; i < 4000; i++)
        {
            var shares = trial.Shares;
            var pieces = shares ? 64 : 16;
            trial.Took(pieces * (shares ? 60 : 100), pieces);
            shared += shares ? 1 : 0;
        }

        Assert.InRange(shared, 3600, 4000);
    }

    private static double Share(LaneTrial trial, int batches, int alone, int shared)
    {
        var count = 0;
        for (var i = 0; i < batches; i++)
        {
            var shares = trial.Shares;
            trial.Took(64 * (shares ? shared : alone), 64);
            count += shares ? 1 : 0;
        }

        return (double)count / batches;
    }
}
