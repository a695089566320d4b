using System.Net;
using System.Net.Sockets;
using Ntm.Box.Story;
using Ntm.Interface;
using Ntm.Real.Tests.Programs;
using Located = Ntm.Box.Os.Programs;

namespace Ntm.Real.Tests.Gateway;

/// <summary>
/// A gateway with a LAN and two uplinks, catv and lte, each behind a NAT router of its own, and one Internet, where a server tells by which router a connection came. The reverse path
/// filter is strict everywhere.
/// </summary>
internal sealed class UplinkWorld : IDisposable
{
    public const string Server = "192.0.2.1", Catv = "198.51.100.5", Lte = "203.0.113.5";

    private static readonly Located Programs = Located.Locate(AppContext.BaseDirectory);
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(40);

    private readonly List<IDisposable> _made = [];
    private readonly GatewayInterface _interface;
    private readonly Socket _listener;

    /// <param name="sameNetwork">Both routers give addresses of 192.168.5.0/24, and have the same themselves.</param>
    public UplinkWorld(bool sameNetwork = false)
    {
        Folder = Directory.CreateTempSubdirectory("ntm-uplinks-").FullName;
        _interface = new GatewayInterface(Path.Combine(Folder, "data", "gateway.sock"));
        Internet = Made(new TestNamespace("i"));
        Routers = [Made(new TestNamespace("r")), Made(new TestNamespace("s"))];
        Home = Made(new TestNamespace("h"));
        Device = Made(new TestNamespace("d"));
        Internet.Run($"ip address add {Server}/32 dev lo");
        string[] outside = [Catv, Lte], internet = ["198.51.100.1", "203.0.113.1"];
        for (var n = 0; n < 2; n++)
        {
            var third = sameNetwork ? 5 : 5 + n;
            Routers[n].JoinTo(Internet, "wan0", $"net{n}", [$"{outside[n]}/24"], [$"{internet[n]}/24"]);
            Routers[n].JoinTo(Home, "lan0", $"wan{n}", [$"192.168.{third}.1/24"], [$"192.168.{third}.{2 + n}/24"]);
            Routers[n].Run($"ip route add default via {internet[n]}");
            Routers[n].Run("sysctl -qw net.ipv4.ip_forward=1");
            Rules(Routers[n], "table ip nat { chain leaving { type nat hook postrouting priority srcnat; oifname \"wan0\" masquerade; }; }");
            Home.Run($"ip route add default via 192.168.{third}.1 dev wan{n} metric {100 * (n + 1)}");
        }

        Home.JoinTo(Device, "lan0", "eth0", ["192.168.1.1/24"], ["192.168.1.20/24"]);
        Device.Run("ip route add default via 192.168.1.1");
        Home.Run("sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.wan0.rp_filter=1 net.ipv4.conf.wan1.rp_filter=1 net.ipv4.conf.lan0.rp_filter=1");
        Rules(Home, "table ip nat { chain leaving { type nat hook postrouting priority srcnat; oifname { \"wan0\", \"wan1\" } masquerade; }; }");
        _listener = Made(Internet.In(() =>
        {
            var made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            made.Bind(new IPEndPoint(IPAddress.Parse(Server), 7000));
            made.Listen();
            return made;
        }));
    }

    public string Folder { get; }

    public TestNamespace Internet { get; }

    public IReadOnlyList<TestNamespace> Routers { get; }

    public TestNamespace Home { get; }

    public TestNamespace Device { get; }

    public Daemon? Program { get; private set; }

    /// <param name="uplinks">How many the gateway is told of.</param>
    public void StartGateway(int uplinks = 2)
    {
        var lte = uplinks > 1 ? """, { "name": "lte", "interface": "wan1" }""" : "";
        File.WriteAllText(Path.Combine(Folder, "gateway.json"),
            $$"""
            { "data": "data", "lan": { "interface": "lan0", "networks": ["192.168.1.0/24"] },
              "uplinks": [ { "name": "catv", "interface": "wan0", "upAfter": "2 s" }{{lte}} ] }
            """);
        Program = Start(Home, $"{Programs.Gateway} run --config {Folder}/gateway.json").UntilLogged("is ready");
    }

