using System.Text;
using Ntm.Node.Mapping;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.PortMapping;

/// <summary>A box, or who passes for it, that means harm: it gains a useless candidate at most.</summary>
public sealed class HostileBoxTests
{
    private const string Good = "http://192.168.5.1:5000/d.xml";

    [Fact]
    public void Who_is_not_the_default_gateway_is_not_heard()
    {
        var bench = new MappingBench().Aim();
        var request = bench.Datagrams(2).Single();
        foreach (var from in (string[])["192.168.5.77:5351", "203.0.113.5:5351", "[2001:db8::1]:5351"])
        {
            bench.Hear(MappingBench.Pcp(request)!, MappingBench.Address(from));
        }

        Assert.Null(bench.Mapping.Port);
        Assert.Equal(3, bench.Counters["mapping-not-the-box"]);
        bench.Hear(MappingBench.Pcp(request)!, MappingBench.Address("192.168.5.1:5352")); // another program on the box
        Assert.Null(bench.Mapping.Port);
        bench.Run(TimeSpan.FromSeconds(6));
        bench.Hear(MappingBench.Found("http://192.168.5.77:80/"), MappingBench.Address("192.168.5.77:1900"));
        Assert.Empty(bench.Exchanges);
    }

    [Fact]
    public void An_answer_with_another_nonce_or_port_is_none()
    {
        var bench = new MappingBench().Aim();
        var answer = MappingBench.Pcp(bench.Datagrams(2).Single())!;
        for (var at = 24; at < 36; at++)
        {
            var wrong = (byte[])answer.Clone();
            wrong[at] ^= 1;
            bench.Hear(wrong);
        }

        var port = (byte[])answer.Clone();
        port[41] ^= 1;
        bench.Hear(port);
        Assert.Null(bench.Mapping.Port);
        bench.Hear(answer);
        Assert.NotNull(bench.Mapping.Port);
    }

    [Theory]
    [InlineData("203.0.113.5:0")]
    [InlineData("0.0.0.0:41641")]
    [InlineData("127.0.0.1:41641")]
    [InlineData("224.0.0.1:41641")]
    [InlineData("255.255.255.255:41641")]
    [InlineData("169.254.1.1:41641")]
    [InlineData("192.168.5.2:41641")] // our own
    [InlineData("[2001:db8::1]:41641")]
    public void An_address_that_cannot_be_opens_nothing(string external)
    {
        var where = System.Net.IPEndPoint.Parse(external);
        var bench = new MappingBench { OnDatagram = r => MappingBench.Pcp(r, external: RealAddress.From(where)) }.Aim().Run(TimeSpan.FromSeconds(10));
        Assert.Null(bench.Mapping.Port);
        Assert.Equal(0, bench.Changes);
    }

