using Ntm.Protocol;
using Ntm.Signalling;
using Ntm.Tunnel;

namespace Ntm.Coordinator;

/// <summary>Provisional tunnels: keys that are no members may join on them and nothing else; 64 at once, 30 s each.</summary>
internal sealed class Guests(CoordinatorContext context)
{
    private readonly List<Newcomer> _all = [];

    public int Count => _all.Count;

    /// <summary>Null where there are too many, and none gives way.</summary>
    public Tunnel.Tunnel? Take(Now now, PublicKey key, RealAddress from)
    {
        if (_all.Count >= Limits.ProvisionalTunnels)
        {
            var (gone, reason) = GivingWay.Judge(_all, from);
            context.Counters.Count(reason);
            if (gone is null)
            {
                return null;
            }

            End(now, gone);
        }

        var tunnel = context.Tunnels.Add(key, TunnelKind.Ntm);
        _all.Add(new(tunnel, now.Boot + Limits.ProvisionalLifetime, from));
        return tunnel;
    }

    /// <summary>It has joined, or its tunnel is gone.</summary>
    public void Forget(Tunnel.Tunnel tunnel) => _all.RemoveAll(g => g.Tunnel == tunnel);

    public void Sweep(Now now)
    {
        foreach (var guest in _all.Where(g => g.Until <= now.Boot).ToArray())
        {
            context.Counters.Count("provisional-expired");
            End(now, guest.Tunnel);
        }
    }

    private void End(Now now, Tunnel.Tunnel tunnel)
    {
        Forget(tunnel);
        context.Signals.Forget(now, tunnel);
        context.Tunnels.Remove(tunnel);
    }
}
