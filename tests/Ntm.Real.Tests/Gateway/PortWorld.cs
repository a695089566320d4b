using System.Net;
using System.Net.Sockets;
using Ntm.Box.Story;
using Ntm.Interface;
using Ntm.Real.Tests.Programs;
using Located = Ntm.Box.Os.Programs;

namespace Ntm.Real.Tests.Gateway;

/// <summary>
/// A gateway that has joined, behind a NAT box of Linux that runs Debian's miniupnpd, and the Internet: coordinator, strangers, and coturn, which tells miniupnpd that the
/// box's documentation address is a public one (it would open no port otherwise).
/// </summary>
internal sealed class PortWorld : IDisposable
{
    public const string Coordinator = "203.0.113.1", Stranger = "203.0.113.2", Outside = "203.0.113.5", Gateway = "192.168.5.2", Box = "192.168.5.1";
    public const string Stranger6 = "2001:db8:f::1", Gateway6 = "2001:db8:5::2";
    public const int Port = 41641;

    private const string Ruleset =
        """
        table inet filter {
          chain input { type filter hook input priority 0; jump refused; }
          chain refused { }
          chain forward { type filter hook forward priority 0; policy drop; ct state established,related accept; iifname "lan0" accept; jump miniupnpd; }
          chain miniupnpd { }
          chain prerouting { type nat hook prerouting priority -100; jump prerouting_miniupnpd; }
          chain postrouting { type nat hook postrouting priority 100; jump postrouting_miniupnpd; ip saddr 192.168.5.0/24 oifname "wan0" masquerade fully-random; }
          chain prerouting_miniupnpd { }
          chain postrouting_miniupnpd { }
        }
        """;

    private static readonly Located Programs = Located.Locate(AppContext.BaseDirectory);
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(40);

    private readonly List<Daemon> _daemons = [];
    private readonly GatewayInterface _interface;
    private Daemon? _upnp;

    public PortWorld()
    {
        Folder = Directory.CreateTempSubdirectory("ntm-port-").FullName;
        _interface = new GatewayInterface(Path.Combine(Folder, "data", "gateway.sock"));
        Internet = new TestNamespace("i");
        Nat = new TestNamespace("b");
        Home = new TestNamespace("h");
        Nat.JoinTo(Internet, "wan0", "net0", [$"{Outside}/24", "2001:db8:f::5/64"], [$"{Coordinator}/24", $"{Stranger}/24", $"{Stranger6}/64"]);
        Nat.JoinTo(Home, "lan0", "wan0", [$"{Box}/24", "2001:db8:5::1/64"], [$"{Gateway}/24", $"{Gateway6}/64"]);
        Internet.Run("ip -6 route add 2001:db8:5::/64 via 2001:db8:f::5");
        Home.Run($"ip route add default via {Box}");
        Home.Run("ip -6 route add default via 2001:db8:5::1");
        Nat.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        Rules(Ruleset);
    }

    public string Folder { get; }

    /// <summary>Where coordinator and strangers are.</summary>
    public TestNamespace Internet { get; }

    /// <summary>The box.</summary>
    public TestNamespace Nat { get; }

    public TestNamespace Home { get; }

    public Daemon? Program { get; private set; }

    public string UpnpLog => _upnp!.Log;

    /// <summary>Starts coordinator and gateway, and joins.</summary>
    /// <param name="more">Further keys of the uplink, each with a comma before it.</param>
    /// <param name="others">Further uplinks, each with a comma before it.</param>
    public void Up(string more = "", string others = "")
    {
        var zone = Path.Combine(Folder, "zone");
        Internet.Run($"{Programs.Coordinator} init --zone home.example --data {zone} --endpoint {Coordinator}:4916");
        Start(Internet, $"{Programs.Coordinator} run --config {zone}/coordinator.json").UntilLogged("listens on UDP port");
        File.WriteAllText(Path.Combine(Folder, "gateway.json"),
            $$"""{ "data": "data", "uplinks": [ { "name": "catv", "interface": "wan0", "port": {{Port}}{{more}} }{{others}} ] }""");
        StartGateway();
        Ntm($"join {Internet.Run($"{Programs.Coordinator} invite --data {zone}").Trim()} --name alice");
    }

    public void StartGateway() => Program = Start(Home, $"{Programs.Gateway} run --config {Folder}/gateway.json").UntilLogged("is ready");

    /// <summary>As systemd stops it.</summary>
    public async Task StopGatewayAsync() => Assert.Equal(0, await Program!.TerminateAsync());

