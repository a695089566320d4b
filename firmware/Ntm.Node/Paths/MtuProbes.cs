using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Paths;

/// <summary>
/// Probes the path in use for what it carries (<see cref="PathMtu"/>), and lets the tunnel, and what devices are told, follow. Probes are checks that the tunnel pads; they go
/// on proven paths only, while there is traffic.
/// </summary>
internal sealed class MtuProbes(NodeContext context)
{
    /// <summary>Counted: less passes than had been found.</summary>
    public const string Fell = "path-mtu-fell";

    private readonly List<int> _sizes = [];

    /// <summary>Looks after the peer's path in use.</summary>
    /// <returns>When to come again; <see cref="TimeSpan.MaxValue"/>: with the next tick.</returns>
    public TimeSpan Tick(Now now, Peer peer)
    {
        if (peer.Used is not { State: PathState.Proven } used)
        {
            return TimeSpan.MaxValue;
        }

        var mtu = used.Mtu;
        var falls = mtu.Falls;
        mtu.Look(now.Boot, used.RoundTrip, used.LongestSent > Limits.MtuPathLeast + TunnelMessage.TransportOverhead, _sizes);
        if (mtu.Falls > falls)
        {
            context.Counters.Count(Fell);
            context.Note($"{used.Path} to {peer.Name} carries less than it did: packets of {mtu.Usable} bytes until it is known how much.");
        }

        if (_sizes.Count > 0)
        {
            used.LongestSent = 0;
        }

        foreach (var size in _sizes)
        {
            var check = new Signal { PathCheck = new() { Id = context.Random() } };
            if (context.Signals!.Notify(now, peer.Tunnel, check, used.Path, padTo: size))
            {
                mtu.Sent(check.PathCheck.Id, size);
            }
        }

        Apply(peer);
        return mtu.NextLook;
    }

    /// <returns>Whether it answers one of ours here.</returns>
    public bool TryTake(Now now, Peer peer, WirePath from, PathCheckReply reply)
    {
        if (peer.Find(from) is not { } path || !path.Mtu.TryAnswer(now.Boot, reply.Id))
        {
            return false;
        }

        peer.Tunnel.JoinsHalves = reply.JoinsHalves;
        Apply(peer);
        return true;
    }

    /// <summary>The path in use, or what is known of it, changed.</summary>
    public static void Apply(Peer peer)
    {
        var mtu = peer.Used?.Mtu;
        var usable = mtu?.Usable ?? Limits.MtuAssumed;
        peer.Tunnel.Mtu = peer.Double is { } second ? Math.Min(usable, second.Mtu.Usable) : usable;
        peer.MtuFound = mtu is { IsFound: true } ? mtu.Usable : Limits.MtuInside;
    }
}
