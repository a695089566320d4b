using System.Text.Json;
using Ntm.Box.Os;
using Ntm.Box.Story;
using Ntm.Box.World;
using Ntm.Interface;
using Ntm.Real.Tests.Programs;
using BuiltPrograms = Ntm.Box.Os.Programs;

namespace Ntm.Real.Tests.Nat;

/// <summary>
/// An internet of one wire with the real coordinator, relay and a STUN server (coturn's), each with addresses of its own; and gateways, nodes alone, each behind a NAT of nftables.
/// </summary>
internal sealed class NatTown : IDisposable
{
    public const string Stun = "203.0.113.30";

    private const string Zone = "home.example", Coordinator = "203.0.113.10", Relay = "203.0.113.20", OtherStun = "203.0.113.31";
    private const int Port = 4916;

    private readonly List<IDisposable> _made = [];
    private readonly BuiltPrograms _programs = BuiltPrograms.Locate(AppContext.BaseDirectory);
    private readonly TestNamespace _middle, _coordinator, _relay;
    private int _plugs;

    public NatTown()
    {
        Folder = Directory.CreateTempSubdirectory("ntm-nats-").FullName;
        try
        {
            _middle = Made(new TestNamespace("in"));
            _middle.Run("ip link add br0 type bridge");
            _middle.Run("ip link set br0 up");
            _coordinator = Plugged("dc", $"{Coordinator}/24");
            _relay = Plugged("rs", $"{Relay}/24");
            var stun = Plugged("st", $"{Stun}/24", $"{OtherStun}/24");
            stun.Start($"turnserver -n --stun-only --no-auth --no-cli --no-tls --no-dtls --no-tcp -L {Stun} -L {OtherStun} --log-file stdout --simple-log --pidfile {Folder}/pid --userdb {Folder}/db");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Folder { get; }

    private string CoordinatorFolder => Path.Combine(Folder, "coordinator");

    public async Task ServeAsync()
    {
        Assert.True(_programs.Missing.Count == 0, $"Not built: {string.Join(", ", _programs.Missing)}. Build the solution first.");
        await Town.MustAsync(_coordinator, _programs.Coordinator, "init", "--zone", Zone, "--data", CoordinatorFolder, "--endpoint", $"{Coordinator}:{Port}");
        Daemon.Start(_coordinator, Folder, $"{_programs.Coordinator} run --config {CoordinatorFolder}/coordinator.json").UntilLogged("listens on UDP port");
        var folder = Path.Combine(Folder, "relay");
        await Town.MustAsync(_relay, _programs.Relay, "join", await InviteAsync("--relay"), "--name", "rs1", "--data", folder, "--endpoint", $"{Relay}:{Port}");
        Daemon.Start(_relay, Folder, $"{_programs.Relay} run --config {folder}/relay.json").UntilLogged("listens on UDP port");
    }

    /// <summary>A gateway behind a NAT with these rules; with null on the internet itself. It has joined.</summary>
    public async Task<NatHome> AddAsync(string name, byte number, string? rules)
    {
        TestNamespace gateway;
        if (rules is null)
        {
            gateway = Plugged(name[..2], $"203.0.113.{100 + number}/24");
            gateway.Run("ip link set eth0 name wan0"); // the uplink's name, here as there
            gateway.Run("ip link set wan0 up");
            gateway.Run("ip route replace default dev wan0");
        }
        else
        {
            var nat = Plugged("n" + name[..1], $"203.0.113.{100 + number}/24");
            gateway = Made(new TestNamespace(name[..2]));
            nat.Run("ip link set eth0 down");
            nat.Run("ip link set eth0 name pub0");
            nat.Run("ip link set pub0 up");
            nat.JoinTo(gateway, "in0", "wan0", [$"10.{number}.0.1/24"], [$"10.{number}.0.2/24"]);
            nat.Run("sysctl -qw net.ipv4.ip_forward=1");
            var file = Path.Combine(Folder, $"{name}.nft");
            await File.WriteAllTextAsync(file, rules);
            nat.Run($"nft -f {file}");
            gateway.Run($"ip route add default via 10.{number}.0.1");
        }

        var folder = Path.Combine(Folder, name);
        Directory.CreateDirectory(folder);
        var config = Path.Combine(folder, "gateway.json");
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(new { data = folder, uplinks = new[] { new { name = "catv", @interface = "wan0", port = 0 } } }));
        Daemon.Start(gateway, folder, $"{_programs.Gateway} run --config {config}").UntilLogged("is ready");
        var socket = Path.Combine(folder, "gateway.sock");
        await Town.MustAsync(gateway, _programs.Ntm, "--socket", socket, "join", await InviteAsync(), "--name", name);
        return new(name, gateway, Made(new GatewayInterface(socket)), _programs.Ntm, socket);
    }

    public void Dispose()
    {
        for (var i = _made.Count - 1; i >= 0; i--)
        {
            _made[i].Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }

    private async Task<string> InviteAsync(params string[] forWhom) =>
        (await Town.MustAsync(_coordinator, [_programs.Coordinator, "invite", "--data", CoordinatorFolder, .. forWhom])).Out.Trim();

    // A place on the wire, by eth0.
    private TestNamespace Plugged(string hint, params string[] addresses)
    {
        var place = Made(new TestNamespace(hint));
        var plug = $"p{_plugs++}";
        _middle.JoinTo(place, plug, "eth0", [], addresses);
        _middle.Run($"ip link set {plug} master br0");
        return place;
    }

    private T Made<T>(T it)
        where T : IDisposable
    {
        _made.Add(it);
        return it;
    }
}

/// <summary>A gateway that has joined.</summary>
internal sealed record NatHome(string Name, TestNamespace Place, GatewayInterface Interface, string Cli, string Socket)
{
    /// <summary>What it says of its NAT once it has looked.</summary>
    public async Task<NatDocument> SeenAsync() => (await Town.UntilAsync(
        () => Interface.StatusAsync(default),
        s => s.Uplinks is [{ Nats: [{ Family: "IPv4" } nat, ..] }] && nat is { Mapping: not "unknown", Filtering: not "unknown" },
        $"{Name} has looked at its NAT")).Uplinks[0].Nats[0];

    /// <summary>What `ntm uplinks` prints.</summary>
    public string Told() => Place.Run($"{Cli} --socket {Socket} uplinks");

    /// <summary>Coturn's client, from the gateway's own place.</summary>
    public Task<NatDiscovery> AskedAsync() =>
        NatDiscovery.AskAsync(new NetworkNamespace(Place.Name), NatTown.Stun, CancellationToken.None);
}
