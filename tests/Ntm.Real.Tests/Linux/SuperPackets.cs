using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Ntm.Linux;
using Ntm.Linux.Offloads;
using Ntm.Protocol;
using Ntm.Real.Tests.Interop;
using Ntm.Tunnel;

namespace Ntm.Real.Tests.Linux;

/// <summary>Super-packets end to end: real kernels hand them over, take them, and send and receive runs of datagrams; what arrives is compared.</summary>
public sealed class SuperPackets
{
    private const string LeftInside = "2001:db8:7::1", RightInside = "2001:db8:7::2", LeftInside4 = "10.7.0.1", RightInside4 = "10.7.0.2";

    [NeedsRootFact("ethtool")]
    public void Bulk_data_arrives_whole_in_runs()
    {
        using var pair = new Pair();
        pair.TransferAll(10_000_000);
        pair.AssertNothingRefused();
        foreach (var end in new[] { pair.Left, pair.Right })
        {
            var (datagrams, messages) = end.Ask(() => (end.Pump.Sockets.Sum(s => s.DatagramsSent), end.Pump.Sockets.Sum(s => s.MessagesSent)));
            Assert.True(datagrams > 2 * messages, $"{datagrams} datagrams in {messages} runs sent");
            (datagrams, messages) = end.Ask(() => (end.Pump.Sockets.Sum(s => s.DatagramsReceived), end.Pump.Sockets.Sum(s => s.MessagesReceived)));
            Assert.True(datagrams > 2 * messages, $"{datagrams} datagrams in {messages} runs received");
        }
    }

    [NeedsRootFact("ethtool")]
    public void Over_IPv6_in_single_frames_or_without_checksums_by_the_device()
    {
        using var pair = new Pair(overIPv6: true);
        foreach (var setting in new[] { "tso off gso off gro off tx-udp-segmentation off", "tx off rx off sg off" })
        {
            pair.OnBoth($"ethtool -K v0 {setting}");
            pair.TransferAll(3_000_000);
        }

        pair.AssertNothingRefused();
    }

    [NeedsRootFact]
    public void One_end_without_offloads()
    {
        using var pair = new Pair(left: TunOffloads.None, right: TunOffloads.Tcp);
        Assert.Equal(TunOffloads.None, pair.Left.Ask(() => pair.Left.Pump.Tun!.Offloads));
        pair.TransferAll(3_000_000);
        pair.AssertNothingRefused();
    }

    // They leave with "don't fragment"; what a path carries is the cores' business.
    [NeedsRootFact]
    public void A_link_narrower_than_the_datagrams_takes_none_of_them_and_they_are_counted()
    {
        foreach (var (family, here, there, to, overhead) in new[]
                 {
                     (AddressFamily.InterNetwork, "192.0.2.1/24", "192.0.2.2/24", "192.0.2.2:4916", 28),
                     (AddressFamily.InterNetworkV6, "2001:db8::1/64", "2001:db8::2/64", "[2001:db8::2]:4916", 48),
                 })
        {
            using var left = new TestNamespace("l");
            using var right = new TestNamespace("r");
            left.JoinTo(right, "v0", "v0", [here], [there]);
            left.Run("ip link set v0 mtu 1400");
            var counters = new Counters();
            using var receiver = right.In(() => UdpSocket.Open(family, port: 4916));
            using var socket = left.In(() => UdpSocket.Open(family, counters: counters));
            Send(socket, to, i => i < 30 ? 1400 - overhead + 1 : 1400 - overhead); // the first of the others ends the run
            Assert.All(ReceiveAll(receiver, 30), datagram => Assert.Equal(1400 - overhead, datagram.Length));
            Assert.Equal((30, 30), (counters["wire-too-long"], socket.DatagramsSent));
        }
    }

