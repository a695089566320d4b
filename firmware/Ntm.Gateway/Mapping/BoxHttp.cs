using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Ntm.Node;
using Ntm.Protocol;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway.Mapping;

/// <summary>
/// HTTP with the box in front of an uplink, bound to its interface and address: one request a connection, no redirections, proxies, cookies or compression, bounded in
/// bytes and time from the first byte to the last.
/// </summary>
/// <param name="interfaces">The interface of each uplink, by its number.</param>
/// <param name="ended">Told of each end, on any thread: uplink, ticket, status (0: none) and body.</param>
internal sealed class BoxHttp(IReadOnlyList<string> interfaces, Action<int, int, int, byte[]> ended, ILogger log) : IDisposable
{
    private const int SolSocket = 1, BindToDevice = 25; // asm-generic/socket.h
    private const int HeaderKilobytes = 16;

    private readonly CancellationTokenSource _stop = new();

    /// <summary>From any thread; never waits.</summary>
    public void Ask(NodeEvent.MappingExchange request) => _ = Task.Run(() => AskAsync(request));

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task AskAsync(NodeEvent.MappingExchange request)
    {
        var (status, body) = (0, Array.Empty<byte>());
        try
        {
            using var handler = new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseProxy = false,
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.None,
                MaxResponseHeadersLength = HeaderKilobytes,
                ConnectCallback = (_, stop) => ConnectAsync(request, stop),
            };
            using var http = new HttpClient(handler) { Timeout = Limits.MappingExchange, MaxResponseContentBufferSize = Limits.MappingBodyBytes };
            using var message = Message(request);
            using var answer = await http.SendAsync(message, HttpCompletionOption.ResponseContentRead, _stop.Token);
            (status, body) = ((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(_stop.Token));
        }
        catch (Exception failed) when (failed is HttpRequestException or OperationCanceledException or SocketException or IOException or UriFormatException
            or InvalidOperationException or ObjectDisposedException)
        {
            (status, body) = (0, []);
            log.Debug("The box at {Box} gave no answer that can be used: {Reason}", request.To, failed.Message);
        }

        ended(request.Uplink, request.Ticket, status, body);
    }

    private static HttpRequestMessage Message(NodeEvent.MappingExchange request)
    {
        var message = new HttpRequestMessage(request.Action is null ? HttpMethod.Get : HttpMethod.Post, new Uri($"http://{request.To}{request.Path}"))
        {
            Version = HttpVersion.Version11,
        };
        message.Headers.ConnectionClose = true;
        if (request.Action is { } action)
        {
            message.Headers.TryAddWithoutValidation("SOAPAction", action);
            message.Content = new ByteArrayContent(request.Body ?? []);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("text/xml", Encoding.UTF8.WebName);
        }

        return message;
    }

    // To the box, whatever the URL says.
    private async ValueTask<Stream> ConnectAsync(NodeEvent.MappingExchange request, CancellationToken stop)
    {
        var socket = new Socket(request.To.Family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetRawSocketOption(SolSocket, BindToDevice, Encoding.UTF8.GetBytes(interfaces[request.Uplink] + "\0"));
            socket.Bind(new IPEndPoint(request.From.ToIPAddress(), 0));
            await socket.ConnectAsync(request.To.ToIPEndPoint(), stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
