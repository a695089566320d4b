using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Tunnel;

namespace Ntm.Node.Paths;

/// <summary>
/// Says to peers what came of their data, and takes what they say of ours (docs/protocol.md section 5, "Reports"). A timer runs only where data came that no report
/// has spoken of. Signalling, and so a report, is no data: two idle ends fall silent.
/// </summary>
internal sealed class PathReports(NodeContext context)
{
    private readonly PriorityQueue<Peer, TimeSpan> _due = new();

    /// <summary>Told when a report acknowledged something that none had before.</summary>
    public Action<Now, Peer>? OnAcknowledged { get; set; }

    public TimeSpan NextDeadline => _due.TryPeek(out _, out var at) ? at : TimeSpan.MaxValue;

    /// <summary>Data came, or a half: for each datagram.</summary>
    public void Heard(Now now, Peer peer)
    {
        var duty = peer.Reports;
        if (duty.IsOwed)
        {
            return;
        }

        (duty.IsOwed, duty.At) = (true, now.Boot + Limits.ReportAfter);
        Time(peer, duty.At);
    }

    public void HandleTimeout(Now now)
    {
        while (_due.TryPeek(out var peer, out var at) && at <= now.Boot)
        {
            _due.Dequeue();
            peer.Reports.IsTimed = false;
            if (context.Tunnels.Find(peer.Tunnel.Peer) == peer.Tunnel)
            {
                Due(now, peer, peer.Reports);
            }
        }
    }

    /// <summary>A peer's word on what came of our data. Whoever lies harms itself: what it says it has is not sent again.</summary>
    public void OnReport(Now now, Peer peer, PathReport report)
    {
        Span<CounterRange> missing = stackalloc CounterRange[Limits.ReportRanges];
        if (!peer.Reports.TryTake(now.Boot))
        {
            context.Counters.Count("report-flood");
        }
        else if (!ReportForm.TryRead(report, missing, out var receipt, out var ranges))
        {
            context.Counters.Count("report-malformed");
        }
        else if (context.Tunnels.Acknowledge(now, peer.Tunnel, receipt, missing[..ranges], out var refusal) > 0)
        {
            OnAcknowledged?.Invoke(now, peer);
        }
        else if (refusal is not null)
        {
            context.Counters.Count(refusal);
        }
    }

    private void Due(Now now, Peer peer, ReportDuty duty)
    {
        if (!duty.IsOwed)
        {
            // Nothing came since the last report. Should it be lost, nobody would say so: once more.
            Report(now, peer, again: true);
        }
        else if (duty.At > now.Boot)
        {
            Time(peer, duty.At);
        }
        else
        {
            duty.IsOwed = false;
            Report(now, peer, again: false);
            Time(peer, now.Boot + Limits.ReportAfter);
        }
    }

    private void Report(Now now, Peer peer, bool again)
    {
        Span<CounterRange> missing = stackalloc CounterRange[Limits.ReportRanges];
        if (context.Tunnels.TryReport(peer.Tunnel, previous: true, again: false, missing, out var receipt, out var ranges))
        {
            Send(now, peer, ReportForm.Of(receipt, missing[..ranges]));
        }

        if (context.Tunnels.TryReport(peer.Tunnel, previous: false, again, missing, out receipt, out ranges))
        {
            Send(now, peer, ReportForm.Of(receipt, missing[..ranges]));
        }
    }

    // On the path in use, and where that is suspect on the other one, too. Never staged: a late report is worth nothing.
    private void Send(Now now, Peer peer, PathReport report)
    {
        var signal = new Signal { PathReport = report };
        var path = peer.Tunnel.SendPath;
        if (context.Signals is not { } signals || path.IsNone || !peer.Tunnel.IsEstablished)
        {
            return;
        }

        if (peer.Tunnel.MaySend is not { } may || may(now, path, SignalChannel.SizeOnWire(signal)))
        {
            signals.Notify(now, peer.Tunnel, signal, path);
        }

        if (peer.Double is { } second)
        {
            signals.Notify(now, peer.Tunnel, signal, second.Path);
        }
    }

    private void Time(Peer peer, TimeSpan at)
    {
        if (!peer.Reports.IsTimed)
        {
            peer.Reports.IsTimed = true;
            _due.Enqueue(peer, at);
        }
    }
}
