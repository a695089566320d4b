namespace Ntm.Real.Tests.Programs;

/// <summary>
/// A provider that gives its customers IPv6 alone, on the servers' network with IPv4 alone: Debian's tayga and nftables are its NAT64, unbound is its DNS64, and nsd stands for
/// the servers of ipv4only.arpa.
/// </summary>
internal sealed class ProviderWithoutIPv4 : IDisposable
{
    public const string Resolver = "2001:db8:64::1", CustomersAddress = "2001:db8:64::2", Prefix = "2001:db8:64:ff9b::/96";

    private const string ServersAddress = "192.0.2.133", OwnAddress = "192.0.2.134", Pool = "192.168.255";

    private readonly Town _town;
    private readonly string _folder;

    public ProviderWithoutIPv4(Town town)
    {
        _town = town;
        _folder = Directory.CreateDirectory(Path.Combine(town.Folder, "provider")).FullName;
        Edge = new TestNamespace("ed");
        Customer = new TestNamespace("cu");
        try
        {
            Lay(town);
            StartTranslator();
            StartNames();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public TestNamespace Edge { get; }

    /// <summary>Where the customer's gateway is to run: wan0 with IPv6 alone, lan0.</summary>
    public TestNamespace Customer { get; }

    public void Dispose()
    {
        Forward(0);
        Customer.Dispose();
        Edge.Dispose();
    }

    // The servers' place is the Internet's middle as well; to the home all of it is one link.
    private void Forward(int on) => _town.Servers.Run($"sysctl -qw net.ipv4.ip_forward={on} net.ipv4.conf.net0.proxy_arp={on}");

    private void Lay(Town town)
    {
        town.Servers.JoinTo(Edge, "net4", "net0", [$"{ServersAddress}/30"], [$"{OwnAddress}/30"]);
        Forward(1);
        town.Servers.Run($"ip route replace 192.0.2.132/30 dev net4 src {Town.ServerAddress}"); // it answers from where it was asked
        Edge.Run($"ip route add default via {ServersAddress}");
        Edge.JoinTo(Customer, "in0", "wan0", [$"{Resolver}/64"], [$"{CustomersAddress}/64"]);
        Customer.Run($"ip -6 route add default via {Resolver}");
        Customer.Run("ip link add lan0 type veth peer name lan0-peer");
        Customer.Run("ip address add 192.168.7.1/24 dev lan0");
        Customer.Run("ip link set lan0 up");
        Edge.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
    }

    private void StartTranslator()
    {
        var file = Path.Combine(_folder, "tayga.conf");
        File.WriteAllText(file, $"""
            tun-device nat64
            ipv4-addr {Pool}.1
            ipv6-addr 2001:db8:64:1::1
            prefix {Prefix}
            dynamic-pool {Pool}.0/24
            data-dir {_folder}

            """);
        var tayga = Edge.Start($"tayga --nodetach --config {file} --pidfile {_folder}/tayga.pid");
        TestNamespace.WaitFor(() => Edge.Try("ip link set nat64 up"), $"tayga to make its TUN device{(tayga.HasExited ? "; it has ended" : "")}");
        Edge.Run($"ip route add {Pool}.0/24 dev nat64");
        Edge.Run($"ip -6 route add {Prefix} dev nat64");
        var rules = Path.Combine(_folder, "rules.nft");
        File.WriteAllText(rules, """
            table ip nat {
              chain leaving {
                type nat hook postrouting priority srcnat
                oifname "net0" masquerade
              }
            }

            """);
        Edge.Run($"nft -f {rules}");
    }

    private void StartNames()
    {
        File.WriteAllText(Path.Combine(_folder, "zone"), """
            $ORIGIN ipv4only.arpa.
            $TTL 3600
            @ SOA ns.ipv4only.arpa. nobody.ipv4only.arpa. 1 3600 600 86400 60
            @ NS ns
            ns A 127.0.0.1
            @ A 192.0.0.170
            @ A 192.0.0.171

            """);
        File.WriteAllText(Path.Combine(_folder, "nsd.conf"), $"""
            server:
              ip-address: 127.0.0.1@5300
              username: ""
              chroot: ""
              zonesdir: "{_folder}"
              database: ""
              pidfile: ""
              xfrdfile: "{_folder}/xfrd"
              zonelistfile: "{_folder}/list"
            remote-control:
              control-enable: no
            zone:
              name: "ipv4only.arpa"
              zonefile: "zone"

            """);
        File.WriteAllText(Path.Combine(_folder, "unbound.conf"), $"""
            server:
              interface: {Resolver}
              access-control: ::/0 allow
              module-config: "dns64 iterator"
              dns64-prefix: {Prefix}
              do-not-query-localhost: no
              local-zone: "ipv4only.arpa." nodefault
              directory: "{_folder}"
              chroot: ""
              username: ""
              pidfile: ""
              use-syslog: no
            stub-zone:
              name: "ipv4only.arpa"
              stub-addr: 127.0.0.1@5300
            remote-control:
              control-enable: no

            """);
        Edge.Start($"nsd -d -c {_folder}/nsd.conf");
        Edge.Start($"unbound -d -c {_folder}/unbound.conf");
        TestNamespace.WaitFor(
            () => Edge.Try($"dig +time=1 +tries=1 @{Resolver} ipv4only.arpa AAAA") && Edge.Run($"dig +short +time=1 @{Resolver} ipv4only.arpa AAAA").Contains("64:ff9b", StringComparison.Ordinal),
            "the DNS64 to answer");
    }
}
