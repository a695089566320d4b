using Ntm.Node.Paths;
using Ntm.Protocol;

namespace Ntm.Node.Handovers;

/// <summary>
/// Writes down each handover of a tunnel while it happens: noticed, decided and why, first packet out on the new path, first back, what was lost or sent again. It decides
/// nothing. Its timers: look 250 ms (while a record is open) · settled 2 s after the decision and the first datagram back · unanswered 15 s after the decision · undecided 60 s.
/// </summary>
internal sealed class FlightRecorder(NodeContext context)
{
    /// <summary>Counted: a handover without a record, because too many are open or came in the last minute.</summary>
    public const string NotRecorded = "handover-not-recorded";

    /// <summary>Records open at once: tunnels of one uplink that goes.</summary>
    public const int OpenMost = 64;

    /// <summary>Records a minute, of one party and in all.</summary>
    public const int MinuteMostOfOne = 6;
    public const int MinuteMost = 128;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan SettledAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan UnansweredAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan UndecidedAfter = TimeSpan.FromSeconds(60);

    /// <summary>Records of one cause on one uplink that begin within this of the first are one event.</summary>
    private static readonly TimeSpan EventLasts = TimeSpan.FromSeconds(5);

    private readonly HandoverLog _log = new(context);
    private readonly List<(OpenHandover Record, Action Detach)> _open = [];
    private readonly Dictionary<string, int> _minute = new(StringComparer.Ordinal);
    private readonly Dictionary<(HandoverCause Cause, int Uplink, RealAddress Relay), (long Event, TimeSpan Until)> _events = [];
    private int _minuteInAll;
    private TimeSpan _minuteEnds = TimeSpan.MinValue;
    private TimeSpan _lookAt = TimeSpan.MaxValue;

    /// <summary>What a tunnel has counted so far.</summary>
    public Func<Tunnel.Tunnel, HandoverCounts> CountsOf { get; set; } = static _ => default;

    /// <summary>The uplink that a drill takes away; null: none does.</summary>
    public int? Drilled { get; set; }

    public TimeSpan NextDeadline => _lookAt < _log.NextDeadline ? _lookAt : _log.NextDeadline;

    /// <summary>The highest number given to a record.</summary>
    public long LastId => _log.LastId;

    /// <summary>From the store.</summary>
    public void Load(IEnumerable<StoreWrite> memory) => _log.Load(memory);

    /// <summary>
    /// Something is wrong with the path in use, or another is to be taken. With a record open for this peer: the same handover goes on, unless its new path was heard already.
    /// </summary>
    /// <param name="why">How it was noticed, as a clause.</param>
    public void Noticed(Now now, Peer peer, HandoverCause cause, PeerPath? from, string why)
    {
        if (GoesOn(now, peer.OpenHandover, cause, why))
        {
            return;
        }

        var busy = peer.LastTraffic is { } traffic && now.Boot - traffic <= Limits.CheckUsed;
        peer.OpenHandover = Begin(now, peer.Name, false, peer.Tunnel, cause, from?.Path ?? default, why, busy, () => peer.OpenHandover = null);
    }

    /// <summary>The same for the tunnel with a coordinator or relay.</summary>
    public void Noticed(Now now, ServerLink link, HandoverCause cause, WirePath from, string why)
    {
        if (!GoesOn(now, link.OpenHandover, cause, why))
        {
            link.OpenHandover = Begin(now, link.Name, true, link.Tunnel, cause, from, why, false, () => link.OpenHandover = null);
        }
    }

    /// <summary>The tunnel goes by another path from now on. The path it is on already is none: that is <see cref="Returned(Now, Peer)"/>.</summary>
    /// <param name="reason">Why that path, as a clause.</param>
    public void Decided(Now now, Peer peer, PeerPath to, string reason) => Decide(now, peer.OpenHandover, to.Path, reason);

    public void Decided(Now now, ServerLink link, WirePath to, string reason) => Decide(now, link.OpenHandover, to, reason);

