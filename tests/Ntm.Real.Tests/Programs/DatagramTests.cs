using System.Net;
using Ntm.Protocol;
using Ntm.Signalling.Trust;
using Xunit.Abstractions;

namespace Ntm.Real.Tests.Programs;

/// <summary>
/// Truncated, oversized, random, replayed and forged datagrams at every UDP port: they are counted and change nothing, memory and logs do not grow, and
/// everybody is served afterwards.
/// </summary>
[Collection(TownCollection.Name)]
public sealed class DatagramTests(Town town, ITestOutputHelper output)
{
    /// <summary>What a round may leave behind, MB: less than the attackers send.</summary>
    private const double MostGrowth = 30;

    private const long MostLog = 64 * 1024;

    private static readonly string[] s_attackers = [Town.ServerAddress, Town.ServerAddress6];

    [NeedsRootFact("dig", "ping")]
    public async Task TheCoordinatorBearsThem()
    {
        await town.UpAsync();
        Endure("coordinator", town.Coordinator, await KeyOfCoordinatorAsync(), Town.ServerAddress, Town.ServerAddress6, Town.CoordinatorPort);

        // It lets in who has an invite, also right after hundreds of strangers' handshakes.
        var folder = Path.Combine(town.Folder, "relay-after-attack");
        var joined = await Town.RunAsync(town.Servers, town.JoinRelay(folder, await town.InviteAsync("--relay"), $"rs{Guid.NewGuid():N}", 4930));
        Assert.True(joined.Ok, joined.Sentence);
        await town.RegisteredAsync();
        await town.ResolvesAsync();
    }

    [NeedsRootFact("dig", "ping")]
    public async Task TheRelayBearsThem()
    {
        await town.UpAsync();
        var status = await town.StatusAsync();
        Assert.True(PublicKey.TryParse(status.Member!.Relays.Single(r => r.Name.EndsWith("rs1", StringComparison.Ordinal)).PublicKey, out var key));
        Endure("relay", town.Relay, key, Town.ServerAddress, Town.ServerAddress6, Town.RelayPort);

        // A node that starts anew is registered, and makes a new tunnel with the relay.
        town.Gateway.Kill();
        town.StartGateway();
        await town.RegisteredAsync();
        await town.ResolvesAsync();
    }

    [NeedsRootFact("dig", "ping")]
    public async Task TheGatewayBearsThemAndCountsThem()
    {
        await town.UpAsync();
        var before = await town.StatusAsync();
        Assert.True(PublicKey.TryParse(before.Member!.PublicKey, out var key));
        Endure("gateway", town.Gateway, key, Town.GatewayAddress, Town.GatewayAddress6, Town.UplinkPort);
        await town.RegisteredAsync();
        await town.ResolvesAsync();

        var after = await town.StatusAsync();
        Assert.Equal(before.Member.Vip, after.Member!.Vip);
        foreach (var reason in (string[])
            ["tunnel-malformed", "tunnel-bad-mac1", "tunnel-unknown-receiver", "tunnel-unknown-peer", "tunnel-replayed", "tunnel-forged", "wire-oversized"])
        {
            var counted = after.Counters.GetValueOrDefault(reason) - before.Counters.GetValueOrDefault(reason);
            output.WriteLine($"gateway: {counted} more of {reason}");
            Assert.True(counted > 0, $"{reason} was not counted; counted: {string.Join(", ", after.Counters.Where(c => c.Value > 0))}");
        }
    }

    private void Endure(string who, Daemon program, PublicKey key, string address, string address6, int port)
    {
        var log = program.LogBytes;
        var first = Round(1);
        var memory = program.ResidentMegabytes;
        var more = Round(2) + Round(3);
        var grown = program.ResidentMegabytes - memory;
        output.WriteLine($"{who}: {first + more} datagrams; resident {memory:0.0} MB after the first round, {grown:+0.0;-0.0} MB after two more; log +{program.LogBytes - log} bytes");
        Assert.True(program.Running, program.Log);
        Assert.True(grown < MostGrowth, $"the {who}'s resident memory grew by {grown:0.0} MB");
        Assert.True(program.LogBytes - log < MostLog, $"the {who}'s log grew by {program.LogBytes - log} bytes: {program.Log[..Math.Min(program.Log.Length, 2000)]}");

        int Round(int seed)
        {
            var random = new Random(seed);
            var initiations = Malice.Initiations(key, 100).ToList();
            byte[][] forged = [.. Malice.Truncations(initiations[0]), .. Malice.Changes(initiations[0])];
            byte[][] overheard = [.. town.Uplink.Last.Select(seen => seen.Payload).Where(payload => payload.Length > 0)];
            byte[][] replayed =
            [
                .. overheard, .. overheard.TakeLast(8).SelectMany(Malice.Truncations), .. overheard.TakeLast(8).SelectMany(Malice.Changes), .. overheard,
                .. initiations, .. initiations,
            ];
            return s_attackers.Sum(attacker => Malice.Send(
                town.Servers, new IPEndPoint(IPAddress.Parse(attacker == Town.ServerAddress ? address : address6), port),
                [.. Malice.Noise(random), .. forged, .. replayed]));
        }
    }

    private async Task<PublicKey> KeyOfCoordinatorAsync()
    {
        Assert.True(InviteCode.TryRead(await town.InviteAsync(), out var invite, out _, out _));
        return new PublicKey(invite.Coordinators.Single().PublicKey.Span);
    }
}
