using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Ntm.Interface;

namespace Ntm.Box.Story;

/// <summary>One gateway's HTTP interface over its Unix socket, the same that `ntm` and the console use.</summary>
internal sealed class GatewayInterface(string socket) : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly HttpClient client = new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, stop) =>
        {
            var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), stop);
                return new NetworkStream(connection, ownsSocket: true);
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        },
    })
    {
        BaseAddress = new Uri("http://localhost/api/v1/"), Timeout = TimeSpan.FromSeconds(10),
    };

    public Task<StatusDocument> StatusAsync(CancellationToken stop) => GetAsync<StatusDocument>("status", stop);

    public Task<DeviceDocument[]> DevicesAsync(CancellationToken stop) => GetAsync<DeviceDocument[]>("devices", stop);

    public Task<PeerDocument[]> PeersAsync(CancellationToken stop) => GetAsync<PeerDocument[]>("peers", stop);

    public Task<SharesDocument> SharesAsync(CancellationToken stop) => GetAsync<SharesDocument>("shares", stop);

    /// <summary>The peer of a home's name; null where there is no tunnel with it.</summary>
    public async Task<PeerDocument?> PeerAsync(string home, CancellationToken stop) =>
        (await PeersAsync(stop)).FirstOrDefault(p => p.Name == home || p.Name.StartsWith(home + ".", StringComparison.Ordinal));

    /// <summary>How an uplink is: its condition where the gateway judges it, else whether it is usable.</summary>
    public async Task<string> ConditionAsync(string uplink, CancellationToken stop)
    {
        var one = (await GetAsync<JsonElement[]>("uplinks", stop)).First(u => u.GetProperty("name").GetString() == uplink);
        return one.TryGetProperty("standing", out var standing) && standing.ValueKind == JsonValueKind.Object
            ? standing.GetProperty("condition").GetString()!
            : one.GetProperty("state").GetString()!;
    }

    /// <summary>Joins a zone.</summary>
    public Task JoinAsync(string code, CancellationToken stop) => OrderAsync(HttpMethod.Post, "join", new JoinOrder(code, null), stop);

    /// <summary>Publishes a device of the home.</summary>
    public Task PublishAsync(string mac, string name, CancellationToken stop) => OrderAsync(HttpMethod.Put, $"devices/{mac}/name", new PublishOrder(name), stop);

    public void Dispose() => client.Dispose();

    private async Task OrderAsync<T>(HttpMethod method, string what, T order, CancellationToken stop)
    {
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(what, UriKind.Relative)) { Content = JsonContent.Create(order, options: Json) };
            using var answer = await client.SendAsync(request, stop);
            if (!answer.IsSuccessStatusCode)
            {
                throw new BoxFailed($"{method} /api/v1/{what} on {socket} was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(stop)}");
            }
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            throw new BoxFailed($"the gateway's interface at {socket} does not take /api/v1/{what}: {e.Message}");
        }
    }

    private async Task<T> GetAsync<T>(string what, CancellationToken stop)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(what, UriKind.Relative), stop);
            if (!answer.IsSuccessStatusCode)
            {
                throw new BoxFailed($"GET /api/v1/{what} on {socket} was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(stop)}");
            }

            return await answer.Content.ReadFromJsonAsync<T>(Json, stop) ?? throw new BoxFailed($"GET /api/v1/{what} on {socket} gave nothing");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            throw new BoxFailed($"the gateway's interface at {socket} does not answer /api/v1/{what}: {e.Message}");
        }
    }
}