    /// <summary>The suspicion ended, nothing was changed: a near miss, unless it was the peer's word alone. Nothing happens where something was decided.</summary>
    public void Returned(Now now, Peer peer) => Return(now, peer.OpenHandover);

    /// <summary>A packet goes out on a path. For each.</summary>
    public void Sent(Now now, Peer peer, WirePath path) => peer.OpenHandover?.Sent(now.Boot, path);

    /// <summary>An authenticated datagram came by a path. For each.</summary>
    public void Heard(Now now, Peer peer, WirePath path) => peer.OpenHandover?.Heard(now.Boot, path);

    public void Heard(Now now, ServerLink link, WirePath path) => link.OpenHandover?.Heard(now.Boot, path);

    /// <summary>Packets of the ring went out once more.</summary>
    public void SentAgain(Now now, Peer peer, int count) => peer.OpenHandover?.SentAgain += count;

    /// <summary>There is no such peer any more, and nobody to hand over.</summary>
    public void Forget(Peer peer) => Drop(peer.OpenHandover);

    public void HandleTimeout(Now now)
    {
        if (_lookAt <= now.Boot)
        {
            for (var i = _open.Count - 1; i >= 0; i--)
            {
                if (Judge(now.Boot, _open[i].Record) is { } end)
                {
                    Close(now, i, end);
                }
            }

            _lookAt = _open.Count > 0 ? now.Boot + Look : TimeSpan.MaxValue;
        }

        _log.HandleTimeout(now.Boot);
    }

    /// <summary>The program is about to end: what is open ends as it is, and all is written.</summary>
    public void Stop(Now now)
    {
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            Close(now, i, _open[i].Record.FirstBack is null ? HandoverEnd.Interrupted : HandoverEnd.Settled);
        }

