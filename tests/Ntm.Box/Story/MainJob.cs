using System.Collections.Concurrent;
using Ntm.Box.Os;
using Ntm.Box.World;
using Ntm.Interface;

namespace Ntm.Box.Story;

/// <summary>
/// The main job: homes that could not talk to one another do, by name, sealed, direct where their NATs permit. Every step asserts on what it observed
/// (interface JSON, captures, hashes at both ends, what Debian's programs printed) and says just that. The first that does not hold ends the
/// job, by its name.
/// </summary>
internal sealed partial class MainJob(Copy copy, Programs programs, Breakage breakage, int giftBytes, Teller tell, CancellationToken stop) : IDisposable
{
    public const string Zone = "home.example";

    private static readonly TimeSpan Short = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(30);

    private readonly Asking asking = new(copy, stop);
    private readonly ConcurrentDictionary<string, GatewayInterface> interfaces = [];
    private readonly Dictionary<string, Gift> gifts = [];
    private Internet? laid;
    private Capture? wire;
    private Capture? bobsLan;
    private Capture? alicesLan;
    private Child? coordinator;
    private Child? secondCoordinator;
    private Child? relay;
    private DateTimeOffset nameAsked;

    /// <summary>Alice's home, whose console the box opens.</summary>
    public Home Alice => Net.Home("alice");

    private Home Bob => Net.Home("bob");

    private Home Carol => Net.Home("carol");

    private Internet Net => laid ?? throw new InvalidOperationException("the internet is not laid yet");

    /// <summary>Only the NATs: lays the internet and the homes and asks about them.</summary>
    public async Task ConfirmNatsAsync()
    {
        await LayAsync();
        await NatsAsync();
    }

    public async Task RunAsync()
    {
        await LayAsync();
        await NatsAsync();
        await DevicesAsync();
        await ServersAsync();
        await GatewaysAsync();
        await PublishAsync();
        await BreakAsync();
        await NameAsync();
        await FirstContactAsync();
        await DirectAsync();
        await PingAsync();
        await DatagramAsync();
        await OtherPairsAsync();
        await UnpublishedAsync();
        await AloneAsync();
        await UnpluggedAsync();
        await GatewayRestartsAsync();
        await CoordinatorCrashAsync();
        await RelayCrashAsync();
        await SecondCoordinatorAsync();
        await OtherZoneAsync();
        await PublicDnsAsync();
        await BeforeShareAsync();
        await ShareAsync();
        await ShareLimitsAsync();
        await UnshareAsync();
        await RemovalAsync();
        await UnsharedNameAsync();
        await SealedAsync();
    }

    public void Dispose()
    {
        mobile?.Link.Dispose();
        foreach (var gateway in interfaces.Values)
        {
            gateway.Dispose();
        }
    }

    private GatewayInterface At(Home home) => interfaces.GetOrAdd(home.Name, _ => new GatewayInterface(home.Socket));

    private Task<T> UntilAsync<T>(TimeSpan limit, Func<Task<T>> ask, Func<T, string?> judge) => asking.UntilAsync(limit, ask, judge);

    private static Task<Outcome> MustAsync(Task<Outcome> run, string? advice = null) => Asking.MustAsync(run, advice);

    private static string Describe(PeerDocument? peer) =>
        peer is null ? "there is no tunnel with it yet"
        : $"established {peer.Established}, direct {peer.Direct} ({peer.Reason}); paths: "
            + string.Join("; ", peer.Paths.Select(p => $"{p.Kind} {p.Address} channel {p.Channel} {p.State} ({p.Reason})"));
}