    /// <summary>Starts miniupnpd, in place of the one that ran.</summary>
    /// <param name="more">Further lines of its configuration.</param>
    /// <param name="isPublic">Whether it is to know that its address is one.</param>
    public void StartUpnp(string more = "", bool isPublic = true)
    {
        _upnp?.Kill();
        if (isPublic && !_daemons.Any(d => d.LogFile.Contains("turnserver", StringComparison.Ordinal)))
        {
            Start(Internet, $"turnserver -n --stun-only --no-auth --no-cli --no-tls --no-dtls --no-tcp -L {Coordinator} -L {Stranger} --log-file stdout --simple-log"
                + $" --pidfile {Folder}/stun.pid --userdb {Folder}/stun.db");
            TestNamespace.WaitFor(() => Internet.Run("ss -Huln").Contains($"{Stranger}:3479", StringComparison.Ordinal), "coturn");
        }

        File.WriteAllText(Path.Combine(Folder, "upnp.conf"),
            $"""
            ext_ifname=wan0
            listening_ip=lan0
            enable_natpmp=yes
            enable_upnp=yes
            http_port=5000
            system_uptime=no
            secure_mode=yes
            uuid=00000000-0000-0000-0000-000000000001
            {(isPublic ? $"ext_perform_stun=yes\next_stun_host={Coordinator}\next_stun_port=3478" : "")}
            {more}
            allow 1024-65535 192.168.5.0/24 1024-65535
            deny 0-65535 0.0.0.0/0 0-65535

            """);
        _upnp = Start(Nat, $"miniupnpd -d -f {Folder}/upnp.conf -P {Folder}/upnp.pid").UntilLogged("Listening for NAT-PMP/PCP traffic");
    }

    /// <summary>The box loses power for a moment: miniupnpd ends without a word, and its rules are gone.</summary>
    public void Reboot(string more = "")
    {
        _upnp!.Kill();
        _upnp = null;
        foreach (var chain in (string[])["miniupnpd", "prerouting_miniupnpd", "postrouting_miniupnpd"])
        {
            Nat.Run($"nft flush chain inet filter {chain}");
        }

        StartUpnp(more);
    }

    /// <summary>What the box does not take from inside, as rules of nftables' chain; nothing: all is taken.</summary>
    public void Refuse(string rules)
    {
        Nat.Run("nft flush chain inet filter refused");
        Rules($"table inet filter {{ chain refused {{ {rules}; }}; }}");
    }

    /// <summary>Whether the box has a rule that lets the uplink's port in.</summary>
    public bool IsForwarded() => Nat.Run("nft list chain inet filter prerouting_miniupnpd").Contains($"dnat ip to {Gateway}:", StringComparison.Ordinal);

    public PortDocument PortOf(string family, string uplink = "catv") => Status().Uplinks.Single(u => u.Name == uplink).Ports.Single(p => p.Family == family);

    public StatusDocument Status() => _interface.StatusAsync(default).GetAwaiter().GetResult();

    public string Ntm(string command) => Home.Run($"{Programs.Ntm} --socket {Folder}/data/gateway.sock {command}");

    public PortDocument UntilOpen(string by, string family = "IPv4")
    {
        PortDocument? last = null;
        try
        {
            TestNamespace.WaitFor(() => (last = PortOf(family)).By == by, $"a port of {family} by {by}", Patient);
        }
        catch (TimeoutException waited)
        {
            throw new TimeoutException($"{waited.Message} Last seen: {last}\n{Program!.Log}\n{UpnpLog}");
        }

        return last!;
    }

    /// <summary>Whether a datagram of somebody whom the gateway never spoke to reaches its uplink's socket: it is no message, and counted as such.</summary>
    public bool IsReachedByStranger(string to, int port)
    {
        var before = Malformed();
        var address = IPAddress.Parse(to);
        using var socket = Internet.In(() =>
        {
            var made = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            made.Bind(new IPEndPoint(IPAddress.Parse(address.AddressFamily == AddressFamily.InterNetwork ? Stranger : Stranger6), 0));
            return made;
        });
        for (var tries = 0; tries < 10; tries++)
        {
            socket.SendTo("no message at all"u8, new IPEndPoint(address, port));
            Thread.Sleep(20);
        }

        return Malformed() > before;

        long Malformed() => Status().Counters.GetValueOrDefault("tunnel-malformed");
    }

    public Daemon Start(TestNamespace where, string command)
    {
        var daemon = Daemon.Start(where, Folder, command);
        _daemons.Add(daemon);
        return daemon;
    }

    public void Dispose()
    {
        _interface.Dispose();
        Home.Dispose();
        Nat.Dispose();
        Internet.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private void Rules(string rules)
    {
        var file = Path.Combine(Folder, "rules.nft");
        File.WriteAllText(file, rules);
        Nat.Run($"nft -f {file}");
    }
}
