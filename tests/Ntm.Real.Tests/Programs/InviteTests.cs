using System.Diagnostics;
using Ntm.Box.Os;
using Ntm.Box.Story;
using Ntm.Linux;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;
using Xunit.Abstractions;

namespace Ntm.Real.Tests.Programs;

/// <summary>
/// Wrong, damaged, expired and used invites to `ntm join` and `ntm-relay join`: each is refused in a sentence, nothing changes, and a good one works afterwards.
/// </summary>
[Collection(TownCollection.Name)]
public sealed class InviteTests(Town town, ITestOutputHelper output)
{
    [NeedsRootFact("ping")]
    public async Task AGatewayRefusesThemAndJoinsWithAGoodOne()
    {
        await town.UpAsync();
        var folder = Path.Combine(town.Folder, "joiner");
        var config = Town.WriteGateway(folder, "ntm1", 4940, $"127.0.0.1:{Town.DnsPort}");
        using var home = new Newcomer(town);
        var gateway = Daemon.Start(home.Namespace, town.Folder, $"{town.Programs.Gateway} run --config {config}").UntilLogged("is ready");
        using var at = new GatewayInterface(Path.Combine(folder, "gateway.sock"));
        Task<Outcome> JoinAsync(string code, string name) =>
            Town.RunAsync(home.Namespace, town.Programs.Ntm, "--socket", Path.Combine(folder, "gateway.sock"), "join", code, "--name", name);

        foreach (var (what, code, sentence) in await BadAsync(relay: false))
        {
            var watch = Stopwatch.StartNew();
            var outcome = await JoinAsync(code, "bob");
            output.WriteLine($"ntm join, {what}: ended with {outcome.Code} after {watch.Elapsed.TotalSeconds:0.0} s: {outcome.Err.Trim()}");
            Assert.Equal(1, outcome.Code);
            Assert.Contains(sentence, outcome.Err, StringComparison.Ordinal);
            Assert.Null((await at.StatusAsync(default)).Member);
        }

        var good = await JoinAsync(await town.InviteAsync(), "bob");
        Assert.True(good.Ok, good.Sentence);
        Assert.Contains($"'bob' of the zone {Town.Zone}", good.Out, StringComparison.Ordinal);
        var again = await JoinAsync(await town.InviteAsync(), "bob");
        output.WriteLine($"ntm join, a member already: ended with {again.Code}: {again.Err.Trim()}");
        Assert.Equal(1, again.Code);
        Assert.True(gateway.Running, gateway.Log);
    }

    [NeedsRootFact("ping")]
    public async Task ARelayRefusesThemAndJoinsWithAGoodOne()
    {
        await town.UpAsync();
        var folder = Path.Combine(town.Folder, "relay-joiner");
        foreach (var (what, code, sentence) in await BadAsync(relay: true))
        {
            var outcome = await Town.RunAsync(town.Servers, town.JoinRelay(folder, code, "rs2", 4941));
            output.WriteLine($"ntm-relay join, {what}: ended with {outcome.Code}: {outcome.Err.Trim()}");
            Assert.Equal(outcome.Err.Contains("Nothing was made.", StringComparison.Ordinal) ? 64 : 69, outcome.Code);
            Assert.Contains(sentence, outcome.Err, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(folder, "relay.json")));
        }

        await Town.MustAsync(town.Servers, town.JoinRelay(folder, await town.InviteAsync("--relay"), "rs2", 4941));
        Assert.True(File.Exists(Path.Combine(folder, "relay.json")));
        var again = await Town.RunAsync(town.Servers, town.JoinRelay(folder, await town.InviteAsync("--relay"), "rs2", 4941));
        output.WriteLine($"ntm-relay join, into a folder in use: ended with {again.Code}: {again.Err.Trim()}");
        Assert.Equal(73, again.Code);
    }

    /// <summary>What is wrong, the code, and a part of the sentence that says so.</summary>
    private async Task<(string What, string Code, string Sentence)[]> BadAsync(bool relay)
    {
        var role = relay ? Role.Relay : Role.Node;
        string[] good = relay ? ["--relay"] : [];
        var code = await town.InviteAsync(good);
        Assert.True(InviteCode.TryRead(code, out var invite, out _, out _));

        var owner = new OwnerKey(Convert.FromBase64String((await File.ReadAllTextAsync(Path.Combine(town.CoordinatorFolder, "owner.key"))).Split(' ', '\n')[1]));
        var expired = InviteCode.Write(owner.Invite(Town.Zone, role, "", DateTimeOffset.UtcNow.AddMinutes(-1), invite.Coordinators, SystemEntropy.Instance));
        var stranger = InviteCode.Write(
            OwnerKey.Generate(SystemEntropy.Instance).Invite(Town.Zone, role, "", DateTimeOffset.UtcNow.AddDays(1), invite.Coordinators, SystemEntropy.Instance));
        var otherSeed = invite.Clone();
        otherSeed.OneTimeSeed = Google.Protobuf.ByteString.CopyFrom(new byte[32]);
        return
        [
            ("no invite code at all", "hello", "is not an invite code"),
            ("cut short", code[..^40], "damaged"),
            ("one character changed", Changed(code, 30), "damaged"),
            ("its one-time key changed", InviteCode.Write(otherSeed), "one-time key"),
            ("for the other role", await town.InviteAsync(relay ? [] : ["--relay"]), "relay"),
            ("expired", expired, "expired"),
            ("of a stranger's zone", stranger, "owner"),
            ("used", relay ? town.RelaysInvite : town.GatewaysInvite, "used"),
        ];
    }

    private static string Changed(string code, int at) => code[..at] + (code[at] == 'A' ? 'B' : 'A') + code[(at + 1)..];
}
