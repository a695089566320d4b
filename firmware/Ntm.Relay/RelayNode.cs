using Ntm.Protocol;
using Ntm.Signalling.Trust;

namespace Ntm.Relay;

/// <summary>A node that registered here once: who it is, and the address its own tunnel gave.</summary>
/// <param name="key">Its key.</param>
/// <param name="binding">A node's of the zone; null for a guest, of another zone, who is here for as long as a coordinator of ours pairs its key.</param>
internal sealed class RelayNode(PublicKey key, VouchedBinding? binding)
{
    /// <summary>The last it showed: a key may renew its binding, under the same name.</summary>
    public VouchedBinding? Binding { get; set; } = binding;

    public PublicKey Key { get; } = key;

    public bool IsGuest => Binding is null;

    public string Name => Binding?.Name ?? $"guest {Key.Short}";

    /// <summary>Where it was last heard from, channel 0; none: not yet. After a restart the one that was kept.</summary>
    public WirePath Path { get; private set; }

    /// <summary>When; null: not since the start.</summary>
    public TimeSpan? HeardAt { get; private set; }

    /// <summary>Boot time from which it is told again that it is seen at another address.</summary>
    public TimeSpan TellMovedFrom { get; set; }

    /// <summary>Whether the address is newer than what is kept.</summary>
    public bool IsUnkept { get; set; }

    /// <summary>
    /// Whether the address holds for good: only what comes from it is taken on the node's legs. A node is never silent for longer than <see cref="Limits.KeepAliveMost"/>; one that
    /// was silent for the life of a key may be elsewhere, and a handshake may then bind its legs provisionally again.
    /// </summary>
    public bool IsFresh(TimeSpan boot) => HeardAt is { } heard && boot - heard < Limits.RejectAfterTime;

    /// <summary>Takes the path of an authenticated datagram; true where it is another than before.</summary>
    public bool Hear(TimeSpan boot, WirePath path)
    {
        HeardAt = boot;
        path = path with { Channel = 0 };
        if (path == Path)
        {
            return false;
        }

        Path = path;
        IsUnkept = true;
        return true;
    }

    /// <summary>Takes the address that was kept before a restart.</summary>
    public void Remember(WirePath path) => Path = path;
}
