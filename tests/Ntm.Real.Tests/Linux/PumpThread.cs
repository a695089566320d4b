using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Real.Tests.Linux;

/// <summary>The pump's thread: posting, asking, waking, timers, bugs, the end. Needs no privileges.</summary>
public sealed class PumpThread
{
    [Fact]
    public async Task What_is_posted_runs_on_one_thread_in_order()
    {
        using var pump = new Pump(new LoopbackCore());
        var order = new List<int>();
        var threads = new HashSet<int>();
        pump.Start();
        for (var i = 0; i < 1000; i++)
        {
            var n = i;
            Assert.True(pump.Post(_ =>
            {
                order.Add(n);
                threads.Add(Environment.CurrentManagedThreadId);
            }));
        }

        Assert.Equal(42, await pump.Ask(_ => 42));
        Assert.Equal(Enumerable.Range(0, 1000), order);
        Assert.NotEqual(Environment.CurrentManagedThreadId, Assert.Single(threads));
    }

    [Fact]
    public async Task A_deadline_that_a_posted_action_moved_is_kept()
    {
        var core = new LoopbackCore();
        using var pump = new Pump(core);
        pump.Start();
        var asked = await pump.Ask(now =>
        {
            core.NextDeadline = now.Boot + TimeSpan.FromMilliseconds(30);
            return core.NextDeadline;
        });
        TestNamespace.WaitFor(() => pump.Ask(_ => core.Timeouts.Count).Result == 1, "the timeout");
        Assert.True(core.Timeouts[0] >= asked);
    }

    [Fact]
    public async Task Events_are_taken_before_the_outbox_is_sent()
    {
        var core = new LoopbackCore();
        var left = new List<int>();
        using var pump = new Pump(core, new PumpOptions { AfterEach = _ => left.Add(core.Outbox.Count) });
        pump.Start();
        await pump.Ask(_ =>
        {
            core.Outbox.Deliver([1]);
            return 0;
        });
        var (counted, sent) = await pump.Ask(_ => (pump.Counters["tun-none"], core.Outbox.Count));
        Assert.Contains(1, left);
        Assert.Equal((1, 0), (counted, sent));
    }

    [Fact]
    public async Task A_watched_descriptor_calls_back()
    {
        using var pump = new Pump(new LoopbackCore());
        using var socket = UdpSocket.Open(AddressFamily.InterNetwork);
        using var sender = new UdpClient(AddressFamily.InterNetwork);
        var called = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var batch = new PacketBatch();
        pump.Watch(socket.Descriptor, _ => called.TrySetResult(socket.Receive(batch)));
        pump.Start();
        await sender.SendAsync(new byte[] { 1 }, 1, "127.0.0.1", socket.Port);
        Assert.Equal(1, await called.Task.WaitAsync(TimeSpan.FromSeconds(10)));
        await pump.Ask(_ =>
        {
            pump.Unwatch(socket.Descriptor);
            return 0;
        });
    }

    [Fact]
    public async Task A_socket_comes_and_goes_while_the_pump_runs()
    {
        var core = new LoopbackCore();
        using var pump = new Pump(core);
        pump.Start();
        for (var round = 0; round < 3; round++)
        {
            var socket = await pump.Ask(_ =>
            {
                var added = UdpSocket.Open(AddressFamily.InterNetwork, counters: pump.Counters);
                pump.AddSocket(added);
                return added;
            });
            using var peer = new UdpClient("127.0.0.1", socket.Port);
            await peer.SendAsync(new byte[] { 1, 2, 3 });
            var echo = await peer.ReceiveAsync(new CancellationTokenSource(TimeSpan.FromSeconds(10)).Token);
            Assert.Equal([1, 2, 3], echo.Buffer);
            await pump.Ask(_ =>
            {
                pump.RemoveSocket(socket);
                return 0;
            });
        }

        Assert.Throws<InvalidOperationException>(() => pump.SetTun(null)); // not on the pump's thread
    }

    [Fact]
    public async Task A_datagram_in_and_out_allocates_nothing()
    {
        using var pump = new Pump(new LoopbackCore());
        var socket = UdpSocket.Open(AddressFamily.InterNetwork, counters: pump.Counters);
        pump.AddSocket(socket);
        pump.Start();
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 10_000 };
        await peer.ConnectAsync("127.0.0.1", socket.Port);
        var buffer = new byte[100];
        void Echo(int times)
        {
            for (var i = 0; i < times; i++)
            {
                peer.Send(buffer);
                peer.Receive(buffer);
            }
        }

        Echo(100); // what is made once is made
        var before = await pump.Ask(_ => GC.GetAllocatedBytesForCurrentThread());
        Echo(2000);
        var after = await pump.Ask(_ => GC.GetAllocatedBytesForCurrentThread());
        Assert.InRange(after - before, 0, 1000); // the question itself costs a little
    }

    [Fact]
    public async Task A_bug_in_the_core_is_told_and_ends_the_program()
    {
        var core = new LoopbackCore { Bug = new InvalidOperationException("a bug") };
        var told = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        var exit = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var pump = new Pump(core, new PumpOptions { OnBug = told.SetResult, Exit = exit.SetResult });
        var socket = UdpSocket.Open(AddressFamily.InterNetwork);
        pump.AddSocket(socket);
        pump.Start();
        using var peer = new UdpClient("127.0.0.1", socket.Port);
        await peer.SendAsync(new byte[] { 1 });
        Assert.Same(core.Bug, await told.Task.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(Pump.ExitCodeBug, await exit.Task.WaitAsync(TimeSpan.FromSeconds(10)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pump.Ask(_ => 1));
    }

    [Fact]
    public async Task After_its_end_nothing_is_taken_and_nobody_waits_for_ever()
    {
        var pump = new Pump(new LoopbackCore());
        pump.Start();
        await pump.Ask(_ => 1);
        pump.Dispose();
        Assert.False(pump.Post(_ => { }));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pump.Ask(_ => 1));
        new Pump(new LoopbackCore()).Dispose(); // never started
    }
}
