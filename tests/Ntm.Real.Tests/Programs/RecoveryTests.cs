using System.Diagnostics;
using Xunit.Abstractions;

namespace Ntm.Real.Tests.Programs;

/// <summary>Each program killed as the kernel kills (SIGKILL), and started again: everything is as it was, without anybody's doing.</summary>
[Collection(TownCollection.Name)]
public sealed class RecoveryTests(Town town, ITestOutputHelper output)
{
    [NeedsRootFact]
    public Task TheGatewayComesBack() => ComesBackAsync("gateway", t => t.Gateway, t => t.StartGateway());

    [NeedsRootFact]
    public Task TheCoordinatorComesBack() => ComesBackAsync("coordinator", t => t.Coordinator, t => t.StartCoordinator());

    [NeedsRootFact]
    public Task TheRelayComesBack() => ComesBackAsync("relay", t => t.Relay, t => t.StartRelay());

    [NeedsRootFact]
    public async Task TheGatewayStopsAsTold()
    {
        await town.UpAsync();
        Assert.Equal(0, await town.Gateway.TerminateAsync());
        Assert.False(File.Exists(town.Socket));
        Assert.False(town.Home.Try("ip link show ntm0"));
        town.StartGateway();
        await town.RegisteredAsync();
    }

    private async Task ComesBackAsync(string who, Func<Town, Daemon> program, Action<Town> start)
    {
        await town.UpAsync();
        var before = (await town.StatusAsync()).Member!;
        var published = (await town.DevicesAsync()).Single(d => d.Published);

        program(town).Kill();
        var watch = Stopwatch.StartNew();
        start(town);
        var ready = watch.Elapsed;
        var after = await Town.UntilAsync(
            town.StatusAsync,
            s => s.Member is { Registered: true } member && member.Coordinators.All(c => c.Connected) && member.Relays.Any(r => r.Connected)
                && (who != "relay" || HeardSince(member.Relays.Single().LastHeardMs, watch.Elapsed - ready))
                && (who != "coordinator" || HeardSince(member.Coordinators.Single().LastHeardMs, watch.Elapsed - ready)),
            $"the gateway is registered again after the {who} was killed");
        output.WriteLine($"{who}: ready {ready.TotalSeconds:0.00} s after its end, all in place after {watch.Elapsed.TotalSeconds:0.00} s");

        Assert.Equal((before.Vip, before.Node, before.PublicKey), (after.Member!.Vip, after.Member.Node, after.Member.PublicKey));
        var still = (await town.DevicesAsync()).Single(d => d.Published);
        Assert.Equal((published.Mac, published.Name, published.FullName, published.Number), (still.Mac, still.Name, still.FullName, still.Number));
        var found = await Town.MustAsync(town.Device, "dig", "+time=4", "+tries=3", "-p", $"{Town.DnsPort}", $"@{Town.LanAddress}", $"nobody.{Town.Zone}");
        Assert.Contains("status: NXDOMAIN", found.Out, StringComparison.Ordinal);
    }

    private static bool HeardSince(double? lastHeardMs, TimeSpan since) => lastHeardMs < since.TotalMilliseconds;
}
