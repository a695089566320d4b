using System.Text.Json;
using Ntm.Box.Story;
using Ntm.Interface;
using Ntm.Real.Tests.Programs;
using Located = Ntm.Box.Os.Programs;

namespace Ntm.Real.Tests.Gateway;

/// <summary>
/// Two nodes alone that have joined, alice with two uplinks and bob with one, and the Internet between them with the coordinator. No NAT. Alice's machine sends bob's a ping
/// every 20 ms.
/// </summary>
internal sealed class DrillWorld : IDisposable
{
    private const string Coordinator = "203.0.113.1";
    private const string Catv = "192.0.2.2", Lte = "198.51.100.2", Bob = "203.0.113.130";

    private static readonly Located Programs = Located.Locate(AppContext.BaseDirectory);
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(40);

    private readonly GatewayInterface _interface;
    private readonly TestNamespace _internet = new("i"), _bob = new("b");

    public DrillWorld()
    {
        Folder = Directory.CreateTempSubdirectory("ntm-drill-").FullName;
        _interface = new GatewayInterface(Socket);
        Alice = new TestNamespace("a");
        _internet.Run($"ip address add {Coordinator}/32 dev lo");
        _internet.Run("sysctl -qw net.ipv4.ip_forward=1");
        Alice.JoinTo(_internet, "wan0", "net0", [$"{Catv}/24"], ["192.0.2.1/24"]);
        Alice.JoinTo(_internet, "wan1", "net1", [$"{Lte}/24"], ["198.51.100.1/24"]);
        _bob.JoinTo(_internet, "wan0", "net2", [$"{Bob}/25"], ["203.0.113.129/25"]);
        Alice.Run("ip route add default via 192.0.2.1 metric 100");
        Alice.Run("ip route add default via 198.51.100.1 metric 200");
        _bob.Run("ip route add default via 203.0.113.129");
    }

    public string Folder { get; }

    public TestNamespace Alice { get; }

    public string Socket => Path.Combine(Folder, "alice", "gateway.sock");

    public Daemon Gateway { get; private set; } = null!;

    /// <summary>Starts everything, until a ping of alice's is answered by bob on the way of the first uplink.</summary>
    public void Up()
    {
        var zone = Path.Combine(Folder, "zone");
        _internet.Run($"{Programs.Coordinator} init --zone home.example --data {zone} --endpoint {Coordinator}:4916");
        Daemon.Start(_internet, Folder, $"{Programs.Coordinator} run --config {zone}/coordinator.json").UntilLogged("listens on UDP port");
        Configure("alice", """{ "name": "catv", "interface": "wan0", "portMapping": false }, { "name": "lte", "interface": "wan1", "portMapping": false }""");
        Configure("bob", """{ "name": "fibre", "interface": "wan0", "portMapping": false }""");
        StartGateway();
        Daemon.Start(_bob, Folder, $"{Programs.Gateway} run --config {Folder}/bob.json").UntilLogged("is ready");
        foreach (var (where, name) in new[] { (Alice, "alice"), (_bob, "bob") })
        {
            where.Run($"{Programs.Ntm} --socket {Folder}/{name}/gateway.sock join {_internet.Run($"{Programs.Coordinator} invite --data {zone}").Trim()} --name {name}");
        }

        TestNamespace.WaitFor(() => Alice.Try($"{Programs.Ntm} --socket {Socket} resolve bob.home.example"), "bob is found", Patient);
        Alice.Start($"ping -i 0.02 {Vip()}");
        TestNamespace.WaitFor(() => Used() is not null, "a direct path to bob is in use", Patient);
    }

    public void StartGateway() => Gateway = Daemon.Start(Alice, Folder, $"{Programs.Gateway} run --config {Folder}/alice.json").UntilLogged("is ready");

    /// <returns>What it printed.</returns>
    public string Ntm(string command) => Alice.Run($"{Programs.Ntm} --socket {Socket} {command}");

    /// <summary>The refusal, where it is one.</summary>
    public string Refused(string command) => Assert.Throws<InvalidOperationException>(() => Ntm(command)).Message;

    public IReadOnlyList<HandoverDocument> Handovers() => JsonSerializer.Deserialize(Ntm("--json handovers"), InterfaceJson.Wire.IReadOnlyListHandoverDocument)!;

    public DrillDocument Drill() => JsonSerializer.Deserialize(
        Alice.Run($"curl -s --unix-socket {Socket} http://localhost/api/v1/drill"), InterfaceJson.Wire.DrillDocument)!;

    /// <summary>Begins a drill and waits for nothing.</summary>
    /// <param name="order">JSON without spaces.</param>
    public void Begin(string uplink, string order) =>
        Alice.Run($"curl -sf --unix-socket {Socket} -H Content-Type:application/json -d {order} http://localhost/api/v1/uplinks/{uplink}/drill");

    public UplinkDocument Uplink(string name) => _interface.StatusAsync(default).GetAwaiter().GetResult().Uplinks.Single(u => u.Name == name);

    /// <summary>The uplink by which bob is reached, where that is a proven direct path; else null.</summary>
    public string? Used() => JsonSerializer.Deserialize(Ntm("--json peers"), InterfaceJson.Wire.IReadOnlyListPeerDocument)!
        .SelectMany(peer => peer.Paths).FirstOrDefault(path => path.State == "used" && path.Kind != "relay")?.Uplink;

    public void Dispose()
    {
        _interface.Dispose();
        Alice.Dispose();
        _bob.Dispose();
        _internet.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private string Vip() => JsonSerializer.Deserialize(Ntm("--json resolve bob.home.example"), InterfaceJson.Wire.ResolutionDocument)!.Vip!;

    private void Configure(string name, string uplinks) =>
        File.WriteAllText(Path.Combine(Folder, name + ".json"), $$"""{ "data": "{{name}}", "uplinks": [ {{uplinks}} ] }""");
}
