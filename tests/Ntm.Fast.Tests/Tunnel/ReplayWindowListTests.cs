using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>What a window says is missing, beside a set that remembers all.</summary>
public sealed class ReplayWindowListTests
{
    [Fact]
    public void A_window_that_nothing_entered_lists_nothing() =>
        Assert.False(new ReplayWindow(128).TryList(new CounterRange[4], out _, out _, out _));

    [Theory]
    [InlineData(64, 0, 3)]
    [InlineData(128, 5, 3)]
    [InlineData(128, 40, 32)]
    [InlineData(8192, 2, 32)]
    [InlineData(8192, 60, 32)]
    [InlineData(8192, 98, 1)]
    public void Missing_ranges_are_those_of_a_model_with_random_loss(int size, int lossPercent, int room)
    {
        var dice = new Random(size + lossPercent);
        var window = new ReplayWindow(size);
        var came = new HashSet<ulong>();
        var missing = new CounterRange[room];
        var next = (ulong)dice.Next(3) * 1000;
        for (var i = 0; i < 3000; i++)
        {
            next += dice.Next(200) == 0 ? (ulong)dice.Next(300) : 1;
            var counter = dice.Next(10) == 0 ? next - Math.Min(next, (ulong)dice.Next(40)) : next;
            if (dice.Next(100) >= lossPercent && window.TryEnter(counter))
            {
                came.Add(counter);
            }

            if (i % 50 == 0 && window.TryList(missing, out var floor, out var highest, out var ranges))
            {
                Check(came, (ulong)size, missing.AsSpan(0, ranges), room, floor, highest);
            }
        }
    }

    [Fact]
    public void Counters_at_the_far_end_overflow_nothing()
    {
        var window = new ReplayWindow(64);
        window.TryEnter(ulong.MaxValue - 5);
        Assert.True(window.TryList(new CounterRange[4], out var floor, out var highest, out var ranges));
        Assert.Equal((ulong.MaxValue - 68, ulong.MaxValue - 5, 1), (floor, highest, ranges));
    }

    private static void Check(HashSet<ulong> came, ulong size, ReadOnlySpan<CounterRange> ranges, int room, ulong floor, ulong highest)
    {
        Assert.Equal(came.Max(), highest);
        var least = highest >= size ? highest - size + 1 : 0;
        var said = new HashSet<ulong>();
        var end = floor;
        var first = true;
        foreach (var range in ranges)
        {
            Assert.True(range.Length > 0 && (first ? range.First >= end : range.First > end) && range.End <= highest);
            (end, first) = (range.End, false);
            for (var counter = range.First; counter < range.End; counter++)
            {
                said.Add(counter);
            }
        }

        for (var counter = floor; counter <= highest; counter++)
        {
            Assert.NotEqual(came.Contains(counter), said.Contains(counter));
        }

        Assert.True(floor == least || (floor > least && ranges.Length == room && !came.Contains(floor - 1)));
    }
}