    [NeedsRootFact]
    public void Datagrams_sent_in_one_piece_arrive_as_they_were()
    {
        using var pair = new Pair();
        foreach (var (from, to) in new[] { (LeftInside, RightInside), (LeftInside4, RightInside4) })
        {
            using var receiver = pair.RightSide.In(() => new Socket(IPAddress.Parse(to).AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 5000, ReceiveBufferSize = 4 << 20 });
            receiver.Bind(new IPEndPoint(IPAddress.Parse(to), 0));
            using var sender = pair.LeftSide.In(() => new Socket(IPAddress.Parse(from).AddressFamily, SocketType.Dgram, ProtocolType.Udp));
            const int udp = 17, segment = 103;
            var sent = RandomNumberGenerator.GetBytes(40_500); // 40 datagrams of 1,000 bytes and one of 500
            sender.SetRawSocketOption(udp, segment, BitConverter.GetBytes(1000));
            for (var round = 0; round < 20; round++)
            {
                sender.SendTo(sent, receiver.LocalEndPoint!);
                var buffer = new byte[2000];
                for (var at = 0; at < sent.Length; at += 1000)
                {
                    Assert.Equal(Math.Min(1000, sent.Length - at), receiver.Receive(buffer));
                    Assert.True(sent.AsSpan(at, Math.Min(1000, sent.Length - at)).SequenceEqual(buffer.AsSpan(0, Math.Min(1000, sent.Length - at))));
                }
            }
        }

        pair.AssertNothingRefused();
    }