    [Theory]
    [InlineData(0u, false)]
    [InlineData(1u, true)]
    [InlineData(uint.MaxValue, true)]
    public void A_lifetime_makes_neither_a_flood_nor_a_port_for_ever(uint lifetime, bool opens)
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.Pcp(r, lifetime: lifetime) }.Aim();
        Assert.Equal(opens, bench.Mapping.Port is not null);
        Assert.True(bench.Mapping.Port is null || bench.Mapping.Port.Until - bench.Now <= TimeSpan.FromDays(1));
        bench.Run(TimeSpan.FromHours(1));
        Assert.InRange(bench.Sent.Count, 1, 361);
    }

    [Theory]
    [InlineData("203.0.113.5:41641", "203.0.113.5", true, null)]
    [InlineData("203.0.113.5:41641", "198.51.100.9", false, "seen from outside as 198.51.100.9: another NAT stands behind the box")] // also somebody else's, and the coordinator's
    [InlineData("203.0.113.5:41641", "", false, "no coordinator or relay has seen this uplink yet")]
    [InlineData("10.1.2.3:41641", "198.51.100.9", true, "that address is private: another NAT stands behind the box")]
    [InlineData("100.64.2.3:41641", "", true, "that address is private: another NAT stands behind the box")]
    [InlineData("[2001:db8:5::2]:41641", "", true, null)]
    [InlineData("[2001:db8:6::2]:41641", "2001:db8:5::2", false, "another NAT stands behind the box")]
    public void Only_what_coordinators_or_relays_see_as_well_is_told_to_others(string external, string seen, bool told, string? but)
    {
        var own = external.StartsWith('[') ? MappingBench.Own6 : MappingBench.Own;
        RealAddress[] others = seen.Length == 0 ? [] : [RealAddress.From(new(System.Net.IPAddress.Parse(seen), 1234))];
        var worth = MappingWorth.Judge(MappingBench.Address(external), own, others);
        Assert.Equal(told, worth.IsTold);
        Assert.Contains(but ?? "", worth.Reason ?? "", StringComparison.Ordinal);
        Assert.Equal(but is null, worth.Reason is null);
    }

    [Theory]
    [InlineData("http://192.168.5.77/d.xml")]
    [InlineData("http://127.0.0.1:5000/")]
    [InlineData("http://localhost/")]
    [InlineData("http://192.168.5.1.example/")]
    [InlineData("http://192.168.5.1@192.168.5.77/")]
    [InlineData("http://3232236801/")] // 192.168.5.1 as a number: what another reader makes of it is not ours to find out
    [InlineData("https://192.168.5.1/")]
    [InlineData("ftp://192.168.5.1/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://192.168.5.1:0/")]
    [InlineData("http://192.168.5.1:65536/")]
    [InlineData("http://192.168.5.1:/")]
    [InlineData("http://[::1]/")]
    [InlineData("//192.168.5.77/")]
    [InlineData("/d.xml")]
    [InlineData("")]
    public void A_search_answered_with_a_URL_elsewhere_leads_nowhere(string location)
    {
        var bench = new MappingBench { Location = location }.Aim().Run(TimeSpan.FromSeconds(10));
        Assert.Empty(bench.Exchanges);
        Assert.True(location.Length == 0 || bench.Counters["mapping-url-refused"] > 0);
    }

    [Theory]
    [InlineData("http://192.168.5.77/ctl")]
    [InlineData("http://192.168.5.1:99999/ctl")]
    [InlineData("//192.168.5.77/ctl")]
    [InlineData("https://192.168.5.1/ctl")]
    [InlineData("/ctl HTTP/1.1\r\nHost: other")]
    [InlineData("")]
    public void A_description_whose_control_is_elsewhere_is_refused(string control)
    {
        var bench = new MappingBench { Location = Good, OnHttp = r => (200, UpnpBox.Description("WANIPConnection:1", control)) }.Aim().Run(TimeSpan.FromSeconds(10));
        Assert.Single(bench.Exchanges);
        Assert.Equal(1, bench.Counters["mapping-description-refused"]);
    }

    [Theory]
    [InlineData("ctl", "/a/ctl")]
    [InlineData("/ctl?x=1", "/ctl?x=1")]
    [InlineData("http://192.168.5.1:7000/c", "/c")]
    [InlineData("HTTP://192.168.5.1:7000", "/")]
    public void A_control_on_the_box_itself_is_found(string control, string path)
    {
        Assert.True(BoxUrl.TryRead(control, MappingBench.Gateway, new BoxUrl(MappingBench.Gateway.WithPort(5000), "/a/d.xml?y=/z"), out var url));
        Assert.Equal((path, control.Length > 20 ? 7000 : 5000), (url.Path, url.Box.Port));
    }

    [Fact]
    public void A_base_URL_elsewhere_is_not_followed()
    {
        var text = UpnpBox.Description("WANIPConnection:1", "ctl", "<URLBase>http://192.168.5.77:80/</URLBase>");
        var found = BoxDescription.TryRead(Encoding.UTF8.GetBytes(text), new BoxUrl(MappingBench.Gateway.WithPort(5000), "/d.xml"));
        Assert.Equal(new BoxUrl(MappingBench.Gateway.WithPort(5000), "/ctl"), found!.Control);
    }

    public static TheoryData<string> Bombs =>
    [
        "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><root>&c;</root>",
        "<!DOCTYPE r SYSTEM \"http://192.168.5.77/x.dtd\"><root/>",
        "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><root>&x;</root>",
        "<root>&nothing;</root>",
        string.Concat(Enumerable.Repeat("<a>", 20_000)),
        "<root>" + new string('x', 70_000) + "</root>",
        "<root",
        "",
        "\0\0\0",
        "not XML at all",
    ];

    [Theory]
    [MemberData(nameof(Bombs))]
    public void A_document_that_is_a_bomb_is_refused_at_no_cost(string document)
    {
        var bytes = Encoding.UTF8.GetBytes(document);
        Assert.Null(BoxDescription.TryRead(bytes, new BoxUrl(MappingBench.Gateway, "/")));
        Assert.False(SoapMessage.TryRead(bytes, out _));
    }

    [Fact]
    public void Searches_answered_without_end_are_heard_once()
    {
        var bench = new MappingBench { OnHttp = _ => null }.Aim().Run(TimeSpan.FromSeconds(6));
        for (var i = 0; i < 1000; i++)
        {
            bench.Hear(MappingBench.Found($"http://192.168.5.1:{5000 + i}/"), MappingBench.Gateway.WithPort(1900));
        }

        Assert.Single(bench.Exchanges);
    }

    [Fact]
    public void Redirections_are_no_descriptions()
    {
        var bench = new MappingBench { Location = Good, OnHttp = _ => (302, UpnpBox.Description("WANIPConnection:1")) }.Aim().Run(TimeSpan.FromSeconds(10));
        Assert.Single(bench.Exchanges);
        Assert.Null(bench.Mapping.Port);
    }
}
