using System.Text.Json;
using Ntm.Box.Os;
using Ntm.Box.World;

namespace Ntm.Box.Story;

// The product's programs: coordinator, relay, gateways; and what each home has besides: DHCP, names in the LAN, devices.
internal sealed partial class MainJob
{
    private const int Port = 4916;

    private readonly Dictionary<string, Child> gateways = [];
    private readonly Dictionary<string, Child> dnsmasqs = [];

    /// <summary>How invites name the second coordinator: KEY@ADDRESS:PORT.</summary>
    private string second = "";

    private string CoordinatorDirectory => Path.Combine(copy.Directory, "coordinator");

    private string SecondCoordinatorDirectory => Path.Combine(copy.Directory, "coordinator2");

    private string DhcpScriptFile => Path.Combine(copy.Directory, "udhcpc.sh");

    private string RelayDirectory => Path.Combine(copy.Directory, "relay");

    private async Task ServersAsync()
    {
        tell.Begin("servers", "Two coordinators and a relay, in the middle of the internet");
        wire = await Capture.StartAsync(copy, "internet", Net.Middle, "br0", Net.Stun, Internet.CoordinatorAddress, stop);
        var first = await MustAsync(Net.Coordinator.RunAsync(
            [programs.Coordinator, "init", "--zone", Zone, "--data", CoordinatorDirectory, "--endpoint", $"{Internet.CoordinatorAddress}:{Port}"], Patient, stop));
        var made = await MustAsync(Net.SecondCoordinator.RunAsync(
            [
                programs.Coordinator, "init", "--zone", Zone, "--data", SecondCoordinatorDirectory, "--endpoint", $"{Internet.SecondCoordinatorAddress}:{Port}",
                "--name", "coordinator2", "--owner-key", Path.Combine(CoordinatorDirectory, "owner.key"),
            ],
            Patient, stop));
        second = made.Out.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(w => w.EndsWith($"@{Internet.SecondCoordinatorAddress}:{Port}", StringComparison.Ordinal))
            ?? throw new BoxFailed($"`ntm-coordinator init --owner-key` did not say how invites name it: {made.Out}");

        // Each names the other, so that both know all of the zone's NTM record; and both find other zones in the box's public DNS.
        await ConfigureAsync(CoordinatorDirectory, Resolver, $"\"coordinators\": [{{ \"name\": \"coordinator2\", \"key\": \"{second.Split('@')[0]}\", \"endpoints\": [\"{second.Split('@')[1]}\"] }}]");
        await ConfigureAsync(
            SecondCoordinatorDirectory, Resolver, $"\"coordinators\": [{{ \"name\": \"coordinator\", \"key\": \"{KeyIn(first)}\", \"endpoints\": [\"{Internet.CoordinatorAddress}:{Port}\"] }}]");
        await Task.WhenAll(StartCoordinatorAsync(), StartSecondCoordinatorAsync());
        tell.Say($"the coordinator of {Zone} has its UDP port {Port} open on {Internet.CoordinatorAddress} (ss), a second one, of the same owner key, on {Internet.SecondCoordinatorAddress}");

        await MustAsync(Net.Relay.RunAsync(
            [programs.Relay, "join", await InviteAsync("--relay"), "--name", "rs1", "--data", RelayDirectory, "--endpoint", $"{Internet.RelayAddress}:{Port}"], Patient, stop));
        await StartRelayAsync();
        tell.Say($"the relay rs1 has joined {Zone} with an invite code and has its UDP port {Port} open on {Internet.RelayAddress} (ss)");
    }

    private const string Resolver = $"\"resolver\": \"{Internet.ResolverAddress}\"";

    /// <summary>Adds keys to what `ntm-coordinator init` wrote.</summary>
    private async Task ConfigureAsync(string directory, params string[] keys)
    {
        var file = Path.Combine(directory, "coordinator.json");
        var written = await File.ReadAllTextAsync(file, stop);
        await File.WriteAllTextAsync(file, written.Insert(written.IndexOf('{', StringComparison.Ordinal) + 1, "\n  " + string.Join(",\n  ", keys) + ",\n"), stop);
    }

