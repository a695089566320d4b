using System.Net.Sockets;
using Ntm.Fast.Tests.Store;
using Ntm.Gateway.Http;
using Ntm.Hosting;

namespace Ntm.Fast.Tests.Interface;

/// <summary>What is in the way of the gateway's socket.</summary>
public sealed class HttpServerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_missing_folder_is_made()
    {
        Assert.Null(HttpServer.Prepare(Path.Combine(_folder.File("run"), "gateway.sock")));
        Assert.True(Directory.Exists(_folder.File("run")));
    }

    [Fact]
    public void The_socket_of_a_gateway_that_is_gone_is_removed()
    {
        var path = _folder.File("gateway.sock");

        // A copy of the name outlives the one that the listener removes when it closes.
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(_folder.File("bound.sock")));
            File.Move(_folder.File("bound.sock"), path);
        }

        Assert.True(File.Exists(path));
        Assert.Null(HttpServer.Prepare(path));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task A_second_gateway_is_told_of_the_first()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var refused = HttpServer.Prepare(gateway.Socket)!;
        Assert.Equal(ExitCode.Unavailable, refused.Code);
        Assert.Contains("already listens", refused.Message);
        Assert.NotEmpty(await gateway.Http.GetStringAsync("/api/v1/status"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("precious")]
    public void A_file_in_the_way_is_left_alone(string content)
    {
        File.WriteAllText(_folder.File("gateway.sock"), content);
        var refused = HttpServer.Prepare(_folder.File("gateway.sock"))!;
        Assert.Equal(ExitCode.Exists, refused.Code);
        Assert.Contains("in the way", refused.Message);
        Assert.Equal(content, File.ReadAllText(_folder.File("gateway.sock")));
    }
}
