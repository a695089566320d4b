namespace Ntm.Real.Tests.Programs;

/// <summary>
/// A device whose resolver is elsewhere (203.0.113.53, 2001:db8:53::53) finds the overlay's names and ordinary ones, by Debian's dnsmasq on the router, whether the
/// gateway runs or not; and where the owner does not want that, nothing is touched.
/// </summary>
[Collection(TownCollection.Name)]
public sealed class DnsCaptureTests(Town town) : IDisposable
{
    private const string Far = "203.0.113.53", Far6 = "2001:db8:53::53";
    private const string Quiet = "dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --log-facility=- --pid-file= --no-resolv --no-hosts";

    private readonly List<Daemon> _resolvers = [];
    private bool _laid;

    [NeedsRootFact("dig", "ping", "dnsmasq", "nft")]
    public async Task QuestionsToOtherResolversFindTheZone()
    {
        await town.UpAsync();
        Lay();
        await CapturedAsync(false); // nobody listens on the router's port 53
        Assert.Equal("198.51.100.1", await AskAsync(Far, "who.example"));

        var resolver = Resolver(town.Home, "--interface=lan0 --bind-dynamic --host-record=who.example,198.51.100.2 --server=203.0.113.53"
            + $" --server=/{Town.Zone}/{Town.LanAddress}#{Town.DnsPort} --server=/use-application-dns.net/");
        await CapturedAsync(true);
        foreach (var far in new[] { Far, Far6 })
        {
            foreach (var way in new[] { "+notcp", "+tcp" })
            {
                Assert.Equal(Town.DeviceAddress, await AskAsync(far, $"nas.alice.{Town.Zone}", way));
                Assert.Equal("198.51.100.3", await AskAsync(far, "ordinary.example", way));
                Assert.Equal("198.51.100.2", await AskAsync(far, "who.example", way));
            }
        }

        Assert.Contains("status: NXDOMAIN", (await Town.MustAsync(town.Device, "dig", "+time=4", $"@{Far}", "use-application-dns.net")).Out, StringComparison.Ordinal);

        // What others flushed is there again; other tables are nobody's business of ours.
        town.Home.Run("nft flush ruleset");
        town.Home.Run("nft add table inet others");
        await CapturedAsync(false);
        await CapturedAsync(true);
        Assert.Contains("table inet others", town.Home.Run("nft list tables"), StringComparison.Ordinal);

        // A crash takes nobody's names away, neither does the return.
        town.Gateway.Kill();
        Assert.Equal("198.51.100.3", await AskAsync(Far, "ordinary.example"));
        town.StartGateway();
        await town.RegisteredAsync();
        Assert.Equal(Town.DeviceAddress, await AskAsync(Far, $"nas.alice.{Town.Zone}"));

        // Nor does the resolver's going.
        resolver.Kill();
        await CapturedAsync(false);
        Assert.Equal("198.51.100.1", await AskAsync(Far, "who.example"));
        town.Home.Run("nft delete table inet others");
    }

    [NeedsRootFact("dig", "ping", "dnsmasq", "nft")]
    public async Task TheOwnerMaySwitchItOff()
    {
        await town.UpAsync();
        Lay();
        Resolver(town.Home, "--interface=lan0 --bind-dynamic --host-record=who.example,198.51.100.2 --server=203.0.113.53");
        await CapturedAsync(true);
        Assert.Equal("198.51.100.2", await AskAsync(Far, "who.example"));

        var config = Path.Combine(town.GatewayFolder, "gateway.json");
        var before = File.ReadAllText(config);
        try
        {
            // Killed, so that its table stands when the other begins.
            town.Gateway.Kill();
            File.WriteAllText(config, before.Replace("\"interface\":\"lan0\"", "\"interface\":\"lan0\",\"captureDns\":false", StringComparison.Ordinal));
            town.StartGateway();
            await CapturedAsync(false);
            Assert.Equal("198.51.100.1", await AskAsync(Far, "who.example"));

            // Likewise where the machine is a node alone from then on.
            town.Gateway.Kill();
            File.WriteAllText(config, before);
            town.StartGateway();
            await CapturedAsync(true);
            town.Gateway.Kill();
            var alone = System.Text.Json.Nodes.JsonNode.Parse(before)!.AsObject();
            alone.Remove("lan");
            File.WriteAllText(config, alone.ToJsonString());
            town.StartGateway();
            await CapturedAsync(false);
        }
        finally
        {
            town.Gateway.Kill();
            File.WriteAllText(config, before);
            town.StartGateway();
        }

        await town.RegisteredAsync();
        await CapturedAsync(true);
        Assert.Equal(0, await town.Gateway.TerminateAsync());
        await CapturedAsync(false);
        town.StartGateway();
        await town.RegisteredAsync();
    }

    public void Dispose()
    {
        _resolvers.ForEach(resolver => resolver.Dispose());
        if (_laid)
        {
            town.Servers.Run($"ip address del {Far}/32 dev lo");
            town.Servers.Run($"ip address del {Far6}/128 dev lo");
            town.Servers.Run("ip route del 192.168.7.0/24");
            town.Home.Run("ip address del 2001:db8:7::1/64 dev lan0");
            town.Device.Run("ip -6 route del default");
            town.Device.Run("ip address del 2001:db8:7::20/64 dev eth0");
            town.Device.Run("ip route del default");
        }
    }

    private void Lay()
    {
        town.Servers.Run($"ip address add {Far}/32 dev lo");
        town.Servers.Run($"ip address add {Far6}/128 dev lo");
        town.Servers.Run($"ip route add 192.168.7.0/24 via {Town.GatewayAddress}");
        town.Home.Run("ip address add 2001:db8:7::1/64 dev lan0 nodad");
        town.Device.Run("ip address add 2001:db8:7::20/64 dev eth0 nodad");
        town.Device.Run($"ip route add default via {Town.LanAddress}");
        town.Device.Run("ip -6 route add default via 2001:db8:7::1");
        _laid = true;
        Resolver(town.Servers, $"--listen-address={Far},{Far6} --bind-interfaces --host-record=who.example,198.51.100.1 --host-record=ordinary.example,198.51.100.3");
    }

    private Daemon Resolver(TestNamespace where, string options)
    {
        _resolvers.Add(Daemon.Start(where, town.Folder, $"{Quiet} {options}").UntilLogged("started"));
        return _resolvers[^1];
    }

    private Task CapturedAsync(bool wanted) => Town.UntilAsync(
        () => Task.FromResult(town.Home.Run("nft list tables")), tables => tables.Contains("ntm_gateway_dns", StringComparison.Ordinal) == wanted,
        wanted ? "questions are captured" : "questions are left alone");

    private async Task<string> AskAsync(string resolver, string name, string way = "+notcp") =>
        (await Town.MustAsync(town.Device, "dig", "+short", "+time=4", "+tries=2", way, $"@{resolver}", name)).Out.Trim();
}
