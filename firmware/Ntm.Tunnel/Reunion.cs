using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// A restarted coordinator or relay begins its tunnels again by itself, at the addresses where its members were last heard: their NATs' mappings are still
/// open, and they do not know yet that their keys are lost. Paced, and one initiation with its repeats each: who is elsewhere will come by itself.
/// </summary>
/// <param name="tunnels">The party's tunnels.</param>
/// <param name="open">Adds a member's tunnel, with its owner; null: it is a member no more.</param>
/// <param name="onSilent">Told of a tunnel on which nothing came: to be removed.</param>
public sealed class Reunion(TunnelTable tunnels, Func<PublicKey, Tunnel?> open, Action<Now, Tunnel> onSilent)
{
    private static readonly TimeSpan MostBehind = TimeSpan.FromMilliseconds(250);

    private readonly Queue<(PublicKey Peer, WirePath Path)> _expected = new();
    private readonly Queue<(Tunnel Tunnel, TimeSpan Until)> _begun = new();
    private TimeSpan _nextAt = TimeSpan.Zero;
    private TimeSpan? _spacing;

    public TimeSpan NextDeadline
    {
        get
        {
            var next = _expected.Count > 0 ? _nextAt : TimeSpan.MaxValue;
            return _begun.TryPeek(out var begun) && begun.Until < next ? begun.Until : next;
        }
    }

    /// <summary>Before the first call of <see cref="HandleTimeout"/>; in the order of calls.</summary>
    /// <param name="path">Where the peer's last authenticated datagram came from.</param>
    public void Expect(PublicKey peer, WirePath path) => _expected.Enqueue((peer, path));

    /// <summary>Before the table's own, which would make afresh what is to be given up.</summary>
    public void HandleTimeout(Now now)
    {
        while (_begun.TryPeek(out var begun) && begun.Until <= now.Boot)
        {
            _begun.Dequeue();
            if (!begun.Tunnel.IsEstablished && begun.Tunnel.BytesReceived == 0 && tunnels.Find(begun.Tunnel.Peer) == begun.Tunnel)
            {
                onSilent(now, begun.Tunnel);
            }
        }

        if (_expected.Count == 0)
        {
            return;
        }

        _spacing ??= Spacing(_expected.Count);

        // A machine that was held up catches up on a little, not on all it has missed at once.
        _nextAt = now.Boot - _nextAt > MostBehind ? now.Boot : _nextAt;
        while (_nextAt <= now.Boot && _expected.TryDequeue(out var next))
        {
            if (tunnels.Find(next.Peer) is null && open(next.Peer) is { } tunnel)
            {
                tunnel.Candidates.Add(next.Path);
                tunnels.Begin(now, tunnel);
                _begun.Enqueue((tunnel, now.Boot + Limits.RekeyTimeout));
                _nextAt += _spacing.Value;
            }
        }
    }

    private static TimeSpan Spacing(int count) =>
        Limits.ReunionWithin / count is var even && even < Limits.ReunionSpacing ? even : Limits.ReunionSpacing;
}
