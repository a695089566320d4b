using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Tunnel;

namespace Ntm.Node.Paths;

/// <summary>
/// Tells peers what of their data came in, and hears it of ours (docs/protocol.md section 5, "Handover"). Its timer: <see cref="Limits.ReportAfter"/> after the first data that no
/// report has spoken of. Signalling is no data: reports answer none.
/// </summary>
internal sealed class PathReports(NodeContext context)
{
    // All wait equally long, so that who came first is due first.
    private readonly Queue<Peer> _due = new();

    public TimeSpan NextDeadline => _due.TryPeek(out var peer) ? peer.ReportAt : TimeSpan.MaxValue;

    /// <summary>Data came from this peer.</summary>
    public void Heard(Now now, Peer peer)
    {
        if (peer.ReportAt == TimeSpan.MaxValue)
        {
            peer.ReportAt = now.Boot + Limits.ReportAfter;
            _due.Enqueue(peer);
        }
    }

    public void HandleTimeout(Now now)
    {
        while (_due.TryPeek(out var peer) && peer.ReportAt <= now.Boot)
        {
            _due.Dequeue();
            peer.ReportAt = TimeSpan.MaxValue;
            Report(now, peer);
        }
    }

    public void OnReport(Now now, Peer peer, PathReport report)
    {
        if (context.Tunnels.TakeReport(now, peer.Tunnel, report) < 0)
        {
            context.Counters.Count("path-report-malformed");
            return;
        }

        peer.Reports = true;
    }

    // By the way the data came, where that is proven: the peer wants to know of that path, and not of the one that we would choose.
    private void Report(Now now, Peer peer)
    {
        if (!peer.Tunnel.IsEstablished || TunnelTable.MakeReport(peer.Tunnel) is not { } report)
        {
            return;
        }

        var came = peer.Tunnel.LastReceivedPath;
        var path = peer.Find(came) is { State: PathState.Proven } ? came : peer.Tunnel.SendPath;
        context.Signals!.Notify(now, peer.Tunnel, new Signal { PathReport = report }, path);
    }
}
