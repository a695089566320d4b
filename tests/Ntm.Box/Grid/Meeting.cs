using System.Globalization;
using Ntm.Box.Os;
using Ntm.Box.Story;
using Ntm.Box.World;
using Ntm.Interface;
using Ntm.Simulation;

namespace Ntm.Box.Grid;

/// <summary>Two homes of the real grid that have not met: one asks for the other's device by name (dig) and pings it (ping).</summary>
/// <param name="one">Who asks.</param>
/// <param name="other">Whose device it is.</param>
/// <param name="name">The device's.</param>
/// <param name="peer">What the asking gateway says of the other.</param>
/// <param name="tell">Where it tells how it went.</param>
internal sealed class Meeting(GridHome one, GridHome other, string name, Func<Task<PeerDocument?>> peer, Teller tell)
{
    private const int Pings = 200;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(60);

    /// <summary>On a busy machine a round of checks may come to nothing; the next is due after 30 s.</summary>
    private static readonly TimeSpan DirectBy = TimeSpan.FromSeconds(45);

    /// <summary>Off the relay is who sent nothing by it for so long.</summary>
    private static readonly TimeSpan OffTheRelay = TimeSpan.FromSeconds(1);

    private readonly bool foretold = SimulatedGrid.IsDirect(one.Kind, other.Kind);
    private readonly List<PingReading> readings = [];
    private TimeSpan answer;
    private string alias = "";
    private string reason = "";

    public (NetworkKind One, NetworkKind Other) Kinds => (one.Kind, other.Kind);

    /// <summary>Whether both cannot be at the same time: a home, or a NAT, is in both.</summary>
    public bool Excludes(Meeting another) => Sites.Intersect(another.Sites).Any();

    private string[] Sites => [one.Site, other.Site];

    public async Task RunAsync(CancellationToken stop)
    {
        alias = await AskAsync(stop);
        var limit = DateTimeOffset.UtcNow + DirectBy;
        bool isDirect;
        do
        {
            readings.Add(await PingAsync(Pings, stop));
            var seen = await peer();
            isDirect = seen is { Direct: true };
            reason = seen?.Reason ?? "there is no peer";
        }
        while (foretold && !isDirect && DateTimeOffset.UtcNow < limit);

        tell.Say($"{one.Kind.Name(),-21} {other.Kind.Name(),-21} {readings.Sum(r => r.Answered)} of {readings.Sum(r => r.Sent)} pings answered; {reason}");
    }

    /// <summary>What came of it.</summary>
    /// <param name="packets">All that was captured on the internet, oldest first.</param>
    public RealPair Judge(IReadOnlyList<SeenPacket> packets)
    {
        var begun = readings[0].Begun;
        var ended = readings[^1].LastAnswer ?? begun;
        var seen = StreamSeen.In(packets, one.Outside, other.Outside, [GridLand.RelayAddress, GridLand.RelayAddress6], begun, ended);

        // What two homes behind one NAT send one another directly cannot be seen from here, but that it goes by no relay.
        var change = seen.LastRelayed ?? seen.FirstDirect ?? readings[0].FirstAnswer;
        var direct = seen.LastRelayed is null || ended - seen.LastRelayed > OffTheRelay ? change - begun + answer : null;
        return new(
            one.Kind, other.Kind, answer, readings[0].FirstAnswer - begun + answer, direct, readings.Sum(r => r.Sent),
            readings.Sum(r => r.Sent - r.Answered), readings.Sum(r => r.Twice), reason, foretold);
    }

    /// <summary>They speak again, when nothing has passed between them for some time.</summary>
    /// <returns>What came of it.</returns>
    public async Task<string> AgainAsync(TimeSpan silence, CancellationToken stop)
    {
        var last = readings[^1].LastAnswer ?? throw new BoxFailed($"{one.Name} and {other.Name} have not met");
        var wait = silence - (DateTimeOffset.UtcNow - last);
        await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, stop);
        var silent = DateTimeOffset.UtcNow - last;
        var reading = await PingAsync(50, stop);
        var sentence = string.Create(
            CultureInfo.InvariantCulture,
            $"{one.Kind.Name()} and {other.Kind.Name()}, after {silent.TotalSeconds:0} s of silence: {reading.Answered} of {reading.Sent} pings answered, the first after {(reading.FirstAnswer - reading.Begun)?.TotalMilliseconds:0.0} ms");
        return reading.Answered == reading.Sent ? sentence : throw new BoxFailed(sentence);
    }

    private async Task<PingReading> PingAsync(int count, CancellationToken stop)
    {
        var started = DateTimeOffset.UtcNow;
        var interval = Interval.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
        var ping = await one.Device.RunAsync(["ping", "-n", "-D", "-i", interval, "-c", $"{count}", "-s", $"{StreamSeen.PingBytes}", "-W", "2", alias], Patient, stop);
        return PingReading.Parse(ping.Out, Interval, started);
    }

    private async Task<string> AskAsync(CancellationToken stop)
    {
        var asked = await Asking.MustAsync(one.Device.RunAsync(
            ["dig", $"@{GridHome.GatewayAddress}", "+noall", "+answer", "+comments", "+stats", "+tries=3", "+time=5", name, "A"], Patient, stop));
        var lines = asked.Out.Split('\n').Select(l => l.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).ToList();
        var took = lines.Find(l => l is [";;", "Query", "time:", ..]) ?? throw new BoxFailed($"dig in {one.Device.Name} did not say how long {name} took: {asked.Out}");
        answer = TimeSpan.FromMilliseconds(double.Parse(took[3], CultureInfo.InvariantCulture));
        return lines.Find(l => l is [_, _, _, "A", _])?[4] ?? throw new BoxFailed($"{one.Name} got no address for {name}: {asked.Out}");
    }
}
