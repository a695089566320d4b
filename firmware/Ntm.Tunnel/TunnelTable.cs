using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>What became of a datagram.</summary>
public enum OpenVerdict
{
    /// <summary>Dropped and counted under a reason.</summary>
    Refused,

    /// <summary>A handshake message or cookie reply, dealt with; answers are in the outbox.</summary>
    Handshake,

    /// <summary>An authenticated datagram without a packet: a keep-alive, or a half whose other half is not there yet.</summary>
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

    /// <summary>A response to our initiation does not authenticate, where suites are bound: it is forged, or the two ends were told different suites.</summary>
    ResponseRefused,
}

/// <summary>All tunnels of one party: its static key, the index of receivers, timers, cookies. Single-threaded, pure (see ICore's laws).</summary>
/// <remarks>This file: the table. Its other parts: Send and Receive, Halves, Ring, Initiator and Responder, Timers.</remarks>
public sealed partial class TunnelTable
{
    private readonly IEntropy _entropy;
    private readonly Outbox _outbox;
    private readonly KeypairOptions _options;
    private readonly HandshakeClock _clock;
    private readonly Cookies _cookies;
    private readonly Staging _staging = new();
    private readonly Deadlines _deadlines = new();
    private readonly Dictionary<PublicKey, Tunnel> _tunnels = [];

    // By the index a peer writes as receiver: a handshake of ours that waits (no keypair), or a keypair. At most four a tunnel.
    private readonly Dictionary<uint, Receiver> _receivers = [];

    // By mac1 of the last believed initiation, NTM tunnels only: at most one a tunnel.
    private readonly Dictionary<UInt128, Tunnel> _heard = [];

    // With more than one lane.
    private readonly SealWork? _toSeal;
    private readonly OpenWork? _toOpen;

    // For what is sealed outside the caller's buffers: keep-alives, staged packets, SendOn.
    private readonly Packet _scratch = new();
    private readonly Packet _otherHalf = new();
    private readonly Halves _halves;

    /// <param name="key">This party's node key.</param>
    /// <param name="entropy">Ephemeral keys, indices, jitter.</param>
    /// <param name="outbox">Where handshakes, keep-alives and flushed staged packets go.</param>
    /// <param name="timestampMark">The stored mark of <see cref="TimestampMark"/>, 0 the first time.</param>
    /// <param name="replayWindow">Datagrams; a multiple of 64.</param>
    /// <param name="lanes">How many threads may seal and open packets at once (<see cref="OpenAhead"/>, <see cref="LeftToSeal"/>); 1: the table does it by itself, at once.</param>
    /// <param name="aes">Whose AES-256-GCM; nobody else notices.</param>
    public TunnelTable(
        StaticKeyPair key, IEntropy entropy, Outbox outbox, ulong timestampMark = 0, int replayWindow = Limits.ReplayWindowNode, int lanes = 1,
        AesGcmSource aes = AesGcmSource.Library)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(replayWindow, 64);
        ArgumentOutOfRangeException.ThrowIfNotEqual(replayWindow % 64, 0);
        Key = key;
        _entropy = entropy;
        _outbox = outbox;
        _options = new(replayWindow, lanes, aes);
        if (lanes > 1)
        {
            (_toSeal, _toOpen) = (new SealWork(), new OpenWork());
        }

