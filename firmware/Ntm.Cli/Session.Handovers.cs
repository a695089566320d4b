using System.Globalization;
using System.Text.Json;
using Ntm.Cli.Text;
using Ntm.Interface;

namespace Ntm.Cli;

/// <summary>The talk about handovers and drills.</summary>
public sealed partial class Session
{
    private static readonly TimeSpan DrillLook = TimeSpan.FromMilliseconds(500);

    /// <summary>A record settles within this of the drill's end, or is shown as it is.</summary>
    private static readonly TimeSpan DrillSettles = TimeSpan.FromSeconds(5);

    /// <param name="last">How many, at most.</param>
    public Task<int> HandoversAsync(int last, CancellationToken stop) => AskAsync(HttpMethod.Get, "handovers", null, InterfaceJson.Lenient.IReadOnlyListHandoverDocument, records =>
    {
        if (!json)
        {
            HandoversText.Write([.. records.TakeLast(last)], output);
        }

        return NtmCommand.Done;
    }, stop);

    public Task<int> HandoverAsync(long id, CancellationToken stop) =>
        ShowAsync(string.Create(CultureInfo.InvariantCulture, $"handovers/{id}"), InterfaceJson.Lenient.HandoverDocument, HandoversText.WriteOne, stop);

    /// <summary>Takes an uplink away, waits for the end of it, and prints what came of it. Interrupted, it ends the drill.</summary>
    public Task<int> DrillAsync(string uplink, DrillOrder order, CancellationToken stop) => GuardedAsync(async () =>
    {
        var begun = await gateway.SendAsync(HttpMethod.Post, DrillPath(uplink), JsonSerializer.SerializeToUtf8Bytes(order, InterfaceJson.Wire.DrillOrder), stop);
        if (!TryRead(begun, InterfaceJson.Lenient.DoneDocument, out var done, out var code))
        {
            return code;
        }

        await error.WriteLineAsync(done!.Sentence);
        try
        {
            return await ReportAsync(stop);
        }
        catch (OperationCanceledException)
        {
            var ended = await gateway.SendAsync(HttpMethod.Delete, DrillPath(uplink), null, CancellationToken.None);
            await error.WriteLineAsync(ended.IsGood ? $"ntm: The drill was stopped; {uplink} is back." : "ntm: Stopped.");
            return NtmCommand.Refused;
        }
    });

    public Task<int> StopDrillAsync(CancellationToken stop) => GuardedAsync(async () =>
    {
        var answer = await gateway.SendAsync(HttpMethod.Get, "drill", null, stop);
        if (!TryRead(answer, InterfaceJson.Lenient.DrillDocument, out var drill, out var code))
        {
            return code;
        }

        if (drill is not { UnderWay: true, Uplink: { } uplink })
        {
            await error.WriteLineAsync("ntm: No drill is under way.");
            return NtmCommand.Refused;
        }

        return await OrderAsync(HttpMethod.Delete, DrillPath(uplink), null, stop);
    });

    private async Task<int> ReportAsync(CancellationToken stop)
    {
        DrillDocument? drill;
        int code;
        while (true)
        {
            if (!TryRead(await gateway.SendAsync(HttpMethod.Get, "drill", null, stop), InterfaceJson.Lenient.DrillDocument, out drill, out code))
            {
                return code;
            }

            if (!drill!.UnderWay)
            {
                break;
            }

            var left = TimeSpan.FromMilliseconds(Math.Max(drill.LeftMs, 0));
            await Task.Delay(left < DrillLook ? DrillLook / 5 : DrillLook, stop);
        }

        await error.WriteLineAsync($"The drill is over: {drill.Ended ?? "it has ended"}.");
        for (var waited = TimeSpan.Zero; ; waited += DrillLook)
        {
            var answer = await gateway.SendAsync(HttpMethod.Get, "handovers", null, stop);
            if (!TryRead(answer, InterfaceJson.Lenient.IReadOnlyListHandoverDocument, out var records, out code))
            {
                return code;
            }

            var made = records!.Where(record => record.Id > drill.Before).ToList();
            if (waited < DrillSettles && made.Exists(record => record.End == "under-way"))
            {
                await Task.Delay(DrillLook, stop);
                continue;
            }

            if (json)
            {
                await output.WriteLineAsync(JsonSerializer.Serialize(made, InterfaceJson.Wire.IReadOnlyListHandoverDocument));
            }
            else if (made.Count == 0)
            {
                await output.WriteLineAsync($"No tunnel was handed over: none went by {drill.Uplink}, or nothing was said on those that did.");
            }
            else
            {
                HandoversText.Write(made, output);
            }

            return NtmCommand.Done;
        }
    }

    private static string DrillPath(string uplink) => $"uplinks/{Uri.EscapeDataString(uplink)}/drill";
}
