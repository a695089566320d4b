using System.Globalization;
using Ntm.Interface;
using Ntm.Protocol;

namespace Ntm.Gateway.Http;

/// <summary>The addresses of the HTTP interface about shares with other owners, docs/http.md.</summary>
internal static class SharesRoutes
{
    private static readonly TimeSpan Usual = TimeSpan.FromDays(7);

    public static void Map(WebApplication app, string api, SharesDesk desk)
    {
        app.MapMethods(api + "/shares", ["GET"], async context =>
            await HttpInterface.WriteAsync(context, await desk.List(context.RequestAborted), InterfaceJson.Wire.SharesDocument));
        app.MapPost(api + "/shares", context => GiveAsync(context, desk));
        app.MapDelete(api + "/shares/{id}", context => TakeBackAsync(context, desk));
        app.MapPost(api + "/shares/taken", context => AcceptAsync(context, desk));
        app.MapDelete(api + "/shares/taken/{name}", context => DropAsync(context, desk));
        app.MapPut(api + "/node/published", context => PublishNodeAsync(context, desk));
        app.MapDelete(api + "/node/published", async context =>
            await HttpInterface.AnswerAsync(context, await desk.PublishNode(null, context.RequestAborted), "The gateway itself was not taken back"));
    }

    private static async Task GiveAsync(HttpContext context, SharesDesk desk)
    {
        var (order, problem) = await RequestBody.ReadAsync(context.Request, InterfaceJson.Wire.ShareOrder, context.RequestAborted);
        if (order is null)
        {
            await problem!.WriteAsync(context);
        }
        else if (order.Device is not null && !NtmName.IsLabel(order.Device))
        {
            await Problem.BadName(order.Device, "a device's name").WriteAsync(context);
        }
        else if (!PortSet.TryParse(order.Ports, out var ports, out var wrong))
        {
            await Problem.BadDocument($"The key 'ports' is wrong. {wrong}").WriteAsync(context);
        }
        else if (order.Hours is { } hours && hours is not (> 0 and < 1e6))
        {
            await Problem.BadDocument("The key 'hours' says how long the share lasts: a number above 0, such as 168 for a week.").WriteAsync(context);
        }
        else
        {
            var lasts = order.Hours is { } given ? TimeSpan.FromHours(given) : Usual;
            var (verdict, code) = await desk.Give(order.Device, order.For ?? "", ports, lasts, context.RequestAborted);
            await (code is null
                ? Problem.Refused("Nothing was shared", verdict.Reason).WriteAsync(context)
                : HttpInterface.WriteAsync(context, new SharedDocument(verdict.Reason, code), InterfaceJson.Wire.SharedDocument));
        }
    }

    private static async Task TakeBackAsync(HttpContext context, SharesDesk desk)
    {
        var text = (string)context.GetRouteValue("id")!;
        await (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? HttpInterface.AnswerAsync(context, await desk.TakeBack(id, context.RequestAborted), "The share was not taken back")
            : Problem.Refused("The share was not taken back", $"'{Problem.Quoted(text)}' is no share's number; GET /api/v1/shares lists them.").WriteAsync(context));
    }

    private static async Task AcceptAsync(HttpContext context, SharesDesk desk)
    {
        var (order, problem) = await RequestBody.ReadAsync(context.Request, InterfaceJson.Wire.AcceptOrder, context.RequestAborted);
        await (order is null
            ? problem!.WriteAsync(context)
            : HttpInterface.AnswerAsync(context, await desk.Accept(order.Code ?? "", context.RequestAborted), "The share was not accepted"));
    }

    private static async Task DropAsync(HttpContext context, SharesDesk desk)
    {
        var name = NtmName.Canonical((string)context.GetRouteValue("name")!);
        await (NtmName.IsZone(name)
            ? HttpInterface.AnswerAsync(context, await desk.Drop(name, context.RequestAborted), "The share was not dropped")
            : Problem.BadName(name, "a shared name").WriteAsync(context));
    }

    private static async Task PublishNodeAsync(HttpContext context, SharesDesk desk)
    {
        var (order, problem) = await RequestBody.ReadAsync(context.Request, InterfaceJson.Wire.PublishNodeOrder, context.RequestAborted);
        if (order is null)
        {
            await problem!.WriteAsync(context);
        }
        else if (!PortSet.TryParse(order.Ports, out var ports, out var wrong))
        {
            await Problem.BadDocument($"The key 'ports' is wrong. {wrong}").WriteAsync(context);
        }
        else
        {
            await HttpInterface.AnswerAsync(context, await desk.PublishNode(ports, context.RequestAborted), "The gateway itself was not published");
        }
    }
}