        _clock = new HandshakeClock(timestampMark);
        _cookies = new Cookies(key.Public, entropy);
        _halves = new Halves(Counters);
    }

    public StaticKeyPair Key { get; }

    /// <summary>What was refused, by reason (<see cref="TunnelRefusals"/>).</summary>
    public Counters Counters { get; } = new();

    public IReadOnlyCollection<Tunnel> All => _tunnels.Values;

    /// <summary>Asked when a valid initiation of a key without a tunnel came; adds and returns a tunnel, or null to refuse.</summary>
    /// <remarks>The initiation may be a copy of an old one: it shows who made it, not that its maker is there, nor where.</remarks>
    public Func<Now, PublicKey, WirePath, Tunnel?>? OnUnknownPeer { get; set; }

    /// <summary>Told of changes, during the call that caused them. It may call the table, <see cref="Remove"/> included.</summary>
    public Action<Now, Tunnel, TunnelChange>? OnChange { get; set; }

    /// <summary>The handshake timestamp up to which values may be used (nanoseconds since 1970). Must be stored before it is relied on.</summary>
    public ulong TimestampMark => _clock.Mark;

    /// <summary>Told when <see cref="TimestampMark"/> moved, before a value beyond the former one is sent.</summary>
    public Action<ulong>? OnTimestampMark { get; set; }

    /// <summary>Boot time of the last call.</summary>
    internal TimeSpan Boot { get; private set; }

    /// <summary>The tunnel with this peer, made if there is none.</summary>
    /// <param name="peer">Not our own key.</param>
    /// <param name="kind">Whose rules it follows.</param>
    /// <param name="presharedKey">32 bytes, or empty.</param>
    /// <exception cref="ArgumentException">Our own key, or a pre-shared key of another length: a bug of the caller.</exception>
    public Tunnel Add(PublicKey peer, TunnelKind kind, ReadOnlySpan<byte> presharedKey = default)
    {
        if (_tunnels.TryGetValue(peer, out var tunnel))
        {
            return tunnel;
        }

        if (peer == Key.Public)
        {
            throw new ArgumentException("A tunnel needs another party; this is our own key.", nameof(peer));
        }

        if (presharedKey.Length is not (0 or PublicKey.Size))
        {
            throw new ArgumentException($"A pre-shared key has {PublicKey.Size} bytes, not {presharedKey.Length}.", nameof(presharedKey));
        }

        tunnel = new Tunnel(this, peer, kind, presharedKey);
        _tunnels.Add(peer, tunnel);
        return tunnel;
    }

    /// <summary>Forgets the tunnel, its keys and what is staged.</summary>
    public void Remove(Tunnel tunnel)
    {
        if (tunnel.IsRemoved || !_tunnels.Remove(tunnel.Peer))
        {
            return;
        }

        tunnel.IsRemoved = true;
        DropStaged(tunnel);
        ForgetPending(tunnel);
        ForgetHeard(tunnel);
        ForgetKeys(tunnel);
        ReleaseRing(tunnel);
        tunnel.Timers.OnHandshakeEnded();
        _deadlines.Remove(tunnel);
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(tunnel.StaticStatic);
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(tunnel.PresharedKey);
    }

    public Tunnel? Find(PublicKey peer) => _tunnels.GetValueOrDefault(peer);

    /// <summary>How many receiver indices are in use: at most four a tunnel.</summary>
    internal int Receivers => _receivers.Count;

    private void DropStaged(Tunnel tunnel)
    {
        if (_staging.Drop(tunnel) is > 0 and var dropped)
        {
            Counters.Count(TunnelRefusals.StagedDropped, dropped);
        }
    }

    private void ForgetKeys(Tunnel tunnel)
    {
        ForgetKey(tunnel.Previous);
        ForgetKey(tunnel.Current);
        ForgetKey(tunnel.Next);
        tunnel.Previous = tunnel.Current = tunnel.Next = null;
    }

    private void ForgetKey(Keypair? keypair)
    {
        if (keypair is not null)
        {
            _toSeal?.Finish();
            if (_receivers.Remove(keypair.LocalIndex, out var receiver))
            {
                receiver.Tunnel.Ring?.Forget(keypair);
            }

            keypair.Dispose();
        }
    }

    private void ForgetPending(Tunnel tunnel)
    {
        if (tunnel.Pending is { } pending)
        {
            _receivers.Remove(pending.LocalIndex);
            pending.Dispose();
            tunnel.Pending = null;
        }
    }

    private void ForgetHeard(Tunnel tunnel)
    {
        if (tunnel.Heard is { } heard)
        {
            _heard.Remove(heard.Mac1);
            tunnel.Heard = null;
        }
    }

    // Random, so that an outsider cannot guess which are in use.
    private uint NewIndex()
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        uint index;
        do
        {
            _entropy.Fill(bytes);
            index = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        }
        while (_receivers.ContainsKey(index));
        return index;
    }

    private readonly record struct Receiver(Tunnel Tunnel, Keypair? Keypair);
}
