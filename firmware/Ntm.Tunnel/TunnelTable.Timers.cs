using Ntm.Protocol;

namespace Ntm.Tunnel;

// What is done when a timer of TunnelTimers has expired.
public sealed partial class TunnelTable
{
    // Nothing here wants to be woken again at once; should a bug want it, it costs a wakeup a millisecond and not a hang.
    private static readonly TimeSpan LeastSleep = TimeSpan.FromMilliseconds(1);

    /// <summary>Boot time at which <see cref="HandleTimeout"/> wants to be called. It may be early, and that call then finds nothing to do.</summary>
    public TimeSpan NextDeadline => _deadlines.Next;

    /// <summary>Does what has become due. Afterwards <see cref="NextDeadline"/> is later than now.</summary>
    public void HandleTimeout(Now now)
    {
        Boot = now.Boot;
        while (_deadlines.Due(now.Boot) is { } tunnel)
        {
            // Out of the heap first: what the handlers and the core's callbacks set is then an ordinary advance.
            _deadlines.Remove(tunnel);
            Expire(now, tunnel);
            if (!tunnel.IsRemoved && tunnel.Timers.Earliest is var earliest && earliest != Deadlines.Never)
            {
                _deadlines.Set(tunnel, earliest > now.Boot ? earliest : now.Boot + LeastSleep);
            }
        }
    }

    /// <summary>The setting was changed: looked at in the next <see cref="HandleTimeout"/>, for which the pump is woken at once.</summary>
    internal void OnPersistentKeepAlive(Tunnel tunnel)
    {
        if (tunnel.IsRemoved)
        {
            return;
        }

        tunnel.Timers.Persistent = tunnel.PersistentKeepAlive is null ? Deadlines.Never : Boot;
        _deadlines.Advance(tunnel, tunnel.Timers.Persistent);
    }

    private void Expire(Now now, Tunnel tunnel)
    {
        var timers = tunnel.Timers;
        if (timers.ZeroKeys <= now.Boot)
        {
            ExpiredZeroKeys(now, tunnel);
        }

        if (timers.GiveUp <= now.Boot)
        {
            ExpiredGiveUp(now, tunnel);
        }

        if (timers.Renew <= now.Boot)
        {
            MakeInitiation(now, tunnel);
        }

        if (timers.Repeat <= now.Boot)
        {
            ExpiredRepeat(now, tunnel);
        }

        if (timers.NewHandshake <= now.Boot)
        {
            timers.NewHandshake = Deadlines.Never;
            BeginIfIdle(now, tunnel);
        }

        if (timers.KeepAlive <= now.Boot)
        {
            SendKeepAlive(now, tunnel);
            timers.OnKeepAliveExpired(now.Boot);
        }

        if (timers.Ring <= now.Boot)
        {
            ExpiredRing(now, tunnel);
        }

        if (timers.Persistent <= now.Boot)
        {
            ExpiredPersistent(now, tunnel);
        }
    }

    private void ExpiredZeroKeys(Now now, Tunnel tunnel)
    {
        tunnel.Timers.ZeroKeys = Deadlines.Never;
        var had = tunnel.Current is not null || tunnel.Previous is not null || tunnel.Next is not null;
        ForgetKeys(tunnel);
        ForgetHeard(tunnel);
        if (had)
        {
            OnChange?.Invoke(now, tunnel, TunnelChange.Expired);
        }
    }

    private void ExpiredGiveUp(Now now, Tunnel tunnel)
    {
        ForgetPending(tunnel);
        tunnel.TiePath = default;
        tunnel.Timers.OnGivenUp(now.Boot);
        DropStaged(tunnel);
        OnChange?.Invoke(now, tunnel, TunnelChange.GaveUp);
    }

    private void ExpiredRepeat(Now now, Tunnel tunnel)
    {
        if (tunnel.Pending is not { } handshake)
        {
            tunnel.Timers.Repeat = Deadlines.Never;
            return;
        }

        handshake.Repeats++;
        tunnel.Timers.OnInitiationRepeated(now.Boot, handshake.Repeats);
        SendInitiation(now, tunnel, handshake, repeat: true);
    }

    private void ExpiredPersistent(Now now, Tunnel tunnel)
    {
        if (tunnel.PersistentKeepAlive is not { } interval)
        {
            tunnel.Timers.Persistent = Deadlines.Never;
            return;
        }

        // Packets do not touch this timer: that something went meanwhile is seen here.
        interval = interval > LeastSleep ? interval : LeastSleep;
        if (tunnel.LastSent is { } sent && sent + interval > now.Boot)
        {
            tunnel.Timers.Persistent = sent + interval;
            return;
        }

        SendKeepAlive(now, tunnel);
        tunnel.Timers.Persistent = now.Boot + interval;
    }

    // As in WireGuard, a keep-alive that finds no key begins a handshake.
    private void SendKeepAlive(Now now, Tunnel tunnel)
    {
        if (tunnel.Current is { } keypair && keypair.MaySeal(now.Boot))
        {
            if (!tunnel.SendPath.IsNone && MaySend(now, tunnel, 0))
            {
                SealCopy(now, tunnel, keypair, default, tunnel.SendPath);
            }

            return;
        }

        BeginIfIdle(now, tunnel);
    }
}
