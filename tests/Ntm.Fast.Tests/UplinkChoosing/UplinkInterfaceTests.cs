using Ntm.Cli;
using Ntm.Fast.Tests.Interface;

namespace Ntm.Fast.Tests.UplinkChoosing;

/// <summary>The owner's wishes by `ntm` and the HTTP interface.</summary>
public sealed class UplinkInterfaceTests
{
    [Fact]
    public async Task Every_order_of_ntm_reaches_the_gateway()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        foreach (var command in (string[])["prefer lte catv", "prefer", "use lte", "use auto", "metered lte yes", "metered catv no"])
        {
            Assert.Equal(0, await RunAsync(gateway, command));
        }

        Assert.Equal(["prefer lte catv", "prefer ", "use lte", "use -", "metered lte True", "metered catv False"], gateway.Orders);
        Assert.Equal(2, await RunAsync(gateway, "metered lte perhaps"));
        Assert.Equal(2, await RunAsync(gateway, "use"));
        Assert.Equal(6, gateway.Orders.Count);
    }

    [Theory]
    [InlineData("order", "{}", "names")]
    [InlineData("order", """{"names":[null]}""", "names")]
    [InlineData("order", """{"names":"lte"}""", "names")]
    [InlineData("used", """{"uplink":"lte"}""", "uplink")]
    [InlineData("lte/metered", """{"metered":"yes"}""", "metered")]
    public async Task What_is_wrong_is_said_and_changes_nothing(string path, string body, string said)
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var problem = await gateway.RefusedAsync("PUT", "/api/v1/uplinks/" + path, body);
        Assert.Equal(400, problem.Status);
        Assert.Contains(said, problem.Detail, StringComparison.Ordinal);
        Assert.Empty(gateway.Orders);
    }

    private static Task<int> RunAsync(InterfaceUnderTest gateway, string command) =>
        NtmCommand.RunAsync(["--socket", gateway.Socket, "uplinks", .. command.Split(' ')], new StringWriter(), new StringWriter(), _ => null);
}
