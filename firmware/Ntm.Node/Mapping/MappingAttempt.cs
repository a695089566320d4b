using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>How an attempt stands.</summary>
internal enum AttemptState
{
    UnderWay,

    /// <summary>The port is open.</summary>
    Open,

    /// <summary>The box said no, or what cannot be.</summary>
    Refused,

    /// <summary>Nothing answered.</summary>
    Silent,

    /// <summary>The port is closed, as was wished.</summary>
    Closed,
}

/// <summary>One try to have a port opened or closed by one protocol: begins, hears, ends. It never throws at what it hears.</summary>
internal abstract class MappingAttempt(MappingWish wish, Action<NodeEvent> emit)
{
    public abstract MappingProtocol Protocol { get; }

    public AttemptState State { get; private set; }

    /// <summary>Where the port is open.</summary>
    public RealAddress External { get; private set; }

    /// <summary>For how long, within bounds.</summary>
    public TimeSpan Lifetime { get; private set; }

    /// <summary>Of one that ended without a port: why, as a clause.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>Of a refusal: for how long it holds, as the box says; within bounds.</summary>
    public TimeSpan HoldsFor { get; private set; }

    public TimeSpan NextDeadline { get; protected set; } = TimeSpan.MaxValue;

    protected MappingWish Wish => wish;

    public abstract void Begin(Now now);

    /// <summary>A datagram of the box's.</summary>
    /// <returns>Whether it was an answer to this.</returns>
    public abstract bool Heard(Now now, RealAddress from, ReadOnlySpan<byte> bytes);

    /// <summary>An HTTP request that was asked for has ended.</summary>
    public virtual void Exchanged(Now now, int ticket, int status, ReadOnlySpan<byte> body)
    {
    }

    public abstract void HandleTimeout(Now now);

    protected void Emit(NodeEvent happened) => emit(happened);

    protected void Send(RealAddress to, byte[] datagram) => emit(new NodeEvent.MappingDatagram(wish.Uplink, wish.Own, wish.Gateway, to, datagram));

    /// <summary>The port that it ended with is none.</summary>
    public void Disbelieve(string reason) => Refused(reason);

    /// <param name="seconds">As the box says: 0 is none that it could keep, and a huge one is none that we believe.</param>
    protected void Opened(RealAddress external, uint seconds)
    {
        if (external.IsNone || external.Port == 0 || external.IsIPv4 != wish.Own.IsIPv4 || seconds == 0)
        {
            Refused("it answers with an address, port or lifetime that cannot be");
            return;
        }

        (External, Lifetime) = (external, Within(seconds));
        End(AttemptState.Open);
    }

    protected void Refused(string reason, uint holdsSeconds = 0)
    {
        (Reason, HoldsFor) = (reason, Within(holdsSeconds));
        End(AttemptState.Refused);
    }

    protected void Silent()
    {
        Reason = "no answer";
        End(AttemptState.Silent);
    }

    protected void Closed() => End(AttemptState.Closed);

    private void End(AttemptState state)
    {
        State = state;
        NextDeadline = TimeSpan.MaxValue;
    }

    private static TimeSpan Within(uint seconds) =>
        TimeSpan.FromSeconds(Math.Min(seconds, (uint)Limits.MappingLifetimeMost.TotalSeconds));
}
