using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Report;
using Ntm.Linux;

namespace Ntm.Benchmarks.Measurements;

/// <summary>Short TCP flows, four at a time: each connects, fetches 100 KB, closes, and the next follows, as pages and their pictures are fetched.</summary>
internal static class ShortFlows
{
    public const int AtOnce = 4, Bytes = 100_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <returns>Milliseconds of each, from the first packet to the last byte.</returns>
    public static Sample Run(Contestant contestant, TimeSpan duration)
    {
        var family = contestant.Target.AddressFamily;
        using var listener = NetworkNamespace.Run(contestant.To.Name, () => new Socket(family, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
        listener.Listen(AtOnce * 2);
        var (took, start, port) = (new ConcurrentBag<double>(), Stopwatch.GetTimestamp(), ((IPEndPoint)listener.LocalEndPoint!).Port);
        var server = new Thread(() => Serve(listener)) { IsBackground = true };
        server.Start();
        var clients = Enumerable.Range(0, AtOnce).Select(_ => new Thread(() =>
        {
            var buffer = new byte[64 * 1024];
            while (Stopwatch.GetElapsedTime(start) < duration)
            {
                Fetch(contestant, port, buffer, took);
            }
        }) { IsBackground = true }).ToList();
        clients.ForEach(client => client.Start());
        clients.ForEach(client => client.Join());
        listener.Dispose();
        server.Join();
        return new Sample(took);
    }

    private static void Fetch(Contestant contestant, int port, byte[] buffer, ConcurrentBag<double> took)
    {
        var begun = Stopwatch.GetTimestamp();
        try
        {
            using var socket = NetworkNamespace.Run(contestant.From.Name, () => new Socket(contestant.Target.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
            socket.ReceiveTimeout = (int)Patience.TotalMilliseconds;
            begun = Stopwatch.GetTimestamp();
            socket.Connect(contestant.Target, port);
            var left = Bytes;
            for (int count; (count = socket.Receive(buffer)) > 0;)
            {
                left -= count;
            }

            if (left > 0)
            {
                return;
            }
        }
        catch (SocketException)
        {
            // It counts as long as it was waited for.
        }

        took.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
    }

    private static void Serve(Socket listener)
    {
        var content = new byte[Bytes];
        while (true)
        {
            try
            {
                using var socket = listener.Accept();
                socket.Send(content);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (!IsListening(listener))
                {
                    return;
                }
            }
        }
    }

    private static bool IsListening(Socket listener) => !listener.SafeHandle.IsClosed;
}
