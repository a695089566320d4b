using System.Diagnostics;
using Ntm.Box.Story;
using Ntm.Interface;
using Xunit.Abstractions;

namespace Ntm.Real.Tests.Programs;

/// <summary>`ntm-coordinator nodes remove` beside the running coordinator, what the removed home says, and `ntm leave`.</summary>
[Collection(TownCollection.Name)]
public sealed class RemovalTests(Town town, ITestOutputHelper output)
{
    [NeedsRootFact("ping", "dig")]
    public async Task AHomeIsRemovedWhileAllRunsComesBackAndLeaves()
    {
        await town.UpAsync();
        var folder = Path.Combine(town.Folder, "removed");
        var config = Town.WriteGateway(folder, "ntm1", 4950, $"127.0.0.1:{Town.DnsPort}");
        var socket = Path.Combine(folder, "gateway.sock");
        using var home = new Newcomer(town);
        using var gateway = Daemon.Start(home.Namespace, town.Folder, $"{town.Programs.Gateway} run --config {config}").UntilLogged("is ready");
        using var at = new GatewayInterface(socket);
        await JoinAsync();
        var vip = (await at.StatusAsync(default)).Member!.Vip;
        Assert.Contains(vip, home.Namespace.Run("ip -6 address show dev ntm1"), StringComparison.Ordinal);
        await Town.UntilAsync(ListAsync, list => list.Contains("mallory", StringComparison.Ordinal) && list.Contains("alice", StringComparison.Ordinal), "both are listed");

        var watch = Stopwatch.StartNew();
        var said = (await Town.MustAsync(town.Servers, town.Programs.Coordinator, "nodes", "remove", "mallory", "--data", town.CoordinatorFolder)).Out;
        output.WriteLine($"{said.Trim()} ({watch.Elapsed.TotalSeconds:0.0} s)");
        Assert.Contains("has taken the removal", said, StringComparison.Ordinal);
        var status = await Town.UntilAsync(() => at.StatusAsync(default), s => s.Member is null, "the home is in no zone any more");
        output.WriteLine($"the removed home knows after {watch.Elapsed.TotalSeconds:0.0} s: {status.Removed}");
        Assert.Contains("out of the zone", status.Removed, StringComparison.Ordinal);
        Assert.DoesNotContain(vip, home.Namespace.Run("ip -6 address show dev ntm1"), StringComparison.Ordinal);
        await Town.UntilAsync(ListAsync, list => !list.Contains("mallory", StringComparison.Ordinal), "it is not listed any more");
        Assert.Empty(Directory.GetFiles(town.CoordinatorFolder, "*.removal"));

        await JoinAsync();
        Assert.Equal((vip, null), ((await at.StatusAsync(default)).Member!.Vip, (await at.StatusAsync(default)).Removed));
        var unsure = await Town.RunAsync(home.Namespace, town.Programs.Ntm, "--socket", socket, "leave");
        Assert.Equal(1, unsure.Code);
        output.WriteLine((await Town.MustAsync(home.Namespace, town.Programs.Ntm, "--socket", socket, "leave", "--yes")).Out.Trim());
        Assert.Null((await at.StatusAsync(default)).Member);
        Assert.True(gateway.Running, gateway.Log);
        await town.ResolvesAsync(); // the others never noticed

        async Task JoinAsync()
        {
            await Town.MustAsync(home.Namespace, town.Programs.Ntm, "--socket", socket, "join", await town.InviteAsync(), "--name", "mallory");
            await Town.UntilAsync(() => at.StatusAsync(default), s => s.Member is { Registered: true }, "the home is registered");
        }

        async Task<string> ListAsync()
        {
            var outcome = await Town.RunAsync(town.Servers, town.Programs.Coordinator, "nodes", "--data", town.CoordinatorFolder);
            return outcome.Ok ? outcome.Out : "";
        }
    }
}
