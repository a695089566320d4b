using Ntm.Box.Os;
using Ntm.Box.World;
using Ntm.Real.Tests.Programs;
using BuiltPrograms = Ntm.Box.Os.Programs;

namespace Ntm.Real.Tests.Names;

/// <summary>The tests of the public DNS share one world.</summary>
[CollectionDefinition(Name)]
public sealed class NameWorldCollection : ICollectionFixture<NameWorld>
{
    public const string Name = "names";
}

/// <summary>
/// A public DNS of its own in namespaces: Debian's nsd has the root and "example", and publishes alice's zone with what `ntm-coordinator record` printed; bob's is
/// delegated, with what that printed, to his running coordinator; Debian's unbound resolves from the root down. Made at the first use.
/// </summary>
public sealed class NameWorld : IDisposable
{
    public const string Alice = "alice.example", Bob = "bob.example", Carol = "carol.example", Dave = "dave.example";
    public const string NsdAddress = "203.0.113.53", UnboundAddress = "203.0.113.54", SmallAddress = "203.0.113.55";
    public const string BobAddress = "203.0.113.10", AliceAddress = "203.0.113.20", AskerAddress = "203.0.113.60";

    private readonly List<IDisposable> _made = [];
    private Task? _making;

    internal BuiltPrograms Programs { get; } = BuiltPrograms.Locate(AppContext.BaseDirectory);

    public string Folder { get; private set; } = "";

    public TestNamespace Servers { get; private set; } = null!;

    /// <summary>Bob's coordinator's place.</summary>
    public TestNamespace BobsPlace { get; private set; } = null!;

    /// <summary>Who asks; unbound is its system's resolver.</summary>
    public TestNamespace Asker { get; private set; } = null!;

    internal Daemon Coordinator { get; private set; } = null!;

    public string BobFolder => Path.Combine(Folder, "bob");

    /// <summary>What `record` printed of alice's zone, and of bob's, without comments.</summary>
    public string[] AliceLines { get; private set; } = [];

    public string[] BobLines { get; private set; } = [];

    /// <summary>Carol's record is as long as one can get: four coordinators of four addresses each.</summary>
    public string[] CarolLines { get; private set; } = [];

    public Task UpAsync() => _making ??= MakeAsync();

    /// <summary>Runs a program inside to its end, whatever that is.</summary>
    internal static Task<Outcome> RunAsync(TestNamespace where, params IEnumerable<string> argv) =>
        Tool.RunAsync(["ip", "netns", "exec", where.Name, .. argv], TimeSpan.FromSeconds(40), CancellationToken.None);

    internal static async Task<string> MustAsync(TestNamespace where, params string[] argv)
    {
        var outcome = await RunAsync(where, argv);
        Assert.True(outcome.Ok, outcome.Sentence);
        return outcome.Out;
    }

    internal Task<string> DigAsync(params string[] words) => MustAsync(Asker, ["dig", "+time=3", "+tries=2", .. words]);

    internal Task<Outcome> FindAsync(params string[] words) => RunAsync(Asker, [Programs.Coordinator, "find", .. words]);

    public void Dispose()
    {
        var etc = Asker is null ? null : EtcOf(Asker);
        for (var i = _made.Count - 1; i >= 0; i--)
        {
            _made[i].Dispose();
        }

        if (etc is not null && Directory.Exists(etc))
        {
            Directory.Delete(etc, recursive: true);
            try
            {
                Directory.Delete("/etc/netns");
            }
            catch (IOException)
            {
                // Not empty: others have namespaces with files of their own.
            }
        }

        if (Folder.Length > 0)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private static string EtcOf(TestNamespace place) => Path.Combine("/etc/netns", place.Name);

    private async Task MakeAsync()
    {
        Assert.True(File.Exists(Programs.Coordinator), $"Not built: {Programs.Coordinator}. Build the solution first.");
        Folder = Directory.CreateTempSubdirectory("ntm-names-").FullName;
        LayNetwork();

        var aliceFolder = Path.Combine(Folder, "alice");
        await MustAsync(
            Asker, Programs.Coordinator, "init", "--zone", Alice, "--data", aliceFolder, "--endpoint", $"{AliceAddress}:4916", "--endpoint", "[2001:db8::20]:4916", "--name", "c1");
        AliceLines = await RecordAsync(aliceFolder);
        await MustAsync(
            BobsPlace, Programs.Coordinator, "init", "--zone", Bob, "--data", BobFolder, "--endpoint", $"{BobAddress}:4916", "--dns", $"{BobAddress}:53");
        var printed = await RecordAsync(BobFolder);
        BobLines = [.. printed.Where(l => l.Contains(" SVCB ", StringComparison.Ordinal))];
        CarolLines = [.. LongRecord.Lines(Carol)];

        var nsd = new Nsd(Path.Combine(Folder, "nsd"), NsdAddress);
        nsd.Write(new Dictionary<string, string>
        {
            [""] = nsd.Zone("", nsd.Delegation("example")),
            ["example"] = nsd.Zone("example", [
                .. nsd.Delegation(Alice), .. nsd.Delegation(Carol), .. nsd.Delegation(Dave),
                .. printed[Array.FindIndex(printed, l => l.Contains(" NS ", StringComparison.Ordinal))..],
            ]),
            [Alice] = nsd.Zone(Alice, AliceLines),
            [Carol] = nsd.Zone(Carol, CarolLines),
            [Dave] = nsd.Zone(Dave),
        });
        Start(Servers, "nsd started", nsd.Command);
        foreach (var (address, udpBytes) in new[] { (UnboundAddress, 1232), (SmallAddress, 512) })
        {
            var unbound = new Unbound(Path.Combine(Folder, "unbound-" + udpBytes), address, NsdAddress);
            unbound.Write(udpBytes);
            Start(Servers, "start of service", unbound.Command);
        }

        Coordinator = Daemon.Start(BobsPlace, Folder, $"{Programs.Coordinator} run --config {BobFolder}/coordinator.json").UntilLogged("listens on UDP port");
    }

    private async Task<string[]> RecordAsync(string folder) =>
        [.. (await MustAsync(Asker, Programs.Coordinator, "record", "--data", folder)).Split('\n').Where(l => l.Length > 0 && l[0] != ';')];

    private void Start(TestNamespace where, string ready, string[] command) => Daemon.Start(where, Folder, string.Join(' ', command)).UntilLogged(ready);

    private void LayNetwork()
    {
        var middle = Made(new TestNamespace("in"));
        middle.Run("ip link add br0 type bridge");
        middle.Run("ip link set br0 up");
        Servers = Plug(middle, "ns", [NsdAddress, UnboundAddress, SmallAddress]);
        BobsPlace = Plug(middle, "bo", [BobAddress]);
        Asker = Plug(middle, "as", [AskerAddress]);
        Directory.CreateDirectory(EtcOf(Asker));
        File.WriteAllText(Path.Combine(EtcOf(Asker), "resolv.conf"), $"nameserver {UnboundAddress}\n");
    }

    private TestNamespace Plug(TestNamespace middle, string hint, string[] addresses)
    {
        var place = Made(new TestNamespace(hint));
        place.JoinTo(middle, "eth0", hint, [.. addresses.Select(a => $"{a}/24")], []);
        middle.Run($"ip link set {hint} master br0");
        return place;
    }

    private T Made<T>(T it)
        where T : IDisposable
    {
        _made.Add(it);
        return it;
    }
}
