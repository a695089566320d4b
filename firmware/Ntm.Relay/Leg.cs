using Ntm.Protocol;

namespace Ntm.Relay;

/// <summary>One side of a pairing: a channel, whose it is, where its datagrams come from and go to.</summary>
internal sealed class Leg(uint channel, PublicKey key, PublicKey otherKey, PublicKey coordinator)
{
    private WirePath _provisional;
    private TimeSpan _provisionalUntil = TimeSpan.MinValue;

    public uint Channel { get; } = channel;

    /// <summary>Whose leg it is.</summary>
    public PublicKey Key { get; } = key;

    /// <summary>The coordinator that directed the pairing.</summary>
    public PublicKey Coordinator { get; } = coordinator;

    /// <summary>The other side; set at once after both are made.</summary>
    public Leg Other { get; set; } = null!;

    /// <summary>Key of mac1 in handshake messages that come in on this leg: they are for the other party.</summary>
    public byte[] Mac1Key { get; } = Mac1.KeyFor(otherKey);

    /// <summary>The node with a tunnel of its own here; null: it never registered.</summary>
    public RelayNode? Node { get; set; }

    /// <summary>Boot time at which the pairing ends; both legs have the same.</summary>
    public TimeSpan Expires { get; set; }

    /// <summary>The expiry that is kept over a restart, as boot time.</summary>
    public TimeSpan KeptExpires { get; set; }

    public bool IsRemoved { get; set; }

    public long Datagrams { get; set; }

    public long Bytes { get; set; }

    /// <summary>Datagrams for this leg that wait for it to be bound, oldest first, with the time until which.</summary>
    public Queue<(TimeSpan Until, byte[] Bytes)> Held { get; } = new(0);

    public bool HeldIsScheduled { get; set; }

    public bool IsProvisional(TimeSpan boot) => boot < _provisionalUntil && Node?.IsFresh(boot) is not true;

    /// <summary>Where its datagrams come from and go to now; none: unbound.</summary>
    public WirePath AddressAt(TimeSpan boot)
    {
        if (Node is { } node && !node.Path.IsNone && (boot >= _provisionalUntil || node.IsFresh(boot)))
        {
            return node.Path;
        }

        return boot < _provisionalUntil ? _provisional : default;
    }

    public void BindProvisionally(TimeSpan boot, WirePath path) =>
        (_provisional, _provisionalUntil) = (path with { Channel = 0 }, boot + Limits.ProvisionalLegLifetime);
}
