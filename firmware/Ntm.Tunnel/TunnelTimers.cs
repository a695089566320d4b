using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// When a tunnel next has something to do. The rules are those of whitepaper section 6 as WireGuard's timers carry them out, and docs/protocol.md section 1
/// for NTM tunnels. This file says when; what is done then is TunnelTable.Timers.cs.
/// <list type="table">
/// <item><term>Repeat</term><description>NTM tunnels: the initiation goes out again, byte for byte, 0.25, 0.5, 1, 2 s after the copy before. A lost datagram
/// shall cost a quarter of a second, not five.</description></item>
/// <item><term>Renew</term><description>5 s after an initiation without an answer (stock tunnels: up to 333 ms later, so that two ends that began together
/// drift apart) it is made afresh. Also: when one may first be made, where the last is younger than 5 s or the peer's own handshake is about to end
/// well.</description></item>
/// <item><term>GiveUp</term><description>90 s after the first initiation: staged packets are dropped, and nothing is tried until there is something to
/// send. Set as long as a handshake is under way.</description></item>
/// <item><term>KeepAlive</term><description>10 s after data came and nothing went: an empty datagram, so that the sender sees that we are
/// there. Not persistent: two idle ends fall silent.</description></item>
/// <item><term>NewHandshake</term><description>15 s (10 for the peer's keep-alive, 5 for its way) after data went and nothing came: the peer may have lost its
/// keys, so a new handshake is begun.</description></item>
/// <item><term>ZeroKeys</term><description>540 s after the last key was made (or the last attempt given up): all keys are wiped.</description></item>
/// <item><term>Persistent</term><description>By configuration, that long after the last datagram out: keeps a NAT's mapping.</description></item>
/// <item><term>Ring</term><description>The next slice of what is sent again; else, when to look whether the ring was empty for 10 s and its room goes back.</description></item>
/// </list>
/// Without a timer: rekeying. Who sends looks whether its key, as initiator, is 120 s old; who receives, whether it is 165 s old.
/// </summary>
internal sealed class TunnelTimers
{
    private static readonly TimeSpan NothingHeard = Limits.KeepAliveTimeout + Limits.RekeyTimeout;
    private static readonly TimeSpan KeyMemory = Limits.RejectAfterTime * 3;

    private bool _anotherKeepAlive;

    public TimeSpan Repeat { get; set; } = Deadlines.Never;

    public TimeSpan Renew { get; set; } = Deadlines.Never;

    public TimeSpan GiveUp { get; set; } = Deadlines.Never;

    public TimeSpan KeepAlive { get; set; } = Deadlines.Never;

    public TimeSpan NewHandshake { get; set; } = Deadlines.Never;

    public TimeSpan ZeroKeys { get; set; } = Deadlines.Never;

    public TimeSpan Persistent { get; set; } = Deadlines.Never;

    public TimeSpan Ring { get; set; } = Deadlines.Never;

    /// <summary>Drawn for each initiation of a stock tunnel; zero for NTM tunnels.</summary>
    public TimeSpan Jitter { get; set; }

    /// <summary>Whether receiving has already made us renew this key: once is enough, or each packet would try again after a give-up.</summary>
    public bool RenewedOnReceive { get; set; }

    public bool IsUnderWay => GiveUp != Deadlines.Never;

    /// <summary>The earliest of all.</summary>
    public TimeSpan Earliest => Min(Min(Min(Repeat, Renew), Min(GiveUp, KeepAlive)), Min(Min(NewHandshake, ZeroKeys), Min(Persistent, Ring)));

    /// <summary>A handshake is wanted and none is under way.</summary>
    public void OnHandshakeBegun(TimeSpan boot) => GiveUp = boot + Limits.RekeyAttemptTime;

    /// <summary>An initiation was made.</summary>
    public void OnInitiationMade(TimeSpan boot, bool repeats)
    {
        Repeat = repeats ? boot + Limits.InitiationRepeats[0] : Deadlines.Never;
        Renew = boot + Limits.RekeyTimeout + Jitter;
    }

    /// <summary>Copy number <paramref name="repeats"/> of the initiation went out.</summary>
    public void OnInitiationRepeated(TimeSpan boot, int repeats) =>
        Repeat = repeats < Limits.InitiationRepeats.Length ? boot + Limits.InitiationRepeats[repeats] : Deadlines.Never;

    /// <summary>Our initiation, if one is under way, gave way to the peer's. If that leads nowhere, ours is made afresh in its time.</summary>
    public void OnYielded() => Repeat = Deadlines.Never;

    /// <summary>There are new keys, perhaps not confirmed yet.</summary>
    public void OnKeyDerived(TimeSpan boot) => ZeroKeys = boot + KeyMemory;

    /// <summary>A handshake is complete.</summary>
    public void OnHandshakeComplete()
    {
        OnHandshakeEnded();
        RenewedOnReceive = false;
    }

    /// <summary>No handshake is under way any more.</summary>
    public void OnHandshakeEnded() => Repeat = Renew = GiveUp = Deadlines.Never;

    /// <summary>The attempt was given up: what keys there are shall not stay for ever.</summary>
    public void OnGivenUp(TimeSpan boot)
    {
        OnHandshakeEnded();
        KeepAlive = Deadlines.Never;
        if (ZeroKeys == Deadlines.Never)
        {
            ZeroKeys = boot + KeyMemory;
        }
    }

    /// <summary>A packet or keep-alive went out on the path in use. Handshake messages do not count: they go to candidates, too, and are answers to whoever repeats one.</summary>
    public void OnSent() => KeepAlive = Deadlines.Never;

    /// <summary>A packet, keep-alive or response came in. An initiation does not count: it may be an old one.</summary>
    public void OnReceived() => NewHandshake = Deadlines.Never;

    /// <summary>A packet, not a keep-alive, went out on the path in use.</summary>
    /// <returns>Whether a timer was set, which may be the earliest now.</returns>
    public bool OnDataSent(TimeSpan boot)
    {
        if (NewHandshake != Deadlines.Never)
        {
            return false;
        }

        NewHandshake = boot + NothingHeard + Jitter;
        return true;
    }

    /// <summary>A packet, not a keep-alive, came in.</summary>
    /// <returns>Whether a timer was set, which may be the earliest now.</returns>
    public bool OnDataReceived(TimeSpan boot)
    {
        if (KeepAlive != Deadlines.Never)
        {
            _anotherKeepAlive = true;
            return false;
        }

        KeepAlive = boot + Limits.KeepAliveTimeout;
        return true;
    }

    /// <summary>The keep-alive is due. Where data came after the timer was set, a further one will be owed.</summary>
    public void OnKeepAliveExpired(TimeSpan boot)
    {
        KeepAlive = _anotherKeepAlive ? boot + Limits.KeepAliveTimeout : Deadlines.Never;
        _anotherKeepAlive = false;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
