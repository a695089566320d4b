using System.Text.Json;
using Ntm.Box.Os;
using Ntm.Box.Story;
using Ntm.Box.World;
using Ntm.Simulation;
using NatBehaviour = Ntm.Box.World.NatBehaviour;

namespace Ntm.Box.Grid;

/// <summary>
/// The real grid: the real programs on real networks of every kind, two homes of each; every pair of kinds meets for the first time, by name and with Debian's programs, and
/// what is told is read off them and off a capture in the middle. The programs have no part in the times.
/// </summary>
internal sealed class RealGrid(Copy copy, Programs programs, List<NetworkKind> kinds, Teller tell, CancellationToken stop) : IDisposable
{
    private const string Zone = "home.example";
    private const int Port = 4916;

    /// <summary>Programs of ours started at once, and pairs measured at once.</summary>
    private static readonly int AtOnce = Math.Clamp(Environment.ProcessorCount, 2, 8);

    /// <summary>After so long a silence a gateway checks its paths no more (docs/protocol.md appendix A.5): until then the NATs do not forget.</summary>
    private static readonly TimeSpan ChecksEnd = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan Short = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(60);

    private readonly Asking asking = new(copy, stop);
    private readonly Dictionary<GridHome, GatewayInterface> interfaces = [];
    private readonly SemaphoreSlim turns = new(AtOnce);
    private readonly List<string> confirmed = [];
    private GridLand? laid;
    private Capture? wire;

    private GridLand Land => laid ?? throw new InvalidOperationException("the internet is not laid yet");

    private string CoordinatorDirectory => Path.Combine(copy.Directory, "coordinator");

    private string RelayDirectory => Path.Combine(copy.Directory, "relay");

    /// <returns>The grid as text, and whether it is as the simulation has it.</returns>
    public async Task<(string Text, bool AsForetold)> RunAsync()
    {
        await LayAsync();
        await ConfirmAsync();
        var forgetting = ForgettingAsync(); // goes on meanwhile
        await ServersAsync();
        await GatewaysAsync();
        var meetings = Meetings();
        var pairs = await PairsAsync(meetings);
        await forgetting;
        var silence = await SilenceAsync(meetings);
        var text = RealGridText.Of(kinds, confirmed, pairs, silence);
        tell.Plain("");
        tell.Plain(text);
        return (text, pairs.All(p => p.IsAsForetold));
    }

    public void Dispose()
    {
        foreach (var gateway in interfaces.Values)
        {
            gateway.Dispose();
        }

        turns.Dispose();
    }

    private async Task LayAsync()
    {
        tell.Begin("networks", $"{Teller.Count(kinds.Count, "kind")} of networks, two homes on each");
        laid = await GridLand.LayAsync(copy, stop);
        foreach (var kind in kinds)
        {
            for (var i = 1; i <= 2; i++)
            {
                await Land.AddHomeAsync($"{kind}{i}".ToLowerInvariant(), kind, stop);
            }
        }

        await Land.RouteAsync(stop);
        Land.Homes.ForEach(h => interfaces.Add(h, new GatewayInterface(h.Socket)));
    }

    private async Task ConfirmAsync()
    {
        tell.Begin("nats", "What stands before each home, found out from inside by an independent RFC 5780 client (coturn's)");
        var server = Land.StartStun();
        await asking.UntilAsync(Short, () => Land.Stun.RunAsync(["ss", "-Hlun"], Short, stop), o =>
            o.Out.Contains($"[{GridLand.StunAddress6}]:3479", StringComparison.Ordinal) && o.Out.Contains($"{GridLand.StunAddress}:3479", StringComparison.Ordinal)
                ? null : $"the STUN server has not opened its addresses ({server.State})");
        var found = await Task.WhenAll(Land.Homes.Select(h => InTurnAsync(() => ConfirmAsync(h))));
        foreach (var kind in kinds)
        {
            var sentence = string.Join("; ", found.Where(f => f.Home.Kind == kind).Select(f => f.Sentence).Distinct());
            confirmed.Add(sentence);
            tell.Say($"{kind.Name(),-21} {sentence}");
        }
    }

