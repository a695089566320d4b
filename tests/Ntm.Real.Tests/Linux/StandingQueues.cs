using System.Net;
using System.Net.Sockets;
using Ntm.Fast.Tests.Offloads;
using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Real.Tests.Linux;

/// <summary>What waits between real kernels and the pump: who overtakes whom, and who hears of it. Order and counts only; the time is held by hand.</summary>
public sealed class StandingQueues
{
    private const int Udp = 17, SegmentOption = 103, Segment = 1000, Segments = 40;

    private static readonly TimeSpan Now = TimeSpan.FromHours(1);

    [NeedsRootFact]
    public void A_datagram_sent_after_bulk_leaves_the_TUN_before_it()
    {
        using var home = new TestNamespace("h");
        using var tun = OpenTun(home, new Counters());
        using var bulk = Sender(home);
        using var small = Sender(home);
        bulk.SetRawSocketOption(Udp, SegmentOption, BitConverter.GetBytes(Segment));
        for (var i = 0; i < 20; i++)
        {
            bulk.Send(new byte[Segment * Segments]);
        }

        small.Send([7]);
        var batch = new PacketBatch();
        var lengths = new List<int>();
        while (tun.Read(batch, Now) > 0)
        {
            lengths.AddRange(Enumerable.Range(0, batch.Count).Select(i => batch[i].Length));
        }

        Assert.Equal((20 * Segments) + 1, lengths.Count);
        Assert.Equal(40 + 8 + 1, lengths[0]);
        Assert.False(tun.HasRest);
    }

    [NeedsRootFact]
    public void Bulk_that_stands_loses_some_and_a_full_queue_loses_the_fattest()
    {
        using var home = new TestNamespace("h");
        var counters = new Counters();
        using var tun = OpenTun(home, counters);
        using var bulk = Sender(home);
        using var small = Sender(home);
        bulk.SetRawSocketOption(Udp, SegmentOption, BitConverter.GetBytes(Segment));
        var batch = new PacketBatch();
        var (sent, got) = (0, 0);
        var now = Now;
        for (var round = 0; round < 50; round++, now += TimeSpan.FromMilliseconds(20))
        {
            // More than a batch, so that it stands.
            for (var i = 0; i < 6; i++, sent += Segments)
            {
                bulk.Send(new byte[Segment * Segments]);
            }

            got += tun.Read(batch, now);
        }

        while (tun.Read(batch, now) is > 0 and var more)
        {
            got += more;
        }

        Assert.InRange(counters["queue-delayed"], Segments, sent);
        Assert.Equal(sent, got + counters["queue-delayed"] + counters["queue-full"]);

        var full = counters["queue-full"];
        small.Send([7]);
        var (found, before) = (false, counters["queue-delayed"]);
        for (var i = 0; i < 400; i++)
        {
            bulk.Send(new byte[Segment * Segments]);
        }

        for (got = 0; tun.Read(batch, now) > 0; got += batch.Count)
        {
            found |= Enumerable.Range(0, batch.Count).Any(i => batch[i].Length == 40 + 8 + 1);
        }

        Assert.True(found);
        Assert.InRange(counters["queue-full"] - full, Segments, 400 * Segments);
        Assert.Equal((400 * Segments) + 1, got + counters["queue-full"] - full + counters["queue-delayed"] - before);
    }

    [NeedsRootFact]
    public void Datagrams_that_stand_in_the_sockets_buffer_are_told_apart_from_a_burst()
    {
        using var home = new TestNamespace("h");
        using var receiver = home.In(() => UdpSocket.Open(AddressFamily.InterNetwork));
        using var sender = home.In(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        for (var i = 0; i < 200; i++)
        {
            sender.SendTo(new byte[100], new IPEndPoint(IPAddress.Loopback, receiver.Port));
        }

        // Seen 20 ms after they came; the times of the turns are 40 ms apart.
        var batch = new PacketBatch(16);
        var due = new List<int>();
        for (var turn = 0; turn < 8; turn++)
        {
            Assert.Equal(16, receiver.Receive(batch, new Now(Now + (turn * TimeSpan.FromMilliseconds(40)), DateTimeOffset.UtcNow.AddMilliseconds(20))));
            due.Add(receiver.DueSlot);
        }

        Assert.Equal([-1, -1, -1, 0, -1, -1, 0, -1], due); // after 100 ms, and 100 ms later
        Assert.InRange(receiver.LongestWait, TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(10));

        // A clock that was set says nothing.
        receiver.LongestWait = TimeSpan.Zero;
        receiver.Receive(batch, new Now(Now + TimeSpan.FromSeconds(1), DateTimeOffset.UtcNow.AddYears(1)));
        receiver.Receive(batch, new Now(Now + TimeSpan.FromSeconds(2), DateTimeOffset.UtcNow.AddYears(-1)));
        Assert.Equal((-1, TimeSpan.Zero), (receiver.DueSlot, receiver.LongestWait));
    }

    [NeedsRootFact]
    public void Of_what_came_late_packets_with_ECN_are_marked() => ComeLate(ecn: true);

    [NeedsRootFact]
    public void Of_what_came_late_packets_without_ECN_are_lost() => ComeLate(ecn: false);

    private static void ComeLate(bool ecn)
    {
        using var home = new TestNamespace("h");
        var core = new LoopbackCore { DatagramsToTun = true };
        var boot = Now;

        // Each look at the clock 10 ms later than the last, and all that came a second ago.
        using var pump = new Pump(core, new PumpOptions { Clock = () => new Now(boot += TimeSpan.FromMilliseconds(10), DateTimeOffset.UtcNow.AddSeconds(1)) });
        var tun = OpenTun(home, pump.Counters);
        var socket = home.In(() => UdpSocket.Open(AddressFamily.InterNetwork, counters: pump.Counters));
        pump.SetTun(tun);
        pump.AddSocket(socket);
        using var sender = home.In(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        var packet = InnerPackets.Tcp(true, 1, new byte[500], trafficClass: (byte)(ecn ? 2 : 0));
        const int count = 4000;
        for (var i = 0; i < count; i++)
        {
            sender.SendTo(packet, new IPEndPoint(IPAddress.Loopback, socket.Port));
        }

        pump.Start();
        TestNamespace.WaitFor(() => pump.Ask(_ => pump.Sockets[0].DatagramsReceived).Result == count, "all of them");
        var (statistics, lost) = pump.Ask(_ => (pump.TakeStatistics(), pump.Counters["queue-delayed"])).Result;
        Assert.InRange(ecn ? statistics.MarkedInbound : lost, 1, count / 10);
        Assert.Equal(0, ecn ? lost : statistics.MarkedInbound);
        Assert.Equal(count, statistics.PacketsWritten + lost);
        Assert.InRange(statistics.LongestWaitInbound, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.Zero, pump.Ask(_ => pump.TakeStatistics().LongestWaitInbound).Result);
    }

    private static Tun OpenTun(TestNamespace home, Counters counters)
    {
        var tun = home.In(() => Tun.Open("ntm0", counters: counters));
        tun.AddAddress(IPAddress.Parse("2001:db8::1"), 128);
        tun.AddRoute(IPNetwork.Parse("2001:db8:1::/48"));
        return tun;
    }

    private static Socket Sender(TestNamespace home) => home.In(() =>
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { SendBufferSize = 64 << 20 };
        socket.Connect(IPAddress.Parse("2001:db8:1::5"), 9);
        return socket;
    });
}
