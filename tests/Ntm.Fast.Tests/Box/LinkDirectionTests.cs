using Ntm.Box.Links;

namespace Ntm.Fast.Tests.Box;

public sealed unsafe class LinkDirectionTests : IDisposable
{
    private const long Millisecond = 1_000_000;
    private const int Length = 1250; // 10,000 bits

    private readonly LinkDirection direction = new(seed: 7);

    public void Dispose() => direction.Dispose();

    [Fact]
    public void Frames_come_out_in_order_after_the_delay()
    {
        direction.Conditions = new(TimeSpan.FromMilliseconds(20));
        Take(0, 1);
        Take(5 * Millisecond, 2);

        Assert.Empty(Given((20 * Millisecond) - 1));
        Assert.Equal(20 * Millisecond, direction.NextTime);
        Assert.Equal([1], Given(20 * Millisecond));
        Assert.Equal([2], Given(25 * Millisecond));
        Assert.Equal(long.MaxValue, direction.NextTime);
    }

    [Fact]
    public void A_shorter_delay_does_not_let_later_frames_overtake()
    {
        direction.Conditions = new(TimeSpan.FromMilliseconds(20));
        Take(0, 1);
        direction.Conditions = new(TimeSpan.FromMilliseconds(1));
        Take(1, 2);

        Assert.Empty(Given(19 * Millisecond));
        Assert.Equal([1, 2], Given(20 * Millisecond));
    }

    [Fact]
    public void A_rate_spaces_frames_and_what_the_buffer_has_no_room_for_is_dropped_and_counted()
    {
        direction.Conditions = new(TimeSpan.Zero) { Rate = 10_000_000, Buffer = 3 * Length }; // a frame takes a millisecond
        for (byte i = 1; i <= 5; i++)
        {
            Take(0, i);
        }

        Assert.Equal([1], Given(Millisecond));
        Assert.Equal([2], Given(2 * Millisecond));
        Assert.Equal([3], Given(10 * Millisecond));
        Assert.Equal(2, direction.Counts.Full);
        Assert.Equal(5, direction.Counts.Frames);
    }

    [Fact]
    public void The_same_seed_loses_the_same_frames()
    {
        using var other = new LinkDirection(seed: 7);
        foreach (var each in (LinkDirection[])[direction, other])
        {
            each.Conditions = new(TimeSpan.Zero) { Loss = 0.3 };
        }

        for (byte i = 0; i < 100; i++)
        {
            Take(0, i);
            Take(0, i, other);
        }

        var given = Given(0);
        Assert.Equal(given, Given(0, other));
        Assert.InRange(given.Count, 50, 90);
        Assert.Equal(100 - given.Count, direction.Counts.Lost);
    }

    [Fact]
    public void A_stall_holds_everything_back_and_loses_nothing()
    {
        direction.StalledUntil = 300 * Millisecond;
        Take(0, 1);
        Take(100 * Millisecond, 2);

        Assert.Empty(Given(299 * Millisecond));
        Assert.Equal([1, 2], Given(300 * Millisecond));
    }

    [Fact]
    public void Deaf_it_loses_what_comes_and_not_what_is_under_way()
    {
        direction.Conditions = new(TimeSpan.FromMilliseconds(20));
        Take(0, 1);
        direction.Conditions = direction.Conditions with { IsDeaf = true };
        Take(Millisecond, 2);

        Assert.Equal([1], Given(60 * Millisecond));
        Assert.Equal(1, direction.Counts.Lost);
    }

    [Fact]
    public void Cut_behind_it_loses_what_is_under_way()
    {
        direction.Conditions = new(TimeSpan.FromMilliseconds(20));
        Take(0, 1);
        direction.IsCutBehind = true;
        Assert.True(direction.TryNext(20 * Millisecond, out _, out _));
        direction.Done(wasTaken: false);

        Assert.Equal((1, 0), (direction.Counts.Lost, direction.Counts.Refused));
    }

    [Fact]
    public void What_finds_no_slot_is_dropped_and_counted()
    {
        direction.Conditions = new(TimeSpan.FromSeconds(1));
        for (var i = 0; i < LinkDirection.Slots + 10; i++)
        {
            Take(0, 0);
        }

        Assert.Equal(LinkDirection.Slots - 1, direction.Waiting);
        Assert.Equal(11, direction.Counts.Full);
    }

    [Fact]
    public void Marked_frames_are_counted_apart()
    {
        direction.Take(Length, 0, isMarked: true);
        direction.Take(Length, 0, isMarked: false);

        Assert.Equal((2, 1, 2 * Length), (direction.Counts.Frames, direction.Counts.Marked, direction.Counts.Bytes));
    }

    private void Take(long now, byte number, LinkDirection? to = null)
    {
        to ??= direction;
        *to.Room = number;
        to.Take(Length, now, isMarked: false);
    }

    private List<byte> Given(long now, LinkDirection? from = null)
    {
        from ??= direction;
        var given = new List<byte>();
        while (from.TryNext(now, out var frame, out var length))
        {
            Assert.Equal(Length, length);
            given.Add(*frame);
            from.Done(wasTaken: true);
        }

        return given;
    }
}
