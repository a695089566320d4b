using System.Text.Json;
using Ntm.Box.Story;
using BuiltPrograms = Ntm.Box.Os.Programs;

namespace Ntm.Real.Tests.Programs;

/// <summary>
/// An internet (a bridge, 203.0.113.0/24) with a coordinator and a relay at two addresses, and two nodes alone, each behind a NAT that Linux makes: real programs, real
/// sockets, real NATs.
/// </summary>
internal sealed class HardNatWorld : IDisposable
{
    private const string Zone = "home.example";
    private const string CoordinatorAddress = "203.0.113.10", RelayAddress = "203.0.113.20";

    /// <summary>One port for all destinations as long as that is free, and only who was spoken to gets in.</summary>
    public const string PortRestricted = "masquerade";

    /// <summary>Each flow gets a port by lot.</summary>
    public const string Scattered = "masquerade fully-random";

    /// <summary>Each flow gets one of 256 ports by lot, as where homes share an address.</summary>
    public const string FewPorts = "masquerade to :40000-40255 fully-random";

    private readonly BuiltPrograms _programs = BuiltPrograms.Locate(AppContext.BaseDirectory);
    private readonly List<IDisposable> _made = [];
    private readonly TestNamespace _middle, _coordinator, _relay;

    public HardNatWorld()
    {
        Assert.True(_programs.Missing.Count == 0, $"Not built: {string.Join(", ", _programs.Missing)}. Build the solution first.");
        Folder = Directory.CreateTempSubdirectory("ntm-hard-nats-").FullName;
        try
        {
            _middle = Made(new TestNamespace("in"));
            _middle.Run("ip link add br0 type bridge");
            _middle.Run("ip link set br0 up");
            _coordinator = Place("dc", CoordinatorAddress);
            _relay = Place("rs", RelayAddress);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Folder { get; }

    public Node Alice { get; private set; } = null!;

    public Node Bob { get; private set; } = null!;

    /// <param name="alices">What her NAT does with what leaves: an nftables statement.</param>
    public async Task UpAsync(string alices, string bobs)
    {
        var (dc, rs) = (Path.Combine(Folder, "dc"), Path.Combine(Folder, "rs"));
        await Town.MustAsync(_coordinator, _programs.Coordinator, "init", "--zone", Zone, "--data", dc, "--endpoint", $"{CoordinatorAddress}:4916");
        Made(Daemon.Start(_coordinator, Folder, $"{_programs.Coordinator} run --config {dc}/coordinator.json").UntilLogged("listens on UDP port"));
        await Town.MustAsync(_relay, _programs.Relay, "join", await InviteAsync("--relay"), "--name", "rs1", "--data", rs, "--endpoint", $"{RelayAddress}:4916");
        Made(Daemon.Start(_relay, Folder, $"{_programs.Relay} run --config {rs}/relay.json").UntilLogged("listens on UDP port"));
        Alice = await NodeAsync("alice", 1, alices);
        Bob = await NodeAsync("bob", 2, bobs);
    }

    public void Dispose()
    {
        for (var i = _made.Count - 1; i >= 0; i--)
        {
            _made[i].Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }

    private async Task<Node> NodeAsync(string name, int number, string nat)
    {
        var outside = Place(name[..1] + "n", $"203.0.113.10{number}");
        var inside = Made(new TestNamespace(name[..1] + "g"));
        outside.JoinTo(inside, "in0", "wan0", [$"10.{number}.0.1/24"], [$"10.{number}.0.2/24"]);
        outside.Run("sysctl -qw net.ipv4.ip_forward=1");
        inside.Run($"ip route add default via 10.{number}.0.1");

        // What nobody asked for is dropped before it counts as a flow of the box's own.
        var rules = Path.Combine(Folder, $"{name}.nft");
        File.WriteAllText(rules,
            $$"""
            table ip nat {
              chain leaving {
                type nat hook postrouting priority srcnat
                oifname "net0" meta l4proto udp {{nat}}
              }
              chain unasked {
                type filter hook input priority filter
                iifname "net0" drop
              }
            }
            """);
        outside.Run($"nft -f {rules}");

        var folder = Path.Combine(Folder, name);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "gateway.json"), JsonSerializer.Serialize(new
        {
            data = folder,
            socket = Path.Combine(folder, "gateway.sock"),
            uplinks = new[] { new { name = "wan", @interface = "wan0", port = 0, portMapping = false } },
            dns = new { listen = new[] { "127.0.0.1:5354" } },
        }));
        Made(Daemon.Start(inside, Folder, $"{_programs.Gateway} run --config {folder}/gateway.json").UntilLogged("is ready"));
        await Town.MustAsync(inside, _programs.Ntm, "--socket", Path.Combine(folder, "gateway.sock"), "join", await InviteAsync(), "--name", name);
        return new Node(inside, outside, Made(new GatewayInterface(Path.Combine(folder, "gateway.sock"))), _programs.Ntm, Path.Combine(folder, "gateway.sock"));
    }

    private async Task<string> InviteAsync(params string[] forWhom) =>
        (await Town.MustAsync(_coordinator, [_programs.Coordinator, "invite", "--data", Path.Combine(Folder, "dc"), .. forWhom])).Out.Trim();

    private TestNamespace Place(string hint, string address)
    {
        var place = Made(new TestNamespace(hint));
        place.JoinTo(_middle, "net0", $"p{hint}", [$"{address}/24"], []);
        _middle.Run($"ip link set p{hint} master br0");
        return place;
    }

    private T Made<T>(T it)
        where T : IDisposable
    {
        _made.Add(it);
        return it;
    }

    /// <summary>A node alone and its NAT.</summary>
    public sealed record Node(TestNamespace Inside, TestNamespace Nat, GatewayInterface Interface, string Program, string Socket)
    {
        public async Task<string> NtmAsync(params string[] words) => (await Town.MustAsync(Inside, [Program, "--socket", Socket, .. words])).Out;
    }
}
