using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Ntm.Box.Story;
using Ntm.Interface;
using BuiltPrograms = Ntm.Box.Os.Programs;

namespace Ntm.Real.Tests.Programs;

/// <summary>
/// Two homes of real gateways, with a router between them whose link to the second is as narrow as said: long packets go through, over both families, directly and by the
/// relay, with ICMP and without.
/// </summary>
public sealed partial class MtuTests : IDisposable
{
    private const string NoIPv6 = "meta nfproto ipv6 drop";

    private const string AlicesAddress = "198.51.100.2", BobsAddress = "203.0.113.2", Servers = "192.0.2.10";

    private static readonly string[] NoDirectIPv4 = [$"ip saddr {AlicesAddress} ip daddr {BobsAddress} drop", $"ip saddr {BobsAddress} ip daddr {AlicesAddress} drop"];

    private readonly BuiltPrograms _programs = BuiltPrograms.Locate(AppContext.BaseDirectory);
    private readonly string _folder = Directory.CreateTempSubdirectory("ntm-mtu-").FullName;
    private readonly List<TestNamespace> _made = [];
    private TestNamespace _servers = null!, _middle = null!;
    private Home _alice = null!, _bob = null!;
    private string _alias = "";

    /// <summary>What the path carries: the link less 20 or 40 of IP, 8 of UDP and 32 of the tunnel, at most 1420; and to within 8 what is found of it.</summary>
    [NeedsRootFact("nft", "dig", "ping")]
    public async Task Long_packets_go_through_links_of_every_width()
    {
        await MakeAsync();
        await OverAsync(link: 1500, Way.DirectIPv4, carries: 1420, restart: false);

        // From now on the router swallows what is long, and says nothing.
        await Town.MustAsync(_middle, ["nft", "add", "rule", "inet", "t", "f", "ip", "saddr", "{", AlicesAddress, ",", BobsAddress, "}", "meta", "length", ">", "1310", "drop"]);
        await FoundAsync(1250);
        AllPasses(1250);

        // A link of 1280: the router says so (ICMP), the kernels remember it, and that must not disturb the next, wider one.
        await OverAsync(link: 1280, Way.DirectIPv6, carries: 1200);
        await OverAsync(link: 1492, Way.DirectIPv6, carries: 1412);
        await OverAsync(link: 1420, Way.Relay, carries: 1360);
    }

