using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

public sealed class ReplayWindowTests
{
    [Theory]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(8192)]
    public void It_agrees_with_a_set_and_a_subtraction(int size)
    {
        var window = new ReplayWindow(size);
        var seen = new HashSet<ulong>();
        var highest = 0UL;
        var dice = new Random(size);
        for (var i = 0; i < 200_000; i++)
        {
            // Mostly near the top, now and then a leap over the whole window.
            var counter = dice.Next(1000) == 0
                ? highest + (ulong)dice.Next(3 * size)
                : highest + 8 - Math.Min(highest, (ulong)dice.Next(size + 40));
            var fresh = (seen.Count == 0 || counter > highest || highest - counter < (ulong)size) && !seen.Contains(counter);
            Assert.Equal(fresh, window.IsFresh(counter));
            Assert.Equal(fresh, window.TryEnter(counter));
            if (fresh)
            {
                seen.Add(counter);
                highest = Math.Max(highest, counter);
            }
        }
    }

    [Fact]
    public void Zero_may_come_first_or_late_but_once()
    {
        var window = new ReplayWindow(64);
        Assert.True(window.TryEnter(5));
        Assert.True(window.TryEnter(0));
        Assert.False(window.TryEnter(0));
        Assert.False(window.TryEnter(5));
        Assert.True(window.TryEnter(ulong.MaxValue - (1UL << 13) - 2));
        Assert.False(window.TryEnter(6));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(100)]
    public void Other_sizes_are_a_bug(int size) => Assert.Throws<ArgumentOutOfRangeException>(() => new ReplayWindow(size));
}
