using Ntm.Interface;
using Ntm.Linux;
using Ntm.Node;
using Ntm.Protocol;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>
/// Takes an uplink away for a while, so that the owner sees what a handover does (docs/operations.md, "When an uplink goes"). Nothing of it outlives the program. One at a time; on
/// the pump's thread.
/// </summary>
public sealed class Drills : IDisposable
{
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan Usual = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly NodeCore _core;
    private readonly Uplinks _uplinks;
    private readonly ILogger _log;
    private readonly Timer _timer;
    private Drill? _last;

    public Drills(Pump pump, NodeCore core, Uplinks uplinks, ILogger log)
    {
        (_core, _uplinks, _log) = (core, uplinks, log);
        _timer = new Timer(_ => pump.Post(Tick));
    }

    /// <param name="name">The uplink's.</param>
    /// <param name="way">"both", "out" or "in": a black hole of that direction, of which the core is not told; null: as if the carrier were lost.</param>
    /// <param name="force">Also where it is the only usable one.</param>
    public Verdict Begin(Now now, string name, string? way, TimeSpan lasts, bool force)
    {
        var uplinks = _core.Uplinks(now);
        if (lasts < Shortest || lasts > Longest)
        {
            return new(false, $"A drill lasts {Shortest.TotalSeconds:0} s to {Longest.TotalMinutes:0} min.");
        }

        if (uplinks.FirstOrDefault(u => u.Name == name) is not { } uplink)
        {
            return new(false, $"No uplink is called '{Http.Problem.Quoted(name)}'. There are: {string.Join(", ", uplinks.Select(u => u.Name))}.");
        }

        if (_last is { UnderWay: true } other)
        {
            return new(false, $"A drill of {other.Name} is under way, for another {Math.Ceiling((other.Until - now.Boot).TotalSeconds):0} s. Wait for its end, or stop it: ntm drill stop");
        }

        if (!uplink.Usable)
        {
            return new(false, $"{name} is not usable as it is ({uplink.Reason}): nothing would be handed over.");
        }

        if (!force && !HasOther(uplinks, uplink.Number))
        {
            return new(false, $"{name} is the only usable uplink: no other home could be reached until the drill is over. If that is wanted, add --force (\"force\": true).");
        }

        var drill = new UplinkDrill(uplink.Number, way is null, way is not "in", way is not "out");
        _last = new Drill(drill, name, way, now.Wall, now.Boot, now.Boot + lasts, force, _core.Drill(now, uplink.Number));
        _uplinks.SetDrill(now, drill);
        _timer.Change(Look, Look);
        var what = way switch
        {
            null => "is taken away as if its carrier were lost",
            "out" => "swallows what is sent there, and the gateway is not told",
            "in" => "swallows what comes in there, and the gateway is not told",
            _ => "swallows everything, and the gateway is not told",
        };
        _log.Warning("A drill: for {Seconds} s the uplink {Uplink} {What}.", lasts.TotalSeconds, name, what);
        return new(true, $"For {lasts.TotalSeconds:0.#} s, {name} {what}.");
    }

    /// <summary>Ends the drill of this uplink before its time.</summary>
    public Verdict Stop(Now now, string name)
    {
        if (_last is not { UnderWay: true } drill || drill.Name != name)
        {
            return new(false, _last is { UnderWay: true } other ? $"The drill under way is of {other.Name}." : "No drill is under way.");
        }

        End(now, "it was stopped");
        return new(true, $"The drill is over; {name} is back.");
    }

    /// <summary>The drill under way, or the last one of this run; null: there was none.</summary>
    public DrillDocument? Describe(Now now) => _last is not { } drill ? null : new(
        drill.Name, drill.Way, drill.At, Math.Round((drill.Until - drill.From).TotalMilliseconds), drill.UnderWay,
        drill.UnderWay ? Math.Max(0, Math.Round((drill.Until - now.Boot).TotalMilliseconds)) : 0, drill.Before, drill.Why);

    public void Dispose() => _timer.Dispose();

    private void Tick(Now now)
    {
        if (_last is not { UnderWay: true } drill)
        {
            return;
        }

        if (now.Boot >= drill.Until)
        {
            End(now, "its time is over");
        }
        else if (!drill.Force && !HasOther(_core.Uplinks(now), drill.Uplink.Number))
        {
            End(now, "no other uplink is usable any more");
        }
    }

    private void End(Now now, string why)
    {
        var drill = _last!;
        _last = drill with { UnderWay = false, Why = why };
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _uplinks.SetDrill(now, null);
        _core.Drill(now, null);
        _log.Warning("The drill of the uplink {Uplink} has ended: {Why}.", drill.Name, why);
    }

    private static bool HasOther(IEnumerable<UplinkState> uplinks, int than) => uplinks.Any(u => u.Number != than && u.Usable);

    /// <param name="Before">The highest number of a record when it began.</param>
    private sealed record Drill(UplinkDrill Uplink, string Name, string? Way, DateTimeOffset At, TimeSpan From, TimeSpan Until, bool Force, long Before)
    {
        public bool UnderWay { get; init; } = true;

        /// <summary>Why it has ended.</summary>
        public string? Why { get; init; }
    }
}
