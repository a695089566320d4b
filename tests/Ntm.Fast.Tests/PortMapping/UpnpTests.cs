using System.Text;
using Ntm.Node.Mapping;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.PortMapping;

/// <summary>UPnP-IGD, versions 1 and 2, by hand-held time.</summary>
public sealed class UpnpTests
{
    private const string Location = "http://192.168.5.1:5000/rootDesc.xml";

    [Theory]
    [InlineData("WANIPConnection:2", "AddAnyPortMapping")]
    [InlineData("WANIPConnection:1", "AddPortMapping")]
    [InlineData("WANPPPConnection:1", "AddPortMapping")]
    public void A_port_is_opened_by_search_description_address_and_mapping(string service, string action)
    {
        var box = new UpnpBox(service);
        var bench = Bench(box);
        Assert.Equal(new OpenPort(MappingBench.Public.WithPort(41641), MappingProtocol.Upnp, bench.Now + TimeSpan.FromHours(1)), bench.Mapping.Port! with { Until = bench.Now + TimeSpan.FromHours(1) });
        Assert.Equal(["GET /rootDesc.xml", "GetExternalIPAddress", action], box.Said);
        Assert.Contains("<NewInternalClient>192.168.5.2</NewInternalClient>", box.LastBody, StringComparison.Ordinal);
        Assert.Contains("<NewLeaseDuration>3600</NewLeaseDuration>", box.LastBody, StringComparison.Ordinal);
        Assert.Equal(2, bench.Searches);
    }

    [Fact]
    public void A_renewal_needs_no_search_and_the_port_is_closed_at_the_end()
    {
        var box = new UpnpBox("WANIPConnection:1");
        var bench = Bench(box);
        box.Said.Clear();
        bench.Run(TimeSpan.FromMinutes(31));
        Assert.Equal(["GetExternalIPAddress", "AddPortMapping"], box.Said);
        Assert.Equal(2, bench.Searches);
        bench.Release();
        Assert.Equal("DeletePortMapping", box.Said[^1]);
        Assert.Contains("<NewExternalPort>41641</NewExternalPort>", box.LastBody, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_port_is_another_machines_another_is_tried()
    {
        var box = new UpnpBox("WANIPConnection:1") { Errors = new([718, 718]) };
        var bench = Bench(box);
        Assert.NotEqual(41641, bench.Mapping.Port!.External.Port);
        Assert.Equal(3, box.Said.Count(s => s == "AddPortMapping"));

        box = new UpnpBox("WANIPConnection:1") { Errors = new([718, 718, 718, 718, 718]) };
        bench = Bench(box);
        Assert.Null(bench.Mapping.Port);
        Assert.Contains("UPnP: the ports tried are another machine's", bench.Mapping.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_box_that_knows_permanent_leases_only_gets_one_and_is_still_asked_again()
    {
        var box = new UpnpBox("WANIPConnection:1") { Errors = new([725]) };
        var bench = Bench(box);
        Assert.Contains("<NewLeaseDuration>0</NewLeaseDuration>", box.LastBody, StringComparison.Ordinal);
        Assert.NotNull(bench.Mapping.Port);
        bench.Run(TimeSpan.FromMinutes(31));
        Assert.True(box.Said.Count > 4);
    }

    [Theory]
    [InlineData(606, "it does not permit it")]
    [InlineData(501, "it failed to, or has no public address")]
    [InlineData(401, "it cannot open ports")]
    [InlineData(728, "it has no port to give")]
    [InlineData(402, "it does not understand the request")]
    [InlineData(9999, "it refuses with code 9999")]
    public void A_refusal_is_said(int code, string why)
    {
        var bench = Bench(new UpnpBox("WANIPConnection:1") { Errors = new([code]) });
        Assert.Null(bench.Mapping.Port);
        Assert.Contains($"PCP: no answer; NAT-PMP: no answer; UPnP: {why}", bench.Mapping.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_version_2_box_that_does_not_know_the_new_action_is_asked_by_the_old_one()
    {
        var box = new UpnpBox("WANIPConnection:2") { Errors = new([401]) };
        Assert.NotNull(Bench(box).Mapping.Port);
        Assert.Equal(["AddAnyPortMapping", "AddPortMapping"], box.Said[^2..]);
    }

    [Fact]
    public void A_box_that_does_not_know_its_address_opens_nothing()
    {
        var bench = Bench(new UpnpBox("WANIPConnection:1") { Address = "" });
        Assert.Contains("UPnP: it does not say its address", bench.Mapping.Reason, StringComparison.Ordinal);
        bench = Bench(new UpnpBox("WANIPConnection:1") { Address = "0.0.0.0" });
        Assert.Null(bench.Mapping.Port);
        Assert.Equal(1, bench.Counters["mapping-external-refused"]);
    }

    [Fact]
    public void An_HTTP_server_that_says_nothing_is_given_5_s()
    {
        var bench = new MappingBench { Location = Location }.Aim().Run(TimeSpan.FromSeconds(30));
        Assert.Single(bench.Exchanges);
        Assert.Contains("UPnP: no answer", bench.Mapping.Reason, StringComparison.Ordinal);
        var late = bench.Exchanges.Single();
        bench.Exchanged(late.Ticket, 200, UpnpBox.Description("WANIPConnection:1"));
        Assert.Single(bench.Exchanges);
    }

    private static MappingBench Bench(UpnpBox box) => new MappingBench { Location = Location, OnHttp = box.Answer }.Aim().Run(TimeSpan.FromSeconds(10));
}
