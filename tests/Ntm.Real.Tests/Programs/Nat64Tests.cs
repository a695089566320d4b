using Ntm.Box.Story;
using Xunit.Abstractions;

namespace Ntm.Real.Tests.Programs;

/// <summary>A home without IPv4, by other people's NAT64 and DNS64, in a zone whose coordinator and relay have IPv4 alone.</summary>
[Collection(TownCollection.Name)]
public sealed class Nat64Tests(Town town, ITestOutputHelper output)
{
    [NeedsRootFact("tayga", "unbound", "nsd", "dig", "nft", "ping")]
    public async Task AHomeWithIPv6AloneFindsItsNat64AndReachesAHomeWithIPv4Alone()
    {
        await town.UpAsync();
        using var provider = new ProviderWithoutIPv4(town);
        town.Device.Run($"ip route replace 198.18.0.0/15 via {Town.LanAddress}");
        var folder = Path.Combine(town.Folder, "customer");
        var config = Town.WriteGateway(folder, "ntm1", 4960, $"127.0.0.1:{Town.DnsPort}");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"port\":4960", $"\"port\":4960,\"resolver\":\"{ProviderWithoutIPv4.Resolver}\"", StringComparison.Ordinal));
        using var gateway = Daemon.Start(provider.Customer, town.Folder, $"{town.Programs.Gateway} run --config {config}").UntilLogged("is ready");
        var socket = Path.Combine(folder, "gateway.sock");
        using var at = new GatewayInterface(socket);
        var found = await Town.UntilAsync(
            () => at.StatusAsync(default), s => s.Uplinks[0].Reason.Contains("NAT64", StringComparison.Ordinal), "the gateway knows of the NAT64");
        output.WriteLine(found.Uplinks[0].Reason);
        Assert.Contains(ProviderWithoutIPv4.Prefix, found.Uplinks[0].Reason, StringComparison.Ordinal);

        await Town.MustAsync(provider.Customer, town.Programs.Ntm, "--socket", socket, "join", await town.InviteAsync(), "--name", "six");
        await Town.UntilAsync(() => at.StatusAsync(default), s => s.Member is { Registered: true } m && m.Relays.Any(r => r.Connected), "the home is registered");
        var answer = await Town.UntilAsync(
            async () => (await Town.MustAsync(provider.Customer, "dig", "+short", "+time=4", "-p", $"{Town.DnsPort}", "@127.0.0.1", $"nas.alice.{Town.Zone}")).Out.Trim(),
            a => a.Length > 0, "the other home's device is found by name");
        output.WriteLine((await Town.MustAsync(provider.Customer, "ping", "-c", "20", "-i", "0.2", "-W", "2", answer)).Out);
        var peer = (await at.PeersAsync(default)).Single();
        output.WriteLine($"{peer.Reason}: {string.Join(" | ", peer.Paths.Select(p => p.ToString()))}");
        Assert.True(peer.Direct, peer.Reason);
    }
}
