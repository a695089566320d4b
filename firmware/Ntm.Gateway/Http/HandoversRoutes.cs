using System.Globalization;
using Ntm.Interface;

namespace Ntm.Gateway.Http;

/// <summary>The addresses of the HTTP interface about handovers and drills, docs/http.md.</summary>
internal static class HandoversRoutes
{
    public static void Map(WebApplication app, string api, HandoversDesk desk)
    {
        app.MapMethods(api + "/handovers", ["GET"], async context =>
            await HttpInterface.WriteAsync(context, await desk.List(context.RequestAborted), InterfaceJson.Wire.IReadOnlyListHandoverDocument));
        app.MapMethods(api + "/handovers/{id}", ["GET"], context => ShowAsync(context, desk));
        app.MapMethods(api + "/drill", ["GET"], async context =>
            await HttpInterface.WriteAsync(context, await desk.Drill(context.RequestAborted) ?? DrillDocument.None, InterfaceJson.Wire.DrillDocument));
        app.MapPost(api + "/uplinks/{name}/drill", context => BeginAsync(context, desk));
        app.MapDelete(api + "/uplinks/{name}/drill", async context =>
            await HttpInterface.AnswerAsync(context, await desk.Stop((string)context.GetRouteValue("name")!, context.RequestAborted), "No drill was stopped"));
    }

    private static async Task ShowAsync(HttpContext context, HandoversDesk desk)
    {
        var text = (string)context.GetRouteValue("id")!;
        var found = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? (await desk.List(context.RequestAborted)).FirstOrDefault(record => record.Id == id) : null;
        await (found is null
            ? Problem.UnknownHandover(text).WriteAsync(context)
            : HttpInterface.WriteAsync(context, found, InterfaceJson.Wire.HandoverDocument));
    }

    private static async Task BeginAsync(HttpContext context, HandoversDesk desk)
    {
        var (order, problem) = await RequestBody.ReadAsync(context.Request, InterfaceJson.Wire.DrillOrder, context.RequestAborted);
        if (order is null)
        {
            await problem!.WriteAsync(context);
        }
        else if (order.Silent is not (null or "both" or "out" or "in"))
        {
            await Problem.BadDocument("The key 'silent' says which direction is swallowed: \"both\", \"out\" or \"in\"; without it the uplink goes as if its carrier were lost.").WriteAsync(context);
        }
        else if (order.Seconds is { } seconds && !(seconds >= Drills.Shortest.TotalSeconds && seconds <= Drills.Longest.TotalSeconds))
        {
            await Problem.BadDocument($"The key 'seconds' says how long the drill lasts: a number from {Drills.Shortest.TotalSeconds:0} to {Drills.Longest.TotalSeconds:0}.").WriteAsync(context);
        }
        else
        {
            var lasts = order.Seconds is { } given ? TimeSpan.FromSeconds(given) : Drills.Usual;
            await HttpInterface.AnswerAsync(
                context, await desk.Begin((string)context.GetRouteValue("name")!, order.Silent, lasts, order.Force ?? false, context.RequestAborted), "The drill did not begin");
        }
    }
}
