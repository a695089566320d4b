using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Tunnel;

namespace Ntm.Signalling;

/// <summary>
/// Requests and answers inside tunnels (docs/protocol.md section 4): framing as UDP over IPv6 between number-0 VIPs, numbering, retransmission,
/// idempotent answering. One for each core. It knows no message's meaning.
/// </summary>
public sealed class SignalChannel
{
    /// <param name="tunnels">The core's tunnels.</param>
    /// <param name="addressing">VIPs of the zone all parties are in.</param>
    public SignalChannel(TunnelTable tunnels, Trust.ZoneAddressing addressing) => throw new NotImplementedException();

    public Counters Counters { get; } = new();

    /// <summary>
    /// Told of each request (Number not 0) and notification (Number 0) that came in, with the path it came by. For a request it returns the answer's
    /// body, or null to answer later with <see cref="Answer"/> (a repeat that comes meanwhile is not handed in again).
    /// </summary>
    public required Func<Now, Tunnel.Tunnel, WirePath, Signal, Signal?> OnSignal { get; init; }

    /// <summary>Sends a request, again until answered. <paramref name="onAnswer"/> gets null where it failed after <see cref="Limits.SignalFailure"/>.</summary>
    public void Request(Now now, Tunnel.Tunnel tunnel, Signal body, Action<Now, Signal?> onAnswer) => throw new NotImplementedException();

    /// <summary>Answers a request that <see cref="OnSignal"/> left open.</summary>
    public void Answer(Now now, Tunnel.Tunnel tunnel, ulong number, Signal body) => throw new NotImplementedException();

    /// <summary>Sends without wanting an answer, on <paramref name="path"/> or on the tunnel's own.</summary>
    public bool Notify(Now now, Tunnel.Tunnel tunnel, Signal body, WirePath? path = null) => throw new NotImplementedException();

    /// <summary>
    /// Whether the opened inner packet is signalling (to or from port 4916, between number-0 VIPs of this tunnel's ends). If so it is consumed: parsed and
    /// handed to <see cref="OnSignal"/> or to the waiting request, or refused and counted.
    /// </summary>
    public bool TryTake(Now now, Tunnel.Tunnel tunnel, Packet packet) => throw new NotImplementedException();

    /// <summary>Forgets what is outstanding with this tunnel; its requests fail at once.</summary>
    public void Forget(Now now, Tunnel.Tunnel tunnel) => throw new NotImplementedException();

    public void HandleTimeout(Now now) => throw new NotImplementedException();

    public TimeSpan NextDeadline => throw new NotImplementedException();
}
