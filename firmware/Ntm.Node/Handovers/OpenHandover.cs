using Ntm.Protocol;

namespace Ntm.Node.Handovers;

/// <summary>A handover under way. One is open for a tunnel at most; while none is, packets cost a null check.</summary>
internal sealed class OpenHandover
{
    /// <summary>Paths besides the one left that are watched: traffic may go on another before it is decided on.</summary>
    private const int TrailsMost = 4;

    private readonly Trail[] _trails = new Trail[TrailsMost];
    private int _count;
    private TimeSpan _lastHeard;
    private TimeSpan _gap;

    /// <param name="heard">When the peer was last heard; the silence is counted from there.</param>
    public OpenHandover(HandoverRecord begun, TimeSpan noticed, WirePath from, Tunnel.Tunnel tunnel, HandoverCounts counts, TimeSpan heard) =>
        (Begun, Noticed, From, Tunnel, CountsBefore, _lastHeard) = (begun, noticed, from, tunnel, counts, heard);

    /// <summary>What is known from the beginning.</summary>
    public HandoverRecord Begun { get; set; }

    public TimeSpan Noticed { get; }

    public WirePath From { get; }

    public Tunnel.Tunnel Tunnel { get; }

    public HandoverCounts CountsBefore { get; }

    public WirePath To { get; private set; }

    /// <summary>The last decision.</summary>
    public TimeSpan? Decided { get; private set; }

    private TimeSpan? FirstDecided { get; set; }

    public long SentAgain { get; set; }

    /// <summary>On the path that was decided on.</summary>
    public TimeSpan? FirstOut => Find(To) is { } at and >= 0 ? _trails[at].FirstOut : null;

    public TimeSpan? FirstBack => Find(To) is { } at and >= 0 ? _trails[at].FirstBack : null;

    /// <summary>Takes the last decision for the one that counts.</summary>
    public void Decide(TimeSpan boot, WirePath to, HandoverWay way, string reason)
    {
        (To, Decided) = (to, boot);
        FirstDecided ??= boot;
        Begun = Begun with { To = way, Reason = reason, Moves = Begun.Moves + 1 };
        if (_count == TrailsMost && Find(to) < 0)
        {
            _trails[TrailsMost - 1] = new(to); // of those that were looked at and not chosen
        }
    }

    public void Sent(TimeSpan boot, WirePath path)
    {
        if (path == From && path != To)
        {
            return;
        }

        var at = Find(path);
        if (at < 0)
        {
            if (_count == TrailsMost)
            {
                return;
            }

            at = _count++;
            _trails[at] = new(path);
        }

        _trails[at].FirstOut ??= boot;
    }

    public void Heard(TimeSpan boot, WirePath path)
    {
        Silence(boot);
        _lastHeard = boot;
        var at = Find(path);
        if (at < 0 && Begun.IsServer && path == To && _count < TrailsMost)
        {
            _trails[at = _count++] = new(path); // what goes out to servers is signalling, which is not watched packet by packet
        }

        if (at >= 0 && (_trails[at].FirstOut is not null || Begun.IsServer))
        {
            _trails[at].FirstBack ??= boot;
        }
    }

    /// <summary>What it has come to.</summary>
    public HandoverRecord At(TimeSpan boot, HandoverEnd end, HandoverCounts counts)
    {
        if (FirstBack is null && (FirstOut is not null || Decided is null))
        {
            Silence(boot); // nothing has ended it
        }

        return Begun with
        {
            DecidedMs = After(FirstDecided),
            LastDecidedMs = Decided > FirstDecided ? After(Decided) : null,
            FirstOutMs = After(First(static trail => trail.FirstOut)),
            FirstBackMs = After(First(static trail => trail.FirstBack)),
            GapMs = Milliseconds(_gap),
            SentAgain = SentAgain,
            Counts = counts - CountsBefore,
            End = end,
        };
    }

    private void Silence(TimeSpan boot) => _gap = boot - _lastHeard > _gap ? boot - _lastHeard : _gap;

    private int Find(WirePath path)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_trails[i].Path == path)
            {
                return i;
            }
        }

        return -1;
    }

    private TimeSpan? First(Func<Trail, TimeSpan?> time)
    {
        TimeSpan? first = null;
        for (var i = 0; i < _count; i++)
        {
            first = time(_trails[i]) is { } at && !(first <= at) ? at : first;
        }

        return first;
    }

    private double? After(TimeSpan? boot) => boot is { } at ? Milliseconds(at - Noticed) : null;

    private static double Milliseconds(TimeSpan span) => Math.Round(span.TotalMilliseconds, 3);

    private record struct Trail(WirePath Path)
    {
        public TimeSpan? FirstOut { get; set; }

        public TimeSpan? FirstBack { get; set; }
    }
}
