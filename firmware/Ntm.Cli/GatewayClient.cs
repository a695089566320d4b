using System.Net.Sockets;
using System.Text;

namespace Ntm.Cli;

/// <summary>An answer as it came.</summary>
/// <param name="Status">HTTP status code.</param>
/// <param name="MediaType">Of the body; empty where there is none.</param>
/// <param name="Body">As text.</param>
public sealed record GatewayAnswer(int Status, string MediaType, string Body)
{
    public bool IsGood => Status is >= 200 and < 300;
}

/// <summary>The gateway could not be reached at all: what, where, what to do.</summary>
public sealed class GatewayUnreachableException(string message, Exception inner) : Exception(message, inner);

/// <summary>HTTP over the gateway's Unix socket.</summary>
public sealed class GatewayClient : IDisposable
{
    /// <summary>Longer than any exchange of the gateway: joining takes at most 30 s.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    /// <summary>More than any picture of a home.</summary>
    private const int AnswerMost = 8 << 20;

    private readonly string _socket;
    private readonly HttpClient _http;

    public GatewayClient(string socket)
    {
        _socket = socket;
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync, UseProxy = false, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri("http://localhost/api/v1/"),
            Timeout = Patience,
            MaxResponseContentBufferSize = AnswerMost,
        };
    }

    /// <param name="body">JSON, or null for none.</param>
    /// <exception cref="GatewayUnreachableException">Nobody answered; the message says why and what to do.</exception>
    public async Task<GatewayAnswer> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new("application/json");
        }

        try
        {
            using var response = await _http.SendAsync(request, stop);
            return new((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType ?? "",
                Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(stop)));
        }
        catch (HttpRequestException failed)
        {
            throw new GatewayUnreachableException(Explain(failed), failed);
        }
        catch (TaskCanceledException late) when (!stop.IsCancellationRequested)
        {
            throw new GatewayUnreachableException(
                $"The gateway at {_socket} took the request but gave no answer within {Patience.TotalSeconds:0} s. Its log says what it is doing: journalctl -u ntm-gateway", late);
        }
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket), stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private string Explain(HttpRequestException failed)
    {
        for (Exception? cause = failed; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case SocketException { SocketErrorCode: SocketError.AccessDenied }:
                    return $"This user may not open {_socket}. Use sudo, or join the group that owns the socket.";
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return $"Nobody listens on {_socket}: the gateway is not running any more. Start it: systemctl start ntm-gateway";
                case SocketException { SocketErrorCode: SocketError.AddressNotAvailable or SocketError.InvalidArgument } or SocketException when !File.Exists(_socket):
                    return $"There is no socket at {_socket}: the gateway is not running, or its configuration has another \"socket\". Start it, or name the socket with --socket FILE or $NTM_SOCKET.";
                case ArgumentOutOfRangeException:
                    return $"{_socket} is too long for a Unix socket's name (at most 107 bytes). Name a shorter one with --socket FILE.";
            }
        }

        return $"The gateway at {_socket} cannot be spoken to: {failed.InnerException?.Message ?? failed.Message}";
    }
}
