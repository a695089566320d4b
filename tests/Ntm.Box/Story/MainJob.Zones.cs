using System.Security.Cryptography;
using Ntm.Box.Os;
using Ntm.Box.World;

namespace Ntm.Box.Story;

// Another owner: a zone of her own, with its coordinator, its relay and a home, and the public DNS by which two zones find each other.
internal sealed partial class MainJob
{
    public const string Friends = "friends.example";

    private Child? friendsCoordinator;
    private Capture? erinsLan;
    private string[] homeRecord = [];
    private string[] friendsRecord = [];

    private Home Erin => Net.Home("erin");

    private string FriendsCoordinatorDirectory => Path.Combine(copy.Directory, "friends-coordinator");

    private string FriendsRelayDirectory => Path.Combine(copy.Directory, "friends-relay");

    private async Task OtherZoneAsync()
    {
        tell.Begin("other-zone", $"Another owner: {Friends} has an owner key, a coordinator and a relay of its own, and erin's home joins it from behind her NAT");
        await MustAsync(Net.FriendsCoordinator.RunAsync(
            [
                programs.Coordinator, "init", "--zone", Friends, "--data", FriendsCoordinatorDirectory, "--endpoint", $"{Internet.FriendsCoordinatorAddress}:{Port}",
                "--dns", $"{Internet.FriendsCoordinatorAddress}:53",
            ],
            Patient, stop));
        await ConfigureAsync(FriendsCoordinatorDirectory, Resolver);
        await StartDnsAsync();
        friendsCoordinator = Child.Start(copy, "friends-coordinator", Net.FriendsCoordinator.Inside(
            programs.Coordinator, "run", "--config", Path.Combine(FriendsCoordinatorDirectory, "coordinator.json")));
        await ListeningAsync(Net.FriendsCoordinator, friendsCoordinator);
        await MustAsync(Net.FriendsRelay.RunAsync(
            [
                programs.Relay, "join", await FriendsInviteAsync("--relay"), "--name", "rs1", "--data", FriendsRelayDirectory,
                "--endpoint", $"{Internet.FriendsRelayAddress}:{Port}",
            ],
            Patient, stop));
        await ListeningAsync(Net.FriendsRelay, Child.Start(copy, "friends-relay", Net.FriendsRelay.Inside(
            programs.Relay, "run", "--config", Path.Combine(FriendsRelayDirectory, "relay.json"))));
        tell.Say($"its coordinator has its UDP port {Port} open on {Internet.FriendsCoordinatorAddress}, its relay on {Internet.FriendsRelayAddress} (ss)");

        var erin = await Net.AddHomeAsync("erin", Friends, NatBehaviour.Symmetric, ["laptop"], stop);
        await NatsOfAsync([erin]);
        await ConnectAsync([erin]);
        erinsLan = await Capture.StartAsync(copy, "erin-lan", erin.Gateway, "lan0", erin.Devices[0].Namespace, "192.168.1.1", stop);
        await StartGatewayAsync(erin);
        await MustAsync(NtmAsync(erin, "join", await FriendsInviteAsync("--name", "erin")));
        await RegisteredAsync(erin);
    }

    private async Task<string> FriendsInviteAsync(params string[] forWhom) =>
        (await MustAsync(Net.FriendsCoordinator.RunAsync([programs.Coordinator, "invite", "--data", FriendsCoordinatorDirectory, .. forWhom], Patient, stop))).Out.Trim();

