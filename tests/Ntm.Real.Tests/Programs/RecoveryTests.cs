using System.Diagnostics;
using Ntm.Interface;
using Xunit.Abstractions;

namespace Ntm.Real.Tests.Programs;

/// <summary>Each program killed as the kernel kills (SIGKILL), and started again: everything is as it was, without anybody's doing.</summary>
[Collection(TownCollection.Name)]
public sealed class RecoveryTests(Town town, ITestOutputHelper output)
{
    [NeedsRootFact("dig", "ping")]
    public async Task TheGatewayComesBack()
    {
        await town.UpAsync();
        var before = await PictureAsync();
        town.Gateway.Kill();
        var watch = Stopwatch.StartNew();
        town.StartGateway(); // the socket of the killed one is in its way, and is taken away
        var ready = watch.Elapsed;
        await town.RegisteredAsync();
        output.WriteLine($"gateway: ready {ready.TotalSeconds:0.00} s after its end, registered and with its relay after {watch.Elapsed.TotalSeconds:0.00} s");
        Assert.Equal(before, await PictureAsync());
        await town.ResolvesAsync();
    }

    /// <summary>Both at once: each finds the gateway again by itself, and the relay the coordinator.</summary>
    [NeedsRootFact("dig", "ping")]
    public async Task CoordinatorAndRelayComeBack()
    {
        await town.UpAsync();
        var before = await PictureAsync();
        town.Coordinator.Kill();
        town.Relay.Kill();
        var watch = Stopwatch.StartNew();
        town.StartCoordinator();
        town.StartRelay();
        var ready = watch.Elapsed;
        await Task.WhenAll(
            BackAsync("coordinator", s => s.Member is { Registered: true } member && member.Coordinators.All(HeardSince)),
            BackAsync("relay", s => s.Member!.Relays.All(HeardSince)));
        Assert.True(watch.Elapsed - ready < TimeSpan.FromSeconds(3), $"they were back only {(watch.Elapsed - ready).TotalSeconds:0.0} s after they ran");
        Assert.Equal(before, await PictureAsync());
        town.Coordinator.UntilLogged("Relay 'rs1' is there");
        await town.ResolvesAsync();

        async Task BackAsync(string who, Func<StatusDocument, bool> back)
        {
            await Town.UntilAsync(town.StatusAsync, back, $"the gateway has a tunnel with the {who} again");
            output.WriteLine($"{who}: ready within {ready.TotalSeconds:0.00} s of its end, the gateway's tunnel with it is back after {watch.Elapsed.TotalSeconds:0.00} s");
        }

        bool HeardSince(ServerDocument server) => server.Connected && server.LastHeardMs < watch.Elapsed.TotalMilliseconds;
    }

    [NeedsRootFact("dig", "ping")]
    public async Task TheGatewayStopsAsTold()
    {
        await town.UpAsync();
        Assert.Equal(0, await town.Gateway.TerminateAsync());
        Assert.False(File.Exists(town.Socket));
        Assert.Contains("198.18.0.0/15 dev ntm0", town.Home.Run("ip route")); // so that what is under way meets no error meanwhile
        town.StartGateway();
        await town.RegisteredAsync();
    }

    /// <summary>What must be the same afterwards.</summary>
    private async Task<string> PictureAsync()
    {
        var member = (await town.StatusAsync()).Member!;
        var device = (await town.DevicesAsync()).Single(d => d.Published);
        return $"{member.Node} {member.Vip} {member.PublicKey}; {device.FullName} is {device.Mac}, number {device.Number}";
    }
}
