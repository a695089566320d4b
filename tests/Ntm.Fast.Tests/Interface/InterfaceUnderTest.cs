using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Ntm.Fast.Tests.Store;
using Ntm.Gateway.Http;
using Ntm.Interface;
using Ntm.Node;

namespace Ntm.Fast.Tests.Interface;

/// <summary>The real HTTP pipeline over a Unix socket in a temporary folder, in front of a gateway that says what the test wants.</summary>
internal sealed class InterfaceUnderTest : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly WebApplication _app;

    private InterfaceUnderTest()
    {
        Desk = new Desk(
            _ => Broken is { } broken ? Task.FromException<PictureDocument>(broken) : Task.FromResult(Picture),
            (order, _) => Heard($"join {order.Code} {order.Name ?? "-"}"),
            (mac, name, ports, _) => Heard(ports.IsAll ? $"publish {mac} {name ?? "-"}" : $"publish {mac} {name ?? "-"} {ports}"),
            (mac, _) => Heard($"unpublish {mac}"),
            (name, _) => Task.FromResult(Resolution with { Name = name }),
            (mac, other, _) => Heard($"merge {mac} {other}"),
            (mac, off, _) => Heard($"split {mac} {off}"),
            new SharesDesk(
                _ => Task.FromResult(Shares),
                async (device, forWhom, ports, lasts, _) =>
                {
                    var verdict = await Heard($"share {device ?? "-"} {forWhom} {ports} {lasts.TotalHours}");
                    return (verdict, verdict.Done ? "ntms1code" : null);
                },
                (id, _) => Heard($"unshare {id}"),
                (code, _) => Heard($"accept {code}"),
                (name, _) => Heard($"drop {name}"),
                (ports, _) => Heard($"publish-node {ports?.ToString() ?? "-"}")))
        {
            Handovers = new(
                _ => Task.FromResult(Handovers),
                _ => Task.FromResult(Drills.TryDequeue(out var drill) ? drill : null),
                (name, way, lasts, force, _) => Heard($"drill {name} {way ?? "-"} {lasts.TotalSeconds}{(force ? " force" : "")}"),
                (name, _) => Heard($"drill-stop {name}")),
            Leave = (zone, _) => Heard($"leave {zone}"),
            Uplinks = new(
                (names, _) => Heard($"prefer {string.Join(' ', names)}"), (name, _) => Heard($"use {name ?? "-"}"), (name, metered, _) => Heard($"metered {name} {metered}")),
        };
        Feed = new PictureFeed(Desk);
        Socket = _folder.File("gateway.sock");
        _app = HttpServer.Build(Desk, Feed, kestrel => kestrel.ListenUnixSocket(Socket));
        Http = NewClient();
    }

    public Desk Desk { get; }

    public PictureFeed Feed { get; }

    public string Socket { get; }

    public HttpClient Http { get; }

    public PictureDocument Picture { get; set; } = SamplePicture.Member;

    public SharesDocument Shares { get; set; } = new(
        "tcp/22", [new(1, "nas.alice.home.example", "Dave", "tcp/445", DateTimeOffset.UnixEpoch.AddYears(60), false, "friends.example"), new(2, null, "Eve", "all", DateTimeOffset.UnixEpoch, true, null)],
        [new("cam.dave.friends.example", "all", DateTimeOffset.UnixEpoch.AddYears(60), false)]);

    public IReadOnlyList<HandoverDocument> Handovers { get; set; } = SampleHandovers.All;

    /// <summary>What is said of the drill, one answer after the other.</summary>
    public Queue<DrillDocument?> Drills { get; } = [];

    public Verdict Verdict { get; set; } = new(true, "It was done.");

    public ResolutionDocument Resolution { get; set; } =
        new("", "found", "fd3c:9a51:7e02:77aa:1f0e:2bb1:90c4:1", "198.18.0.7", "bob is registered", 41.25);

    /// <summary>What asking for a picture throws.</summary>
    public Exception? Broken { get; set; }

    /// <summary>What reached the gateway.</summary>
    public List<string> Orders { get; } = [];

    public IServiceProvider Services => _app.Services;

    public static async Task<InterfaceUnderTest> StartAsync()
    {
        var started = new InterfaceUnderTest();
        await started._app.StartAsync();
        return started;
    }

    public HttpClient NewClient() => new(new SocketsHttpHandler
    {
        Expect100ContinueTimeout = TimeSpan.FromMinutes(1),
        ConnectCallback = async (_, stop) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), stop);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://localhost/"),
    };

    /// <summary>Sends a request as it is told.</summary>
    public async Task<HttpResponseMessage> SendAsync(
        string method, string path, string? body = null, string contentType = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Sends it and reads the problem that must come back.</summary>
    public async Task<ProblemDocument> RefusedAsync(
        string method, string path, string? body = null, string contentType = "application/json", params (string Name, string Value)[] headers)
    {
        using var answer = await SendAsync(method, path, body, contentType, headers);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonSerializer.Deserialize(text, InterfaceJson.Wire.ProblemDocument)!;
        Assert.Equal((int)answer.StatusCode, problem.Status);
        return problem;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private Task<Verdict> Heard(string order)
    {
        Orders.Add(order);
        return Task.FromResult(Verdict);
    }
}
