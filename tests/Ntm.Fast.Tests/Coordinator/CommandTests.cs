using System.CommandLine;
using Google.Protobuf;
using Ntm.Coordinator;
using Ntm.Coordinator.Host;
using Ntm.Fast.Tests.Store;
using Ntm.Hosting;
using Ntm.Protocol;
using Ntm.Protocol.Naming;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Store;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Coordinator;

/// <summary>`ntm-coordinator` as typed, up to where it would open ports.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.File("zone");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Init_makes_keys_and_configuration_and_invite_reads_them()
    {
        var said = await DoAsync("init", "--zone", "Home.Example.", "--data", Data, "--endpoint", "203.0.113.10:5000", "--endpoint", "[2001:db8::10]:5000");
        Assert.Contains(Path.Combine(Data, "owner.key"), said, StringComparison.Ordinal);
        Assert.Equal(["coordinator.json", "node.key", "owner.key"], Directory.GetFiles(Data).Order().Select(Path.GetFileName));
        Assert.Equal(["600", "600"], Directory.GetFiles(Data, "*.key").Select(f => Convert.ToString((int)File.GetUnixFileMode(f), 8)));
        Assert.Equal("700", Convert.ToString((int)File.GetUnixFileMode(Data), 8));

        var config = CoordinatorConfig.Read(Path.Combine(Data, "coordinator.json"));
        Assert.Equal(("home.example", "coordinator", 5000, Data), (config.Model.Zone, config.Model.Name, config.Port, config.Data));

        var code = await DoAsync("invite", "--data", Data, "--name", "alice", "--days", "3");
        Assert.EndsWith("\n", code, StringComparison.Ordinal);
        Assert.True(InviteCode.TryRead(code, out var invite, out var grant, out _));
        Assert.DoesNotContain(code.Trim(), char.IsWhiteSpace);
        Assert.Equal(("home.example", Role.Node, "alice"), (grant.Zone, grant.Role, grant.Name));
        Assert.Equal(config.Model.OwnerPublicKey, invite.OwnerPublicKey.ToByteArray());
        Assert.Equal(config.Endpoints, invite.Coordinators[0].Endpoints.Select(e => e.TryRead(out var a) ? a : default));
        Assert.InRange(DateTimeOffset.FromUnixTimeSeconds(grant.Expires) - DateTimeOffset.UtcNow, TimeSpan.FromDays(2.9), TimeSpan.FromDays(3.1));

        Assert.True(InviteCode.TryRead(await DoAsync("invite", "--data", Data, "--relay"), out _, out var relay, out _));
        Assert.Equal((Role.Relay, ""), (relay.Role, relay.Name));
    }

    [Fact]
    public async Task The_owner_key_may_be_elsewhere_but_must_be_the_right_one()
    {
        await BeginAsync();
        File.Move(Path.Combine(Data, "owner.key"), _folder.File("owner.key"));
        Assert.Contains("owner.key", await RefusedAsync<FatalException>(ExitCode.Missing, "invite", "--data", Data), StringComparison.Ordinal);
        Assert.StartsWith("ntm1", await DoAsync("invite", "--data", Data, "--owner-key", _folder.File("owner.key")), StringComparison.Ordinal);
        SecretFile.Create(_folder.File("other.key"), "ntm-owner-key", new byte[32]);
        await RefusedAsync<FatalException>(ExitCode.BadData, "invite", "--data", Data, "--owner-key", _folder.File("other.key"));
        await RefusedAsync<FatalException>(ExitCode.BadData, "invite", "--data", Data, "--owner-key", Path.Combine(Data, "node.key"));
    }

    [Fact]
    public async Task Another_coordinator_of_the_zone_is_made_with_its_owner_key_and_named_in_invites()
    {
        await BeginAsync();
        var second = _folder.File("second");
        var said = await DoAsync("init", "--zone", "home.example", "--data", second, "--endpoint", "203.0.113.11:4916", "--owner-key", Path.Combine(Data, "owner.key"));
        Assert.False(File.Exists(Path.Combine(second, "owner.key")));
        var also = said.Split("--also ")[1].Trim();
        Assert.True(InviteCode.TryRead(await DoAsync("invite", "--data", Data, "--also", also), out var invite, out _, out _));
        Assert.Equal(2, invite.Coordinators.Count);
        Assert.Equal("203.0.113.11:4916", invite.Coordinators[1].Endpoints[0].TryRead(out var address) ? address.ToString() : "");
        Assert.Contains("--also", await RefusedAsync<FatalException>(ExitCode.Usage, "invite", "--data", Data, "--also", "203.0.113.11:4916"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_are_listed_and_removed_by_who_has_the_owner_key()
    {
        await BeginAsync();
        Assert.Contains("members.json", await RefusedAsync<FatalException>(ExitCode.Missing, "nodes", "--data", Data), StringComparison.Ordinal);
        var config = CoordinatorConfig.Read(Path.Combine(Data, "coordinator.json"));
        var code = await DoAsync("invite", "--data", Data, "--name", "bob");
        Assert.True(InviteCode.TryRead(code, out var invite, out _, out _));
        var key = new StaticKeyPair(new byte[32]).Public;
        var signed = InviteCode.Bind(invite, "bob", key, DateTimeOffset.UtcNow);
        var core = new CoordinatorCore(config.Model, new StaticKeyPair(NodeKeyFile.Read(config.KeyFile)), new HallEntropy("x"), [new("binding", key.ToString(), signed.ToByteArray())]);
        MemberList.Of(core.Describe(default), DateTimeOffset.UnixEpoch).Write(Data);
        Assert.Contains($"bob  node   {key}  not registered", await DoAsync("nodes", "--data", Data), StringComparison.Ordinal);
        await RefusedAsync<FatalException>(ExitCode.Usage, "nodes", "remove", "carol", "--data", Data);
        Assert.Empty(Directory.GetFiles(Data, "*.removal"));

        // Nobody runs here: the statement waits.
        var said = await NodeRemoval.RemoveAsync(Data, null, "bob", DateTimeOffset.UtcNow, TimeSpan.FromMilliseconds(1), default);
        Assert.Contains("when it starts", said, StringComparison.Ordinal);
        var (file, removal) = Assert.Single(RemovalInbox.Look(Data));
        Assert.Equal("bob.removal", Path.GetFileName(file));
        Assert.True(core.Remove(default, removal!).Done);
        Assert.Empty(core.Describe(default).Members);

        // The list is the coordinator's word, the binding in it the owner's.
        File.WriteAllText(Path.Combine(Data, "members.json"), File.ReadAllText(Path.Combine(Data, "members.json")).Replace("\"bob\"", "\"carol\"", StringComparison.Ordinal));
        await RefusedAsync<FatalException>(ExitCode.BadData, "nodes", "remove", "carol", "--data", Data);
        File.WriteAllText(Path.Combine(Data, "members.json"), "{");
        await RefusedAsync<FatalException>(ExitCode.BadData, "nodes", "--data", Data);
        File.WriteAllText(Path.Combine(Data, "x.removal"), "none");
        Assert.Contains(RemovalInbox.Look(Data), r => r.Signed is null || r.Signed.Removal.IsEmpty);
    }

    [Fact]
    public async Task The_owner_key_is_rotated_and_who_it_vouched_for_forgotten()
    {
        await BeginAsync();
        var config = CoordinatorConfig.Read(Path.Combine(Data, "coordinator.json"));
        Assert.True(InviteCode.TryRead(await DoAsync("invite", "--data", Data, "--name", "bob"), out var invite, out _, out _));
        var key = new StaticKeyPair(new byte[32]).Public;
        using (var store = Ntm.Store.Store.Open(config.StoreFile))
        {
            store.Write([
                new("binding", key.ToString(), InviteCode.Bind(invite, "bob", key, DateTimeOffset.UtcNow).ToByteArray()), new("used-invite", "x", [1]), new("tunnel", "timestamp-mark", new byte[8]),
            ]);
            await RefusedAsync<StoreException>(ExitCode.InUse, "owner", "rotate", "--data", Data);
        }

        var said = await DoAsync("owner", "rotate", "--data", Data);
        Assert.Contains($"invite --data {Data} --name bob", said, StringComparison.Ordinal);
        var rotated = CoordinatorConfig.Read(Path.Combine(Data, "coordinator.json"));
        Assert.NotEqual(config.Model.OwnerPublicKey, rotated.Model.OwnerPublicKey);
        Assert.Equal(config.Model.Zone, rotated.Model.Zone);
        Assert.Single(Directory.GetFiles(Data, "owner.key.2*"));
        using (var store = Ntm.Store.Store.Open(config.StoreFile))
        {
            Assert.Equal(["tunnel"], store.LoadAll().Select(e => e.Collection));
        }

        Assert.True(InviteCode.TryRead(await DoAsync("invite", "--data", Data, "--name", "bob"), out invite, out _, out _));
        Assert.Equal(rotated.Model.OwnerPublicKey, invite.OwnerPublicKey.ToByteArray());

        // A lost key is the same, and another coordinator takes what was made at the first.
        File.Delete(Path.Combine(Data, "owner.key"));
        await DoAsync("owner", "rotate", "--data", Data);
        var second = _folder.File("second");
        await DoAsync("init", "--zone", "home.example", "--data", second, "--endpoint", "203.0.113.11:4916");
        await DoAsync("owner", "rotate", "--data", second, "--owner-key", Path.Combine(Data, "owner.key"));
        Assert.Equal(
            CoordinatorConfig.Read(Path.Combine(Data, "coordinator.json")).Model.OwnerPublicKey,
            CoordinatorConfig.Read(Path.Combine(second, "coordinator.json")).Model.OwnerPublicKey);
        await RefusedAsync<FatalException>(ExitCode.Usage, "owner", "rotate", "--data", second, "--owner-key", Path.Combine(Data, "owner.key"));
    }

    [Fact]
    public async Task The_record_is_printed_for_a_zone_file_and_the_delegation_where_it_answers_itself()
    {
        await BeginAsync();
        var text = await DoAsync("record", "--data", Data);
        var own = new StaticKeyPair(NodeKeyFile.Read(Path.Combine(Data, "node.key"))).Public;
        var entry = new NtmRecordEntry(1, "coordinator.home.example", 4916, own, [RealAddress.TryParse("203.0.113.10:4916", out var a) ? a : default]);
        Assert.Equal([entry.ToZoneFile("home.example", 300), "coordinator.home.example. 3600 IN A 203.0.113.10"], Lines(text));
        Assert.Contains("; " + entry.ToUnknownForm("home.example", 300), text, StringComparison.Ordinal);
        Assert.Contains("\"dns\"", text, StringComparison.Ordinal);

        var second = _folder.File("second");
        await DoAsync(
            "init", "--zone", "home.example", "--data", second, "--name", "c2", "--endpoint", "203.0.113.11:4916", "--endpoint", "[2001:db8::11]:53",
            "--owner-key", Path.Combine(Data, "owner.key"), "--dns", "203.0.113.11:53");
        var file = Path.Combine(second, "coordinator.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"data\": \".\"", $$"""
            "data": ".", "priority": 2, "resolver": "192.0.2.53",
            "coordinators": [{ "name": "coordinator", "key": "{{own}}", "endpoints": ["203.0.113.10:4916"], "dns": true }]
            """, StringComparison.Ordinal));
        text = await DoAsync("record", "--data", second);
        Assert.Equal(
            [
                "home.example. 3600 IN NS c2.home.example.", "home.example. 3600 IN NS coordinator.home.example.",
                "c2.home.example. 3600 IN A 203.0.113.11", "c2.home.example. 3600 IN AAAA 2001:db8::11", "coordinator.home.example. 3600 IN A 203.0.113.10",
            ],
            Lines(text)[^5..]);
        Assert.Equal(["SVCB 2 c2", "SVCB 2 c2", "SVCB 1 coordinator"], Lines(text)[..3].Select(l => l.Split(" IN ")[1].Split('.')[0]));
        var config = CoordinatorConfig.Read(file);
        Assert.Equal(("192.0.2.53:53", "203.0.113.11:53"), (config.Resolver!.ToString(), config.Dns!.Listen.Single().ToString()));

        // And its invites name both.
        Assert.True(InviteCode.TryRead(await DoAsync("invite", "--data", second, "--owner-key", Path.Combine(Data, "owner.key")), out var invite, out _, out _));
        Assert.Equal(2, invite.Coordinators.Count);
    }

    [Fact]
    public async Task What_cannot_be_published_is_refused_in_words()
    {
        Assert.Contains("--dns", await RefusedAsync<FatalException>(ExitCode.Usage, [.. Init(), "--dns", "here"]), StringComparison.Ordinal);
        await BeginAsync();
        var file = Path.Combine(Data, "coordinator.json");
        var good = File.ReadAllText(file);
        var own = new StaticKeyPair(NodeKeyFile.Read(Path.Combine(Data, "node.key"))).Public;
        void With(string more) => File.WriteAllText(file, good.Replace("\"data\": \".\"", "\"data\": \".\", " + more, StringComparison.Ordinal));

        With("""
            "priority": 0, "resolver": "dns.example", "dns": { "listen": [], "addresses": ["x"], "name": "c1" },
            "coordinators": [{ "name": "coordinator", "key": "AA", "endpoints": [] }, { "name": "B" }]
            """);
        var text = await RefusedAsync<ConfigException>(ExitCode.Config, "record", "--data", Data);
        Assert.All(
            (string[])[
                "'priority' must", "'resolver' must", "'dns.listen' must", "'dns.addresses[0]' must", "'dns.name' is not known", "'coordinators[0].key' must",
                "'coordinators[0].endpoints' must", "'coordinators[1].name' must", "'coordinators[1].key' is missing", "have 'coordinator' twice",
            ],
            p => Assert.Contains(p, text, StringComparison.Ordinal));

        With($$"""  "coordinators": [{ "name": "c2", "key": "{{own}}", "endpoints": ["203.0.113.11:4916"] }]  """);
        Assert.Contains("own key", await RefusedAsync<FatalException>(ExitCode.Config, "record", "--data", Data), StringComparison.Ordinal);
        File.WriteAllText(file, good.Replace("203.0.113.10:4916", "127.0.0.1:4916", StringComparison.Ordinal));
        Assert.Contains("127.0.0.1", await RefusedAsync<FatalException>(ExitCode.Config, "record", "--data", Data), StringComparison.Ordinal);

        var longZone = string.Join('.', Enumerable.Repeat(new string('a', 61), 4)); // 247 characters: room for _ntm, but not for the coordinator
        File.WriteAllText(file, good.Replace("\"home.example\"", $"\"{longZone}\"", StringComparison.Ordinal));
        Assert.Contains("is longer than the 253", await RefusedAsync<FatalException>(ExitCode.Config, "record", "--data", Data), StringComparison.Ordinal);
        File.WriteAllText(file, good.Replace("\"home.example\"", $"\"{longZone}.b\"", StringComparison.Ordinal));
        Assert.Contains("too long for '_ntm.'", await RefusedAsync<FatalException>(ExitCode.Config, "record", "--data", Data), StringComparison.Ordinal);
        Assert.Contains("--resolver", await RefusedAsync<FatalException>(ExitCode.Usage, "find", "bob.example", "--resolver", "here"), StringComparison.Ordinal);
        Assert.Contains("no zone's name", await RefusedAsync<FatalException>(ExitCode.Usage, "find", "_ntm.bob.example"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("owner.key")]
    [InlineData("node.key")]
    [InlineData("coordinator.json")]
    [InlineData("coordinator.store")]
    public async Task Init_overwrites_nothing(string there)
    {
        Directory.CreateDirectory(Data);
        File.WriteAllText(Path.Combine(Data, there), "mine");
        Assert.Contains(there, await RefusedAsync<FatalException>(ExitCode.Exists, Init()), StringComparison.Ordinal);
        Assert.Equal([Path.Combine(Data, there)], Directory.GetFileSystemEntries(Data));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(Data, there)));
    }

    [Fact]
    public async Task Wrong_words_are_all_named_and_nothing_is_made()
    {
        var text = await RefusedAsync<FatalException>(
            ExitCode.Usage, "init", "--zone", "-bad-", "--name", "a b", "--data", Data, "--endpoint", "here", "--port", "0");
        Assert.All((string[])["--zone", "--name", "--endpoint", "--port"], o => Assert.Contains(o, text, StringComparison.Ordinal));
        Assert.False(Directory.Exists(Data));
        await BeginAsync();
        await RefusedAsync<FatalException>(ExitCode.Usage, "invite", "--data", Data, "--days", "0");
        await RefusedAsync<FatalException>(ExitCode.Usage, "invite", "--data", Data, "--name", "No");
        await RefusedAsync<FatalException>(ExitCode.Usage, "invite", "--data", Data, "--name", "coordinator");
    }

    [Fact]
    public async Task Run_refuses_what_it_cannot_use()
    {
        await BeginAsync();
        var config = Path.Combine(Data, "coordinator.json");
        File.WriteAllText(Path.Combine(Data, "coordinator.store"), "no store");
        Assert.Contains("coordinator.store", await RefusedAsync<StoreException>(ExitCode.BadData, "run", "--config", config), StringComparison.Ordinal);
        Assert.Equal("no store", File.ReadAllText(Path.Combine(Data, "coordinator.store")));

        File.SetUnixFileMode(Path.Combine(Data, "node.key"), (UnixFileMode)0b110_100_100);
        Assert.Contains("chmod 600", await RefusedAsync<FatalException>(ExitCode.NotPermitted, "run", "--config", config), StringComparison.Ordinal);

        File.WriteAllText(config, File.ReadAllText(config).Replace("\"data\": \".\"", "\"data\": \"gone\"", StringComparison.Ordinal));
        Assert.Contains("gone", await RefusedAsync<FatalException>(ExitCode.Missing, "run", "--config", config), StringComparison.Ordinal);

        File.WriteAllText(config, """{ "zone": "UPPER", "port": 0, "endpoints": [], "owner": 1, "log": "loud" }""");
        var text = await RefusedAsync<ConfigException>(ExitCode.Config, "run", "--config", config);
        Assert.All(
            (string[])["'zone' must", "'name' is missing", "'ownerPublicKey' is missing", "'port' must", "'endpoints' must", "'log' must", "'owner' is not known"],
            p => Assert.Contains(p, text, StringComparison.Ordinal));
        await RefusedAsync<ConfigException>(ExitCode.Config, "run", "--config", _folder.File("none.json"));
    }

    /// <summary>Those that are no comments.</summary>
    private static string[] Lines(string zoneFile) => [.. zoneFile.Split('\n').Where(l => l.Length > 0 && l[0] != ';')];

    private string[] Init() => ["init", "--zone", "home.example", "--data", Data, "--endpoint", "203.0.113.10:4916"];

    private Task<string> BeginAsync() => DoAsync(Init());

    private static async Task<string> DoAsync(params string[] args)
    {
        var output = new StringWriter();
        var code = await CoordinatorCommand.Root().Parse(args).InvokeAsync(new InvocationConfiguration { Output = output, EnableDefaultExceptionHandler = false });
        Assert.Equal(0, code);
        return output.ToString();
    }

    private static async Task<string> RefusedAsync<T>(ExitCode code, params string[] args)
        where T : Exception
    {
        var failure = await Assert.ThrowsAsync<T>(() => DoAsync(args));
        var (actual, text) = Fatal.Explain(failure);
        Assert.Equal(code, actual);
        return text;
    }
}
