using System.Net;
using System.Net.Sockets;
using Ntm.Box.Os;
using Xunit.Abstractions;
using Ntm.Linux;

namespace Ntm.Real.Tests.Programs;

/// <summary>
/// What keeps a program from starting: it says it in a sentence, ends with the number that docs/operations.md lists, and leaves everything as it was.
/// </summary>
[Collection(TownCollection.Name)]
public sealed class StartTests(Town town, ITestOutputHelper output)
{
    private const int Damaged = 65, Missing = 66, Unavailable = 69, InTheWay = 73, InUse = 75, NotPermitted = 77, Config = 78;

    [NeedsRootFact("ping", "setpriv")]
    public async Task MissingPrivilegesAreNamed()
    {
        await town.UpAsync();
        var config = Town.WriteGateway(Fresh("nobody"), "ntm3", 4950, "127.0.0.1:5350");

        // It may read everything, so that it does not matter where the town's files stand. The programs stand where everybody may look: before it
        // runs one, the .NET host asks access(2), which knows no capabilities, and this tree may be root's alone.
        var readable = Directory.CreateTempSubdirectory("ntm-programs-");
        using var gone = new Removed(readable.FullName);
        File.SetUnixFileMode(readable.FullName, (UnixFileMode)0b111_101_101);
        var (gatewayProgram, coordinatorProgram, relayProgram) = (await Readable(town.Programs.Gateway), await Readable(town.Programs.Coordinator), await Readable(town.Programs.Relay));
        string[] nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];
        await RefusedAsync(NotPermitted, "CAP_NET_ADMIN", [.. nobody, gatewayProgram, "run", "--config", config]);

        // With the privilege for networks, but not over root's files.
        string[] net = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+dac_read_search,+net_admin,+net_raw", "--ambient-caps=+dac_read_search,+net_admin,+net_raw"];
        await RefusedAsync(NotPermitted, Path.GetDirectoryName(config)!, [.. net, gatewayProgram, "run", "--config", config]);
        var own = Fresh("nobodys-own");
        config = Town.WriteGateway(own, "ntm3", 4950, "127.0.0.1:5350", Path.Combine(Fresh("nobody"), "gateway.sock"));
        await Town.MustAsync(town.Spare, "chown", "-R", "65534:65534", own);
        await RefusedAsync(NotPermitted, "gateway.sock", [.. net, gatewayProgram, "run", "--config", config]);
        var coordinator = Town.Copy(town.CoordinatorSeed, Path.Combine(town.Folder, "coordinator-nobody"));
        await RefusedAsync(NotPermitted, coordinator, [.. nobody, coordinatorProgram, "run", "--config", Path.Combine(coordinator, "coordinator.json")]);
        var relay = Town.Copy(town.RelaySeed, Path.Combine(town.Folder, "relay-nobody"));
        await RefusedAsync(NotPermitted, relay, [.. nobody, relayProgram, "run", "--config", Path.Combine(relay, "relay.json")]);

