using Ntm.Fast.Tests.Offloads;
using Ntm.Linux.Offloads;
using Ntm.Linux.Queues;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Queues;

/// <summary>What the TUN's kernel handed over and waits to be cut.</summary>
public sealed class OutboundQueueTests : IDisposable
{
    private const int Segment = 1000, Segments = 40;

    private readonly Counters _counters = new();
    private readonly OutboundQueue _queue;
    private TimeSpan _now = TimeSpan.FromHours(1);

    public OutboundQueueTests() => _queue = new OutboundQueue(_counters);

    public void Dispose() => _queue.Dispose();

    [Fact]
    public void A_datagram_overtakes_bulk_that_waits_and_all_comes_out_as_it_went_in()
    {
        var bulk = Enumerable.Range(0, 20).Select(i => Super((uint)(i * Segment * Segments), port: (ushort)(1 + (i % 2)))).ToArray();
        foreach (var packet in bulk)
        {
            Add(packet, TcpHeader);
        }

        Assert.Equal(Cut(bulk[0], TcpHeader), TakeAll(1));
        var small = InnerPackets.Udp(true, [1, 2, 3]);
        Add(small, default);
        Assert.Equal([small], TakeAll(1));
        var rest = TakeAll(100);
        foreach (var flow in new[] { 0, 1 })
        {
            var expected = bulk.Where((_, i) => i % 2 == flow && i > 0).SelectMany(p => Cut(p, TcpHeader)).ToList();
            Assert.Equal(expected, rest.Where(p => p[21] == 1 + flow));
        }

        Assert.Empty(_counters.All);
    }

    [Fact]
    public void What_stands_loses_one_segment_at_a_time_and_hears_soon_enough()
    {
        var (segments, delayed) = Stand(ecn: 0);
        Assert.InRange(delayed, 3, 30);
        Assert.Equal(delayed, _counters["queue-delayed"]);
        Assert.Equal((1000 * Segments) - delayed, segments.Count);
        Assert.Equal(0, _queue.Marked);
    }

    [Fact]
    public void What_knows_ECN_is_marked_and_loses_nothing()
    {
        var (segments, _) = Stand(ecn: 2);
        Assert.Equal(1000 * Segments, segments.Count);
        Assert.Equal(_queue.Marked, segments.Count(p => (p[1] & 3) == 3));
        Assert.InRange(_queue.Marked, 3 * Segments, 30 * Segments);
        Assert.Empty(_counters.All);
        Assert.All(segments, p => Assert.Equal(0, InternetChecksum.Finish(InternetChecksum.Sum(p.AsSpan(0, 20)))));
        Assert.InRange(_queue.LongestWait, TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(70));
    }

    [Fact]
    public void Where_it_is_full_the_fattest_flow_loses_and_a_small_one_nothing()
    {
        var small = InnerPackets.Udp(true, [1, 2, 3], port: 9);
        Add(small, default);
        for (var i = 0; i < 1000; i++)
        {
            Add(Super((uint)i), TcpHeader);
        }

        Assert.Equal(OutboundQueue.LongPlaces, _queue.Count); // one place is being filled, the small one has another
        Assert.Equal((1000 - OutboundQueue.LongPlaces + 1) * Segments, _counters["queue-full"]);
        Assert.Contains(small, TakeAll(int.MaxValue));
        for (var i = 0; i < 5000; i++)
        {
            Add(InnerPackets.Udp(i % 2 == 0, [(byte)i, (byte)(i >> 8)], port: (ushort)i), default);
        }

        Assert.Equal(OutboundQueue.ShortPlaces, _queue.Count);
    }

    [Fact]
    public void What_is_no_packet_is_counted()
    {
        Add([], default);
        Add(InnerPackets.Tcp(true, 1, new byte[3000]), new VirtioHeader(1, VirtioHeader.TcpIPv6, 0, 500, 20, 16));
        Add(InnerPackets.Tcp(true, 1, new byte[3000]), default);
        Assert.Equal((2, 1, 0), (_counters["tun-malformed"], _counters["tun-oversized"], _queue.Count));
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var (super, small) = (Super(1), InnerPackets.Udp(true, [1, 2, 3]));
        void Round(int times)
        {
            for (var i = 0; i < times; i++)
            {
                Add(super, TcpHeader);
                Add(small, default);
                while (_queue.TryTake(_now, out var place, out _))
                {
                    _queue.Release(place);
                }
            }
        }

        Round(100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Round(10_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    private static VirtioHeader TcpHeader => new(VirtioHeader.NeedsChecksum, VirtioHeader.TcpIPv4, 0, Segment, 20, 16);

    private static byte[] Super(uint sequence, ushort port = 1, byte ecn = 0) =>
        InnerPackets.Tcp(true, sequence, new byte[Segment * Segments], trafficClass: ecn, port: port);

    private static List<byte[]> Cut(ReadOnlySpan<byte> packet, VirtioHeader header)
    {
        Assert.True(SegmentCut.TryBegin(header, packet, out var cut));
        return Cut(packet, cut);
    }

    private static List<byte[]> Cut(ReadOnlySpan<byte> packet, SegmentCut cut)
    {
        var (into, segments) = (new byte[2000], new List<byte[]>());
        while (cut.HasMore)
        {
            segments.Add(into[..cut.Next(packet, into)]);
        }

        return segments;
    }

    // A super-packet each millisecond, which waits for 60 ms, for a second.
    private (List<byte[]> Segments, int Delayed) Stand(byte ecn)
    {
        var segments = new List<byte[]>();
        for (var i = 0; i < 1000; i++, _now += TimeSpan.FromMilliseconds(1))
        {
            Add(Super((uint)i, ecn: ecn), TcpHeader);
            if (i >= 60)
            {
                segments.AddRange(TakeAll(1));
            }
        }

        segments.AddRange(TakeAll(1000));
        return (segments, (int)_counters["queue-delayed"]);
    }

    private unsafe void Add(byte[] packet, VirtioHeader header)
    {
        var room = new Span<byte>(_queue.Room, OutboundQueue.LongestSize);
        header.Write(room);
        packet.CopyTo(room[VirtioHeader.Size..]);
        _queue.Add(VirtioHeader.Size + packet.Length, 2000, _now);
    }

    private List<byte[]> TakeAll(int most)
    {
        var taken = new List<byte[]>();
        for (; most > 0 && _queue.TryTake(_now, out var place, out var cut); most--)
        {
            taken.AddRange(Cut(_queue.BytesOf(place), cut));
            _queue.Release(place);
        }

        return taken;
    }
}
