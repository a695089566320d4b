using System.Globalization;
using System.Text.Json;
using Ntm.Box.Os;
using Ntm.Box.Story;
using Ntm.Interface;

namespace Ntm.Box.Handover;

/// <summary>The product's programs in the land of handovers: a coordinator, two relays, and each home's gateway.</summary>
internal sealed class HandoverPrograms(Copy copy, Programs programs, HandoverLand land, CancellationToken stop) : IDisposable
{
    public const string Zone = "home.example";
    private const int Port = 4916;

    private static readonly TimeSpan Short = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(60);

    private readonly Asking asking = new(copy, stop);
    private readonly Dictionary<HandoverHome, GatewayInterface> interfaces = [];

    private string CoordinatorDirectory => Path.Combine(copy.Directory, "coordinator");

    public Asking Asking => asking;

    /// <summary>The coordinator's program.</summary>
    public Child? Coordinator { get; private set; }

    public GatewayInterface At(HandoverHome home)
    {
        if (!interfaces.TryGetValue(home, out var at))
        {
            interfaces.Add(home, at = new GatewayInterface(home.Socket));
        }

        return at;
    }

    public void Dispose()
    {
        foreach (var at in interfaces.Values)
        {
            at.Dispose();
        }
    }

    public async Task StartServersAsync()
    {
        await Asking.MustAsync(land.Coordinator.RunAsync(
            [
                programs.Coordinator, "init", "--zone", Zone, "--data", CoordinatorDirectory, "--endpoint", $"{HandoverLand.CoordinatorAddress}:{Port}",
                "--endpoint", $"[{HandoverLand.CoordinatorAddress6}]:{Port}",
            ],
            Patient, stop));
        await StartCoordinatorAsync();
        for (var i = 0; i < land.Relays.Count; i++)
        {
            var directory = Path.Combine(copy.Directory, $"relay{i}");
            await Asking.MustAsync(land.Relays[i].RunAsync(
                [
                    programs.Relay, "join", await InviteAsync("--relay"), "--name", $"rs{i}", "--data", directory, "--endpoint", $"{HandoverLand.RelayAddress(i)}:{Port}",
                    "--endpoint", $"[{HandoverLand.RelayAddress6(i)}]:{Port}",
                ],
                Patient, stop));
            await RunningAsync(land.Relays[i], Child.Start(copy, $"relay{i}", land.Relays[i].Inside(programs.Relay, "run", "--config", Path.Combine(directory, "relay.json"))));
        }
    }

    public async Task StartCoordinatorAsync()
    {
        Coordinator = Child.Start(copy, "coordinator", land.Coordinator.Inside(programs.Coordinator, "run", "--config", Path.Combine(CoordinatorDirectory, "coordinator.json")));
        await RunningAsync(land.Coordinator, Coordinator);
    }

    /// <summary>Starts a home's gateway, for the first time.</summary>
    public async Task JoinAsync(HandoverHome home)
    {
        await File.WriteAllTextAsync(Path.Combine(home.GatewayDirectory, "gateway.json"), JsonSerializer.Serialize(new
        {
            data = home.GatewayDirectory,
            socket = home.Socket,
            uplinks = home.Uplinks.Select(u => new { name = u.Name, @interface = u.Interface, portMapping = false }),
            lan = new { @interface = "lan0", networks = new[] { "192.168.1.0/24" } },
            dns = new { listen = new[] { $"{HandoverHome.GatewayAddress}:53" } },
        }), stop);
        await StartGatewayAsync(home);
        await At(home).JoinAsync(await InviteAsync("--name", home.Name), stop);

        // It speaks once, as every machine does now and then; so its gateway knows it.
        await Asking.MustAsync(home.Device.RunAsync(["ping", "-c", "1", "-W", "5", HandoverHome.GatewayAddress], Short, stop));
        await asking.UntilAsync(Patient, () => At(home).DevicesAsync(stop), all =>
            all.Any(d => d.Addresses.Contains(HandoverHome.DeviceAddress)) ? null : $"{home.Name}'s gateway has not seen its device");
        await At(home).PublishAsync(home.Mac, "box", stop);
        await RegisteredAsync(home);
    }

    /// <summary>Starts a home's gateway, again, and waits until it answers.</summary>
    public async Task StartGatewayAsync(HandoverHome home)
    {
        home.Program = Child.Start(copy, home.Name + "/gateway", home.Gateway.Inside(programs.Gateway, "run", "--config", Path.Combine(home.GatewayDirectory, "gateway.json")));
        await asking.UntilAsync(Patient, () => At(home).StatusAsync(stop), _ => null);
    }

    public async Task RegisteredAsync(HandoverHome home) =>
        await asking.UntilAsync(Patient, () => At(home).StatusAsync(stop), s =>
            s.Member is not { Registered: true } ? $"{home.Name} is not registered: {s.Member?.Reason ?? "no member"}"
            : s.Member.Relays.Count(r => r.Connected) < land.Relays.Count ? $"{home.Name} has not a tunnel with each relay" : null);

    /// <summary>What a home's gateway uses to another; null: no path.</summary>
    public async Task<PathDocument?> UsedAsync(HandoverHome home, HandoverHome other) =>
        (await At(home).PeerAsync(other.Name, stop))?.Paths.FirstOrDefault(p => p.State == "used");

    /// <summary>A device's question for the other's device: the alias. It also makes the tunnel.</summary>
    public async Task<string> AliasAsync(HandoverHome home, HandoverHome other)
    {
        var name = $"box.{other.Name}.{Zone}";
        var answer = await asking.UntilAsync(Patient, () => home.Device.RunAsync(["dig", $"@{HandoverHome.GatewayAddress}", "+short", "+tries=2", "+time=5", name, "A"], Patient, stop), o =>
            o.Out.StartsWith("198.1", StringComparison.Ordinal) ? null : $"{home.Name} got no address for {name}: {o.Out.Trim()}");
        return answer.Out.Trim();
    }

    /// <summary>Runs `ntm` for a home.</summary>
    public Task<Outcome> NtmAsync(HandoverHome home, params string[] arguments) =>
        home.Gateway.RunAsync([programs.Ntm, "--socket", home.Socket, .. arguments], Patient, stop);

    private async Task RunningAsync(NetworkNamespace place, Child program) =>
        await asking.UntilAsync(Patient, () => place.RunAsync(["ss", "-Hlun"], Short, stop), o =>
            o.Out.Contains(string.Create(CultureInfo.InvariantCulture, $":{Port} "), StringComparison.Ordinal) ? null : $"{program.Name} has not opened UDP port {Port} ({program.State})");

    private async Task<string> InviteAsync(params string[] forWhom)
    {
        var outcome = await Asking.MustAsync(land.Coordinator.RunAsync([programs.Coordinator, "invite", "--data", CoordinatorDirectory, .. forWhom], Patient, stop));
        return outcome.Out.Trim();
    }
}