    private async Task<(GridHome Home, string Sentence)> ConfirmAsync(GridHome home)
    {
        var sentences = new List<string>();
        foreach (var (family, server, wanted) in new[] { ("IPv4", GridLand.StunAddress, home.Wanted.IPv4), ("IPv6", GridLand.StunAddress6, home.Wanted.IPv6) })
        {
            if (wanted is not { } behaviour)
            {
                continue;
            }

            var discovery = await NatDiscovery.AskAsync(home.Gateway, server, stop);
            var found = discovery.Behaviour;
            if (found.Mapping == Mapping.EndpointIndependent && discovery.PublicAddress is { } shown && home.Own.Contains(shown))
            {
                found = found with { Mapping = Mapping.None };
            }

            if (found != behaviour || !home.Outside.Contains(discovery.PublicAddress))
            {
                throw new BoxFailed(
                    $"{home.Name} should show {string.Join(" or ", home.Outside)} and have {behaviour} on {family}; the client found {discovery.PublicAddress ?? "no answer"} and {found}",
                    $"Its way out: ip netns exec {home.Gateway.Name} ip route");
            }

            sentences.Add($"{family}: {found}");
        }

        if (home.Kind is NetworkKind.SharedNat or NetworkKind.SharedNatHairpin)
        {
            var hairpin = await NatDiscovery.HairpinsAsync(home.Gateway, home.Own[0], 40_000 + home.Number, GridLand.StunAddress, stop);
            if (hairpin != (home.Kind == NetworkKind.SharedNatHairpin))
            {
                throw new BoxFailed($"{home.Name}'s NAT {(hairpin ? "has" : "lacks")} hairpin, and should not");
            }

            sentences.Add(hairpin ? "hairpin" : "no hairpin");
        }

        return (home, string.Join(", ", sentences));
    }

    /// <summary>That a carrier's NAT forgets when it is meant to.</summary>
    private async Task ForgettingAsync()
    {
        if (Land.Homes.Find(h => h.Kind == NetworkKind.CarrierNat) is not { } home)
        {
            return;
        }

        const int Sooner = GridLand.CarriersTimeout - 5, Later = GridLand.CarriersTimeout + 5;
        var found = await Task.WhenAll(((int[])[Sooner, Later]).Select(s => NatDiscovery.OutlivesAsync(home.Gateway, s, GridLand.StunAddress, stop)));
        confirmed[kinds.IndexOf(home.Kind)] += found is [true, false]
            ? $", a mapping is there after {Sooner} s and gone after {Later} s"
            : throw new BoxFailed($"{home.Name}'s NAT should forget a mapping after {GridLand.CarriersTimeout} s; after {Sooner} s it is {(found[0] ? "there" : "gone")}, after {Later} s {(found[1] ? "there" : "gone")}");
    }

    private async Task ServersAsync()
    {
        tell.Begin("servers", "A coordinator and a relay, each with IPv4 and IPv6");
        wire = await Capture.StartAsync(copy, "internet", Land.Middle, "br0", Land.Stun, GridLand.CoordinatorAddress, stop, "udp", snap: 128);
        await Asking.MustAsync(Land.Coordinator.RunAsync(
            [
                programs.Coordinator, "init", "--zone", Zone, "--data", CoordinatorDirectory, "--endpoint", $"{GridLand.CoordinatorAddress}:{Port}",
                "--endpoint", $"[{GridLand.CoordinatorAddress6}]:{Port}",
            ],
            Patient, stop));
        await RunningAsync(Land.Coordinator, Child.Start(copy, "coordinator", Land.Coordinator.Inside(
            programs.Coordinator, "run", "--config", Path.Combine(CoordinatorDirectory, "coordinator.json"))));
        await Asking.MustAsync(Land.Relay.RunAsync(
            [
                programs.Relay, "join", await InviteAsync("--relay"), "--name", "rs1", "--data", RelayDirectory, "--endpoint", $"{GridLand.RelayAddress}:{Port}",
                "--endpoint", $"[{GridLand.RelayAddress6}]:{Port}",
            ],
            Patient, stop));
        await RunningAsync(Land.Relay, Child.Start(copy, "relay", Land.Relay.Inside(programs.Relay, "run", "--config", Path.Combine(RelayDirectory, "relay.json"))));
        tell.Say("both have their UDP ports open (ss)");
    }

    private async Task RunningAsync(NetworkNamespace place, Child program) =>
        await asking.UntilAsync(Patient, () => place.RunAsync(["ss", "-Hlun"], Short, stop), o =>
            o.Out.Contains($":{Port} ", StringComparison.Ordinal) ? null : $"{program.Name} has not opened UDP port {Port} ({program.State})");

    private async Task<string> InviteAsync(params string[] forWhom)
    {
        var outcome = await Asking.MustAsync(Land.Coordinator.RunAsync([programs.Coordinator, "invite", "--data", CoordinatorDirectory, .. forWhom], Patient, stop));
        return outcome.Out.Trim();
    }

    private async Task GatewaysAsync()
    {
        tell.Begin("gateways", $"{Teller.Count(Land.Homes.Count, "gateway")} join, and each publishes its home's device");
        await Task.WhenAll(Land.Homes.Select(h => InTurnAsync(() => StartGatewayAsync(h))));
        await Task.WhenAll(Land.Homes.Select(RegisteredAsync));
        tell.Say("all are registered at the coordinator and at the relay, which both see them at their NATs' addresses");
    }

