using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Coordinator;

/// <summary>Provisional tunnels: keys that are no members may join on them and nothing else; 64 at once, 30 s each.</summary>
internal sealed class Guests(CoordinatorContext context)
{
    private readonly Dictionary<Tunnel.Tunnel, TimeSpan> _until = [];

    public int Count => _until.Count;

    /// <summary>
    /// Null where there are too many. One that was never heard of after its initiation (perhaps nobody is there: initiations are cheap) gives way, so that a
    /// flood of them does not keep out who has an invite.
    /// </summary>
    public Tunnel.Tunnel? Take(Now now, PublicKey key)
    {
        if (_until.Count >= Limits.ProvisionalTunnels)
        {
            if (_until.Where(g => !g.Key.IsEstablished).OrderBy(g => g.Value).Select(g => g.Key).FirstOrDefault() is not { } silent)
            {
                context.Counters.Count("provisional-full");
                return null;
            }

            context.Counters.Count("provisional-gave-way");
            End(now, silent);
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
            context.Counters.Count("provisional-expired");
            End(now, tunnel);
        }
    }

    private void End(Now now, Tunnel.Tunnel tunnel)
    {
        _until.Remove(tunnel);
        context.Signals.Forget(now, tunnel);
        context.Tunnels.Remove(tunnel);
    }
}
