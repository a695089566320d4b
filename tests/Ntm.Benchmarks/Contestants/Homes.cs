using System.Net;
using System.Text.Json;
using Ntm.Interface;
using Ntm.Real.Tests;
using BuiltPrograms = Ntm.Box.Os.Programs;

namespace Ntm.Benchmarks.Contestants;

/// <summary>
/// The product: a coordinator, two gateways that have joined its zone, and a LAN device behind each, as their owner would set them up. The devices
/// are on the ways measured; the coordinator is reached by the same wire, as a neighbour of both ends, and says nothing while it is measured.
/// </summary>
internal sealed class Homes
{
    private const string Zone = "home.example", CoordinatorAddress = "192.0.2.3", Router4 = "192.168.1.1", Device4 = "192.168.1.10";
    private const int Port = 4916;

    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(40);

    private readonly Belongings _belongings;
    private readonly BuiltPrograms _programs = BuiltPrograms.Locate(AppContext.BaseDirectory);
    private readonly bool _isIPv4;
    private readonly bool _profiled;
    private readonly Wire _wire;
    private readonly string _folder;
    private readonly TestNamespace _coordinator;

    private Homes(Belongings belongings, bool isIPv4, bool profiled)
    {
        if (_programs.Missing.Count > 0)
        {
            throw new InvalidOperationException($"Not built: {string.Join(", ", _programs.Missing)}.");
        }

        (_belongings, _isIPv4, _profiled) = (belongings, isIPv4, profiled);
        _wire = new Wire(belongings);
        _folder = belongings.Folder();
        _coordinator = belongings.Namespace("c");
    }

    /// <param name="isIPv4">Devices that speak IPv4 only, so that both gateways translate; else IPv6 only.</param>
    /// <param name="profiled">Whether the gateways tell perf where their code is.</param>
    public static Contestant Make(Belongings belongings, string name, bool isIPv4, bool profiled = false)
    {
        var homes = new Homes(belongings, isIPv4, profiled);
        homes.StartCoordinator();
        var (left, right) = (homes.Build("left", homes._wire.Left, Wire.RightAddress), homes.Build("right", homes._wire.Right, Wire.LeftAddress));
        var found = homes.Resolve(left, "nas.right");
        var target = isIPv4 ? found.Alias! : found.Vip!;
        TestNamespace.WaitFor(() => left.Device.Try($"ping -c 1 -W 1 {target}") && homes.IsDirect(left), "a direct path between the homes", Patient);
        return new Contestant(name, homes._wire, left.Device, right.Device, IPAddress.Parse(target), left.Gateway, right.Gateway);
    }

    private void StartCoordinator()
    {
        // A network card of its own on each end of the wire: an end cannot speak to what is on its own card, but to what is on the other's.
        foreach (var (end, device, neighbour) in new[] { (_wire.Left, "m0", Wire.RightAddress), (_wire.Right, "m1", Wire.LeftAddress) })
        {
            end.Run($"ip link add link {Wire.Device} name {device} netns {_coordinator.Name} type macvlan mode bridge");
            _coordinator.Run($"ip address add {CoordinatorAddress}/32 dev {device}");
            _coordinator.Run($"ip link set {device} up");
            _coordinator.Run($"ip route add {neighbour}/32 dev {device} src {CoordinatorAddress}");
        }

        _coordinator.Run($"{_programs.Coordinator} init --zone {Zone} --data {_folder}/coordinator --endpoint {CoordinatorAddress}:{Port}");
        _coordinator.Start($"{_programs.Coordinator} run --config {_folder}/coordinator/coordinator.json");
        TestNamespace.WaitFor(() => _coordinator.Run("ss -Hlun").Contains($":{Port} ", StringComparison.Ordinal), "the coordinator's open port", Patient);
    }

    private Home Build(string name, TestNamespace router, string neighbour)
    {
        var device = _belongings.Namespace(name[..1] + "d");
        var (gatewayAddress, address) = _isIPv4 ? (Router4, Device4) : (Router6(name), Device6(name));
        device.JoinTo(router, "eth0", "lan0", [$"{address}/{(_isIPv4 ? 24 : 64)}"], [$"{Router4}/24", $"{Router6(name)}/64"]);
        device.Run($"ip route add default via {gatewayAddress}");
        router.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        router.Run($"ip route add default via {neighbour}");

        var folder = Directory.CreateDirectory($"{_folder}/{name}").FullName;
        File.WriteAllText($"{folder}/gateway.json", $$"""
            {
              "data": "{{folder}}",
              "lan": { "interface": "lan0", "networks": ["192.168.1.0/24"], "ipv6": true, "captureDns": false },
              "uplinks": [ { "name": "wire", "interface": "{{Wire.Device}}", "port": 0 } ],
              "dns": { "listen": ["127.0.0.1:5354"] }
            }
            """);
        var gateway = router.Start($"{_programs.Gateway} run --config {folder}/gateway.json", _profiled ? OurProgram.ForPerf : []);
        var home = new Home(router, device, $"{_programs.Ntm} --socket {folder}/gateway.sock", gateway.Id);
        TestNamespace.WaitFor(() => router.Try($"{home.Ntm} status"), $"the gateway of {name}", Patient);
        var code = _coordinator.Run($"{_programs.Coordinator} invite --data {_folder}/coordinator").Trim();
        TestNamespace.WaitFor(() => router.Try($"{home.Ntm} join {code} --name {name}"), $"{name} joins", Patient);
        TestNamespace.WaitFor(() => device.Try($"ping -c 1 -W 1 {gatewayAddress}") && Sees(home, address), $"the gateway of {name} sees the device", Patient);
        router.Run($"{home.Ntm} publish nas {address}");
        return home;
    }

    private static string Router6(string home) => home == "left" ? "2001:db8:a::1" : "2001:db8:b::1";

    private static string Device6(string home) => Router6(home) + "0";

    private static bool Sees(Home home, string address) =>
        JsonSerializer.Deserialize(home.Router.Run($"{home.Ntm} --json devices"), InterfaceJson.Lenient.IReadOnlyListDeviceDocument)!.Any(device => device.Addresses.Contains(address));

    private ResolutionDocument Resolve(Home home, string name)
    {
        ResolutionDocument? found = null;
        TestNamespace.WaitFor(
            () => home.Router.Try($"{home.Ntm} resolve {name}.{Zone}")
                && (found = JsonSerializer.Deserialize(home.Router.Run($"{home.Ntm} --json resolve {name}.{Zone}"), InterfaceJson.Lenient.ResolutionDocument)) is { Alias: not null, Vip: not null },
            $"the name {name}", Patient);
        return found!;
    }

    private bool IsDirect(Home home) =>
        JsonSerializer.Deserialize(home.Router.Run($"{home.Ntm} --json peers"), InterfaceJson.Lenient.IReadOnlyListPeerDocument)!.Any(peer => peer is { Established: true, Direct: true });

    private sealed record Home(TestNamespace Router, TestNamespace Device, string Ntm, int Gateway);
}