    /// <summary>Starts a coordinator, and has the gateway join.</summary>
    public void Join()
    {
        var zone = Path.Combine(Folder, "zone");
        Internet.Run($"{Programs.Coordinator} init --zone home.example --data {zone} --endpoint {Server}:4916");
        Start(Internet, $"{Programs.Coordinator} run --config {zone}/coordinator.json").UntilLogged("listens on UDP port");
        Ntm($"join {Internet.Run($"{Programs.Coordinator} invite --data {zone}").Trim()} --name alice");
    }

    public string Ntm(string command) => Home.Run($"{Programs.Ntm} --socket {Folder}/data/gateway.sock {command}");

    public StandingDocument Standing(string uplink) => _interface.StatusAsync(default).GetAwaiter().GetResult().Uplinks.Single(u => u.Name == uplink).Standing!;

    public void Until(string uplink, string condition)
    {
        StandingDocument? last = null;
        try
        {
            TestNamespace.WaitFor(() => (last = Standing(uplink)).Condition == condition, $"{uplink} is {condition}", Patient);
        }
        catch (TimeoutException waited)
        {
            throw new TimeoutException($"{waited.Message} Last seen: {last}\n{Program!.Log}");
        }
    }

    /// <summary>A new ordinary connection.</summary>
    public Ordinary Connect(TestNamespace from)
    {
        var near = from.In(() =>
        {
            var made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 5000, SendTimeout = 5000 };
            var connecting = made.ConnectAsync(IPAddress.Parse(Server), 7000);
            return connecting.Wait(5000) ? made : throw new TimeoutException("The connection was not made.");
        });
        var far = _listener.Accept();
        far.ReceiveTimeout = 5000;
        return Made(new Ordinary(near, far));
    }

    /// <summary>By whose address new connections come.</summary>
    public string WayOf(TestNamespace from)
    {
        using var made = Connect(from);
        return made.Way;
    }

    /// <summary>Everything that the gateway may leave in the kernel, but what it leaves on purpose.</summary>
    public string LeftOver() => string.Concat(
        Home.Run("ip rule show").Split('\n').Where(rule => rule.Contains("149", StringComparison.Ordinal)).Concat(
            Enumerable.Range(49_160, 8).Select(table => Home.Try($"ip route show table {table}") ? Home.Run($"ip route show table {table}") : "")))
        + string.Concat(Home.Run("nft list tables").Split('\n').Where(table => table.Contains("ntm_gateway_uplinks", StringComparison.Ordinal)));

    public void Dispose()
    {
        foreach (var made in Enumerable.Reverse(_made))
        {
            made.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }

    private Daemon Start(TestNamespace where, string command) => Made(Daemon.Start(where, Folder, command));

    private void Rules(TestNamespace where, string rules)
    {
        var file = Path.Combine(Folder, $"{where.Name}.nft");
        File.WriteAllText(file, rules.Replace(';', '\n'));
        where.Run($"nft -f {file}");
    }

    private T Made<T>(T made)
        where T : IDisposable
    {
        _made.Add(made);
        return made;
    }

    /// <summary>An ordinary TCP connection, and both of its ends.</summary>
    internal sealed class Ordinary(Socket near, Socket far) : IDisposable
    {
        /// <summary>The router's address by which it came.</summary>
        public string Way => ((IPEndPoint)far.RemoteEndPoint!).Address.ToString();

        /// <summary>Whether bytes get there and back.</summary>
        public bool Works()
        {
            try
            {
                near.Send("there"u8);
                var bytes = new byte[16];
                var there = far.Receive(bytes) == 5;
                far.Send("back"u8);
                return there && near.Receive(bytes) == 4;
            }
            catch (SocketException)
            {
                return false;
            }
        }

        public void Dispose()
        {
            near.Dispose();
            far.Dispose();
        }
    }
}
