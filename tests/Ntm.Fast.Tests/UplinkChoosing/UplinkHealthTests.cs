using Ntm.Uplink;

namespace Ntm.Fast.Tests.UplinkChoosing;

/// <summary>How an uplink is, by hand-held time.</summary>
public sealed class UplinkHealthTests
{
    private const string Fine = "it has an address and a default route by IPv4";

    private readonly UplinkHealth _health = new(new());

    [Theory]
    [InlineData(LinkFact.Missing, UplinkCondition.Absent, false)]
    [InlineData(LinkFact.NotReady, UplinkCondition.Connecting, false)]
    [InlineData(LinkFact.Ready, UplinkCondition.Online, true)]
    public void The_kernels_word_is_the_beginning(LinkFact fact, UplinkCondition condition, bool usable)
    {
        _health.Found(At(1), fact, "why");
        Assert.Equal(new UplinkJudgement(condition, "why", At(condition == UplinkCondition.Absent ? 0 : 1)), _health.Judgement);
        Assert.Equal(usable, _health.Usable);
        Assert.Equal(TimeSpan.MaxValue, _health.NextDeadline);
    }

    [Fact]
    public void Silence_takes_it_down_within_a_second_and_five_seconds_of_answers_up_again()
    {
        Ready(0);
        Silence(10, 0.25, 1);
        Silence(10.25, 0.5, 2);
        Is(UplinkCondition.Online);
        Silence(10.5, 0.75, 3);
        Is(UplinkCondition.Offline, 10.5);
        Assert.Equal("nobody answers there: 3 questions in 0.8 s, and answers come by another uplink", _health.Judgement.Reason);
        Assert.True(_health.Usable); // it has to be asked
        Answer(20);
        Is(UplinkCondition.Connecting, 20);
        Assert.Equal(At(25), _health.NextDeadline);
        _health.HandleTimeout(At(24.9));
        Is(UplinkCondition.Connecting, 20);
        _health.HandleTimeout(At(25));
        Is(UplinkCondition.Online, 25);
        Assert.Equal(Fine, _health.Judgement.Reason);
    }

    [Fact]
    public void A_stall_of_300_ms_is_nothing()
    {
        Ready(0);
        for (var i = 0; i < 50; i++)
        {
            for (var question = 0; question < 5; question++)
            {
                Answer((i * 10) - 8 + (question * 2));
            }

            Silence((i * 10) + 0.3, 0.3, 1);
            Answer((i * 10) + 0.35);
            Is(UplinkCondition.Online);
        }
    }

    [Fact]
    public void A_loss_counts_at_once_and_the_first_return_is_told_at_once_but_has_to_hold()
    {
        Ready(0);
        Lost(10);
        Assert.False(_health.Usable);
        Ready(11);
        Assert.True(_health.Usable);
        Is(UplinkCondition.Connecting, 10);
        Assert.Contains("it is back, and counts again when it has held for 5 s", _health.Judgement.Reason, StringComparison.Ordinal);
        _health.HandleTimeout(At(16));
        Is(UplinkCondition.Online, 16);
    }