    /// <summary>The coordinator's key in what `ntm-coordinator init` printed.</summary>
    private static string KeyIn(Outcome init) => init.Out.Split([' ', ',', '\n'], StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(w => w.Length == 44)
        ?? throw new BoxFailed($"`ntm-coordinator init` did not say its coordinator's key: {init.Out}");

    private Task StartCoordinatorAsync()
    {
        coordinator = Child.Start(copy, "coordinator", Net.Coordinator.Inside(
            programs.Coordinator, "run", "--config", Path.Combine(CoordinatorDirectory, "coordinator.json")));
        return ListeningAsync(Net.Coordinator, coordinator);
    }

    private Task StartSecondCoordinatorAsync()
    {
        secondCoordinator = Child.Start(copy, "coordinator2", Net.SecondCoordinator.Inside(
            programs.Coordinator, "run", "--config", Path.Combine(SecondCoordinatorDirectory, "coordinator.json")));
        return ListeningAsync(Net.SecondCoordinator, secondCoordinator);
    }

    private Task StartRelayAsync()
    {
        relay = Child.Start(copy, "relay", Net.Relay.Inside(programs.Relay, "run", "--config", Path.Combine(RelayDirectory, "relay.json")));
        return ListeningAsync(Net.Relay, relay);
    }

    private async Task ListeningAsync(NetworkNamespace place, Child program) =>
        await UntilAsync(Patient, () => place.RunAsync(["ss", "-Hlun"], Short, stop), o =>
            o.Out.Contains($":{Port} ", StringComparison.Ordinal) ? null : $"{program.Name} has not opened UDP port {Port} ({program.State})");

    private async Task<string> InviteAsync(params string[] forWhom)
    {
        var outcome = await MustAsync(Net.Coordinator.RunAsync([programs.Coordinator, "invite", "--data", CoordinatorDirectory, "--also", second, .. forWhom], Patient, stop));
        var code = outcome.Out.Trim();
        return code.StartsWith("ntm1", StringComparison.Ordinal) && !code.Any(char.IsWhiteSpace)
            ? code
            : throw new BoxFailed($"`ntm-coordinator invite {string.Join(' ', forWhom)}` did not print an invite code alone");
    }

    private async Task GatewaysAsync()
    {
        tell.Begin("gateways", "Three gateways join, each from behind its NAT");
        await Task.WhenAll(Net.Homes.Select(StartGatewayAsync));

        // One after the other, as a person would; and each observed before the next.
        foreach (var home in Net.Homes)
        {
            await MustAsync(NtmAsync(home, "join", await InviteAsync("--name", home.Name)));
        }

        foreach (var home in Net.Homes)
        {
            await RegisteredAsync(home);
        }
    }

    private async Task RegisteredAsync(Home home)
    {
        var status = await UntilAsync(Patient, () => At(home).StatusAsync(stop), s =>
            s.Member is not { Registered: true } ? $"{home.Name} is not registered: {s.Member?.Reason ?? "no member"}"
            : !s.Member.Coordinators.All(c => c.Connected) ? $"{home.Name} has no tunnel with {s.Member.Coordinators.First(c => !c.Connected).Name}"
            : !s.Member.Relays.Any(r => r.Connected) ? $"{home.Name} is registered but has no tunnel with a relay"
            : s.Uplinks.SelectMany(u => u.Mapped).Select(m => m.SeenBy).Distinct().Count() < 2 ? $"{home.Name}'s mapped address is not known from coordinator and relay yet"
            : null);
        var mapped = status.Uplinks.SelectMany(u => u.Mapped).ToList();
        tell.Say($"{status.Member!.Node} is registered as {status.Member.Vip}; " + string.Join(", ", mapped.Select(m => (m.SeenBy, m.Address)).Distinct().GroupBy(m => m.SeenBy, m => m.Address).Select(g =>
                $"the {g.Key}{(g.Count() == 1 ? " sees" : "s see")} it at {string.Join(" and ", g)}"))
            + $": {status.Uplinks[0].Nat}");
        if (mapped.FirstOrDefault(m => !m.Address.StartsWith(home.PublicAddress + ":", StringComparison.Ordinal)) is { } elsewhere)
        {
            throw new BoxFailed($"{home.Name}'s NAT has the address {home.PublicAddress}, but the {elsewhere.SeenBy} sees {elsewhere.Address}");
        }
    }

    private async Task StartGatewayAsync(Home home)
    {
        // Behind dnsmasq in a home; a node alone asks its gateway itself, where programs look for a name server.
        var alone = home.Devices.Count == 0;
        var config = Path.Combine(home.GatewayDirectory, "gateway.json");
        var keys = new Dictionary<string, object>
        {
            ["data"] = home.GatewayDirectory,
            ["socket"] = home.Socket,
            ["uplinks"] = new[] { new { name = alone ? "wlan" : "catv", @interface = "wan0", port = 0 } }
                .Concat(home.Name == "alice" ? [new { name = "lte", @interface = "lte0", port = 0 }] : []), // plugged in later
            ["tun"] = "ntm0",
            ["dns"] = alone
                ? new { listen = new[] { "127.0.0.1:53" } }
                : new { listen = new[] { "127.0.0.1:5354" }, dnsmasqServers = home.DnsmasqServers, dnsmasqPidFile = home.DnsmasqPidFile },
        };
        if (!alone)
        {
            keys["lan"] = new { @interface = "lan0", networks = new[] { "192.168.1.0/24" } };
        }

        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(keys, new JsonSerializerOptions { WriteIndented = true }), stop);
        gateways[home.Name] = Child.Start(copy, home.Name + "/gateway", home.Gateway.Inside(programs.Gateway, "run", "--config", config));
        await UntilAsync(Patient, () => At(home).StatusAsync(stop), _ => null);
    }

