using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>What became of a datagram.</summary>
public enum OpenVerdict
{
    /// <summary>Dropped and counted under a reason.</summary>
    Refused,

    /// <summary>A handshake message or cookie reply, dealt with; answers are in the outbox.</summary>
    Handshake,

    /// <summary>An authenticated datagram without a packet.</summary>
    KeepAlive,

    /// <summary>The packet now holds the inner packet, padding removed by its own IP length.</summary>
    Data,
}

/// <summary>What happened to a tunnel.</summary>
public enum TunnelChange
{
    /// <summary>A handshake completed: there is a new key that may seal (initiator: response taken; responder: first datagram under it).</summary>
    Established,

    /// <summary>Initiations went unanswered for <see cref="Limits.RekeyAttemptTime"/>; staged packets were dropped.</summary>
    GaveUp,

    /// <summary>All keys are older than 3 x <see cref="Limits.RejectAfterTime"/> and wiped.</summary>
    Expired,
}

/// <summary>All tunnels of one party: its static key, the index of receivers, timers, cookies. Single-threaded, pure (see ICore's laws).</summary>
public sealed class TunnelTable
{
    /// <param name="key">This party's node key.</param>
    /// <param name="entropy">Ephemeral keys, indices, jitter.</param>
    /// <param name="outbox">Where handshakes, keep-alives and flushed staged packets go.</param>
    /// <param name="timestampMark">The stored mark of <see cref="TimestampMark"/>, 0 the first time.</param>
    /// <param name="replayWindow">Datagrams; a multiple of 64.</param>
    public TunnelTable(StaticKeyPair key, IEntropy entropy, Outbox outbox, ulong timestampMark = 0, int replayWindow = Limits.ReplayWindowNode)
    {
        throw new NotImplementedException();
    }

    public StaticKeyPair Key { get; } = null!;

    /// <summary>What was refused, by reason.</summary>
    public Counters Counters { get; } = new();

    public IReadOnlyCollection<Tunnel> All => throw new NotImplementedException();

    /// <summary>Asked when a valid initiation of a key without a tunnel came; adds and returns a tunnel, or null to refuse.</summary>
    public Func<Now, PublicKey, WirePath, Tunnel?>? OnUnknownPeer { get; set; }

    /// <summary>Told of changes, during the call that caused them.</summary>
    public Action<Now, Tunnel, TunnelChange>? OnChange { get; set; }

    /// <summary>The handshake timestamp up to which values may be used (nanoseconds since 1970). Must be stored before it is relied on.</summary>
    public ulong TimestampMark => throw new NotImplementedException();

    /// <summary>Told when <see cref="TimestampMark"/> moved, before a value beyond the former one is sent.</summary>
    public Action<ulong>? OnTimestampMark { get; set; }

    /// <summary>The tunnel with this peer, made if there is none.</summary>
    /// <param name="peer">Not our own key.</param>
    /// <param name="kind">Whose rules it follows.</param>
    /// <param name="presharedKey">32 bytes, or empty.</param>
    public Tunnel Add(PublicKey peer, TunnelKind kind, ReadOnlySpan<byte> presharedKey = default) => throw new NotImplementedException();

    /// <summary>Forgets the tunnel, its keys and what is staged.</summary>
    public void Remove(Tunnel tunnel) => throw new NotImplementedException();

    public Tunnel? Find(PublicKey peer) => throw new NotImplementedException();

    /// <summary>
    /// Takes a datagram. Reads the relay channel into <c>packet.Path</c>, clears it, and handles handshakes or opens data in place.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="packet">The datagram, with the path it came by; afterwards the inner packet where the verdict is Data.</param>
    /// <param name="tunnel">Whose it is; null where refused before that was known.</param>
    public OpenVerdict Open(Now now, Packet packet, out Tunnel? tunnel) => throw new NotImplementedException();

    /// <summary>
    /// Seals in place for <c>tunnel.SendPath</c> and sets path, channel and disposition ToWire. Where no key may seal, copies the packet to the
    /// staged ones (disposition Drop) and begins a handshake.
    /// </summary>
    public void Seal(Now now, Tunnel tunnel, Packet packet) => throw new NotImplementedException();

    /// <summary>Seals a copy of <paramref name="inner"/> (empty: keep-alive) for <paramref name="path"/> into the outbox. Never staged.</summary>
    /// <returns>False where no key may seal; a handshake has then been begun.</returns>
    public bool SendOn(Now now, Tunnel tunnel, ReadOnlySpan<byte> inner, WirePath path) => throw new NotImplementedException();

    /// <summary>The same on <c>tunnel.SendPath</c>, staged where no key may seal.</summary>
    public void Send(Now now, Tunnel tunnel, ReadOnlySpan<byte> inner) => throw new NotImplementedException();

    /// <summary>Begins a handshake where none is under way (docs/protocol.md section 1). With an established tunnel: a new key.</summary>
    public void Begin(Now now, Tunnel tunnel) => throw new NotImplementedException();

    public void HandleTimeout(Now now) => throw new NotImplementedException();

    public TimeSpan NextDeadline => throw new NotImplementedException();
}
