using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Linux;

/// <summary>Threads that share a batch's work.</summary>
public sealed class LanesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Every_piece_is_done_once_before_the_call_returns(int more)
    {
        using var lanes = new Lanes(more, "test");
        var work = new Tally();
        var random = new Random(5);
        for (var round = 0; round < 20_000; round++)
        {
            work.Begin(random.Next(0, Limits.BatchSlots + 1));
            lanes.Run(work);
            Assert.Equal(0, work.Count);
            work.AssertEachOnce();
            if (round % 4000 == 3999)
            {
                Thread.Sleep(20); // long enough for the lanes to fall asleep
            }
        }
    }

    [Fact]
    public void Two_threads_never_have_one_lanes_number()
    {
        using var lanes = new Lanes(3, "test");
        var work = new Tally();
        for (var round = 0; round < 5000; round++)
        {
            work.Begin(Limits.BatchSlots);
            lanes.Run(work);
        }

        Assert.False(work.LaneWasShared);
        Assert.Equal(4, lanes.Count);
    }

    [Fact]
    public void What_a_lane_throws_comes_out_when_all_else_is_done_and_the_next_batch_is_unharmed()
    {
        using var lanes = new Lanes(2, "test");
        var work = new Tally();
        for (var round = 0; round < 200; round++)
        {
            work.Begin(Limits.BatchSlots);
            work.Fails = 40;
            Assert.ThrowsAny<Exception>(() => lanes.Run(work)); // by itself where it was done alone
            work.Begin(Limits.BatchSlots);
            work.Fails = -1;
            lanes.Run(work);
            work.AssertEachOnce();
        }
    }

    [Fact]
    public void Lanes_that_sleep_end_when_they_are_disposed_of()
    {
        var lanes = new Lanes(4, "test");
        Thread.Sleep(50);
        lanes.Dispose();
        new Lanes(1, "test").Dispose();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(4, 3)]
    [InlineData(64, 4)]
    public void A_processor_is_left_to_others(int processors, int lanes) => Assert.Equal(lanes, Lanes.For(processors));

    private sealed class Tally : IBatchWork
    {
        private readonly int[] _done = new int[Limits.BatchSlots];
        private readonly int[] _inLane = new int[16];
        private int _count;

        public int Count { get; private set; }

        public int Fails { get; set; } = -1;

        public bool LaneWasShared { get; private set; }

        public void Begin(int count)
        {
            Array.Clear(_done);
            Count = _count = count;
        }

        public void Do(int from, int to, int lane)
        {
            if (Interlocked.Increment(ref _inLane[lane]) != 1)
            {
                LaneWasShared = true;
            }

            for (var i = from; i < to; i++)
            {
                Interlocked.Increment(ref _done[i]);
                Thread.SpinWait(5);
            }

            Interlocked.Decrement(ref _inLane[lane]);
            if (from <= Fails && Fails < to)
            {
                throw new NotSupportedException("a bug");
            }
        }

        public void Done() => Count = 0;

        public void AssertEachOnce()
        {
            for (var i = 0; i < _done.Length; i++)
            {
                Assert.Equal(i < _count ? 1 : 0, _done[i]);
            }
        }
    }
}
