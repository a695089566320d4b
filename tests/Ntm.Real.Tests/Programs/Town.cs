using System.Text.Json;
using Ntm.Box;
using Ntm.Box.Os;
using Ntm.Box.Story;
using Ntm.Interface;
using BuiltPrograms = Ntm.Box.Os.Programs;

namespace Ntm.Real.Tests.Programs;

/// <summary>The classes of <see cref="Town"/> share one; they run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class TownCollection : ICollectionFixture<Town>
{
    public const string Name = "town";
}

/// <summary>
/// The three programs at work, in namespaces of their own: coordinator and relay in one, a home's gateway that has joined and published a device in
/// another, the device in a third. Made at the first use, so that nothing is made where the tests are skipped.
/// </summary>
public sealed class Town : IDisposable
{
    public const string Zone = "home.example";
    public const string ServerAddress = "192.0.2.10", ServerAddress6 = "2001:db8::10", GatewayAddress = "192.0.2.20", GatewayAddress6 = "2001:db8::20";
    public const string LanAddress = "192.168.7.1", DeviceAddress = "192.168.7.20";
    public const int CoordinatorPort = 4916, RelayPort = 4917, UplinkPort = 4918, DnsPort = 5354;

    public static readonly TimeSpan Patient = TimeSpan.FromSeconds(40);

    private readonly List<IDisposable> _made = [];
    private GatewayInterface? _interface;
    private Task? _making;

    internal BuiltPrograms Programs { get; } = BuiltPrograms.Locate(AppContext.BaseDirectory);

    /// <summary>Everything the town keeps in files. Others may look into it: some tests run a program as another user.</summary>
    public string Folder { get; private set; } = "";

    /// <summary>Of coordinator and relay, and of who attacks from the Internet.</summary>
    public TestNamespace Servers { get; private set; } = null!;

    public TestNamespace Home { get; private set; } = null!;

    public TestNamespace Device { get; private set; } = null!;

    /// <summary>With interfaces of the home's names and nothing at work: for programs that are to fail at the start.</summary>
    public TestNamespace Spare { get; private set; } = null!;

    internal Daemon Coordinator { get; private set; } = null!;

    internal Daemon Relay { get; private set; } = null!;

    internal Daemon Gateway { get; private set; } = null!;

    internal Sniffer Uplink { get; private set; } = null!;

    /// <summary>The code the gateway has joined with.</summary>
    public string GatewaysInvite { get; private set; } = "";

    public string RelaysInvite { get; private set; } = "";

    public string CoordinatorFolder => Path.Combine(Folder, "coordinator");

    public string RelayFolder => Path.Combine(Folder, "relay");

    public string GatewayFolder => Path.Combine(Folder, "gateway");

    /// <summary>The relay's folder as it was after its joining, for relays that are to fail at the start; likewise the coordinator's.</summary>
    public string RelaySeed => Path.Combine(Folder, "relay-seed");

    public string CoordinatorSeed => Path.Combine(Folder, "coordinator-seed");

    public string Socket => Path.Combine(GatewayFolder, "gateway.sock");

    /// <summary>Makes it where it is not there yet. Where that failed, it fails again, for the same reason.</summary>
    public Task UpAsync() => _making ??= MakeAsync();

    private async Task MakeAsync()
    {
        Assert.True(Programs.Missing.Count == 0, $"Not built: {string.Join(", ", Programs.Missing)}. Build the solution first.");
        Folder = Directory.CreateTempSubdirectory("ntm-town-").FullName;
        File.SetUnixFileMode(Folder, (UnixFileMode)0b111_101_101);
        LayNetwork();

        await MustAsync(Servers, Programs.Coordinator, "init", "--zone", Zone, "--data", CoordinatorFolder, "--endpoint", $"{ServerAddress}:{CoordinatorPort}");
        Copy(CoordinatorFolder, CoordinatorSeed);
        StartCoordinator();
        RelaysInvite = await InviteAsync("--relay");
        await MustAsync(Servers, JoinRelay(RelayFolder, RelaysInvite, "rs1", RelayPort));
        Copy(RelayFolder, RelaySeed);
        StartRelay();

        WriteGateway(GatewayFolder, "ntm0", UplinkPort, $"{LanAddress}:{DnsPort}");
        StartGateway();
        GatewaysInvite = await InviteAsync();
        await MustAsync(Home, Cli("join", GatewaysInvite, "--name", "alice"));
        await RegisteredAsync();
        Device.Run($"ping -c 1 -W 2 {LanAddress}");
        await UntilAsync(() => _interface!.DevicesAsync(default), all => all.Any(d => d.Addresses.Contains(DeviceAddress)), "the gateway has seen the device");
        await MustAsync(Home, Cli("publish", "nas", DeviceAddress));
    }

    internal Task<StatusDocument> StatusAsync() => _interface!.StatusAsync(default);

    internal Task<DeviceDocument[]> DevicesAsync() => _interface!.DevicesAsync(default);

    /// <summary>Waits until the gateway is registered and has a tunnel with the relay.</summary>
    internal Task<StatusDocument> RegisteredAsync() => UntilAsync(
        StatusAsync, s => s.Member is { Registered: true } member && member.Relays.Any(r => r.Connected), "the gateway is registered and has a tunnel with the relay");

