using Ntm.Linux.Queues;

namespace Ntm.Fast.Tests.Queues;

/// <summary>RFC 8290's order.</summary>
public sealed class FlowQueueTests
{
    private static readonly TimeSpan Now = TimeSpan.FromHours(1);

    [Fact]
    public void A_flow_keeps_its_order()
    {
        var queue = new FlowQueue(10);
        for (var item = 9; item >= 0; item--)
        {
            queue.Add(item, 7, 1500, Now);
        }

        Assert.Equal([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], TakeAll(queue));
    }

    [Fact]
    public void A_packet_of_a_flow_with_nothing_waiting_goes_before_all_that_waits()
    {
        var queue = new FlowQueue(100);
        for (var item = 0; item < 40; item++)
        {
            queue.Add(item, item % 4, 64_000, Now);
        }

        for (var i = 0; i < 8; i++)
        {
            Take(queue);
        }

        queue.Add(50, 99, 100, Now);
        Assert.Equal(50, Take(queue));
    }

    // RFC 8290 would let each of them go first for once.
    [Fact]
    public void Flows_that_begin_with_super_packets_do_not_go_before_a_packet_that_comes_later()
    {
        var queue = new FlowQueue(10);
        queue.Add(0, 1, 64_000, Now);
        queue.Add(1, 2, 64_000, Now);
        Assert.Equal(0, Take(queue));
        queue.Add(2, 3, 100, Now);
        Assert.Equal([2, 1], TakeAll(queue));
    }

    [Fact]
    public void Flows_share_by_bytes_whatever_their_packets_lengths()
    {
        var queue = new FlowQueue(2000);
        for (var item = 0; item < 100; item++)
        {
            queue.Add(item, 1, 60_000, Now);
        }

        for (var item = 100; item < 1900; item++)
        {
            queue.Add(item, 2, 1000, Now);
        }

        var bytes = new int[2];
        for (var i = 0; i < 1200; i++)
        {
            var isLong = Take(queue) < 100;
            bytes[isLong ? 0 : 1] += isLong ? 60_000 : 1000;
        }

        Assert.InRange(Math.Abs(bytes[0] - bytes[1]), 0, 60_000 + FlowQueue.Quantum);
    }

    // Else a flow that sends just when it has run empty would keep all others waiting.
    [Fact]
    public void A_flow_that_ran_empty_waits_for_its_turn()
    {
        var queue = new FlowQueue(100);
        for (var item = 0; item < 10; item++)
        {
            queue.Add(item, 1, 1500, Now);
        }

        var order = new List<int>();
        queue.Add(20, 2, 1500, Now);
        for (var next = 21; next < 30; next++)
        {
            order.Add(Take(queue));
            if (order[^1] >= 20)
            {
                queue.Add(next, 2, 1500, Now); // as soon as its last one left
            }
        }

        Assert.InRange(order.Count(item => item < 10), 4, 6);
    }

    [Fact]
    public void Flows_in_one_place_keep_their_orders_too()
    {
        var queue = new FlowQueue(10);
        queue.Add(3, 5, 1500, Now);
        queue.Add(1, 5 + FlowQueue.Flows, 1500, Now);
        queue.Add(2, 5, 1500, Now);
        Assert.Equal([3, 1, 2], TakeAll(queue));
    }

    [Fact]
    public void The_flow_with_most_bytes_makes_room_with_its_oldest()
    {
        var queue = new FlowQueue(100);
        for (var item = 0; item < 50; item++)
        {
            queue.Add(item, 1, 100, Now);
        }

        queue.Add(60, 2, 6000, Now);
        queue.Add(61, 2, 100, Now);
        Assert.Equal(60, queue.TakeOfFattest());
        Assert.Equal(0, queue.TakeOfFattest());
        Assert.Equal(1, queue.TakeOfFattest());
        Assert.Equal(49, queue.Count);
        Assert.Throws<InvalidOperationException>(() => new FlowQueue(1).TakeOfFattest());
    }

    [Fact]
    public void Only_the_flow_that_stands_is_told()
    {
        var queue = new FlowQueue(1000);
        var (now, free) = (Now, new Queue<int>(Enumerable.Range(0, 1000)));
        var told = new int[2];
        void Add(int flow, int bytes) => queue.Add(free.Dequeue(), flow, bytes, now);
        for (var i = 0; i < 200; i++)
        {
            Add(0, 1500);
        }

        // One packet of the bulk a millisecond, which waits for 200 ms; one of the other every 10 ms, which goes at once.
        for (var millisecond = 0; millisecond < 1000; millisecond++, now += TimeSpan.FromMilliseconds(1))
        {
            Add(0, 1500);
            if (millisecond % 10 == 0)
            {
                Add(1, 100);
            }

            for (var i = 0; i < (millisecond % 10 == 0 ? 2 : 1); i++)
            {
                Assert.True(queue.TryTake(now, out var item, out var waited, out var isDue));
                free.Enqueue(item);
                told[waited == TimeSpan.Zero ? 1 : 0] += isDue ? 1 : 0;
            }
        }

        Assert.InRange(told[0], 10, 200);
        Assert.Equal(0, told[1]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Nothing_is_lost_doubled_or_put_out_of_its_flows_order(int seed)
    {
        const int capacity = 300;
        var random = new Random(seed);
        var queue = new FlowQueue(capacity);
        var flows = new Dictionary<int, Queue<int>>();
        var free = new Queue<int>(Enumerable.Range(0, capacity));
        for (var step = 0; step < 100_000; step++)
        {
            if (free.Count > 0 && random.Next(100) < (step / 1000 % 2 == 0 ? 60 : 40))
            {
                var (item, flow) = (free.Dequeue(), random.Next(1, 20) * random.Next(1, 300));
                queue.Add(item, flow, random.Next(1, 65_536), Now);
                (flows.TryGetValue(flow, out var of) ? of : flows[flow] = new()).Enqueue(item);
            }
            else if (queue.Count > 0)
            {
                var item = random.Next(50) == 0 ? queue.TakeOfFattest() : Take(queue);
                Assert.Single(flows.Values, f => f.TryPeek(out var first) && first == item).Dequeue();
                free.Enqueue(item);
            }

            Assert.Equal(capacity - free.Count, queue.Count);
        }
    }

    private static int Take(FlowQueue queue)
    {
        Assert.True(queue.TryTake(Now, out var item, out _, out _));
        return item;
    }

    private static List<int> TakeAll(FlowQueue queue)
    {
        var items = new List<int>();
        while (queue.TryTake(Now, out var item, out _, out _))
        {
            items.Add(item);
        }

        Assert.Equal(0, queue.Count);
        return items;
    }
}
