using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Coordinator;

/// <summary>Provisional tunnels: keys that are no members may join on them and nothing else; 64 at once, 30 s each.</summary>
internal sealed class Guests(CoordinatorContext context)
{
    private readonly Dictionary<Tunnel.Tunnel, TimeSpan> _until = [];

    public int Count => _until.Count;

    /// <summary>Null where there are too many.</summary>
    public Tunnel.Tunnel? Take(Now now, PublicKey key)
    {
        if (_until.Count >= Limits.ProvisionalTunnels)
        {
            context.Counters.Count("provisional-full");
            return null;
        }

        var tunnel = context.Tunnels.Add(key, TunnelKind.Ntm);
        _until.Add(tunnel, now.Boot + Limits.ProvisionalLifetime);
        return tunnel;
    }

    /// <summary>It has joined, or its tunnel is gone.</summary>
    public void Forget(Tunnel.Tunnel tunnel) => _until.Remove(tunnel);

    public void Sweep(Now now)
    {
        foreach (var (tunnel, _) in _until.Where(g => g.Value <= now.Boot).ToArray())
        {
            _until.Remove(tunnel);
            context.Counters.Count("provisional-expired");
            context.Signals.Forget(now, tunnel);
            context.Tunnels.Remove(tunnel);
        }
    }
}
