using Ntm.Interface;

namespace Ntm.Gateway.Http;

/// <summary>The addresses of the HTTP interface by which the owner says which uplinks are to be used, docs/http.md.</summary>
internal static class UplinksRoutes
{
    public static void Map(WebApplication app, string api, UplinksDesk desk)
    {
        app.MapPut(api + "/uplinks/order", context => PreferAsync(context, desk));
        app.MapPut(api + "/uplinks/used", context => UseAsync(context, desk));
        app.MapPut(api + "/uplinks/{uplink}/metered", context => MeterAsync(context, desk));
    }

    private static async Task PreferAsync(HttpContext context, UplinksDesk desk)
    {
        var (order, problem) = await RequestBody.ReadAsync(context.Request, InterfaceJson.Wire.PreferOrder, context.RequestAborted);
        await (order is null ? problem!.WriteAsync(context)
            : order.Names is null || order.Names.Any(name => name is null)
                ? Problem.BadDocument("The key 'names' is missing or holds something that is no text. Give a list of uplinks' names, such as [\"catv\", \"lte\"].").WriteAsync(context)
            : HttpInterface.AnswerAsync(context, await desk.Prefer(order.Names, context.RequestAborted), "The order of the uplinks was not changed"));
    }

    private static async Task UseAsync(HttpContext context, UplinksDesk desk)
    {
        var (order, problem) = await RequestBody.ReadAsync(context.Request, InterfaceJson.Wire.UseOrder, context.RequestAborted);
        await (order is null ? problem!.WriteAsync(context)
            : HttpInterface.AnswerAsync(context, await desk.Use(order.Name, context.RequestAborted), "Nothing was changed"));
    }

    private static async Task MeterAsync(HttpContext context, UplinksDesk desk)
    {
        var (order, problem) = await RequestBody.ReadAsync(context.Request, InterfaceJson.Wire.MeteredOrder, context.RequestAborted);
        await (order is null ? problem!.WriteAsync(context)
            : HttpInterface.AnswerAsync(
                context, await desk.Meter((string)context.GetRouteValue("uplink")!, order.Metered, context.RequestAborted), "Nothing was changed"));
    }
}