        async Task<string> Readable(string program)
        {
            var from = Path.GetDirectoryName(program)!;
            var to = Path.Combine(readable.FullName, Path.GetFileName(program));
            await Town.MustAsync(town.Spare, "cp", "-r", from, to);
            await Town.MustAsync(town.Spare, "chmod", "-R", "a+rX", to);
            return Path.Combine(to, Path.GetFileName(program));
        }
    }

    [NeedsRootFact("ping", "setpriv")]
    public async Task ASecondPortInUseIsSaidAndTheServersRun()
    {
        await town.UpAsync();
        using var coordinators = Taken(SocketType.Dgram, SecondPort.After(Town.CoordinatorPort));
        using var relays = Taken(SocketType.Dgram, SecondPort.After(Town.RelayPort));
        foreach (var command in (string[][])[Coordinator("coordinator-second"), Relay("relay-second")])
        {
            using var server = Daemon.Start(town.Spare, town.Folder, string.Join(' ', command)).UntilLogged("listens on UDP port");
            Assert.Contains("There is no second port", server.Log, StringComparison.Ordinal);
            Assert.True(server.Running);
        }
    }

    [NeedsRootFact("ping", "setpriv")]
    public async Task PortsInUseAreNamed()
    {
        await town.UpAsync();
        using (Taken(SocketType.Dgram, Town.CoordinatorPort))
        {
            await RefusedAsync(Unavailable, $"{Town.CoordinatorPort}", Coordinator("coordinator-port"));
        }

        using (Taken(SocketType.Dgram, Town.RelayPort))
        {
            await RefusedAsync(Unavailable, $"{Town.RelayPort}", Relay("relay-port"));
        }

        using (Taken(SocketType.Dgram, 4950))
        {
            await RefusedAsync(Unavailable, "UDP port 4950 of uplink catv", Gateway("uplink-port"));
        }

        using (Taken(SocketType.Dgram, 5350))
        {
            await RefusedAsync(Unavailable, "DNS port 127.0.0.1:5350", Gateway("dns-port"));
        }

        using (var tcp = Taken(SocketType.Stream, 5350))
        {
            tcp.Listen();
            await RefusedAsync(Unavailable, "DNS port 127.0.0.1:5350", Gateway("dns-tcp-port"));
        }

        town.Spare.Try("ip link delete ntm3"); // a gateway's own from another test
        town.Spare.Run("ip link add ntm3 type veth peer name ntm3-peer");
        try
        {
            await RefusedAsync(Unavailable, "interface ntm3", Gateway("tun"));
        }
        finally
        {
            town.Spare.Run("ip link delete ntm3");
        }
    }

    [NeedsRootFact("ping", "setpriv")]
    public async Task ASocketsPathInUseIsNamedAndALeftOverOneIsReplaced()
    {
        await town.UpAsync();
        var folder = Fresh("first");
        var socket = Path.Combine(folder, "gateway.sock");
        using var first = Daemon.Start(town.Spare, town.Folder, string.Join(' ', Gateway(folder, socket))).UntilLogged("is ready");
        var config = Town.WriteGateway(Fresh("second"), "ntm4", 4951, "127.0.0.1:5351", socket);
        await RefusedAsync(Unavailable, socket, town.Programs.Gateway, "run", "--config", config);

        // The same folder a second time, as when a service is started by hand besides.
        var sameStore = Path.Combine(folder, "again.json");
        File.WriteAllText(sameStore, File.ReadAllText(Path.Combine(folder, "gateway.json")).Replace("gateway.sock", "again.sock").Replace("ntm3", "ntm4"));
        await RefusedAsync(InUse, "gateway.db", town.Programs.Gateway, "run", "--config", sameStore);
        Assert.True(first.Running, first.Log);

        first.Kill();
        Assert.True(File.Exists(socket));
        using var next = Daemon.Start(town.Spare, town.Folder, string.Join(' ', Gateway(folder, socket))).UntilLogged("is ready");
        await Town.MustAsync(town.Spare, town.Programs.Ntm, "--socket", socket, "status");
        Assert.Equal(0, await next.TerminateAsync());

        File.WriteAllText(socket, "precious");
        await RefusedAsync(InTheWay, socket, town.Programs.Gateway, "run", "--config", Path.Combine(folder, "gateway.json"));
        Assert.Equal("precious", File.ReadAllText(socket));
    }

    [NeedsRootFact("ping", "setpriv")]
    public async Task ADamagedStoreIsLeftAsItIs()
    {
        await town.UpAsync();
        foreach (var (store, command) in ((string, string[])[])
            [("coordinator.store", Coordinator("coordinator-store")), ("relay.store", Relay("relay-store")), ("gateway.db", Gateway("gateway-store"))])
        {
            var file = Path.Combine(Path.GetDirectoryName(command[^1])!, store);

            // No store at all; then one whose beginning is right.
            foreach (var damage in (byte[][])["This is not a database, but somebody's letter."u8.ToArray(), [.. "SQLite format 3\0"u8, .. Random(5000)]])
            {
                File.WriteAllBytes(file, damage);
                await RefusedAsync(Damaged, file, command);
                Assert.Equal(damage, File.ReadAllBytes(file));
            }
        }

        // A good one with a page of rubbish in its middle.
        var relay = Relay("relay-page");
        var good = Path.Combine(Path.GetDirectoryName(relay[^1])!, "relay.store");
        var bytes = File.ReadAllBytes(good);
        Random(bytes.Length - 4096).CopyTo(bytes, 4096);
        File.WriteAllBytes(good, bytes);
        await RefusedAsync(Damaged, good, relay);
        Assert.Equal(bytes, File.ReadAllBytes(good));
    }

    [NeedsRootFact("ping", "setpriv")]
    public async Task AWrongConfigurationIsSaidAtOnce()
    {
        await town.UpAsync();
        foreach (var command in (string[][])[Coordinator("coordinator-config"), Relay("relay-config"), Gateway("gateway-config")])
        {
            var file = command[^1];
            var text = File.ReadAllText(file);
            var at = text.LastIndexOf('}');
            File.WriteAllText(file, $"{text[..at].TrimEnd()}, \"colour\": \"blue\", \"log\": 7 }}".Replace("\"log\": \"information\"", "\"x\": 1"));
            var outcome = await RefusedAsync(Config, "'colour' is not known", command);
            Assert.Contains("'log' must be", outcome.Err, StringComparison.Ordinal);

            File.WriteAllText(file, text[..(text.Length / 2)]);
            await RefusedAsync(Config, "no JSON", command);
            File.Delete(file);
            await RefusedAsync(Config, "no such file", command);
        }

        await RefusedAsync(64, "--config", town.Programs.Gateway, "run");
    }

    [NeedsRootFact("ping", "setpriv")]
    public async Task AKeyFileThatIsNotOursAloneOrDamagedIsRefused()
    {
        await town.UpAsync();
        foreach (var command in (string[][])[Coordinator("coordinator-key"), Relay("relay-key"), Gateway("gateway-key")])
        {
            var file = Path.Combine(Path.GetDirectoryName(command[^1])!, "node.key");
            if (!File.Exists(file))
            {
                File.Copy(Path.Combine(town.RelaySeed, "node.key"), file);
            }

            var text = File.ReadAllText(file);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
            await RefusedAsync(NotPermitted, "chmod 600", command);
            Assert.Equal(text, File.ReadAllText(file));

            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.WriteAllText(file, text[..20]);
            await RefusedAsync(Damaged, file, command);
            Assert.Equal(text[..20], File.ReadAllText(file));
        }

        var coordinator = Coordinator("coordinator-no-key");
        File.Delete(Path.Combine(Path.GetDirectoryName(coordinator[^1])!, "node.key"));
        await RefusedAsync(Missing, "node.key", coordinator);
    }

    private static byte[] Random(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private string Fresh(string name) => Path.Combine(town.Folder, name);

    private string[] Coordinator(string name) =>
        [town.Programs.Coordinator, "run", "--config", Path.Combine(Town.Copy(town.CoordinatorSeed, Fresh(name)), "coordinator.json")];

    private string[] Relay(string name) => [town.Programs.Relay, "run", "--config", Path.Combine(Town.Copy(town.RelaySeed, Fresh(name)), "relay.json")];

    private string[] Gateway(string name, string? socket = null) =>
        [town.Programs.Gateway, "run", "--config", Town.WriteGateway(Fresh(name), "ntm3", 4950, "127.0.0.1:5350", socket)];

    /// <summary>Something of ours that has the port, in the spare home.</summary>
    private Socket Taken(SocketType type, int port) => town.Spare.In(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, type, type == SocketType.Dgram ? ProtocolType.Udp : ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        return socket;
    });

    /// <summary>Runs a program in the spare home: it must end at once, with this code, and say one thing, this among it.</summary>
    private async Task<Outcome> RefusedAsync(int code, string part, params string[] command)
    {
        var outcome = await Town.RunAsync(town.Spare, command);
        output.WriteLine($"{Path.GetFileName(command.First(word => word.Contains("/ntm-", StringComparison.Ordinal)))}: ended with {outcome.Code}: {outcome.Err.Trim()}");
        Assert.True(outcome.Code == code, $"expected {code}: {outcome.Sentence}");
        Assert.Contains(part, outcome.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Err, StringComparison.Ordinal);
        return outcome;
    }

    private sealed class Removed(string folder) : IDisposable
    {
        public void Dispose() => Directory.Delete(folder, recursive: true);
    }
}
