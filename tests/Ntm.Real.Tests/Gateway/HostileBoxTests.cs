using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ntm.Real.Tests.Gateway;

/// <summary>The gateway behind four boxes that mean harm, one an uplink.</summary>
public sealed class HostileBoxTests
{
    private const long Flood = 1 << 20;

    [NeedsRootFact("nft")]
    public void Redirections_endless_and_slow_answers_and_searches_answered_without_end_come_to_nothing()
    {
        using var world = new PortWorld();
        foreach (var i in Enumerable.Range(1, 4))
        {
            world.Nat.JoinTo(world.Home, $"b{i}", $"w{i}", [$"10.0.{i}.1/24"], [$"10.0.{i}.2/24"]);
            world.Home.Run($"ip route add default via 10.0.{i}.1 metric {100 + i}");
        }

        // Something of the home's own that a box would have us ask.
        using var victim = world.Home.In(() =>
        {
            var made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            made.Bind(new IPEndPoint(IPAddress.Loopback, 8099));
            made.Listen();
            return made;
        });
        using var redirects = new FakeBox(world.Nat, "b1", "10.0.1.1", null, 1, stream => Write(stream, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:8099/\r\nContent-Length: 0\r\n\r\n"));
        using var endless = new FakeBox(world.Nat, "b2", "10.0.2.1", null, 1, stream =>
        {
            Write(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            for (var sent = 0L; ; sent += 1000)
            {
                Assert.True(sent < 64 * Flood, "it takes it all");
                Write(stream, new string('x', 1000));
            }
        });
        using var slow = new FakeBox(world.Nat, "b3", "10.0.3.1", null, 1, stream =>
        {
            Write(stream, "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
            for (var i = 0; i < 10_000; i++)
            {
                Write(stream, "x");
                Thread.Sleep(100);
            }

            return 10_000;
        });
        using var loud = new FakeBox(world.Nat, "b4", "10.0.4.1", "http://127.0.0.1:8099/", 5000, _ => 0);
        world.Up(others: string.Concat(Enumerable.Range(1, 4).Select(i => $", {{ \"name\": \"u{i}\", \"interface\": \"w{i}\" }}")));
        TestNamespace.WaitFor(
            () => Enumerable.Range(1, 4).All(i => world.PortOf("IPv4", $"u{i}").Sentence.Contains("UPnP: ", StringComparison.Ordinal)), "all are done with", TimeSpan.FromSeconds(40));
        string Why(int i) => world.PortOf("IPv4", $"u{i}").Sentence.Split("UPnP: ")[1];
        Assert.Equal("its description has nothing that opens ports)", Why(1));
        Assert.All([2, 3, 4], i => Assert.Equal("no answer)", Why(i)));
        Assert.Equal((1, 1, 1, 0), (redirects.Connections, endless.Connections, slow.Connections, loud.Connections));
        TestNamespace.WaitFor(() => endless.Hangups == 1 && slow.Hangups == 1, "both are hung up on");
        Assert.False(victim.Poll(0, SelectMode.SelectRead), "something of the home's was asked");
        Assert.InRange(world.Status().Counters["mapping-url-refused"], 1, 128); // of some 20,000
        Assert.InRange(world.Program!.ResidentMegabytes, 0, 250);
    }

    private static long Write(NetworkStream stream, string text)
    {
        stream.Write(Encoding.ASCII.GetBytes(text));
        return text.Length;
    }
}
