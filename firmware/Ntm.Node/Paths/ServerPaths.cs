using Ntm.Node.Handovers;
using Ntm.Protocol;

namespace Ntm.Node.Paths;

/// <summary>
/// Moves the tunnels with coordinators and relays between uplinks. They answer a node's authenticated datagrams wherever these come from, and a relay takes the legs along, so that
/// one empty datagram is all it takes.
/// </summary>
internal sealed class ServerPaths(NodeContext context, Func<IEnumerable<ServerLink>> servers, Sightings sightings)
{
    /// <summary>Told when a relay is reached another way.</summary>
    public Action<Now>? OnMoved { get; set; }

    /// <summary>Uplinks, ranks, or where servers answer may have changed.</summary>
    public void Look(Now now)
    {
        var moved = false;
        foreach (var link in servers())
        {
            if (!link.Registered || !link.Tunnel.IsEstablished)
            {
                continue;
            }

            var choice = Choose(now, link);
            if (!choice.Path.IsNone && choice.Path != link.Tunnel.SendPath)
            {
                context.Recorder.Noticed(now, link, HandoverCause.BetterRank, link.Tunnel.SendPath, choice.Reason);
                context.Recorder.Decided(now, link, choice.Path, choice.Reason);
                Use(now, link, choice.Path);
                context.Note($"{link.Name} is reached by {choice.Path}; {choice.Reason}.");
                moved |= link.IsRelay;
            }
        }

        if (moved)
        {
            OnMoved?.Invoke(now);
        }
    }

    public ServerPathChoice Choose(Now now, ServerLink link) =>
        ServerPathChoice.Decide([.. link.Tunnel.Candidates.Select(p => new ServerWay(p, context.RankOf(p), sightings.IsSeen(now, link, p)))], link.Tunnel.SendPath, ApartFrom(link));

    /// <summary>The tunnel goes on by this path, and the server hears of it before anything else comes from there.</summary>
    public void Use(Now now, ServerLink link, WirePath path)
    {
        link.Tunnel.SendPath = path;
        context.Tunnels.Send(now, link.Tunnel, default);
        sightings.Look(now);
    }

    // The second relay by the second uplink: neither one's silence then takes both.
    private int? ApartFrom(ServerLink link) =>
        link.IsRelay && servers().FirstOrDefault(l => l.IsRelay) is { Tunnel.SendPath: { IsNone: false } first } other && other != link ? UplinkSocket.UplinkOf(first.Uplink) : null;
}
