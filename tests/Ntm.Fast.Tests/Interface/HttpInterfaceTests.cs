using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ntm.Fast.Tests.Convention;
using Ntm.Gateway.Http;
using Ntm.Interface;

namespace Ntm.Fast.Tests.Interface;

/// <summary>What the interface answers, over a real socket and the real Kestrel.</summary>
public sealed class HttpInterfaceTests
{
    private const string Device = "/api/v1/devices/02:00:5e:10:00:02/name";

    [Fact]
    public async Task The_documents_are_those_of_the_picture()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        Assert.Equal(
            JsonSerializer.Serialize(SamplePicture.Member.Status, InterfaceJson.Wire.StatusDocument), await gateway.Http.GetStringAsync("/api/v1/status"));
        Assert.Equal(
            JsonSerializer.Serialize(SamplePicture.Member.Devices, InterfaceJson.Wire.IReadOnlyListDeviceDocument), await gateway.Http.GetStringAsync("/api/v1/devices"));
        Assert.Equal(
            JsonSerializer.Serialize(SamplePicture.Member.Peers, InterfaceJson.Wire.IReadOnlyListPeerDocument), await gateway.Http.GetStringAsync("/api/v1/peers"));
    }

    [Fact]
    public async Task Uplinks_are_those_of_the_status()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        Assert.Equal(
            JsonSerializer.Serialize(SamplePicture.Member.Status.Uplinks, InterfaceJson.Wire.IReadOnlyListUplinkDocument), await gateway.Http.GetStringAsync("/api/v1/uplinks"));
    }

    [Fact]
    public async Task Keys_are_spelt_as_they_are()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        gateway.Picture = gateway.Picture with { Status = gateway.Picture.Status with { Member = gateway.Picture.Status.Member! with { PublicKey = "a+b/c=" } } };
        Assert.Contains("\"publicKey\":\"a+b/c=\"", await gateway.Http.GetStringAsync("/api/v1/status"));
    }

    [Fact]
    public async Task A_join_reaches_the_gateway_and_its_sentence_comes_back()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        using var answer = await gateway.SendAsync("POST", "/api/v1/join", """{"code":" ntm1abc\n","name":"alice"}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("""{"sentence":"It was done."}""", await answer.Content.ReadAsStringAsync());
        using var nameless = await gateway.SendAsync("POST", "/api/v1/join", """{"code":"ntm1abc"}""", "application/json; charset=utf-8");
        Assert.Equal(HttpStatusCode.OK, nameless.StatusCode);
        Assert.Equal(["join ntm1abc alice", "join ntm1abc -"], gateway.Orders);
    }

    [Fact]
    public async Task A_refusal_is_a_conflict_with_its_reason()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        gateway.Verdict = new(false, "The invite was used before.");
        var problem = await gateway.RefusedAsync("POST", "/api/v1/join", """{"code":"ntm1abc"}""");
        Assert.Equal(("/problems#refused", 409, "The invite was used before."), (problem.Type, problem.Status, problem.Detail));
    }

    [Theory]
    [InlineData("02:00:5e:10:00:02")]
    [InlineData("02-00-5E-10-00-02")]
    [InlineData("192.168.1.34")]
    public async Task A_device_is_named_by_mac_or_address(string device)
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        using var put = await gateway.SendAsync("PUT", $"/api/v1/devices/{Uri.EscapeDataString(device)}/name", """{"name":"tv"}""");
        using var delete = await gateway.SendAsync("DELETE", $"/api/v1/devices/{Uri.EscapeDataString(device)}/name");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (put.StatusCode, delete.StatusCode));
        Assert.Equal(["publish 02:00:5e:10:00:02 tv", "unpublish 02:00:5e:10:00:02"], gateway.Orders);
    }

    [Fact]
    public async Task Devices_are_merged_and_split_and_named_by_what_they_call_themselves()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        using var merged = await gateway.SendAsync("PUT", "/api/v1/devices/192.168.1.34/macs/02-00-5E-10-00-03");
        using var split = await gateway.SendAsync("DELETE", "/api/v1/devices/02:00:5e:10:00:03/macs/02:00:5e:10:00:03");
        using var hinted = await gateway.SendAsync("PUT", Device, "{}");
        Assert.All([merged, split, hinted], answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal(["merge 02:00:5e:10:00:02 02:00:5e:10:00:03", "split 02:00:5e:10:00:03 02:00:5e:10:00:03", "publish 02:00:5e:10:00:02 -"], gateway.Orders);
    }

    [Fact]
    public async Task A_name_is_resolved_in_its_canonical_form()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var answer = JsonSerializer.Deserialize(
            await gateway.Http.GetStringAsync("/api/v1/resolve/NAS.bob.home.example."), InterfaceJson.Wire.ResolutionDocument)!;
        Assert.Equal(("nas.bob.home.example", "found", "198.18.0.7"), (answer.Name, answer.Verdict, answer.Alias));
    }

    [Theory]
    [InlineData("POST", "/api/v1/join", """{"code":"ntm1abc","nmae":"x"}""", "bad-document", "'nmae'")]
    [InlineData("POST", "/api/v1/join", """{"Code":"ntm1abc"}""", "bad-document", "'Code'")]
    [InlineData("POST", "/api/v1/join", """{"code":"a","code":"b"}""", "bad-document", "twice")]
    [InlineData("POST", "/api/v1/join", """{"code":7}""", "bad-document", "'code'")]
    [InlineData("POST", "/api/v1/join", """{"name":"alice"}""", "bad-document", "'code'")]
    [InlineData("POST", "/api/v1/join", """{"code":"  "}""", "bad-document", "'code'")]
    [InlineData("POST", "/api/v1/join", """["ntm1abc"]""", "bad-document", "object")]
    [InlineData("POST", "/api/v1/join", "null", "bad-document", "object")]
    [InlineData("POST", "/api/v1/join", "", "bad-document", "line 1")]
    [InlineData("POST", "/api/v1/join", "{\"code\":\n\"x\"", "bad-document", "line 2")]
    [InlineData("POST", "/api/v1/join", """{"code":"x"} {}""", "bad-document", "line 1")]
    [InlineData("POST", "/api/v1/join", """{"code":"x","name":"Al ice"}""", "bad-name", "'Al ice'")]
    [InlineData("PUT", Device, """{"name":"a_b"}""", "bad-name", "'a_b'")]
    [InlineData("PUT", Device, """{"name":""}""", "bad-name", "''")]
    [InlineData("PUT", "/api/v1/devices/nas/macs/02:00:5e:10:00:01", null, "unknown-device", "'nas'")]
    [InlineData("PUT", "/api/v1/devices/02:00:5e:10:00:01/macs/192.168.1.99", null, "unknown-device", "'192.168.1.99'")]
    [InlineData("DELETE", "/api/v1/devices/02:00:5e:10:00:01/macs/tv", null, "unknown-device", "'tv'")]
    [InlineData("PUT", Device, """{"name":"nas","port":1}""", "bad-document", "'port'")]
    [InlineData("PUT", "/api/v1/devices/192.168.1.99/name", """{"name":"nas"}""", "unknown-device", "'192.168.1.99'")]
    [InlineData("DELETE", "/api/v1/devices/nas/name", null, "unknown-device", "'nas'")]
    [InlineData("GET", "/api/v1/resolve/no_such", null, "bad-name", "'no_such'")]
    [InlineData("GET", "/api/v1/resolve/a..b", null, "bad-name", "'a..b'")]
    [InlineData("GET", "/api/v1/nothing", null, "not-found", "'/api/v1/nothing'")]
    [InlineData("GET", "/../../etc/passwd", null, "not-found", "passwd")]
    [InlineData("GET", "/web/index.html", null, "not-found", "/web/index.html")]
    [InlineData("DELETE", "/api/v1/join", null, "method-not-allowed", "DELETE")]
    [InlineData("POST", "/", "", "method-not-allowed", "POST")]
    public async Task Bad_requests_are_refused_with_what_and_where(string method, string path, string? body, string kind, string mentions)
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var problem = await gateway.RefusedAsync(method, path, body);
        Assert.Equal($"/problems#{kind}", problem.Type);
        Assert.Contains(mentions, problem.Detail);
        Assert.Empty(gateway.Orders);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("nonsense")]
    public async Task A_body_must_be_declared_as_json(string contentType)
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        Assert.Equal("/problems#not-json", (await gateway.RefusedAsync("POST", "/api/v1/join", """{"code":"x"}""", contentType)).Type);
        Assert.Empty(gateway.Orders);
    }

    [Fact]
    public async Task A_body_has_a_limit()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var body = $$"""{"code":"{{new string('x', HttpInterface.BodyMost)}}"}""";

        // It is refused by its length, before it is sent: a client that sends all the same may meet a closed connection before it reads the answer.
        Assert.Equal("/problems#body-too-large", (await gateway.RefusedAsync("POST", "/api/v1/join", body, headers: ("Expect", "100-continue"))).Type);
        Assert.Empty(gateway.Orders);
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("localhost.evil.example")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("192.168.1.1")]
    [InlineData("[::2]")]
    public async Task A_foreign_host_gets_nothing(string host)
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        Assert.Equal("/problems#host-not-allowed", (await gateway.RefusedAsync("GET", "/api/v1/status", headers: ("Host", host))).Type);
        Assert.Equal("/problems#host-not-allowed", (await gateway.RefusedAsync("GET", "/", headers: ("Host", host))).Type);
    }

    [Theory]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://localhost:9999")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task Another_sites_page_can_order_nothing(string header, string value)
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        Assert.Equal("/problems#cross-origin", (await gateway.RefusedAsync("POST", "/api/v1/join", """{"code":"x"}""", headers: (header, value))).Type);
        Assert.Equal("/problems#cross-origin", (await gateway.RefusedAsync("DELETE", Device, headers: (header, value))).Type);
        Assert.Equal("/problems#cross-origin", (await gateway.RefusedAsync("GET", "/api/v1/resolve/a.b", headers: (header, value))).Type);
        Assert.Empty(gateway.Orders);
    }

    [Fact]
    public async Task The_own_page_may_order()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        using var answer = await gateway.SendAsync("POST", "/api/v1/join", """{"code":"x"}""", headers:
            [("Host", "127.0.0.1:8080"), ("Origin", "http://127.0.0.1:8080"), ("Sec-Fetch-Site", "same-origin")]);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Silence_is_a_gateway_timeout_and_a_defect_keeps_its_inside_to_itself()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        gateway.Broken = new TimeoutException("The gateway is stopping.");
        var late = await gateway.RefusedAsync("GET", "/api/v1/status");
        Assert.Equal(("/problems#no-answer", "The gateway is stopping."), (late.Type, late.Detail));
        gateway.Broken = new InvalidOperationException("secret inside");
        var defect = await gateway.RefusedAsync("GET", "/api/v1/events");
        Assert.Equal("/problems#internal", defect.Type);
        Assert.DoesNotContain("secret", defect.Detail);
    }

    [Theory]
    [InlineData("GET", "/")]
    [InlineData("GET", "/api/v1/status")]
    [InlineData("GET", "/nothing")]
    [InlineData("POST", "/api/v1/join")]
    public async Task Every_answer_is_hardened(string method, string path)
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        using var answer = await gateway.SendAsync(method, path);
        Assert.StartsWith("default-src 'self';", answer.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(answer.Headers.Contains("Server"));
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task The_page_document_names_every_route_and_no_other()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var routes = gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().SelectMany(
            endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Where(method => method != "HEAD"),
            (endpoint, method) => $"{method} {endpoint.RoutePattern.RawText}");
        var documented = File.ReadLines(Path.Combine(House.Root(), "docs", "http.md"))
            .Where(line => line.StartsWith("### ", StringComparison.Ordinal)).Select(line => line[4..]);
        Assert.Equal(routes.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_kind_of_problem_is_explained()
    {
        var document = await File.ReadAllTextAsync(Path.Combine(House.Root(), "docs", "http.md"));
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var page = await gateway.Http.GetStringAsync("/problems");
        foreach (var kind in Problem.Kinds)
        {
            Assert.Contains($"`/problems#{kind}`", document);
            Assert.Contains($"id=\"{kind}\"", page);
        }
    }
}