    [Fact]
    public void One_that_flaps_ten_times_a_second_does_not_flap()
    {
        Ready(0);
        var usable = true;
        var changes = 0;
        for (var i = 0; i < 600; i++)
        {
            if (i % 2 == 0)
            {
                Lost(10 + (i / 20.0));
            }
            else
            {
                Ready(10 + (i / 20.0));
            }

            changes += usable != _health.Usable ? 1 : 0;
            usable = _health.Usable;
            Assert.NotEqual(UplinkCondition.Online, _health.Judgement.Condition);
        }

        Assert.Equal(5, changes); // down, up, down, up, down
        Assert.False(usable);
        Assert.Equal(At(10 + (599 / 20.0) + 60), _health.NextDeadline); // bounded
        _health.HandleTimeout(At(99.94));
        Assert.False(_health.Usable);
        _health.HandleTimeout(At(99.95));
        Is(UplinkCondition.Online, 99.95);
        Assert.True(_health.Usable);

        // What is past is past.
        Lost(300);
        Ready(301);
        Assert.Equal(At(306), _health.NextDeadline);
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 10)]
    [InlineData(3, 20)]
    [InlineData(4, 40)]
    [InlineData(5, 60)]
    [InlineData(8, 60)]
    public void It_has_to_hold_the_longer_the_more_often_it_was_lost(int losses, double seconds) => Assert.Equal(At(seconds), new UplinkThresholds().Hold(losses));

    [Fact]
    public void An_owners_times_count()
    {
        var slow = new UplinkThresholds { UpAfter = At(300), DownAfter = At(10) };
        Assert.Equal(At(300), slow.Hold(8));
        Assert.Equal(At(0), new UplinkThresholds { UpAfter = At(0) }.Hold(3));
        var health = new UplinkHealth(slow);
        health.Found(At(0), LinkFact.Ready, Fine);
        health.Silent(At(9), At(9), 36);
        Assert.Equal(UplinkCondition.Online, health.Judgement.Condition);
        health.Silent(At(10), At(10), 37);
        Assert.Equal(UplinkCondition.Offline, health.Judgement.Condition);
    }

    /// <summary>It may be the last one some time.</summary>
    [Fact]
    public void One_that_is_silent_again_and_again_is_there_all_the_same()
    {
        _health.Found(At(0), LinkFact.Ready, "it has an address");
        for (var i = 1; i <= 6; i++)
        {
            _health.Silent(At(i * 6), At(0.8), UplinkThresholds.MissesLeast);
            Assert.Equal(UplinkCondition.Offline, _health.Judgement.Condition);
            _health.Answered(At((i * 6) + 4), At(0.02));
            Assert.True(_health.Usable);
        }

        Assert.Equal(UplinkCondition.Connecting, _health.Judgement.Condition);
    }

    [Fact]
    public void A_clock_that_jumps_takes_nothing_down()
    {
        Ready(0);
        Silence(86_400, 86_000, 1); // suspended between a question and the look at it
        Is(UplinkCondition.Online);
        Answer(86_401);
        Silence(5, 86_000, 2); // backwards
        Is(UplinkCondition.Online);
        Lost(6);
        Ready(7);
        _health.HandleTimeout(At(3)); // backwards while it holds
        Is(UplinkCondition.Connecting);
        _health.HandleTimeout(At(12));
        Is(UplinkCondition.Online, 12);
    }

    [Fact]
    public void Late_answers_and_lost_ones_make_it_degraded_until_it_is_good_again()
    {
        Ready(0);
        Answer(1, 2_000);
        Is(UplinkCondition.Degraded, 1);
        Assert.Equal("answers come late there: after 2000 ms", _health.Judgement.Reason);
        for (var i = 2; i < 40; i++)
        {
            Answer(i);
        }

        Is(UplinkCondition.Online);
        for (var i = 40; i < 56; i++)
        {
            if (i % 3 == 0)
            {
                Silence(i, 0.25, 1);
            }

            Answer(i + 0.5);
        }

        Is(UplinkCondition.Degraded);
        Assert.Contains("some questions stay unanswered there", _health.Judgement.Reason, StringComparison.Ordinal);
        for (var i = 60; i < 80; i++)
        {
            Answer(i);
        }

        Is(UplinkCondition.Online);
    }

    [Fact]
    public void Where_nobody_is_left_to_be_asked_the_kernels_word_counts_again()
    {
        Ready(0);
        Silence(10, 1, 3);
        Is(UplinkCondition.Offline);
        _health.NobodyToAsk(At(11));
        Is(UplinkCondition.Online, 11);
    }

    [Fact]
    public void What_comes_after_the_link_went_says_nothing()
    {
        Lost(1);
        Answer(2);
        Silence(3, 1, 5);
        Is(UplinkCondition.Connecting, 1);
        Assert.False(_health.Usable);
        Assert.Null(_health.RoundTrip);
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    private void Ready(double at) => _health.Found(At(at), LinkFact.Ready, Fine);

    private void Lost(double at) => _health.Found(At(at), LinkFact.NotReady, "the interface wan0 has no carrier");

    private void Answer(double at, double milliseconds = 20) => _health.Answered(At(at), TimeSpan.FromMilliseconds(milliseconds));

    private void Silence(double at, double lasting, int questions) => _health.Silent(At(at), At(lasting), questions);

    private void Is(UplinkCondition condition, double? since = null)
    {
        Assert.Equal(condition, _health.Judgement.Condition);
        if (since is { } then)
        {
            Assert.Equal(At(then), _health.Judgement.Since);
        }
    }
}
