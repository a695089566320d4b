using System.Net;
using System.Net.Sockets;

namespace Ntm.Box.Story;

/// <summary>
/// Carries http://127.0.0.1:8080 of this machine (the next free port where that is taken) to a gateway's Unix socket, byte for byte. It listens on the
/// loopback address alone; the gateway itself opens no port for it.
/// </summary>
internal sealed class ConsoleDoor : IAsyncDisposable
{
    private const int FirstPort = 8080;
    private const int Ports = 100;

    private readonly TcpListener listener;
    private readonly string socket;
    private readonly CancellationTokenSource closing = new();
    private readonly Task accepting;

    private ConsoleDoor(TcpListener listener, string socket)
    {
        this.listener = listener;
        this.socket = socket;
        accepting = AcceptAsync();
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    public static ConsoleDoor Open(string socket)
    {
        for (var port = FirstPort; port < FirstPort + Ports; port++)
        {
            var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return new ConsoleDoor(listener, socket);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
            {
                listener.Dispose();
            }
        }

        throw new BoxFailed($"no port from {FirstPort} to {FirstPort + Ports - 1} is free on 127.0.0.1 for the console", "Free one of them.");
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        listener.Stop();
        await accepting;
        listener.Dispose();
        closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!closing.IsCancellationRequested)
        {
            try
            {
                _ = CarryAsync(await listener.AcceptTcpClientAsync(closing.Token), closing.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task CarryAsync(TcpClient browser, CancellationToken stop)
    {
        using (browser)
        using (var gateway = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            try
            {
                await gateway.ConnectAsync(new UnixDomainSocketEndPoint(socket), stop);
                using var inside = new NetworkStream(gateway, ownsSocket: false);
                var outside = browser.GetStream();
                var request = CopyAsync(outside, inside, () => gateway.Shutdown(SocketShutdown.Send), stop);
                var answer = CopyAsync(inside, outside, () => browser.Client.Shutdown(SocketShutdown.Send), stop);
                await Task.WhenAll(request, answer);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Either side went away, which ends the other.
            }
        }
    }

    private static async Task CopyAsync(Stream from, Stream to, Action end, CancellationToken stop)
    {
        await from.CopyToAsync(to, stop);
        end();
    }
}
