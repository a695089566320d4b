using System.Net;
using System.Net.Sockets;
using Ntm.Box.Links;
using Ntm.Box.Os;

namespace Ntm.Box.Handover;

/// <summary>
/// A TCP download on one connection, by a server that sends at a steady rate, so that what a handover does to it is not hidden by what TCP does to itself: bytes fetched, the longest silence, and that
/// it comes to its end with every byte in its place.
/// </summary>
internal sealed class Download : IDisposable
{
    private const int Turn = 20; // ms

    private readonly Socket listener;
    private readonly Socket client;
    private readonly Thread serving;
    private readonly Thread fetching;
    private volatile bool stopped;
    private long served, fetched, silence, last;
    private bool isBroken;

    private Download(Socket listener, Socket client, IPEndPoint server, int bytesPerSecond)
    {
        this.listener = listener;
        this.client = client;
        serving = new Thread(() => Serve(bytesPerSecond)) { IsBackground = true, Name = "download" };
        fetching = new Thread(() => Fetch(server)) { IsBackground = true, Name = "download" };
        serving.Start();
        fetching.Start();
    }

    /// <summary>Bytes that came so far.</summary>
    public long Fetched => Interlocked.Read(ref fetched);

    /// <param name="port">The server's, for one download at a time.</param>
    /// <param name="bytesPerSecond">The server's rate; 0: as fast as TCP goes.</param>
    public static Download Start(NetworkNamespace here, string alias, NetworkNamespace there, int port, int bytesPerSecond)
    {
        var listener = Open(there);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Any, port));
        listener.Listen(1);
        return new Download(listener, Open(here), new IPEndPoint(IPAddress.Parse(alias), port), bytesPerSecond);
    }

    /// <summary>The longest silence since it was asked last, the one that lasts included.</summary>
    public TimeSpan TakeSilence() =>
        TimeSpan.FromTicks(Math.Max(Interlocked.Exchange(ref silence, 0), Promptness.Now() - Interlocked.Read(ref last)) / 100);

    /// <summary>Ends it: the server closes, and the client reads to the end.</summary>
    /// <returns>Whether all that was sent came, in its order, on the one connection.</returns>
    public bool End(TimeSpan limit)
    {
        stopped = true;
        return serving.Join(limit) && fetching.Join(limit) && !isBroken && served == fetched;
    }

    public void Dispose()
    {
        stopped = true;
        listener.Dispose();
        client.Dispose();
    }

    private static Socket Open(NetworkNamespace place) =>
        Linux.NetworkNamespace.Run(place.Name, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });

    private void Serve(int bytesPerSecond)
    {
        try
        {
            using var to = listener.Accept();
            var piece = new byte[bytesPerSecond > 0 ? bytesPerSecond / 1000 * Turn : 64 * 1024];
            for (var next = Promptness.Now(); !stopped; next += Turn * 1_000_000)
            {
                for (var i = 0; i < piece.Length; i++)
                {
                    piece[i] = Expected(served + i);
                }

                for (var at = 0; at < piece.Length;)
                {
                    at += to.Send(piece.AsSpan(at));
                }

                served += piece.Length;
                if (bytesPerSecond > 0)
                {
                    Promptness.SleepUntil(next + (Turn * 1_000_000));
                }
            }

            to.Shutdown(SocketShutdown.Send);
            fetching.Join(TimeSpan.FromSeconds(30));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            isBroken = true;
        }
    }

    private void Fetch(IPEndPoint server)
    {
        try
        {
            client.Connect(server);
            var piece = new byte[64 * 1024];
            Interlocked.Exchange(ref last, Promptness.Now());
            int length;
            while ((length = client.Receive(piece)) > 0)
            {
                var now = Promptness.Now();
                if (now - last > Interlocked.Read(ref silence))
                {
                    Interlocked.Exchange(ref silence, now - last);
                }

                Interlocked.Exchange(ref last, now);
                for (var i = 0; i < length; i++)
                {
                    isBroken |= piece[i] != Expected(fetched + i);
                }

                Interlocked.Add(ref fetched, length);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            isBroken = true;
        }
    }

    // A period that is no multiple of any packet's length.
    private static byte Expected(long at) => (byte)(at % 251);
}
