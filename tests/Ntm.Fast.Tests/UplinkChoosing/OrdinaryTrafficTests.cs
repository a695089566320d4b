using System.Net;
using Ntm.Fast.Tests.Store;
using Ntm.Gateway;
using Ntm.Hosting;
using Ntm.Linux;

namespace Ntm.Fast.Tests.UplinkChoosing;

/// <summary>What is set for ordinary traffic, and what an uplink's section of the configuration may say.</summary>
public sealed class OrdinaryTrafficTests
{
    private static readonly UplinkWay Catv = new(
        0, "wan0", 3, [new(3, true, IPAddress.Parse("192.0.2.1"), 100, 254)], [new(3, IPAddress.Parse("192.0.2.7"), 24, true, false), new(3, IPAddress.Parse("2001:db8::7"), 64, true, false)], true);

    [Fact]
    public void Each_uplink_has_a_table_and_connections_stay_only_where_they_live()
    {
        var lte = new UplinkWay(1, "wan1", 4, [new(4, true, null, 200, 254), new(4, false, IPAddress.Parse("fe80::1"), 0, 254)], [], false);
        Assert.Equal(
            [
                "14910 wan0 0 254 True", "14910 wan1 0 254 True", "14912  11000000 49160 False", "14912  12000000 49161 False", "14920  1000000 49160 False", "14940  0 254 True", "14941  0 49160 False",
            ],
            UplinkRoutes.WantedRules([Catv, lte], 0).Where(r => r.IsIPv4).Select(r => $"{r.Priority} {r.Arrives} {r.Mark:x} {r.Table} {r.SkipsDefault}").Order(StringComparer.Ordinal));
        Assert.Equal(2, UplinkRoutes.WantedRules([Catv, lte], 0).Count(r => !r.IsIPv4)); // the chosen one has no IPv6: the system's own routes decide
        Assert.Equal(
            ["49160 0.0.0.0/0 192.0.2.1 3", "49160 192.0.2.0/24  3", "49161 0.0.0.0/0  4", "49161 ::/0 fe80::1 4"],
            UplinkRoutes.WantedRoutes([Catv, lte]).Select(r => $"{r.Table} {r.Destination} {r.Gateway} {r.Interface}").Order(StringComparer.Ordinal));
        Assert.Empty(UplinkRoutes.WantedRules([], null));
    }

    [Fact]
    public void No_two_uplinks_share_a_mark()
    {
        var marks = Enumerable.Range(0, UplinkRoutes.UplinksMost).SelectMany(n => (uint[])[UplinkRoutes.StayMark(n), UplinkRoutes.BackMark(n)]).ToArray();
        Assert.Equal(marks.Length, marks.Distinct().Count());
        Assert.All(marks, mark => Assert.Equal(mark, mark & UplinkRoutes.MarkMask));
        Assert.DoesNotContain(0u, marks);
    }

    [Fact]
    public void An_uplink_may_be_metered_and_have_times_of_its_own()
    {
        var config = Read("""{ "name": "a", "interface": "wan0" }, { "name": "b", "interface": "wan1", "metered": true, "upAfter": "1.5 s", "downAfter": "300ms" }""");
        Assert.Equal((false, true), (config.Uplinks[0].Metered, config.Uplinks[1].Metered));
        Assert.Equal(new(), config.Uplinks[0].Thresholds);
        Assert.Equal((1500, 300), (config.Uplinks[1].Thresholds.UpAfter.TotalMilliseconds, config.Uplinks[1].Thresholds.DownAfter.TotalMilliseconds));
    }

    [Theory]
    [InlineData("""{ "name": "a", "interface": "wan0", "upAfter": "5" }""", "upAfter")]
    [InlineData("""{ "name": "a", "interface": "wan0", "upAfter": "-1 s" }""", "upAfter")]
    [InlineData("""{ "name": "a", "interface": "wan0", "upAfter": "601 s" }""", "upAfter")]
    [InlineData("""{ "name": "a", "interface": "wan0", "downAfter": "100 ms" }""", "downAfter")]
    [InlineData("""{ "name": "a", "interface": "wan0", "downAfter": 1 }""", "downAfter")]
    [InlineData("""{ "name": "a", "interface": "wan0", "metered": "yes" }""", "metered")]
    [InlineData("""{ "name": "a", "interface": "w\";drop#" }""", "interface")]
    [InlineData("""{ "name": "a", "interface": "wan*" }""", "interface")]
    public void What_is_wrong_in_an_uplink_is_said(string uplink, string key) =>
        Assert.Contains(key, Assert.Throws<ConfigException>(() => Read(uplink)).Message, StringComparison.Ordinal);

    private static GatewayConfig Read(string uplinks)
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("gateway.json");
        File.WriteAllText(file, $$"""{ "data": "data", "uplinks": [ {{uplinks}} ] }""");
        return GatewayConfig.Read(file);
    }
}