    /// <summary>
    /// The root, "example" and home.example stand in Debian's nsd, home.example with what `ntm-coordinator record` printed; friends.example is delegated to its coordinator,
    /// again with what that printed. Debian's unbound finds all of it from the root down.
    /// </summary>
    private async Task StartDnsAsync()
    {
        homeRecord = await RecordAsync(Net.Coordinator, CoordinatorDirectory);
        var printed = await RecordAsync(Net.FriendsCoordinator, FriendsCoordinatorDirectory);
        friendsRecord = [.. printed.Where(l => l.Contains(" SVCB ", StringComparison.Ordinal))];
        if (breakage == Breakage.Record)
        {
            const string Key = "key65280=\"";
            homeRecord = [.. homeRecord.Select(l => l.Contains(Key, StringComparison.Ordinal)
                ? $"{l[..l.IndexOf(Key, StringComparison.Ordinal)]}{Key}{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}\"" : l)];
        }

        var directory = Path.Combine(copy.Directory, "dns");
        var nsd = new Nsd(Path.Combine(directory, "nsd"), Internet.NameServerAddress);
        nsd.Write(new Dictionary<string, string>
        {
            [""] = nsd.Zone("", nsd.Delegation("example")),
            ["example"] = nsd.Zone("example", [
                .. nsd.Delegation(Zone), .. printed[Array.FindIndex(printed, l => l.Contains(" NS ", StringComparison.Ordinal))..],
            ]),
            [Zone] = nsd.Zone(Zone, homeRecord),
        });
        var unbound = new Unbound(Path.Combine(directory, "unbound"), Internet.ResolverAddress, Internet.NameServerAddress);
        unbound.Write();
        foreach (var (name, command, address) in new[] { ("nsd", nsd.Command, nsd.Address), ("unbound", unbound.Command, unbound.Address) })
        {
            var server = Child.Start(copy, name, Net.Dns.Inside(command));
            await UntilAsync(Patient, () => Net.Dns.RunAsync(["ss", "-Hlun"], Short, stop), o =>
                o.Out.Contains($"{address}:53 ", StringComparison.Ordinal) ? null : $"{name} has not opened port 53 of {address} ({server.State})");
        }
    }

    /// <summary>The lines of zone files that `ntm-coordinator record` prints, without its comments.</summary>
    private async Task<string[]> RecordAsync(NetworkNamespace place, string directory) =>
        [.. (await MustAsync(place.RunAsync([programs.Coordinator, "record", "--data", directory], Patient, stop))).Out.Split('\n').Where(l => l.Length > 0 && l[0] != ';')];

    private async Task PublicDnsAsync()
    {
        tell.Begin("public-dns", "What anybody learns of the two zones from the public DNS (dig, by Debian's unbound): where their coordinators are, and nobody else");
        var since = DateTimeOffset.UtcNow;
        await RecordIsAsync(Zone, homeRecord, "in Debian's nsd, as `ntm-coordinator record` printed it");
        await RecordIsAsync(Friends, friendsRecord, "from its coordinator itself, to which the zone is delegated");

        var names = new[] { $"bob.{Zone}", $"nas.bob.{Zone}", $"erin.{Friends}", $"nobody.{Friends}" };
        var said = new List<string>();
        foreach (var name in names)
        {
            said.Add(StatusOf(await DigAsync("+noall", "+comments", name, "A")));
        }

        tell.Say($"nodes and devices are not in it: {string.Join(", ", names.Zip(said, (n, s) => $"{n} {s}"))}");
        if (said.Any(s => s != "NXDOMAIN"))
        {
            throw new BoxFailed("the public DNS should know none of these names");
        }

        var asked = (await wire!.SinceAsync(since, stop)).Count(p => p.Source.ToString() == Internet.ResolverAddress && p.Destination.ToString() == Internet.FriendsCoordinatorAddress && p.DestinationPort == 53);
        tell.Say($"captured meanwhile: {Teller.Count(asked, "question")} of unbound to the coordinator of {Friends}, port 53");
        if (asked == 0)
        {
            throw new BoxFailed($"unbound should have found {Friends} at its coordinator");
        }
    }

    private async Task RecordIsAsync(string zone, string[] published, string where)
    {
        var found = (await DigAsync("+short", $"_ntm.{zone}", "SVCB")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        tell.Say($"_ntm.{zone} ({where}):");
        foreach (var line in found)
        {
            tell.Say("  " + line);
        }

        var expected = published.Where(l => l.Contains(" SVCB ", StringComparison.Ordinal)).Select(l => l[(l.IndexOf(" SVCB ", StringComparison.Ordinal) + 6)..]);
        if (!found.Order(StringComparer.Ordinal).SequenceEqual(expected.Order(StringComparer.Ordinal)))
        {
            throw new BoxFailed($"that is not what was published: {string.Join(" / ", expected)}");
        }
    }

    /// <summary>Somebody on the internet asks the resolver.</summary>
    private Task<Outcome> DigAsync(params string[] question) =>
        MustAsync(Net.Stun.RunAsync(["dig", "@" + Internet.ResolverAddress, "+tries=3", "+time=3", .. question], Patient, stop));

    private static string StatusOf(Outcome dig) =>
        dig.Out.Split('\n').FirstOrDefault(l => l.Contains("status:", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf("status:", StringComparison.Ordinal) + 8)..].Split(',')[0].Trim() : dig.Sentence;
}