        _lookAt = TimeSpan.MaxValue;
        _log.Flush();
    }

    /// <summary>All records, those under way included, the oldest first.</summary>
    public IReadOnlyList<HandoverRecord> Describe(Now now) =>
        [.. _log.All.Concat(_open.Select(o => o.Record.At(now.Boot, HandoverEnd.UnderWay, CountsOf(o.Record.Tunnel)))).OrderBy(static r => r.Id)];

    private bool GoesOn(Now now, OpenHandover? open, HandoverCause cause, string why)
    {
        if (open is null)
        {
            return false;
        }

        // The peer's word comes back after we have moved: it is an answer to that.
        if (open.FirstBack is not null && cause != HandoverCause.PeerMoved)
        {
            Close(now, IndexOf(open), HandoverEnd.Settled);
            return false;
        }

        // A suspicion that turns out to be the uplink's end is one handover, noticed when it was suspected.
        if (open.Begun is { Cause: HandoverCause.Silent, Moves: 0 } && cause != HandoverCause.Silent)
        {
            open.Begun = open.Begun with { Cause = cause, Why = Cut($"{open.Begun.Why}; then {ReasonOf(cause, UplinkSocket.UplinkOf(open.From.Uplink)) ?? why}") };
        }

        return true;
    }

    private OpenHandover? Begin(
        Now now, string party, bool isServer, Tunnel.Tunnel tunnel, HandoverCause cause, WirePath from, string why, bool busy, Action detach)
    {
        if (_open.Count >= OpenMost || !MayRecord(now.Boot, party))
        {
            context.Counters.Count(NotRecorded);
            return null;
        }

        var id = _log.TakeId();
        var uplink = UplinkSocket.UplinkOf(from.Uplink);
        var record = new HandoverRecord(id, EventOf(now.Boot, id, cause, from), party, now.Wall, cause, Cut(ReasonOf(cause, uplink) ?? why), from.IsNone ? null : WayOf(from))
        {
            IsServer = isServer,
            IsDrill = !from.IsNone && Drilled == uplink,
        };
        var heard = busy && tunnel.LastReceived is { } last && last < now.Boot ? last : now.Boot;
        var open = new OpenHandover(record, now.Boot, from, tunnel, CountsOf(tunnel), heard);
        _open.Add((open, detach));
        _lookAt = now.Boot + Look < _lookAt ? now.Boot + Look : _lookAt;
        return open;
    }

    private void Decide(Now now, OpenHandover? open, WirePath to, string reason)
    {
        if (open is null || to == open.To)
        {
            return;
        }

        if (to == open.From && open.Decided is null)
        {
            Return(now, open);
            return;
        }

        open.Decide(now.Boot, to, WayOf(to), Cut(reason));
    }

    private void Return(Now now, OpenHandover? open)
    {
        if (open is { Decided: null, Begun.Cause: HandoverCause.PeerMoved })
        {
            Drop(open); // it was the peer's path, and ours is what it was
        }
        else if (open is { Decided: null })
        {
            Close(now, IndexOf(open), HandoverEnd.Returned);
        }
    }

    // Where nothing is sent, nothing can come back: the tunnel is idle, and moved all the same.
    private static HandoverEnd? Judge(TimeSpan boot, OpenHandover open)
    {
        if (open.Decided is not { } decided)
        {
            return boot - open.Noticed >= UndecidedAfter ? HandoverEnd.Failed : null;
        }

        var from = open.FirstBack is { } back && back > decided ? back : decided;
        return open.FirstOut is null || open.FirstBack is not null
            ? boot - from >= SettledAfter ? HandoverEnd.Settled : null
            : boot - decided >= UnansweredAfter ? HandoverEnd.Failed : null;
    }

    private void Close(Now now, int at, HandoverEnd end)
    {
        var (open, detach) = _open[at];
        _open.RemoveAt(at);
        detach();
        _log.Add(now.Boot, open.At(now.Boot, end, CountsOf(open.Tunnel)));
    }

    private void Drop(OpenHandover? open)
    {
        if (open is not null && IndexOf(open) is var at and >= 0)
        {
            var detach = _open[at].Detach;
            _open.RemoveAt(at);
            detach();
        }
    }

    private int IndexOf(OpenHandover open) => _open.FindIndex(o => o.Record == open);

    private bool MayRecord(TimeSpan boot, string party)
    {
        if (boot >= _minuteEnds)
        {
            _minute.Clear();
            (_minuteInAll, _minuteEnds) = (0, boot + TimeSpan.FromMinutes(1));
        }

        var count = _minute.GetValueOrDefault(party);
        if (count >= MinuteMostOfOne || _minuteInAll >= MinuteMost)
        {
            return false;
        }

        _minute[party] = count + 1;
        _minuteInAll++;
        return true;
    }

    // What one uplink's or one relay's end did to many tunnels belongs together.
    private long EventOf(TimeSpan boot, long id, HandoverCause cause, WirePath from)
    {
        if (from.IsNone || cause is HandoverCause.RoundTrip or HandoverCause.PeerMoved or HandoverCause.Directed)
        {
            return id;
        }

        foreach (var (over, _) in _events.Where(e => e.Value.Until < boot).ToArray())
        {
            _events.Remove(over);
        }

        var key = (cause, UplinkSocket.UplinkOf(from.Uplink), cause == HandoverCause.RelayLost ? from.Remote : default);
        if (!_events.TryGetValue(key, out var known))
        {
            _events.Add(key, known = (id, boot + EventLasts));
        }

        return known.Event;
    }

    // The uplink's own words say more than whoever finds its paths gone.
    private string? ReasonOf(HandoverCause cause, int uplink) =>
        cause == HandoverCause.UplinkLost && context.Uplinks.TryGetValue(uplink, out var state) && !state.Usable ? state.Reason : null;

    private HandoverWay WayOf(WirePath path)
    {
        var number = UplinkSocket.UplinkOf(path.Uplink);
        return new(context.Uplinks.TryGetValue(number, out var uplink) ? uplink.Name : $"uplink {number}", !path.IsRelayed, path.Remote.ToString());
    }

    // Reasons may hold what a coordinator wrote.
    private static string Cut(string text)
    {
        var cut = text.Length <= HandoverEntry.TextMost ? text : text[..(HandoverEntry.TextMost - 3)] + "...";
        return string.Concat(cut.Select(static c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }
}
