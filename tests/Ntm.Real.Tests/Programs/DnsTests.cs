using System.Net;
using System.Net.Sockets;
using Xunit.Abstractions;

namespace Ntm.Real.Tests.Programs;

/// <summary>Garbage at the gateway's DNS port, by UDP and TCP, from a device of the LAN: counted, and others are answered during it and after it.</summary>
[Collection(TownCollection.Name)]
public sealed class DnsTests(Town town, ITestOutputHelper output)
{
    private const double MostGrowth = 30; // MB
    private const long MostLog = 64 * 1024;

    private static readonly IPEndPoint s_dns = new(IPAddress.Parse(Town.LanAddress), Town.DnsPort);

    [NeedsRootFact("dig", "ping")]
    public async Task GarbageByUdpIsCounted()
    {
        await town.UpAsync();
        var before = await town.StatusAsync();
        Malice.Send(town.Device, s_dns, Garbage(1));
        var (memory, log) = (town.Gateway.ResidentMegabytes, town.Gateway.LogBytes);
        var sent = Malice.Send(town.Device, s_dns, Garbage(2)) + Malice.Send(town.Device, s_dns, Garbage(3));
        await town.ResolvesAsync();
        await JudgeAsync(before.Counters, $"{sent} datagrams", memory, log, "dns-malformed", "dns-ignored", "dns-unsupported", "dns-outside-zone");
    }

    [NeedsRootFact("dig", "ping")]
    public async Task GarbageAndHeldConnectionsByTcpAreCounted()
    {
        await town.UpAsync();
        var before = await town.StatusAsync();
        foreach (var message in Garbage(4).Where((_, i) => i % 16 == 0))
        {
            Talk(message, framed: true);
            Talk(message, framed: false);
        }

        var (memory, log) = (town.Gateway.ResidentMegabytes, town.Gateway.LogBytes);

        // Two hundred connections, each with half of a length and nothing after it.
        var held = new List<Socket>();
        try
        {
            for (var i = 0; i < 200; i++)
            {
                held.Add(Connect());
                try
                {
                    held[^1].Send([0]);
                }
                catch (SocketException)
                {
                    // It was one too many, and is closed already.
                }
            }

            // Another asker is served by TCP all the same, and everybody by UDP.
            var router = await Town.MustAsync(
                town.Home, "dig", "+tcp", "+time=4", "+tries=2", "-p", $"{Town.DnsPort}", $"@{Town.LanAddress}", $"nobody.{Town.Zone}");
            Assert.Contains("status: NXDOMAIN", router.Out, StringComparison.Ordinal);
            await town.ResolvesAsync();
            var open = held.Count(IsOpen);
            output.WriteLine($"of {held.Count} connections of one device {open} are held");
            Assert.InRange(open, 1, 8);
        }
        finally
        {
            held.ForEach(connection => connection.Dispose());
        }

        await Town.UntilAsync(() => town.DigAsync("+tcp", $"nobody.{Town.Zone}"), said => said.Contains("status: NXDOMAIN", StringComparison.Ordinal), "TCP is answered again");
        await JudgeAsync(before.Counters, "200 connections", memory, log, "dns-malformed", "dns-ignored", "dns-too-many");
    }

    private async Task JudgeAsync(IReadOnlyDictionary<string, long> before, string what, double memory, long log, params string[] reasons)
    {
        var after = (await town.StatusAsync()).Counters;
        var grown = town.Gateway.ResidentMegabytes - memory;
        output.WriteLine($"{what}: resident memory {grown:+0.0;-0.0} MB, log +{town.Gateway.LogBytes - log} bytes; "
            + string.Join(", ", reasons.Select(reason => $"{after.GetValueOrDefault(reason) - before.GetValueOrDefault(reason)} more of {reason}")));
        Assert.All(reasons, reason => Assert.True(after.GetValueOrDefault(reason) > before.GetValueOrDefault(reason), $"{reason} was not counted"));
        Assert.True(grown < MostGrowth, $"resident memory grew by {grown:0.0} MB");
        Assert.True(town.Gateway.LogBytes - log < MostLog, town.Gateway.Log);
    }

    /// <summary>Noise of all lengths; and messages that begin well: names that point at themselves and at each other, counts that promise too much,
    /// answers, other operations, other zones.</summary>
    private static IEnumerable<byte[]> Garbage(int seed)
    {
        var random = new Random(seed);
        byte[] name = [4, .. "home"u8, 7, .. "example"u8, 0, 0, 1, 0, 1];
        byte[] Header(byte flags, byte questions, byte additional = 0) => [(byte)random.Next(256), (byte)random.Next(256), flags, 0, 0, questions, 0, 0, 0, 0, 0, additional];
        foreach (var noise in Malice.Noise(random))
        {
            yield return noise;
        }

        for (var i = 0; i < 50; i++)
        {
            yield return [.. Header(1, 1), 0xC0, 12, 0, 1, 0, 1];
            yield return [.. Header(1, 1), 0xC0, 14, 0xC0, 12, 0, 1, 0, 1];
            yield return [.. Header(1, 1), 1, (byte)'a', 0xC0, 12, 0, 1, 0, 1];
            yield return [.. Header(1, 1, 1), .. name, 0xC0, 29, 0xC0, 29, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0];
            yield return [.. Header(1, 255), .. name];
            yield return [.. Header(1, 1, 255), .. name];
            yield return [.. Header(0x81, 1), .. name];
            yield return [.. Header(0x29, 1), .. name];
            yield return [.. Header(1, 1), .. Enumerable.Repeat<byte[]>([63, .. new byte[63]], 60).SelectMany(label => label)];
            yield return [.. Header(1, 1), 7, .. "example"u8, 3, .. "com"u8, 0, 0, 1, 0, 1];
            yield return [.. Header(1, 1, 2), .. name, .. Option(), .. Option()];
        }

        static byte[] Option() => [0, 0, 41, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0];
    }

    private Socket Connect()
    {
        var socket = town.Device.In(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 2000, SendTimeout = 2000 });
        socket.Connect(s_dns);
        return socket;
    }

    private void Talk(byte[] message, bool framed)
    {
        using var socket = Connect();
        try
        {
            socket.Send(framed ? [(byte)(message.Length >> 8), (byte)message.Length, .. message] : message);
            socket.Shutdown(SocketShutdown.Send);
            while (socket.Receive(new byte[4096]) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Closed in our face, which is an answer too.
        }
    }

    private static bool IsOpen(Socket socket)
    {
        try
        {
            socket.Blocking = false;
            return socket.Receive(new byte[1]) != 0;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.WouldBlock;
        }
    }
}
