using System.Net;
using Ntm.Crypto;
using Ntm.Fast.Tests.Store;
using Ntm.Gateway;
using Ntm.Hosting;
using Ntm.Protocol;
using Serilog.Events;

namespace Ntm.Fast.Tests.Gateway;

public sealed class GatewayConfigTests : IDisposable
{
    private const string Least = """{ "data": "d", "lan": { "interface": "lan0", "networks": ["192.168.1.0/24"] }, "uplinks": [ { "name": "catv", "interface": "wan0" } ] }""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_left_out_has_a_default()
    {
        var config = Read(Least);
        Assert.Equal(_folder.File("d"), config.Data);
        Assert.Equal(Path.Combine(_folder.File("d"), "gateway.sock"), config.Socket);
        Assert.Equal(("ntm0", IPNetwork.Parse("198.18.0.0/15"), LogEventLevel.Information), (config.Tun, config.Aliases, config.Log));
        Assert.Equal(new UplinkConfig("catv", "wan0", 0), Assert.Single(config.Uplinks));
        Assert.Empty(config.DnsListen);
        Assert.False(config.Lan!.IPv6);
        Assert.True(config.Lan.CaptureDns);
        Assert.Null(config.Lan.Leases);
        Assert.Equal(0xC612_0000u, config.NodeOptions.AliasNetwork);
    }

    [Fact]
    public void Without_a_lan_it_is_a_node_alone()
    {
        var config = Read("""{ "data": "d", "uplinks": [ { "name": "wlan", "interface": "wlan0" } ], "dns": { "listen": ["127.0.0.1:53"] } }""");
        Assert.Null(config.Lan);
        Assert.Empty(config.NodeOptions.OwnNetworks);

        // A LAN that is only half described is no node alone.
        Assert.True(Assert.Single(config.Uplinks).MapsPorts);
        Assert.False(Read("""{ "data": "d", "uplinks": [ { "name": "wlan", "interface": "wlan0", "portMapping": false } ] }""").Uplinks[0].MapsPorts);
        var refused = Assert.Throws<ConfigException>(() => Read("""{ "data": "d", "lan": { }, "uplinks": [ { "name": "wlan", "interface": "wlan0" } ] }"""));
        Assert.Contains("'lan.interface' is missing", refused.Message);
        Assert.Contains("leave \"lan\" out", refused.Message);
    }

    [Theory]
    [InlineData("", true, AesGcmSource.Library)]
    [InlineData("\"cipher\": \"auto\",", true, AesGcmSource.Library)]
    [InlineData("\"cipher\": \"aes-instructions\",", true, AesGcmSource.Instructions)]
    [InlineData("\"cipher\": \"chacha20-poly1305\",", false, AesGcmSource.Library)]
    public void Aes_is_offered_where_the_processor_has_it_and_the_owner_wants_it(string key, bool wanted, AesGcmSource source)
    {
        var config = Read(Least.Replace("{ \"data\"", $"{{ {key} \"data\"", StringComparison.Ordinal));
        Assert.Equal(wanted && CipherHardware.HasAes ? CipherSuites.Aes256Gcm : CipherSuites.None, config.NodeOptions.Suites);
        Assert.Equal(source, config.NodeOptions.Aes);
        Assert.Equal(Ntm.Linux.Lanes.For(Environment.ProcessorCount), config.NodeOptions.Lanes);
    }

    [Fact]
    public void The_example_of_the_operations_page_is_good()
    {
        var page = File.ReadAllText(Path.Combine(Convention.House.Root(), "docs", "operations.md"));
        var from = page.IndexOf("```json", StringComparison.Ordinal) + 7;
        var config = Read(page[from..page.IndexOf("```", from, StringComparison.Ordinal)]);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 5354), Assert.Single(config.DnsListen));
        Assert.Equal("/run/ntm-gateway/gateway.sock", config.Socket);
        Assert.Equal("/var/lib/misc/dnsmasq.leases", config.Lan!.Leases);
    }

    [Theory]
    [InlineData("\"data\"", "\"cipher\": \"rot13\", \"data\"", "cipher")]
    [InlineData("\"data\"", "\"lanes\": 0, \"data\"", "lanes")]
    [InlineData("\"data\": \"d\"", "\"dta\": \"d\"", "'dta' is not known", "'data' is missing")]
    [InlineData("\"name\": \"catv\"", "\"name\": \"catv\", \"prot\": 1", "'uplinks[0].prot' is not known")]
    [InlineData("\"name\": \"catv\"", "\"name\": \"catv\", \"port\": 65536", "'uplinks[0].port' must be a whole number from 0 to 65535")]
    [InlineData("\"name\": \"catv\"", "\"name\": \"catv\", \"portMapping\": \"no\"", "'uplinks[0].portMapping' must be true or false")]
    [InlineData("\"wan0\"", "\"a-name-of-16-char\"", "'uplinks[0].interface' must be an interface name")]
    [InlineData("\"wan0\"", "\"../x\"", "'uplinks[0].interface' must be an interface name")]
    [InlineData("\"wan0\"", "\"lan0\"", "the interface 'lan0' twice")]
    [InlineData("\"wan0\"", "\"ntm0\"", "the interface 'ntm0' twice")]
    [InlineData("\"192.168.1.0/24\"", "\"192.168.1.1/24\"", "'lan.networks[0]' must be a network", "'lan.networks' is missing or empty")]
    [InlineData("\"192.168.1.0/24\"", "\"198.19.0.0/16\"", "'aliases' overlaps the LAN's network 198.19.0.0/16")]
    [InlineData("\"192.168.1.0/24\"", "", "'lan.networks' is missing or empty")]
    [InlineData("\"data\": \"d\"", "\"data\": \"d\", \"aliases\": \"198.18.0.0/31\"", "'aliases' must be an IPv4 network")]
    [InlineData("\"data\": \"d\"", "\"data\": \"d\", \"aliases\": \"fd00::/16\"", "'aliases' must be an IPv4 network")]
    [InlineData("\"data\": \"d\"", "\"data\": \"d\", \"dns\": { \"listen\": [\"127.0.0.1\"] }", "'dns.listen[0]' must be an address with a port")]
    [InlineData("\"data\": \"d\"", "\"data\": \"d\", \"log\": \"loud\"", "'log' must be \"debug\"")]
    [InlineData("{ \"name\": \"catv\", \"interface\": \"wan0\" }", "", "'uplinks' must list 1 to 8")]
    public void What_is_wrong_is_named(string replace, string by, params string[] says)
    {
        var refused = Assert.Throws<ConfigException>(() => Read(Least.Replace(replace, by, StringComparison.Ordinal)));
        foreach (var sentence in says)
        {
            Assert.Contains(sentence, refused.Message);
        }
    }

    [Fact]
    public void Everything_wrong_is_said_at_once()
    {
        var refused = Assert.Throws<ConfigException>(() => Read("""{ "x": 1, "lan": { "y": 2 }, "uplinks": [ { } ], "tun": "" }"""));
        Assert.True(refused.Problems.Count >= 7, refused.Message);
    }

    private GatewayConfig Read(string json)
    {
        File.WriteAllText(_folder.File("gateway.json"), json);
        return GatewayConfig.Read(_folder.File("gateway.json"));
    }
}
