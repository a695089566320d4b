using Ntm.Node.Paths;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Node;

/// <summary>When an uplink is taken for one that spoils runs.</summary>
public sealed class RunTrialTests
{
    [Fact]
    public void One_run_that_arrives_whole_settles_it()
    {
        var trial = new RunTrial();
        trial.Sent();
        for (var i = 0; i < Limits.RunCheckLength; i++)
        {
            Assert.Equal(RunVerdict.Unknown, trial.Judge(over: false));
            trial.Answered(0);
        }

        Assert.Equal(RunVerdict.Carried, trial.Judge(over: false));
    }

    [Theory]
    [InlineData(0, 6, RunVerdict.Spoilt)]
    [InlineData(1, 6, RunVerdict.Spoilt)]  // the first of each run alone
    [InlineData(3, 6, RunVerdict.Spoilt)]
    [InlineData(0, 5, RunVerdict.Unknown)] // single ones are lost as well
    [InlineData(0, 0, RunVerdict.Unknown)]
    [InlineData(4, 0, RunVerdict.Carried)]
    public void What_the_answers_tell(int ofEachRun, int singles, RunVerdict expected)
    {
        var trial = new RunTrial();
        while (!trial.IsSent)
        {
            var step = trial.Step;
            var answers = trial.IsRunNext ? ofEachRun : step / 2 < singles ? 1 : 0;
            trial.Sent();
            for (var i = 0; i < answers; i++)
            {
                trial.Answered(step);
            }
        }

        Assert.Equal(expected, trial.Judge(over: true));
    }

    [Theory]
    [InlineData(0.02, 0.002)]
    [InlineData(0.05, 0.003)]
    [InlineData(0.1, 0.015)]
    [InlineData(0.3, 0.015)]
    public void Random_loss_is_seldom_taken_for_it(double loss, double most)
    {
        var random = new Random(7);
        const int trials = 20_000;
        var wrong = 0;
        for (var n = 0; n < trials; n++)
        {
            var trial = new RunTrial();
            while (!trial.IsSent)
            {
                var step = trial.Step;
                var length = trial.IsRunNext ? Limits.RunCheckLength : 1;
                trial.Sent();
                for (var i = 0; i < length; i++)
                {
                    if (random.NextDouble() > loss && random.NextDouble() > loss)
                    {
                        trial.Answered(step);
                    }
                }
            }

            wrong += trial.Judge(over: true) == RunVerdict.Spoilt ? 1 : 0;
        }

        Assert.InRange((double)wrong / trials, 0, most);
    }
}
