using System.Net;
using Ntm.Cli.Text;

namespace Ntm.Fast.Tests.Interface;

/// <summary>Shares over the HTTP interface, and in `ntm`'s words.</summary>
public sealed class SharesInterfaceTests
{
    [Fact]
    public async Task Every_order_reaches_the_gateway()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        using var shared = await gateway.SendAsync("POST", "/api/v1/shares", """{"device":"nas","for":"Dave","ports":"tcp/445","hours":48}""");
        Assert.Equal("""{"sentence":"It was done.","code":"ntms1code"}""", await shared.Content.ReadAsStringAsync());
        foreach (var (method, path, body) in ((string, string, string?)[])
            [
                ("POST", "/api/v1/shares", """{"for":"Eve"}"""), ("DELETE", "/api/v1/shares/12", null), ("POST", "/api/v1/shares/taken", """{"code":"ntms1x"}"""),
                ("DELETE", "/api/v1/shares/taken/nas.dave.friends.example.", null), ("PUT", "/api/v1/node/published", """{"ports":"tcp/22"}"""),
                ("PUT", "/api/v1/node/published", "{}"), ("DELETE", "/api/v1/node/published", null),
                ("PUT", "/api/v1/devices/02:00:5e:10:00:02/name", """{"name":"nas","ports":"tcp/80"}"""),
            ])
        {
            using var answer = await gateway.SendAsync(method, path, body);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{method} {path}: {await answer.Content.ReadAsStringAsync()}");
        }

        Assert.Equal(
            [
                "share nas Dave tcp/445 48", "share - Eve all 168", "unshare 12", "accept ntms1x", "drop nas.dave.friends.example", "publish-node tcp/22", "publish-node all",
                "publish-node -", "publish 02:00:5e:10:00:02 nas tcp/80",
            ], gateway.Orders);
    }

    [Theory]
    [InlineData("POST", "/api/v1/shares", """{"for":"Dave","ports":"445"}""", 400, "'445' is no port")]
    [InlineData("POST", "/api/v1/shares", """{"for":"Dave","hours":-1}""", 400, "'hours'")]
    [InlineData("POST", "/api/v1/shares", """{"for":"Dave","device":"no name"}""", 400, "'no name'")]
    [InlineData("POST", "/api/v1/shares", """{"whom":"Dave"}""", 400, "whom")]
    [InlineData("DELETE", "/api/v1/shares/x", null, 409, "'x'")]
    [InlineData("DELETE", "/api/v1/shares/taken/-", null, 400, "'-'")]
    [InlineData("PUT", "/api/v1/node/published", """{"ports":"icmp/1"}""", 400, "'icmp/1'")]
    [InlineData("PUT", "/api/v1/devices/02:00:5e:10:00:02/name", """{"name":"nas","ports":"x"}""", 400, "'x' is no port")]
    public async Task What_is_wrong_is_said_and_changes_nothing(string method, string path, string? body, int status, string said)
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var problem = await gateway.RefusedAsync(method, path, body);
        Assert.Equal(status, problem.Status);
        Assert.Contains(said, problem.Detail, StringComparison.Ordinal);
        Assert.Empty(gateway.Orders);
    }

    [Fact]
    public async Task Shares_in_words()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var output = new StringWriter();
        SharesText.Write(gateway.Shares, output);
        Assert.Equal(
            """
            This gateway itself is published (tcp/22).

            Shared with other owners:
            NUMBER  WHAT                    FOR   ACCEPTED BY      PORTS    UNTIL
            1       nas.alice.home.example  Dave  friends.example  tcp/445  2030-01-01 00:00 UTC
            2       (no longer published)   Eve   nobody yet       all      1970-01-01 00:00 UTC, expired

            Shared by other owners with this home:
            NAME                      PORTS  UNTIL
            cam.dave.friends.example  all    2030-01-01 00:00 UTC

            """.ReplaceLineEndings("\n"), output.ToString().ReplaceLineEndings("\n"));
    }
}
