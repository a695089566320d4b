using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>An attempt by datagrams to UDP port 5351 of the box: sent again until answered, <see cref="Limits.MappingRepeats"/> apart.</summary>
internal abstract class DatagramAttempt(MappingWish wish, Action<NodeEvent> emit) : MappingAttempt(wish, emit)
{
    private int _sent;

    public sealed override void Begin(Now now) => Repeat(now);

    public sealed override void HandleTimeout(Now now)
    {
        if (State == AttemptState.UnderWay && NextDeadline <= now.Boot)
        {
            Repeat(now);
        }
    }

    public sealed override bool Heard(Now now, RealAddress from, ReadOnlySpan<byte> bytes) =>
        State == AttemptState.UnderWay && from.Port == Limits.MappingPort && TryTake(now, bytes);

    /// <summary>Sends what is still to be answered.</summary>
    protected abstract void Ask();

    protected abstract bool TryTake(Now now, ReadOnlySpan<byte> bytes);

    protected void Send(byte[] datagram) => Send(Wish.Gateway.WithPort(Limits.MappingPort), datagram);

    private void Repeat(Now now)
    {
        if (_sent > Limits.MappingRepeats.Length)
        {
            Silent();
            return;
        }

        Ask();
        NextDeadline = now.Boot + Limits.MappingRepeats[Math.Min(_sent++, Limits.MappingRepeats.Length - 1)];
    }
}