    public void Dispose()
    {
        foreach (var made in Enumerable.Reverse(_made))
        {
            made.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task OverAsync(int link, Way way, int carries, bool restart = true)
    {
        _bob.Gateway.Run($"ip link set wan0 mtu {link}");
        _middle.Run($"ip link set bob mtu {link}");
        string[] rules = way switch
        {
            Way.DirectIPv4 => [NoIPv6],
            Way.DirectIPv6 => NoDirectIPv4,
            _ => [NoIPv6, .. NoDirectIPv4],
        };
        _middle.Run($"nft flush chain inet t f ; {string.Join(" ; ", rules.Select(r => $"add rule inet t f {r}"))}"); // at once: no path is open in between
        if (restart)
        {
            await Task.WhenAll(_alice.RestartAsync(_programs), _bob.RestartAsync(_programs));
        }

        await FoundAsync(carries);
        var path = Used(await _alice.Interface.PeersAsync(default))!;
        Assert.Equal(way == Way.Relay, path.Channel != 0);
        Assert.True(way == Way.Relay || path.Address.StartsWith('[') == (way == Way.DirectIPv6), path.Address);
        AllPasses(carries);
    }

    /// <summary>Long datagrams go back and forth until both homes know what passes.</summary>
    private Task FoundAsync(int carries) => Town.UntilAsync(
        async () =>
        {
            await Town.RunAsync(_alice.Device, ["ping", "-c", "2", "-i", "0.05", "-W", "1", "-M", "dont", "-s", "1364", _alias]);
            return new[] { Used(await _alice.Interface.PeersAsync(default)), Used(await _bob.Interface.PeersAsync(default)) };
        },
        paths => Array.TrueForAll(paths, p => p is not null && p.MtuReason.StartsWith("probed", StringComparison.Ordinal) && p.Mtu <= carries && p.Mtu > carries - 12),
        $"both homes know that {carries} bytes pass");

    private void AllPasses(int carries)
    {
        // What may be cut is split where it must be; what may not, its sender hears of, and then sends less.
        _alice.Device.Run("ip route flush cache"); // what it heard of the path before
        _bob.Device.Run("ip route flush cache");
        _alice.Device.Run($"ping -c 3 -i 0.05 -W 2 -M dont -s 1364 {_alias}");
        if (carries < 1412)
        {
            var said = Assert.Throws<InvalidOperationException>(() => _alice.Device.Run($"ping -c 2 -i 0.1 -W 0.4 -M do -s 1364 {_alias}")).Message;
            var told = int.Parse(Told().Match(said).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
            Assert.InRange(told, Math.Max(carries - 12, 1280) - 28, Math.Max(carries, 1280) - 28);
            _alice.Device.Run($"ping -c 3 -i 0.05 -W 2 -M do -s {told - 28} {_alias}");
        }

        Transfer(_alice.Device, _bob.Device, IPAddress.Parse(_alias), carries);
        Datagrams();
    }

    /// <summary>Over TCP, in segments of which each goes in one datagram.</summary>
    private void Transfer(TestNamespace from, TestNamespace to, IPAddress alias, int carries)
    {
        const int tcp = 6, maximumSegment = 2; // IPPROTO_TCP, TCP_MAXSEG
        var segment = new byte[4];
        var sent = RandomNumberGenerator.GetBytes(400_000);
        using var listener = to.In(() =>
        {
            var made = new TcpListener(IPAddress.Any, 0);
            made.Start();
            return made;
        });
        using var sender = from.In(() => new TcpClient(AddressFamily.InterNetwork));
        var received = Task.Run(async () =>
        {
            using var accepted = await listener.AcceptTcpClientAsync();
            return await SHA256.HashDataAsync(accepted.GetStream());
        });
        sender.Connect(alias, ((IPEndPoint)listener.LocalEndpoint).Port);
        sender.GetStream().Write(sent);
        sender.Client.GetRawSocketOption(tcp, maximumSegment, segment);
        sender.Client.Shutdown(SocketShutdown.Send);
        Assert.True(received.Wait(TimeSpan.FromSeconds(30)), "the bytes did not arrive in 30 s");
        Assert.Equal(SHA256.HashData(sent), received.Result);
        Assert.InRange(BitConverter.ToInt32(segment), 500, Math.Min(carries - 68, 1352));
    }

    /// <summary>Datagrams to a port that sends them back.</summary>
    private void Datagrams()
    {
        using var echo = _bob.Device.In(() => new UdpClient(new IPEndPoint(IPAddress.Any, 0)));
        using var asker = _alice.Device.In(() => new UdpClient(new IPEndPoint(IPAddress.Any, 0)));
        const int discover = 10, dont = 0; // IP_MTU_DISCOVER, IP_PMTUDISC_DONT
        foreach (var socket in new[] { echo, asker })
        {
            socket.Client.SetRawSocketOption(0, discover, BitConverter.GetBytes(dont));
            socket.Client.ReceiveTimeout = 3000;
        }

        foreach (var length in new[] { 1000, 1182, 1234, 1300, 1364, 1365, 3000 }) // the last two in fragments
        {
            asker.Send(RandomNumberGenerator.GetBytes(length), length, _alias, ((IPEndPoint)echo.Client.LocalEndPoint!).Port);
            var from = new IPEndPoint(IPAddress.Any, 0);
            var came = echo.Receive(ref from);
            echo.Send(came, came.Length, from);
            Assert.Equal(length, came.Length);
            Assert.Equal(came, asker.Receive(ref from));
        }
    }

    private static PathDocument? Used(IEnumerable<PeerDocument> peers) => peers.SingleOrDefault()?.Paths.SingleOrDefault(p => p.State == "used");

    private async Task MakeAsync()
    {
        Assert.True(_programs.Missing.Count == 0, $"Not built: {string.Join(", ", _programs.Missing)}. Build the solution first.");
        _servers = Made("sv");
        _middle = Made("mi");
        _middle.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        _servers.JoinTo(_middle, "net0", "servers", [$"{Servers}/24"], ["192.0.2.1/24"]);
        _servers.Run("ip route add default via 192.0.2.1");
        _middle.Run("nft add table inet t");
        _middle.Run("nft add chain inet t f { type filter hook forward priority 0 ; }");
        _middle.Run($"nft add rule inet t f {NoIPv6}"); // as the first case has it
        _alice = Lay("alice", AlicesAddress, "2001:db8:1::");
        _bob = Lay("bob", BobsAddress, "2001:db8:2::");

        var coordinator = Path.Combine(_folder, "coordinator");
        var relay = Path.Combine(_folder, "relay");
        await Town.MustAsync(_servers, _programs.Coordinator, "init", "--zone", "home.example", "--data", coordinator, "--endpoint", $"{Servers}:4916");
        Daemon.Start(_servers, _folder, $"{_programs.Coordinator} run --config {coordinator}/coordinator.json").UntilLogged("listens on UDP port");
        var invites = new List<string>();
        foreach (var words in new string[][] { ["--relay"], [], [] })
        {
            invites.Add((await Town.MustAsync(_servers, [_programs.Coordinator, "invite", "--data", coordinator, .. words])).Out.Trim());
        }

        await Task.WhenAll(
            Task.Run(async () =>
            {
                await Town.MustAsync(_servers, _programs.Relay, "join", invites[0], "--name", "rs1", "--data", relay, "--endpoint", $"{Servers}:4917");
                Daemon.Start(_servers, _folder, $"{_programs.Relay} run --config {relay}/relay.json").UntilLogged("listens on UDP port");
            }),
            _alice.JoinAsync(_programs, invites[1]), _bob.JoinAsync(_programs, invites[2]));
        foreach (var home in new[] { _alice, _bob })
        {
            await Town.UntilAsync(() => home.Interface.StatusAsync(default), s => s.Member is { Registered: true } m && m.Relays.Any(r => r.Connected), "it is registered and has a relay");
        }

        _bob.Device.Run("ping -c 1 -W 2 192.168.7.1");
        await Town.UntilAsync(() => _bob.Interface.DevicesAsync(default), all => all.Any(d => d.Addresses.Contains("192.168.7.20")), "the gateway has seen the device");
        await Town.MustAsync(_bob.Gateway, _programs.Ntm, "--socket", _bob.Socket, "publish", "nas", "192.168.7.20");
        _alias = await Town.UntilAsync(
            async () => (await Town.RunAsync(_alice.Device, ["dig", "+short", "+time=2", "+tries=1", "-p", "5354", "@192.168.7.1", "nas.bob.home.example"])).Out.Trim(),
            answer => IPAddress.TryParse(answer, out _), "the name is found");
    }

    private Home Lay(string name, string address, string network6)
    {
        var (gateway, device) = (Made($"{name[0]}g"), Made($"{name[0]}d"));
        var router = address[..^1] + "1";
        gateway.JoinTo(_middle, "wan0", name, [$"{address}/24", $"{network6}2/64"], [$"{router}/24", $"{network6}1/64"]);
        gateway.Run($"ip route add default via {router}");
        gateway.Run($"ip -6 route add default via {network6}1");
        gateway.Run("ip link set wan0 gso_max_segs 1"); // so that the router sees the length of each datagram, not of a run
        gateway.JoinTo(device, "lan0", "eth0", ["192.168.7.1/24"], ["192.168.7.20/24"]);
        device.Run("ip route add default via 192.168.7.1");
        return new Home(name, gateway, device, Path.Combine(_folder, name));
    }

    private TestNamespace Made(string hint)
    {
        var made = new TestNamespace(hint);
        _made.Add(made);
        return made;
    }

    [GeneratedRegex(@"mtu ?= ?(\d+)")]
    private static partial Regex Told();

    private enum Way
    {
        DirectIPv4,
        DirectIPv6,
        Relay,
    }

    private sealed class Home(string name, TestNamespace gateway, TestNamespace device, string folder)
    {
        private Daemon? _running;

        public TestNamespace Gateway => gateway;

        public TestNamespace Device => device;

        public string Socket { get; } = Path.Combine(folder, "gateway.sock");

        public GatewayInterface Interface { get; } = new(Path.Combine(folder, "gateway.sock"));

        public async Task JoinAsync(BuiltPrograms programs, string invite)
        {
            Town.WriteGateway(folder, "ntm0", 4918, "192.168.7.1:5354");
            Start(programs);
            await Town.MustAsync(gateway, programs.Ntm, "--socket", Socket, "join", invite, "--name", name);
        }

        public async Task RestartAsync(BuiltPrograms programs)
        {
            await _running!.TerminateAsync();
            await Task.Run(() => Start(programs));
        }

        private void Start(BuiltPrograms programs) =>
            _running = Daemon.Start(gateway, folder, $"{programs.Gateway} run --config {folder}/gateway.json").UntilLogged("is ready");
    }
}
