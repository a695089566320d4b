using System.Net.Sockets;
using System.Text;

namespace Ntm.Real.Tests.Gateway;

/// <summary>The real `ntm-gateway`: how it begins, ends, and what it refuses to begin with.</summary>
public sealed class GatewayProgramTests
{
    [NeedsRootFact]
    public void It_says_when_it_is_ready_routes_and_leaves_its_data_and_its_interface()
    {
        using var home = new GatewayHome();
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 30_000 };
        var notify = Path.Combine(home.Folder, "notify.sock");
        systemd.Bind(new UnixDomainSocketEndPoint(notify));
        home.Inside.Run("sysctl -q -w net.ipv4.ip_forward=0");

        var gateway = home.Start(("NOTIFY_SOCKET", notify));
        var said = new byte[64];
        Assert.Equal("READY=1", Encoding.ASCII.GetString(said, 0, systemd.Receive(said)));
        Assert.Equal("1", home.Inside.Run("cat /proc/sys/net/ipv4/ip_forward").Trim());
        Assert.Contains("mtu 1420", home.Inside.Run("ip link show ntm0"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode(home.Socket));
        Assert.Null(home.Status().Member);

        Assert.Equal(0, home.Stop(gateway));
        Assert.Equal("STOPPING=1", Encoding.ASCII.GetString(said, 0, systemd.Receive(said)));
        Assert.Contains("NO-CARRIER", home.Inside.Run("ip link show ntm0")); // what is bound for it is dropped in silence
        Assert.False(File.Exists(home.Socket));
    }

    [NeedsRootFact]
    public void The_interface_it_left_is_taken_up_again_and_what_it_was_set_up_for_before_goes()
    {
        using var home = new GatewayHome();
        Assert.Equal(0, home.Stop(home.Start()));
        home.Inside.Run("ip link set ntm0 alias ntm-gateway-of-another-zone");
        home.Inside.Run("ip address add 198.18.0.1/32 dev ntm0");
        home.Inside.Run("ip -6 address add fd00:1::1/128 dev ntm0 nodad");
        home.Inside.Run("ip route add 198.18.0.0/16 dev ntm0");
        home.Inside.In(() =>
        {
            using var tun = Ntm.Linux.Tun.Open("ntm0", mark: "ntm-gateway");
            tun.Clear();
            return 0;
        });
        Assert.DoesNotContain("198.18", home.Inside.Run("ip route show"));
        Assert.DoesNotContain("inet", home.Inside.Run("ip address show ntm0"));
        Assert.Contains("mtu 1420", home.Inside.Run("ip link show ntm0"));
        home.Start();
        Assert.NotNull(home.Status());
    }

    [NeedsRootFact]
    public void Its_port_outlives_restarts_and_interfaces()
    {
        using var home = new GatewayHome();
        var gateway = home.Start();
        var before = home.Uplink();
        Assert.Equal("usable", before.State);
        Assert.StartsWith("192.0.2.2:", before.Addresses[0]);

        home.Inside.Run("ip link set wan0 down");
        TestNamespace.WaitFor(() => home.Uplink().Reason == "the interface wan0 is down", "the uplink's going down");
        home.Inside.Run("ip link set wan0 name wan9");
        TestNamespace.WaitFor(() => home.Uplink().Reason == "there is no interface wan0", "the uplink's going away");
        home.Inside.Run("ip link set wan9 name wan0");
        home.Inside.Run("ip link set wan0 up");
        home.Inside.Run("ip route replace default via 192.0.2.1");
        TestNamespace.WaitFor(() => home.Uplink().State == "usable", "the uplink's coming back");
        Assert.Equal(before.Addresses, home.Uplink().Addresses);

        Assert.Equal(0, home.Stop(gateway));
        gateway = home.Start();
        Assert.Equal(before.Addresses, home.Uplink().Addresses);

        // A crash: the socket is left behind, and no hindrance.
        home.Inside.Run($"kill -KILL {gateway.Id}");
        Assert.True(gateway.WaitForExit(TimeSpan.FromSeconds(30)));
        Assert.True(File.Exists(home.Socket));
        home.Start();
        Assert.Equal(before.Addresses, home.Uplink().Addresses);
    }

    [NeedsRootFact]
    public void Garbage_on_the_dns_port_changes_nothing()
    {
        using var home = new GatewayHome();
        home.Start();
        var random = new Random(4);
        for (var i = 0; i < 200; i++)
        {
            var garbage = new byte[random.Next(0, 600)];
            random.NextBytes(garbage);
            home.Inside.In(() =>
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                socket.Connect("127.0.0.1", 5354);
                return socket.Send(garbage);
            });
        }

        // A connection that says nothing, and one that promises more than it sends.
        var held = home.Inside.In(() =>
        {
            var sockets = Enumerable.Range(0, 2).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
            sockets.ForEach(socket => socket.Connect("127.0.0.1", 5354));
            sockets[1].Send([0xFF, 0xFF, 1, 2, 3]);
            return sockets;
        });

        var answer = home.Ask(GatewayHome.Question("nas.bob.home.example"));
        Assert.NotNull(answer);
        Assert.Equal((0x4E, 0x54, 5), (answer[0], answer[1], answer[3] & 15)); // REFUSED: it has no zone
        Assert.NotNull(home.Status());
        held.ForEach(socket => socket.Dispose());
    }

    [NeedsRootFact("setpriv")]
    public void What_is_in_its_way_is_said_and_left_alone()
    {
        using var home = new GatewayHome();

        home.Configure("\"colour\": \"red\",");
        Refuses(home, "The key 'colour' is not known.");

        home.Configure("");
        Refuses(home, "CAP_NET_ADMIN", before: "setpriv --bounding-set=-net_admin");

        home.Inside.Run("ip tuntap add ntm0 mode tun");
        Refuses(home, "There is an interface ntm0 already.");
        home.Inside.Run("ip link delete ntm0");

        using (home.Inside.In(() => Bound("127.0.0.1", 5354)))
        {
            Refuses(home, "The DNS port 127.0.0.1:5354 is in use by another program.");
        }

        home.Configure("", port: 41_641);
        using (home.Inside.In(() => Bound("0.0.0.0", 41_641)))
        {
            Refuses(home, "UDP port 41641 of uplink catv is in use by another program.");
        }

        home.Configure("");
        File.WriteAllText(home.Store, "not a store at all, but somebody's text");
        Refuses(home, "is no usable store");
        Assert.Equal("not a store at all, but somebody's text", File.ReadAllText(home.Store));
        File.Delete(home.Store);

        // And once nothing is in the way, it runs; a second copy does not.
        home.Start();
        Refuses(home, "There is an interface ntm0 already.");
        Assert.NotNull(home.Status());
    }

    private static void Refuses(GatewayHome home, string sentence, string before = "")
    {
        var (code, said) = home.Refused(before);
        Assert.Contains(sentence, said);
        Assert.DoesNotContain("   at ", said); // a stack trace tells an owner nothing
        Assert.InRange(code, 64, 78);    // sysexits; which is which: Programs/StartTests
        Assert.NotEqual(70, code);       // that would be a defect
    }

    private static Socket Bound(string address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Parse(address), port));
        return socket;
    }
}
