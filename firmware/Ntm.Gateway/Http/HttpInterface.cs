using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Ntm.Interface;
using Ntm.Protocol;

namespace Ntm.Gateway.Http;

/// <summary>
/// The gateway's HTTP interface, docs/http.md: what `ntm` and the console see. It translates between documents and the <see cref="Desk"/>
/// and decides nothing itself; every refusal is a <see cref="Problem"/>.
/// </summary>
public static class HttpInterface
{
    /// <summary>Bytes of a request body, at most.</summary>
    public const int BodyMost = 16 * 1024;

    /// <summary>Connections at once, at most.</summary>
    public const int ConnectionsMost = 128;

    private const string Api = "/api/v1";

    /// <summary>Limits that a client cannot talk Kestrel out of. The caller adds where to listen.</summary>
    public static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = BodyMost;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        kestrel.Limits.MaxConcurrentConnections = ConnectionsMost;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http1);
    }

    /// <summary>The pipeline: answers hardened, callers judged, then the routes; whatever goes wrong becomes a problem document.</summary>
    public static void Map(WebApplication app, Desk desk, PictureFeed feed)
    {
        app.Use(GuardAsync);
        app.UseRouting();

        Get("/status", async context => await WriteAsync(context, (await desk.Picture(context.RequestAborted)).Status, InterfaceJson.Wire.StatusDocument));
        Get("/devices", async context =>
            await WriteAsync(context, (await desk.Picture(context.RequestAborted)).Devices, InterfaceJson.Wire.IReadOnlyListDeviceDocument));
        Get("/peers", async context =>
            await WriteAsync(context, (await desk.Picture(context.RequestAborted)).Peers, InterfaceJson.Wire.IReadOnlyListPeerDocument));
        Get("/uplinks", async context =>
            await WriteAsync(context, (await desk.Picture(context.RequestAborted)).Status.Uplinks, InterfaceJson.Wire.IReadOnlyListUplinkDocument));
        Get("/resolve/{name}", context => ResolveAsync(context, desk));
        Get("/events", context => WatchAsync(context, desk, feed));
        app.MapPost(Api + "/join", context => JoinAsync(context, desk));
        app.MapPost(Api + "/leave", context => LeaveAsync(context, desk));
        app.MapPut(Api + "/devices/{device}/name", context => PublishAsync(context, desk));
        app.MapDelete(Api + "/devices/{device}/name", context => UnpublishAsync(context, desk));
        SharesRoutes.Map(app, Api, desk.Shares);
        HandoversRoutes.Map(app, Api, desk.Handovers);
        UplinksRoutes.Map(app, Api, desk.Uplinks);
        app.MapPut(Api + "/devices/{device}/macs/{other}", context => MacAsync(context, desk, desk.Merge, "The devices were not merged"));
        app.MapDelete(Api + "/devices/{device}/macs/{other}", context => MacAsync(context, desk, desk.Split, "The device was not split"));
        foreach (var path in ConsolePages.Paths)
        {
            app.MapMethods(path, ["GET", "HEAD"], context => ConsolePages.TryServe(context, out var served) ? served : Task.CompletedTask);
        }

        void Get(string path, RequestDelegate handle) => app.MapMethods(Api + path, ["GET"], handle);
    }

    private static async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        RequestGuard.Harden(context.Response.Headers);
        var problem = RequestGuard.Judge(
            request.Method, request.Path.Value ?? "", request.Host, request.Headers.Origin, request.Headers["Sec-Fetch-Site"]);
        if (problem is null)
        {
            try
            {
                await next(context);
                problem = context.Response.HasStarted ? null : context.Response.StatusCode switch
                {
                    StatusCodes.Status404NotFound => Problem.NotFound(request.Path.Value ?? ""),
                    StatusCodes.Status405MethodNotAllowed => Problem.MethodNotAllowed(request.Method, request.Path.Value ?? ""),
                    _ => null,
                };
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
                return;
            }
            catch (Microsoft.AspNetCore.Http.BadHttpRequestException bad)
            {
                problem = bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? Problem.BodyTooLarge : Problem.BadRequest(bad.Message);
            }
            catch (TimeoutException late)
            {
                problem = Problem.NoAnswer(late.Message);
            }
            catch (Exception defect) when (!context.Response.HasStarted)
            {
                context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Ntm.Gateway.Http")
                    .LogError(defect, "{Method} {Path} failed by a defect of the gateway.", request.Method, request.Path.Value);
                problem = Problem.Internal;
            }
        }

        if (problem is not null && !context.Response.HasStarted)
        {
            await problem.WriteAsync(context);
        }
    }

    private static async Task JoinAsync(HttpContext context, Desk desk)
    {
        var (order, problem) = await RequestBody.ReadAsync(context.Request, InterfaceJson.Wire.JoinOrder, context.RequestAborted);
        if (order is null)
        {
            await problem!.WriteAsync(context);
            return;
        }

        if (string.IsNullOrWhiteSpace(order.Code))
        {
            await Problem.BadDocument("The key 'code' is missing or empty. Give the invite code that ntm-coordinator invite printed; it begins with ntm1.")
                .WriteAsync(context);
            return;
        }

        if (order.Name is not null && !NtmName.IsLabel(order.Name))
        {
            await Problem.BadName(order.Name, "a node's name").WriteAsync(context);
            return;
        }

        var verdict = await desk.Join(order with { Code = order.Code.Trim() }, context.RequestAborted);
        await AnswerAsync(context, verdict, "The gateway did not join");
    }

    private static async Task LeaveAsync(HttpContext context, Desk desk)
    {
        var (order, problem) = await RequestBody.ReadAsync(context.Request, InterfaceJson.Wire.LeaveOrder, context.RequestAborted);
        if (order is null)
        {
            await problem!.WriteAsync(context);
            return;
        }

        var zone = NtmName.Canonical(order.Zone ?? "");
        if (!NtmName.IsZone(zone))
        {
            await Problem.BadName(order.Zone ?? "", "a zone's name").WriteAsync(context);
            return;
        }

        await AnswerAsync(context, await desk.Leave(zone, context.RequestAborted), "The gateway did not leave");
    }

    private static async Task PublishAsync(HttpContext context, Desk desk)
    {
        var (order, problem) = await RequestBody.ReadAsync(context.Request, InterfaceJson.Wire.PublishOrder, context.RequestAborted);
        if (order is null)
        {
            await problem!.WriteAsync(context);
            return;
        }

        if (order.Name is not null && !NtmName.IsLabel(order.Name))
        {
            await Problem.BadName(order.Name, "a device's name").WriteAsync(context);
            return;
        }

        if (!PortSet.TryParse(order.Ports, out var ports, out var wrong))
        {
            await Problem.BadDocument($"The key 'ports' is wrong. {wrong}").WriteAsync(context);
            return;
        }

        if (await DeviceOfAsync(context, desk) is { } mac)
        {
            await AnswerAsync(context, await desk.Publish(mac, order.Name, ports, context.RequestAborted), "The device was not published");
        }
    }

    private static async Task UnpublishAsync(HttpContext context, Desk desk)
    {
        if (await DeviceOfAsync(context, desk) is { } mac)
        {
            await AnswerAsync(context, await desk.Unpublish(mac, context.RequestAborted), "The device's name was not taken away");
        }
    }

    private static async Task MacAsync(
        HttpContext context, Desk desk, Func<MacAddress, MacAddress, CancellationToken, Task<Ntm.Node.Verdict>> order, string refusal)
    {
        if (await DeviceOfAsync(context, desk) is { } device && await DeviceOfAsync(context, desk, "other") is { } other)
        {
            await AnswerAsync(context, await order(device, other, context.RequestAborted), refusal);
        }
    }

    /// <summary>A device of the path, by its MAC or one of its LAN addresses; null: the problem is written.</summary>
    private static async Task<MacAddress?> DeviceOfAsync(HttpContext context, Desk desk, string part = "device")
    {
        var text = (string)context.GetRouteValue(part)!;
        if (MacAddress.TryParse(text, out var mac))
        {
            return mac;
        }

        if (IPAddress.TryParse(text, out var wanted))
        {
            var device = (await desk.Picture(context.RequestAborted)).Devices.FirstOrDefault(
                one => one.Addresses.Any(address => IPAddress.TryParse(address, out var its) && its.Equals(wanted)));
            if (device is not null && MacAddress.TryParse(device.Mac, out mac))
            {
                return mac;
            }
        }

        await Problem.UnknownDevice(text).WriteAsync(context);
        return null;
    }

    private static async Task ResolveAsync(HttpContext context, Desk desk)
    {
        var text = (string)context.GetRouteValue("name")!;
        var name = NtmName.Canonical(text);
        if (!NtmName.IsZone(name))
        {
            await Problem.BadName(text, "a host's name").WriteAsync(context);
            return;
        }

        await WriteAsync(context, await desk.Resolve(name, context.RequestAborted), InterfaceJson.Wire.ResolutionDocument);
    }

    private static async Task WatchAsync(HttpContext context, Desk desk, PictureFeed feed)
    {
        var stop = context.RequestAborted;
        if (feed.TryWatch() is not { } watcher)
        {
            await Problem.Busy($"{PictureFeed.WatchersMost} event streams are open, or the gateway is stopping. Close a console, or poll /api/v1/status.")
                .WriteAsync(context);
            return;
        }

        try
        {
            var first = PictureFeed.Frame(await desk.Picture(stop));
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-store";
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await context.Response.Body.WriteAsync("retry: 2000\n\n"u8.ToArray(), stop);
            await context.Response.Body.WriteAsync(first, stop);
            await context.Response.Body.FlushAsync(stop);
            await foreach (var frame in watcher.Reader.ReadAllAsync(stop))
            {
                await context.Response.Body.WriteAsync(frame, stop);
                await context.Response.Body.FlushAsync(stop);
            }
        }
        finally
        {
            feed.Leave(watcher);
        }
    }

    internal static Task AnswerAsync(HttpContext context, Ntm.Node.Verdict verdict, string refusal) => verdict.Done
        ? WriteAsync(context, new DoneDocument(verdict.Reason), InterfaceJson.Wire.DoneDocument)
        : Problem.Refused(refusal, verdict.Reason).WriteAsync(context);

    internal static async Task WriteAsync<T>(HttpContext context, T document, JsonTypeInfo<T> type)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(document, type);
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = bytes.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }
}