    /// <summary>A device's question for a name that the coordinator does not know, and one for the published device.</summary>
    public async Task ResolvesAsync()
    {
        Assert.Contains("status: NXDOMAIN", await DigAsync($"nobody.{Zone}"), StringComparison.Ordinal);
        Assert.Contains("status: NOERROR", await DigAsync($"nas.alice.{Zone}"), StringComparison.Ordinal);
    }

    internal async Task<string> DigAsync(params string[] question) =>
        (await MustAsync(Device, ["dig", "+time=4", "+tries=3", "-p", $"{DnsPort}", $"@{LanAddress}", .. question])).Out;

    public void StartCoordinator() =>
        Coordinator = Daemon.Start(Servers, Folder, $"{Programs.Coordinator} run --config {CoordinatorFolder}/coordinator.json").UntilLogged("listens on UDP port");

    public void StartRelay() => Relay = Daemon.Start(Servers, Folder, $"{Programs.Relay} run --config {RelayFolder}/relay.json").UntilLogged("listens on UDP port");

    public void StartGateway() => Gateway = Daemon.Start(Home, Folder, $"{Programs.Gateway} run --config {GatewayFolder}/gateway.json").UntilLogged("is ready");

    public async Task<string> InviteAsync(params string[] forWhom) =>
        (await MustAsync(Servers, [Programs.Coordinator, "invite", "--data", CoordinatorFolder, .. forWhom])).Out.Trim();

    internal string[] JoinRelay(string folder, string code, string name, int port) =>
        [Programs.Relay, "join", code, "--name", name, "--data", folder, "--endpoint", $"{ServerAddress}:{port}"];

    internal string[] Cli(params string[] arguments) => [Programs.Ntm, "--socket", Socket, .. arguments];

    /// <summary>Runs a program inside to its end.</summary>
    internal static Task<Outcome> RunAsync(TestNamespace where, params IEnumerable<string> argv) =>
        Tool.RunAsync(["ip", "netns", "exec", where.Name, .. argv], Patient, CancellationToken.None);

    internal static async Task<Outcome> MustAsync(TestNamespace where, params string[] argv)
    {
        var outcome = await RunAsync(where, argv);
        Assert.True(outcome.Ok, outcome.Sentence);
        return outcome;
    }

    /// <summary>Looks until it is as it must be.</summary>
    internal static async Task<T> UntilAsync<T>(Func<Task<T>> look, Func<T, bool> good, string what)
    {
        using var limit = new CancellationTokenSource(Patient);
        for (var last = ""; ; await Task.Delay(50))
        {
            try
            {
                if (await look() is var seen && good(seen))
                {
                    return seen;
                }

                last = JsonSerializer.Serialize(seen);
            }
            catch (BoxFailed e)
            {
                last = e.Message;
            }

            Assert.False(limit.IsCancellationRequested, $"Waited in vain for: {what}. Last seen: {last}");
        }
    }

    /// <summary>Writes a gateway's configuration into a folder of its own, which is made.</summary>
    /// <returns>The file.</returns>
    public static string WriteGateway(string folder, string tun, int port, string dns, string? socket = null)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, "gateway.json");
        File.WriteAllText(file, JsonSerializer.Serialize(new
        {
            data = folder,
            socket = socket ?? Path.Combine(folder, "gateway.sock"),
            lan = new { @interface = "lan0", networks = new[] { "192.168.7.0/24" } },
            uplinks = new[] { new { name = "catv", @interface = "wan0", port } },
            tun,
            dns = new { listen = new[] { dns } },
        }));
        return file;
    }

    /// <summary>A further folder with the same files.</summary>
    public static string Copy(string folder, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(folder))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true); // and its mode
        }

        return to;
    }

    public void Dispose()
    {
        _interface?.Dispose();
        for (var i = _made.Count - 1; i >= 0; i--)
        {
            _made[i].Dispose();
        }

        if (Folder.Length > 0)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private void LayNetwork()
    {
        Servers = Made(new TestNamespace("sv"));
        Home = Made(new TestNamespace("gw"));
        Device = Made(new TestNamespace("dv"));
        Spare = Made(new TestNamespace("sp"));
        Servers.JoinTo(Home, "net0", "wan0", [$"{ServerAddress}/24", $"{ServerAddress6}/64"], [$"{GatewayAddress}/24", $"{GatewayAddress6}/64"]);
        Home.Run($"ip route add default via {ServerAddress}");
        Home.Run($"ip -6 route add default via {ServerAddress6}");
        Home.JoinTo(Device, "lan0", "eth0", [$"{LanAddress}/24"], [$"{DeviceAddress}/24"]);
        foreach (var (name, address) in new[] { ("wan0", "192.0.2.30/24"), ("lan0", "192.168.7.1/24") })
        {
            Spare.Run($"ip link add {name} type veth peer name {name}-peer");
            Spare.Run($"ip address add {address} dev {name}");
            Spare.Run($"ip link set {name} up");
            Spare.Run($"ip link set {name}-peer up");
        }

        Uplink = Made(new Sniffer(Home, CoordinatorPort, RelayPort));
        _interface = new GatewayInterface(Socket);
    }

    private T Made<T>(T it)
        where T : IDisposable
    {
        _made.Add(it);
        return it;
    }
}