    private Task<Outcome> NtmAsync(Home home, params string[] arguments) =>
        home.Gateway.RunAsync([programs.Ntm, "--socket", home.Socket, .. arguments], Patient, stop);

    private async Task DevicesAsync()
    {
        tell.Begin("devices", "The homes' devices, ordinary machines with Debian's programs, ask for an address by DHCP");
        await File.WriteAllTextAsync(DhcpScriptFile, DhcpScript, stop);
        File.SetUnixFileMode(DhcpScriptFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        bobsLan = await Capture.StartAsync(copy, "bob-lan", Bob.Gateway, "lan0", Bob.Device("printer").Namespace, "192.168.1.1", stop);
        await ConnectAsync(Net.Homes);
        if (Net.Homes.Select(h => h.Devices[0].Address).Distinct().Count() == 1)
        {
            tell.Say($"the first device of each home has the same address, {Net.Homes[0].Devices[0].Address}, in the same private network");
        }
    }

    private async Task ConnectAsync(IReadOnlyList<Home> homes)
    {
        foreach (var home in homes)
        {
            await StartDnsmasqAsync(home);
        }

        var devices = homes.SelectMany(h => h.Devices.Select(d => (Home: h, Device: d))).ToList();
        foreach (var (home, device) in devices)
        {
            Child.Start(copy, $"{home.Name}/{device.Name}-dhcp", device.Namespace.Inside(
                "busybox", "udhcpc", "-f", "-i", "lan0", "-s", DhcpScriptFile, "-t", "20", "-T", "1", "-x", "hostname:" + device.Name));
        }

        foreach (var (home, device) in devices)
        {
            var addresses = await UntilAsync(
                Patient, () => device.Namespace.RunAsync(["ip", "-4", "-o", "addr", "show", "dev", "lan0"], Short, stop),
                o => o.Out.Contains(" inet 192.168.1.", StringComparison.Ordinal) ? null : $"{home.Name}'s {device.Name} has no address by DHCP");
            var address = addresses.Out.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
            device.Address = address[..address.IndexOf('/')];

            tell.Say($"{home.Name + "'s " + device.Name,-14} has {address}");
        }
    }

    /// <summary>What dnsmasq is to ask the gateway it takes from the file that the gateway writes; all else goes to the box's public DNS.</summary>
    private async Task StartDnsmasqAsync(Home home)
    {
        await File.WriteAllTextAsync(home.DnsmasqServers, "", stop);
        var hosts = home.Devices.Select((d, i) => $"--dhcp-host={d.Mac},{d.Name},192.168.1.{20 + i}");
        dnsmasqs[home.Name] = Child.Start(copy, home.Name + "/dnsmasq", home.Gateway.Inside([
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--log-facility=-", $"--pid-file={home.DnsmasqPidFile}",
            "--interface=lan0", "--bind-dynamic", "--no-resolv", "--no-hosts",
            "--dhcp-range=192.168.1.100,192.168.1.199,1h", "--dhcp-authoritative", "--no-ping",
            $"--dhcp-leasefile={Path.Combine(home.Directory, "leases")}", .. hosts,
            $"--servers-file={home.DnsmasqServers}", $"--server={Internet.ResolverAddress}"]));
    }

    private async Task PublishAsync()
    {
        tell.Begin("publish", "Bob and Carol publish a device each: it gets a name, and only then can it be reached from outside");
        foreach (var home in (Home[])[Bob, Carol])
        {
            var nas = home.Device("nas");
            var www = Path.Combine(nas.Directory, "www");
            gifts[home.Name] = await Gift.MakeAsync(Path.Combine(www, "gift.bin"), giftBytes, stop);
            await File.WriteAllTextAsync(Path.Combine(www, "hello.txt"), $"hello from {home.Name}'s nas\n", stop);
            Child.Start(copy, $"{home.Name}/nas-httpd", nas.Namespace.Inside("busybox", "httpd", "-f", "-p", "80", "-h", www));

            // They speak once, as every machine does now and then; so their gateway knows them.
            foreach (var device in home.Devices)
            {
                await MustAsync(device.Namespace.RunAsync(["ping", "-c", "1", "-W", "2", "192.168.1.1"], Short, stop));
            }

            await UntilAsync(Short, () => At(home).DevicesAsync(stop), all =>
                all.Any(d => d.Addresses.Contains(nas.Address)) ? null : $"{home.Name}'s gateway has not seen a device with {nas.Address} in its LAN");
            await MustAsync(NtmAsync(home, "publish", "nas", nas.Address));
            var devices = await UntilAsync(Short, () => At(home).DevicesAsync(stop), all =>
                all.Any(d => d is { Published: true, Name: "nas" } && string.Equals(d.Mac, nas.Mac, StringComparison.OrdinalIgnoreCase))
                    ? null : $"{home.Name}'s gateway does not list {nas.Mac} as published");
            foreach (var device in devices)
            {
                tell.Say($"{home.Name,-5}  {device.Mac} at {string.Join(", ", device.Addresses)} is {(device.Published ? $"published as {device.FullName}" : "not published")}");
            }
        }
    }

    private const string DhcpScript =
        """
        #!/bin/sh
        # What udhcpc calls: set the address, the way out and the name server, in this device's own network and /etc alone.
        case "$1" in
          deconfig) ip -4 addr flush dev "$interface" ;;
          bound | renew)
            ip -4 addr replace "$ip/$mask" dev "$interface"
            for r in $router; do ip -4 route replace default via "$r" dev "$interface"; done
            for s in $dns; do echo "nameserver $s"; done > /etc/resolv.conf
            ;;
        esac

        """;
}
