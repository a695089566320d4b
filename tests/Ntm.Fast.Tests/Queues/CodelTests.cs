using Ntm.Linux.Queues;

namespace Ntm.Fast.Tests.Queues;

/// <summary>RFC 8289's behaviour, by hand-held time.</summary>
public sealed class CodelTests
{
    private const int Much = 100_000;

    private static readonly TimeSpan Begin = TimeSpan.FromHours(5);

    [Fact]
    public void Who_waits_less_than_the_target_is_left_alone_for_ever()
    {
        var codel = default(Codel);
        Assert.Empty(DueTimes(ref codel, 0, 10_000, _ => 4.9));
    }

    [Fact]
    public void A_burst_shorter_than_the_interval_is_left_alone()
    {
        var codel = default(Codel);
        Assert.Empty(DueTimes(ref codel, 0, 10_000, t => t % 100 < 99 ? 50 : 1));
    }

    [Fact]
    public void One_short_wait_in_an_interval_shows_that_the_queue_does_not_stand()
    {
        var codel = default(Codel);
        Assert.Empty(DueTimes(ref codel, 0, 90, _ => 50));
        Assert.Empty(DueTimes(ref codel, 91, 91, _ => 4));
        Assert.Empty(DueTimes(ref codel, 92, 191, _ => 50));
    }

    [Fact]
    public void A_standing_queue_is_told_after_an_interval_and_then_ever_more_often()
    {
        var codel = default(Codel);
        var due = DueTimes(ref codel, 0, 1000, _ => 50);

        // The control law: the next one an interval by the square root of the count later; on our millisecond's grid.
        var (expected, at) = (new List<int>(), 100.0);
        for (var count = 1; at <= 1000; count++)
        {
            expected.Add((int)Math.Ceiling(at - 1e-9));
            at += 100 / Math.Sqrt(count);
        }

        Assert.Equal(expected, due);
        Assert.Equal([100, 200, 271, 329], due.Take(4));
    }

    [Fact]
    public void A_spell_that_follows_soon_begins_as_fast_as_the_last_ended()
    {
        var codel = default(Codel);
        var first = DueTimes(ref codel, 0, 1000, _ => 50);
        DueTimes(ref codel, 1001, 1010, _ => 1);
        var second = DueTimes(ref codel, 1011, 1300, _ => 50);
        Assert.Equal(1111, second[0]);
        Assert.InRange(second[1] - second[0], 1, (int)(100 / Math.Sqrt(first.Count - 2)) + 1);
    }

    [Fact]
    public void A_spell_that_follows_late_begins_anew()
    {
        var codel = default(Codel);
        DueTimes(ref codel, 0, 1000, _ => 50);
        DueTimes(ref codel, 1001, 4000, _ => 1);
        Assert.Equal([4101, 4201, 4272], DueTimes(ref codel, 4001, 4300, _ => 50).Take(3));
    }

    [Fact]
    public void Less_than_a_packet_left_is_no_standing_queue()
    {
        var codel = default(Codel);
        Assert.Empty(DueTimes(ref codel, 0, 1000, _ => 50, left: FlowQueue.Quantum - 1));
    }

    // One packet each millisecond from one to the other, inclusively; the milliseconds in which one was due.
    private static List<int> DueTimes(ref Codel codel, int from, int to, Func<int, double> waited, int left = Much)
    {
        var due = new List<int>();
        for (var t = from; t <= to; t++)
        {
            if (codel.IsDue(Begin + TimeSpan.FromMilliseconds(t), TimeSpan.FromMilliseconds(waited(t)), left))
            {
                due.Add(t);
            }
        }

        return due;
    }
}