    private async Task<bool> StartGatewayAsync(GridHome home)
    {
        var config = Path.Combine(home.GatewayDirectory, "gateway.json");
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(new
        {
            data = home.GatewayDirectory,
            socket = home.Socket,
            uplinks = new[] { new { name = "uplink", @interface = "wan0" } },
            lan = new { @interface = "lan0", networks = new[] { "192.168.1.0/24" } },
            dns = new { listen = new[] { $"{GridHome.GatewayAddress}:53" } },
        }), stop);
        Child.Start(copy, home.Name + "/gateway", home.Gateway.Inside(programs.Gateway, "run", "--config", config));
        await asking.UntilAsync(Patient, () => interfaces[home].StatusAsync(stop), _ => null);
        await interfaces[home].JoinAsync(await InviteAsync("--name", home.Name), stop);

        // It speaks once, as every machine does now and then; so its gateway knows it.
        await Asking.MustAsync(home.Device.RunAsync(["ping", "-c", "1", "-W", "5", GridHome.GatewayAddress], Short, stop));
        await asking.UntilAsync(Patient, () => interfaces[home].DevicesAsync(stop), all =>
            all.Any(d => d.Addresses.Contains(GridHome.DeviceAddress)) ? null : $"{home.Name}'s gateway has not seen its device");
        await interfaces[home].PublishAsync(home.Mac, "box", stop);
        return true;
    }

    private async Task RegisteredAsync(GridHome home) =>
        await asking.UntilAsync(Patient, () => interfaces[home].StatusAsync(stop), s =>
            s.Member is not { Registered: true } ? $"{home.Name} is not registered: {s.Member?.Reason ?? "no member"}"
            : !s.Member.Relays.Any(r => r.Connected) ? $"{home.Name} has no tunnel with the relay"
            : s.Uplinks.SelectMany(u => u.Mapped).ToList() is var mapped && mapped.Select(m => m.SeenBy).Distinct().Count() < 2 ? $"{home.Name}'s mapped addresses are not known yet"
            : mapped.FirstOrDefault(m => !home.Outside.Any(o => m.Address.StartsWith(o + ":", StringComparison.Ordinal) || m.Address.StartsWith($"[{o}]:", StringComparison.Ordinal))) is { } elsewhere
                ? $"the {elsewhere.SeenBy} sees {home.Name} at {elsewhere.Address}"
            : null);

    private List<Meeting> Meetings()
    {
        return [.. from one in kinds from other in kinds where one <= other select Meet(Home(one, 0), Home(other, 1))];

        Meeting Meet(GridHome one, GridHome other) => new(one, other, $"box.{other.Name}.{Zone}", () => interfaces[one].PeerAsync(other.Name, stop), tell);

        GridHome Home(NetworkKind kind, int which) => Land.Homes.Where(h => h.Kind == kind).ElementAt(which);
    }

    private async Task<IReadOnlyList<RealPair>> PairsAsync(List<Meeting> meetings)
    {
        tell.Begin("pairs", $"{Teller.Count(meetings.Count, "pair")} meet for the first time: dig, then ping");
        var waiting = new List<Meeting>(meetings);
        var under = new Dictionary<Task, Meeting>();
        while (waiting.Count + under.Count > 0)
        {
            // A home, and a NAT, is in one meeting at a time.
            while (under.Count < AtOnce && waiting.Find(w => !under.Values.Any(w.Excludes)) is { } next)
            {
                waiting.Remove(next);
                under.Add(next.RunAsync(stop), next);
            }

            var done = await Task.WhenAny(under.Keys);
            under.Remove(done);
            await done;
        }

        var packets = (await wire!.SinceAsync(DateTimeOffset.MinValue, stop)).Where(p => p.TunnelType == 4).ToList();
        return [.. meetings.Select(m => m.Judge(packets))];
    }

    /// <summary>Two homes behind carriers' NATs speak again when both have forgotten them.</summary>
    private async Task<string> SilenceAsync(List<Meeting> meetings)
    {
        if (meetings.Find(m => m.Kinds == (NetworkKind.CarrierNat, NetworkKind.CarrierNat)) is not { } carriers)
        {
            return "";
        }

        tell.Begin("silence", "Two homes behind carriers' NATs have said nothing for so long that both NATs have forgotten them, and speak again");
        var sentence = await carriers.AgainAsync(ChecksEnd + TimeSpan.FromSeconds(GridLand.CarriersTimeout + 10), stop);
        tell.Say(sentence);
        return sentence;
    }

    private async Task<T> InTurnAsync<T>(Func<Task<T>> work)
    {
        await turns.WaitAsync(stop);
        try
        {
            return await work();
        }
        finally
        {
            turns.Release();
        }
    }
}
