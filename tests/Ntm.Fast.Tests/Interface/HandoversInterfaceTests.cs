using System.Net;
using System.Text.Json;
using Ntm.Interface;

namespace Ntm.Fast.Tests.Interface;

/// <summary>Handovers and drills over the HTTP interface, and by `ntm`.</summary>
public sealed class HandoversInterfaceTests
{
    private static readonly DrillDocument s_under =
        new("catv", null, new DateTimeOffset(2026, 3, 1, 14, 3, 0, TimeSpan.Zero), 10_000, true, 5, 13, null);

    [Fact]
    public async Task Records_are_listed_and_each_has_an_address()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var list = JsonSerializer.Deserialize(await gateway.Http.GetStringAsync("/api/v1/handovers"), InterfaceJson.Wire.IReadOnlyListHandoverDocument)!;
        Assert.Equal(SampleHandovers.All, list);
        var one = await gateway.Http.GetStringAsync("/api/v1/handovers/14");
        Assert.StartsWith("""{"id":14,"event":14,"peer":"bob","server":false,"at":"2026-03-01T14:03:07+00:00","cause":"uplink-lost","why":"the interface wan0 has no carrier",""", one, StringComparison.Ordinal);
        foreach (var unknown in (string[])["99", "-1", "x", "99999999999999999999"])
        {
            var problem = await gateway.RefusedAsync("GET", $"/api/v1/handovers/{unknown}");
            Assert.Equal((404, "/problems#not-found"), (problem.Status, problem.Type));
            Assert.Contains($"'{unknown}' is no handover's number", problem.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_order_reaches_the_gateway()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        foreach (var (method, body) in ((string, string?)[])
            [("POST", "{}"), ("POST", """{"seconds":2.5,"silent":"out","force":true}"""), ("POST", """{"silent":"both"}"""), ("DELETE", null)])
        {
            using var answer = await gateway.SendAsync(method, "/api/v1/uplinks/catv/drill", body);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(["drill catv - 10", "drill catv out 2.5 force", "drill catv both 10", "drill-stop catv"], gateway.Orders);
        Assert.Equal("""{"uplink":null,"silent":null,"began":null,"forMs":0,"underWay":false,"leftMs":0,"before":0,"ended":null}""", await gateway.Http.GetStringAsync("/api/v1/drill"));
    }

    [Theory]
    [InlineData("""{"seconds":0.5}""", 400, "'seconds'")]
    [InlineData("""{"seconds":301}""", 400, "'seconds'")]
    [InlineData("""{"silent":"sideways"}""", 400, "'silent'")]
    [InlineData("""{"minutes":1}""", 400, "minutes")]
    [InlineData("[]", 400, "no object")]
    public async Task What_is_wrong_is_said_and_takes_nothing_away(string body, int status, string said)
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var problem = await gateway.RefusedAsync("POST", "/api/v1/uplinks/catv/drill", body);
        Assert.Equal(status, problem.Status);
        Assert.Contains(said, problem.Detail, StringComparison.Ordinal);
        Assert.Empty(gateway.Orders);
    }

    [Fact]
    public async Task A_drill_ends_with_what_came_of_it()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var ended = s_under with { UnderWay = false, LeftMs = 0, Ended = "its time is over" };
        foreach (var drill in (DrillDocument[])[s_under, s_under, ended])
        {
            gateway.Drills.Enqueue(drill);
        }

        var (code, output, error) = await RunAsync(gateway, "drill", "catv", "--for", "2min", "--silent", "in");
        Assert.Equal((0, "It was done.\nThe drill is over: its time is over.\n"), (code, error));
        Assert.StartsWith("2026-03-01 14:03:07 UTC  catv is lost", output, StringComparison.Ordinal);
        gateway.Handovers = [];
        gateway.Drills.Enqueue(ended);
        Assert.Equal("No tunnel was handed over: none went by catv, or nothing was said on those that did.\n", (await RunAsync(gateway, "drill", "catv", "--silent", "--force")).Output);
        gateway.Drills.Enqueue(ended);
        Assert.Equal("[]\n", (await RunAsync(gateway, "drill", "catv", "--json")).Output);
        gateway.Drills.Enqueue(s_under);
        Assert.Equal((0, "It was done.\n", ""), await RunAsync(gateway, "drill", "stop"));
        Assert.Equal((1, "", "ntm: No drill is under way.\n"), await RunAsync(gateway, "drill", "stop"));
        Assert.Equal(["drill catv in 120", "drill catv both 10 force", "drill catv - 10", "drill-stop catv"], gateway.Orders);
    }

    [Fact]
    public async Task A_refused_drill_is_explained_and_exits_with_1()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        gateway.Verdict = new(false, "catv is the only usable uplink.");
        Assert.Equal((1, "", "ntm: The drill did not begin.\n     catv is the only usable uplink.\n"), await RunAsync(gateway, "drill", "catv"));
    }

    [Theory]
    [InlineData("drill")]
    [InlineData("drill catv --for soon")]
    [InlineData("drill catv --for -5s")]
    [InlineData("drill --silent catv")]
    [InlineData("drill catv --silent sideways")]
    [InlineData("handovers x")]
    [InlineData("handovers --last many")]
    public async Task A_wrong_command_line_takes_nothing_away(string command)
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var (code, output, error) = await RunAsync(gateway, command.Split(' '));
        Assert.Equal((2, ""), (code, output));
        Assert.EndsWith("Try: ntm --help\n", error, StringComparison.Ordinal);
        Assert.Empty(gateway.Orders);
    }

    [Fact]
    public async Task The_list_is_the_latest_and_a_number_its_timeline()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        Assert.StartsWith("2026-03-01 15:03:07 UTC  lte is lost", (await RunAsync(gateway, "handovers", "--last", "1")).Output, StringComparison.Ordinal);
        Assert.StartsWith("Handover 14: the tunnel with bob", (await RunAsync(gateway, "handovers", "14")).Output, StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync(gateway, "handovers", "99")).Code);
        Assert.Equal(await gateway.Http.GetStringAsync("/api/v1/handovers") + "\n", (await RunAsync(gateway, "--json", "handovers")).Output);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(InterfaceUnderTest gateway, params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await Ntm.Cli.NtmCommand.RunAsync(["--socket", gateway.Socket, .. args], output, error, _ => null);
        return (code, output.ToString().ReplaceLineEndings("\n"), error.ToString().ReplaceLineEndings("\n"));
    }
}
