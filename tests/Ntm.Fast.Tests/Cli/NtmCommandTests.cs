using Ntm.Cli;
using Ntm.Fast.Tests.Interface;
using Ntm.Fast.Tests.Store;

namespace Ntm.Fast.Tests.Cli;

/// <summary>`ntm` against the real interface: what it sends, prints and exits with.</summary>
public sealed class NtmCommandTests
{
    [Theory]
    [InlineData("status", "/api/v1/status")]
    [InlineData("devices", "/api/v1/devices")]
    [InlineData("uplinks", "/api/v1/uplinks")]
    [InlineData("peers", "/api/v1/peers")]
    [InlineData("paths", "/api/v1/peers")]
    [InlineData("resolve nas.bob.home.example", "/api/v1/resolve/nas.bob.home.example")]
    public async Task Json_is_printed_as_it_came(string command, string path)
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        Assert.Equal((0, await gateway.Http.GetStringAsync(path) + "\n", ""), await RunAsync(gateway, ["--json", .. command.Split(' ')]));
    }

    [Fact]
    public async Task Orders_reach_the_gateway_and_its_sentence_is_printed()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        Assert.Equal((0, "It was done.\n", ""), await RunAsync(gateway, "join", "ntm1abc", "--name", "alice"));
        Assert.Equal((0, "It was done.\n", ""), await RunAsync(gateway, "publish", "tv", "192.168.1.34"));
        Assert.Equal((0, "It was done.\n", ""), await RunAsync(gateway, "unpublish", "nas"));
        Assert.Equal((0, "It was done.\n", ""), await RunAsync(gateway, "unpublish", "printer.alice.home.example"));
        Assert.Equal((0, "It was done.\n", ""), await RunAsync(gateway, "publish", "02:00:5e:10:00:02"));
        Assert.Equal((0, "It was done.\n", ""), await RunAsync(gateway, "devices", "merge", "nas", "192.168.1.34"));
        Assert.Equal((0, "It was done.\n", ""), await RunAsync(gateway, "devices", "split", "02:00:5e:10:00:02"));
        Assert.Equal((0, "{\"sentence\":\"It was done.\"}\n", ""), await RunAsync(gateway, "unpublish", "02:00:5e:10:00:02", "--json"));
        Assert.Equal(
            [
                "join ntm1abc alice", "publish 02:00:5e:10:00:02 tv", "unpublish 02:00:5e:10:00:01", "unpublish 02:00:5e:10:00:03",
                "publish 02:00:5e:10:00:02 -", "merge 02:00:5e:10:00:01 02:00:5e:10:00:02", "split 02:00:5e:10:00:02 02:00:5e:10:00:02",
                "unpublish 02:00:5e:10:00:02",
            ],
            gateway.Orders);
    }

    [Fact]
    public async Task Leaving_wants_to_be_confirmed()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var (code, _, error) = await RunAsync(gateway, "leave");
        Assert.Equal(1, code);
        Assert.Contains("alice.home.example", error);
        Assert.Empty(gateway.Orders);
        Assert.Equal((0, "It was done.\n", ""), await RunAsync(gateway, "leave", "--yes"));
        gateway.Picture = SamplePicture.Alone;
        Assert.Equal((1, "", "ntm: This gateway is in no zone.\n"), await RunAsync(gateway, "leave", "--yes"));
        Assert.Equal(["leave home.example"], gateway.Orders);
    }

    [Fact]
    public async Task A_gateway_that_was_removed_says_so()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        gateway.Picture = SamplePicture.Alone with { Status = SamplePicture.Alone.Status with { Removed = "The owner took it out." } };
        Assert.StartsWith("This home  The owner took it out.", (await RunAsync(gateway, "status")).Output);
    }

    [Fact]
    public async Task A_refusal_is_explained_and_exits_with_1()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        gateway.Verdict = new(false, "The invite was used before. Ask for a new one.");
        Assert.Equal(
            (1, "", "ntm: The gateway did not join.\n     The invite was used before. Ask for a new one.\n"), await RunAsync(gateway, "join", "ntm1abc"));
        var (code, output, _) = await RunAsync(gateway, "--json", "join", "ntm1abc");
        Assert.Equal(1, code);
        Assert.StartsWith("{\"type\":\"/problems#refused\"", output);
    }

    [Fact]
    public async Task A_name_that_is_not_found_exits_with_1()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        gateway.Resolution = new("", "no-such-name", null, null, "the coordinator knows no such name", 20);
        Assert.Equal(
            (1, "Name     x.home.example\nVerdict  no such name\nWhy      the coordinator knows no such name\nTook     20 ms\n", ""),
            await RunAsync(gateway, "resolve", "x.home.example"));
        Assert.Equal(1, (await RunAsync(gateway, "--json", "resolve", "x.home.example")).Code);
    }

    [Fact]
    public async Task One_peers_paths_are_chosen_by_its_name()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        Assert.StartsWith("carol.home.example  through a relay", (await RunAsync(gateway, "paths", "carol")).Output);
        Assert.StartsWith("{\"name\":\"carol.home.example\"", (await RunAsync(gateway, "--json", "paths", "carol.home.example")).Output);
        var (code, _, error) = await RunAsync(gateway, "paths", "zoe");
        Assert.Equal((1, "ntm: No peer is called 'zoe'. ntm peers lists the peers; one shows up when a name of its home is asked for.\n"), (code, error));
    }

    [Fact]
    public async Task The_environment_names_the_socket_where_no_option_does()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(0, await NtmCommand.RunAsync(["devices"], output, error, name => name == "NTM_SOCKET" ? gateway.Socket : null));
    }

    [Fact]
    public async Task A_gateway_that_is_not_there_exits_with_2_and_advice()
    {
        using var folder = new TemporaryFolder();
        var (code, output, error) = await RunAsync(folder.File("none.sock"), "status");
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith($"ntm: There is no socket at {folder.File("none.sock")}: the gateway is not running", error);
        (code, _, error) = await RunAsync("/" + new string('x', 120), "status");
        Assert.Equal(2, code);
        Assert.Contains("too long", error);
    }

    [Theory]
    [InlineData]
    [InlineData("bogus")]
    [InlineData("status", "extra")]
    [InlineData("publish", "nas")]
    [InlineData("publish")]
    [InlineData("publish", "nas", "192.168.1.34", "tv")]
    [InlineData("devices", "merge", "nas")]
    [InlineData("devices", "split")]
    [InlineData("status", "--bogus")]
    public async Task A_wrong_command_line_exits_with_2(params string[] args)
    {
        var (code, output, error) = await RunAsync("/nowhere", args);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("Try: ntm --help", error);
    }

    private static Task<(int Code, string Output, string Error)> RunAsync(InterfaceUnderTest gateway, params string[] args) => RunAsync(gateway.Socket, args);

    private static async Task<(int Code, string Output, string Error)> RunAsync(string socket, params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = await NtmCommand.RunAsync(["--socket", socket, .. args], output, error, _ => null);
        return (code, output.ToString(), error.ToString());
    }
}
