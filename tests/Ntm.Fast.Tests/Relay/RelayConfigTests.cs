using Ntm.Hosting;
using Ntm.Protocol;
using Ntm.Relay;
using Ntm.Relay.Host;

namespace Ntm.Fast.Tests.Relay;

/// <summary>relay.json, as `ntm-relay join` writes it and `ntm-relay run` reads it.</summary>
public sealed class RelayConfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ntm-relay-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string text)
    {
        var file = Path.Combine(_folder, RelayConfig.FileName);
        File.WriteAllText(file, text);
        return file;
    }

    [Fact]
    public void What_join_writes_run_reads()
    {
        RealAddress[] endpoints = [Ntm.Simulation.World.Documentation(0, 11, 4917), Ntm.Simulation.World.Documentation6(0, 11, 4917)];
        var read = RelayConfig.Read(Write(RelayConfig.Write(new RelayModel(endpoints), 4918)));
        Assert.Equal(endpoints, read.Model.Endpoints);
        Assert.Equal(4918, read.Port);
        Assert.Equal(5018, read.SecondPort);
        Assert.Equal(_folder, read.Data);
        Assert.Equal(Path.Combine(_folder, "relay.store"), read.StoreFile);
    }

    [Theory]
    [InlineData("{}", "'endpoints' must list 1 to 4 addresses")]
    [InlineData("""{ "endpoints": [] }""", "A relay announces 1 to 4 endpoints, not 0")]
    [InlineData("""{ "endpoints": ["rs1.example:4916"] }""", "'endpoints[0]' must be an address with a port")]
    [InlineData("""{ "endpoints": ["192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3", "192.0.2.1:4", "192.0.2.1:5"] }""", "must list 1 to 4")]
    [InlineData("""{ "endpoints": ["192.0.2.1:1"], "port": 0 }""", "'port' must be a whole number from 1 to 65535")]
    [InlineData("""{ "endpoints": ["192.0.2.1:1"], "port": 5, "secondPort": 5 }""", "'secondPort' must be another than \"port\"")]
    [InlineData("""{ "endpoints": ["192.0.2.1:1"], "secondPort": -1 }""", "'secondPort' must be a whole number from 0 to 65535")]
    [InlineData("""{ "endpoints": ["192.0.2.1:1"], "quota": 5 }""", "'quota' is not known")]
    public void What_is_wrong_is_said(string text, string problem) =>
        Assert.Contains(problem, Assert.Throws<ConfigException>(() => RelayConfig.Read(Write(text))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("join", "hello", "--data", "x", "--endpoint", "192.0.2.1:4916")]
    [InlineData("join", "hello", "--data", "x", "--endpoint", "nonsense")]
    [InlineData("join", "hello", "--data", "x")]
    [InlineData("join")]
    [InlineData("fly")]
    public async Task A_command_line_that_cannot_be_makes_nothing(params string[] args)
    {
        var data = Path.Combine(_folder, "relay");
        var code = await Fatal.InvokeAsync(RelayCommand.Program, RelayCommand.Root(), [.. args.Select(a => a == "x" ? data : a)]);
        Assert.Equal((int)ExitCode.Usage, code);
        Assert.False(Path.Exists(data));
    }
}