    // Segments of 76 bytes of payload, and datagrams of one byte: the kernel cuts and takes runs of those as of any.
    [NeedsRootFact]
    public void Only_tiny_segments_arrive_whole()
    {
        using var pair = new Pair();
        pair.OnBoth("ip route change 10.7.0.0/24 dev ntm0 advmss 88");
        pair.OnBoth("ip -6 route add 2001:db8:7::/64 dev ntm0 metric 10 advmss 88");
        pair.TransferAll(300_000);
        using var receiver = pair.RightSide.In(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 5000, ReceiveBufferSize = 4 << 20 });
        receiver.Bind(new IPEndPoint(IPAddress.Parse(RightInside), 0));
        using var sender = pair.LeftSide.In(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp));
        const int udp = 17, segment = 103;
        sender.SetRawSocketOption(udp, segment, BitConverter.GetBytes(1));
        byte[] sent = [.. Enumerable.Range(0, 60).Select(i => (byte)i)], buffer = new byte[100];
        for (var round = 0; round < 20; round++)
        {
            sender.SendTo(sent, receiver.LocalEndPoint!);
            foreach (var expected in sent)
            {
                Assert.Equal((1, expected), (receiver.Receive(buffer), buffer[0]));
            }
        }

        pair.AssertNothingRefused();
    }

    // Of a relay's batch, which is longer: to twenty addresses in turn go twenty runs.
    [NeedsRootFact]
    public void A_longer_batch_to_many_addresses_in_turn_goes_in_a_run_each()
    {
        const int addresses = 20, each = 12;
        using var home = new TestNamespace("h");
        using var socket = home.In(() => UdpSocket.Open(AddressFamily.InterNetwork, batch: Limits.RelayBatchSlots));
        var receivers = Enumerable.Range(0, addresses).Select(_ => home.In(() => UdpSocket.Open(AddressFamily.InterNetwork))).ToArray();
        var batch = new PacketBatch(Limits.RelayBatchSlots);
        for (var i = 0; i < addresses * each; i++)
        {
            Assert.True(RealAddress.TryParse($"127.0.0.1:{receivers[i % addresses].Port}", out var to));
            Add(batch, to, (byte)(i / addresses), 1000);
        }

        Stage(socket, batch);
        Assert.Equal((addresses * each, addresses), (socket.DatagramsSent, socket.MessagesSent));
        foreach (var receiver in receivers)
        {
            Assert.Equal([.. Enumerable.Range(0, each).Select(i => (i, 1000))], ReceiveAll(receiver, each));
            receiver.Dispose();
        }
    }

    [NeedsRootFact]
    public void Many_tiny_datagrams_of_one_flow_are_all_taken()
    {
        using var pair = new Pair();
        using var receiver = pair.RightSide.In(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 8 << 20 });
        receiver.Bind(new IPEndPoint(IPAddress.Parse(RightInside), 0));
        using var sender = pair.LeftSide.In(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp));
        const int udp = 17, segment = 103, each = 36, inOne = 60, times = 200;
        sender.SetRawSocketOption(udp, segment, BitConverter.GetBytes(each));
        for (var i = 0; i < times; i++)
        {
            sender.SendTo(new byte[each * inOne], receiver.LocalEndPoint!);
            if (i % 8 == 7)
            {
                Thread.Sleep(2); // the left one's queue holds 128 of these
            }
        }

        TestNamespace.WaitFor(() => pair.Right.Ask(() => pair.Right.Pump.Sockets.Sum(s => s.DatagramsReceived)) >= times * inOne, "the datagrams");
        pair.AssertNothingRefused();
    }

    // What a relay does, but for the three bytes: what comes in a run goes on in a run.
    [NeedsRootFact]
    public void Datagrams_that_come_in_one_piece_leave_in_one_piece()
    {
        using var left = new TestNamespace("l");
        using var right = new TestNamespace("r");
        left.JoinTo(right, "v0", "v0", ["192.0.2.1/24"], ["192.0.2.2/24"]);
        using var pump = new Pump(new LoopbackCore());
        pump.AddSocket(right.In(() => UdpSocket.Open(AddressFamily.InterNetwork, port: 4916, counters: pump.Counters)));
        pump.Start();
        using var socket = left.In(() => UdpSocket.Open(AddressFamily.InterNetwork));
        Send(socket, "192.0.2.2:4916", i => i < 59 ? 1000 : 400);
        var lengths = ReceiveAll(socket, 60);
        Assert.Equal([.. Enumerable.Range(0, 60).Select(i => (i, i < 59 ? 1000 : 400))], lengths);
        Assert.Equal((60, 1), (socket.DatagramsSent, socket.MessagesSent));
        var (messages, datagrams) = pump.Ask(_ => (pump.Sockets[0].MessagesSent, pump.Sockets[0].DatagramsSent)).Result;
        Assert.Equal(60, datagrams);
        Assert.InRange(messages, 1, 6);
    }

    [NeedsRootFact]
    public void Runs_to_several_addresses_grow_at_once_and_keep_their_order()
    {
        using var home = new TestNamespace("h");
        using var socket = home.In(() => UdpSocket.Open(AddressFamily.InterNetwork));
        using var one = home.In(() => UdpSocket.Open(AddressFamily.InterNetwork));
        using var two = home.In(() => UdpSocket.Open(AddressFamily.InterNetwork));
        var batch = new PacketBatch();
        for (var i = 0; i < 60; i++)
        {
            Assert.True(RealAddress.TryParse($"127.0.0.1:{(i % 2 == 0 ? one : two).Port}", out var to));
            Add(batch, to, (byte)(i / 2), i is 20 or 21 ? 1200 : i is 30 or 31 ? 900 : 1000); // a longer one begins a run, which the next ends, being shorter
        }

        Stage(socket, batch);
        Assert.Equal((60, 8), (socket.DatagramsSent, socket.MessagesSent));
        foreach (var receiver in new[] { one, two })
        {
            Assert.Equal([.. Enumerable.Range(0, 30).Select(i => (i, i == 10 ? 1200 : i == 15 ? 900 : 1000))], ReceiveAll(receiver, 30));
        }
    }

    [NeedsRootFact]
    public void What_is_too_much_for_one_batch_waits_for_the_next()
    {
        using var home = new TestNamespace("h");
        using var socket = home.In(() => UdpSocket.Open(AddressFamily.InterNetwork));
        using var receiver = home.In(() => UdpSocket.Open(AddressFamily.InterNetwork));
        Send(socket, $"127.0.0.1:{receiver.Port}", _ => 100);
        var batch = new PacketBatch(7);
        var seen = new List<(int, int)>();
        TestNamespace.WaitFor(() => receiver.Receive(batch) > 0, "the first");
        do
        {
            for (var i = 0; i < batch.Count; i++)
            {
                seen.Add((batch[i].Bytes[0], batch[i].Length));
            }
        }
        while (receiver.HasRest && receiver.Receive(batch) > 0);
        Assert.Equal([.. Enumerable.Range(0, 60).Select(i => (i, 100))], seen);
        Assert.Equal(0, receiver.Receive(batch));
    }

    [NeedsRootFact("ethtool")]
    public void A_device_that_stayed_does_not_keep_offloads_that_are_not_asked_for_again()
    {
        using var home = new TestNamespace("h");
        foreach (var (asked, state) in new[] { (TunOffloads.All, "on"), (TunOffloads.None, "off"), (TunOffloads.Tcp, "on") })
        {
            using var tun = home.In(() => Tun.Open("ntm0", mark: "test", offloads: asked));
            Assert.Equal(asked, tun.Offloads);
            Assert.Contains($"tcp-segmentation-offload: {state}", home.Run("ethtool -k ntm0"));
        }
    }

    [NeedsRootFact]
    public void The_pump_allocates_nothing_for_super_packets() => AllocatesNothing(lanes: 1);

    [NeedsRootFact]
    public void Several_lanes_carry_everything_whole_and_allocate_nothing() => AllocatesNothing(lanes: 3);

    private static void AllocatesNothing(int lanes)
    {
        using var pair = new Pair(lanes: lanes);
        pair.Transfer(fromLeft: true, ipv4: false, 5_000_000);
        pair.Transfer(fromLeft: false, ipv4: true, 5_000_000);
        var before = (Allocated(pair.Left), Allocated(pair.Right));
        pair.Transfer(fromLeft: true, ipv4: false, 50_000_000);
        var after = (Allocated(pair.Left), Allocated(pair.Right));

        // Of 37,000 packets, the smallest object each would be 900,000 bytes. What there is comes of the questions, and of what each collection (of the test's
        // buffers) leaves unused of 8 KB.
        Assert.InRange(after.Item1 - before.Item1, 0, 200_000);
        Assert.InRange(after.Item2 - before.Item2, 0, 200_000);
        pair.AssertNothingRefused();
        Assert.True(lanes > 1 || pair.Left.Ask(() => pair.Left.Pump.Shared) == 0); // on a busy machine the others may find nothing left
    }

    // A bad driver: what it is handed as one of more than a frame's length, it loses.
    [NeedsRootFact("nft")]
    public void A_device_that_loses_runs_carries_single_datagrams()
    {
        using var left = new TestNamespace("l");
        using var right = new TestNamespace("r");
        left.JoinTo(right, "v0", "v0", ["192.0.2.1/24"], ["192.0.2.2/24"]);
        left.Run("nft add table ip t");
        left.Run("nft add chain ip t out { type filter hook output priority 0 ; }");
        left.Run("nft add rule ip t out udp dport 4916 meta length > 1500 drop");
        using var receiver = right.In(() => UdpSocket.Open(AddressFamily.InterNetwork, port: 4916));
        using var socket = left.In(() => UdpSocket.Open(AddressFamily.InterNetwork));
        Send(socket, "192.0.2.2:4916", _ => 1000);
        socket.SendsRuns = false;
        Send(socket, "192.0.2.2:4916", _ => 999);
        Assert.All(ReceiveAll(receiver, 60), datagram => Assert.Equal(999, datagram.Length));
    }

    private static void Send(UdpSocket socket, string to, Func<int, int> length)
    {
        Assert.True(RealAddress.TryParse(to, out var remote));
        var batch = new PacketBatch();
        for (var i = 0; i < 60; i++)
        {
            Add(batch, remote, (byte)i, length(i));
        }

        Stage(socket, batch);
    }

    private static void Add(PacketBatch batch, RealAddress to, byte number, int length)
    {
        var packet = batch.Add();
        packet.Fill([number, .. new byte[length - 1]]);
        packet.Path = new WirePath(0, to, 0);
    }

    private static void Stage(UdpSocket socket, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            socket.Stage(batch[i]);
        }

        socket.Flush();
    }

    private static List<(int Number, int Length)> ReceiveAll(UdpSocket socket, int count)
    {
        var batch = new PacketBatch();
        var seen = new List<(int, int)>();
        TestNamespace.WaitFor(() =>
        {
            for (int i = 0, n = socket.Receive(batch); i < n; i++)
            {
                seen.Add((batch[i].Bytes[0], batch[i].Length));
            }

            return seen.Count >= count;
        }, $"{count} datagrams");
        return seen;
    }

    private static long Allocated(OurPeer end) => end.Ask(GC.GetAllocatedBytesForCurrentThread);

    private sealed class Pair : IDisposable
    {
        public Pair(bool overIPv6 = false, TunOffloads left = TunOffloads.All, TunOffloads right = TunOffloads.All, int lanes = 1)
        {
            try
            {
                LeftSide.JoinTo(RightSide, "v0", "v0", ["192.0.2.1/24", "2001:db8::1/64"], ["192.0.2.2/24", "2001:db8::2/64"]);
                var (leftKey, rightKey) = (StaticKeyPair.Generate(SystemEntropy.Instance), StaticKeyPair.Generate(SystemEntropy.Instance));
                Assert.True(RealAddress.TryParse(overIPv6 ? "[2001:db8::2]:4916" : "192.0.2.2:4916", out var endpoint));
                Right = new OurPeer(RightSide.Name, rightKey, leftKey.Public, null, 4916, [$"{RightInside4}/24", $"{RightInside}/64"], offloads: right, lanes: lanes);
                Left = new OurPeer(LeftSide.Name, leftKey, rightKey.Public, endpoint, 4916, [$"{LeftInside4}/24", $"{LeftInside}/64"], offloads: left, lanes: lanes);
                LeftSide.Run($"ping -c 3 -i 0.2 -W 5 {RightInside}");
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public TestNamespace LeftSide { get; } = new("l");

        public TestNamespace RightSide { get; } = new("r");

        public OurPeer Left { get; } = null!;

        public OurPeer Right { get; } = null!;

        public void OnBoth(string command)
        {
            LeftSide.Run(command);
            RightSide.Run(command);
        }

        public void TransferAll(int bytes)
        {
            foreach (var fromLeft in new[] { true, false })
            {
                Transfer(fromLeft, ipv4: true, bytes);
                Transfer(fromLeft, ipv4: false, bytes);
            }
        }

        public void Transfer(bool fromLeft, bool ipv4, int bytes)
        {
            var address = (fromLeft, ipv4) switch { (true, true) => RightInside4, (true, false) => RightInside, (false, true) => LeftInside4, _ => LeftInside };
            BulkTransfer.Run(fromLeft ? LeftSide : RightSide, fromLeft ? RightSide : LeftSide, IPAddress.Parse(address), bytes);
        }

        public void AssertNothingRefused()
        {
            foreach (var end in new[] { Left, Right })
            {
                var refused = end.Ask(() => end.Pump.Counters.All.Concat(end.Core.Table.Counters.All).ToList());
                Assert.True(refused.Count == 0, string.Join(", ", refused));
            }
        }

        public void Dispose()
        {
            Left?.Dispose();
            Right?.Dispose();
            LeftSide.Dispose();
            RightSide.Dispose();
        }
    }
}
