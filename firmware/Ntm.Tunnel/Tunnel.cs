using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>Whose rules a tunnel follows where docs/protocol.md section 1 tells them apart.</summary>
public enum TunnelKind
{
    Ntm,
    Stock,
}

/// <summary>One secured association with one peer, over any number of paths.</summary>
public sealed class Tunnel
{
    private readonly TunnelTable _table;
    private Rate _sealedRate;
    private LossTally _losses;

    internal Tunnel(TunnelTable table, PublicKey peer, TunnelKind kind, ReadOnlySpan<byte> presharedKey)
    {
        (_table, Peer, Kind) = (table, peer, kind);
        (Mtu, JoinsHalves) = kind == TunnelKind.Stock ? (Limits.MtuInside, false) : (Limits.MtuAssumed, true);
        presharedKey.CopyTo(PresharedKey);
        Mac1Key = Cookies.LabelledKey("mac1----"u8, peer);
        CookieKey = Cookies.LabelledKey("cookie--"u8, peer);
        Span<byte> peerPublic = stackalloc byte[PublicKey.Size];
        peer.CopyTo(peerPublic);
        IsUsable = X25519.TryAgree(table.Key.Private, peerPublic, StaticStatic);
    }

    public PublicKey Peer { get; }

    public TunnelKind Kind { get; }

    /// <summary>The core's own record of this peer; the tunnel does not look at it.</summary>
    public object? Owner { get; set; }

    /// <summary>Which cipher suites both ends have; set by the core for another node's tunnel. It counts from the next handshake on.</summary>
    public SuiteAgreement Suites { get; set; }

    /// <summary>The suite of the key that seals now; null: there is none.</summary>
    public CipherSuite? Suite => Current?.Sealer.Suite;

    /// <summary>Where data and keep-alives go. Stock tunnels set it themselves (roaming); NTM tunnels leave it to the core,
    /// but take the path of the handshake that succeeded where none is set.</summary>
    public WirePath SendPath { get; set; }

    /// <summary>Bytes of an inner packet that go on <see cref="SendPath"/> in one datagram, padding included; longer ones are split where <see cref="JoinsHalves"/>.
    /// Set by the core as it learns what the path carries. A stock peer's is never less than whole.</summary>
    public int Mtu { get; set; }

    /// <summary>Whether the peer puts halves together. Set by the core; a stock peer never does.</summary>
    public bool JoinsHalves { get; set; }

    /// <summary>Paths an initiation goes out on, besides <see cref="SendPath"/>. Set by the core.</summary>
    public List<WirePath> Candidates { get; } = [];

    /// <summary>Asked before each handshake datagram to a candidate (NTM tunnels): may <c>bytes</c> be sent to this path now? Null: always.</summary>
    public Func<Now, WirePath, int, bool>? MaySend { get; set; }

    /// <summary>Send a keep-alive when nothing was sent for this long; null: only WireGuard's passive ones.</summary>
    public TimeSpan? PersistentKeepAlive
    {
        get;
        set
        {
            field = value;
            _table.OnPersistentKeepAlive(this);
        }
    }

    /// <summary>Whether there is a key that may seal now (at the time of the table's last call).</summary>
    public bool IsEstablished => Current?.MaySeal(_table.Boot) ?? false;

    /// <summary>Whether initiations of ours are going out, or are about to.</summary>
    public bool IsHandshakeUnderWay => Timers.IsUnderWay;

    /// <summary>Boot time of the last completed handshake, of the last authenticated datagram in, of the last datagram out; null: never.</summary>
    public TimeSpan? LastHandshake { get; internal set; }

    public TimeSpan? LastReceived { get; internal set; }

    public TimeSpan? LastSent { get; internal set; }

    /// <summary>The path the last authenticated datagram came by.</summary>
    public WirePath LastReceivedPath { get; internal set; }

    public long BytesReceived { get; internal set; }

    public long BytesSent { get; internal set; }

    /// <summary>Whether sealed data is kept to be sent again (<see cref="TunnelTable.Resend"/>): asked for by the core, towards peers that report what came. Never with a stock peer.</summary>
    public bool Keeps
    {
        get;
        set
        {
            field = value && Kind == TunnelKind.Ntm;
            if (!field && Ring is not null)
            {
                _table.OnKeepsNothing(this);
            }
        }
    }

    /// <summary>Datagrams that gave way to newer ones for want of room before a report acknowledged them: lost if the path lost them.</summary>
    public long LostBeyondRing { get; internal set; }

    /// <summary>Datagrams that no report acknowledged for as long as they are kept.</summary>
    public long UnacknowledgedInTime { get; internal set; }

    /// <summary>Datagrams sent once more (<see cref="TunnelTable.Resend"/>).</summary>
    public long SentAgain { get; internal set; }

    /// <summary>The share of what was sent in the last 5 to 10 s that the peer's reports call missing, 0 to 1; null: they judged nothing.</summary>
    public double? LossShare => Losses.Share(_table.Boot);

    /// <summary>Packets waiting for the tunnel to stand.</summary>
    public int Staged => StagedPackets.Count;

    // ---- the table's part: keys, handshakes, timers

    internal TunnelTimers Timers { get; } = new();

    /// <summary>The key before the current one: opens what was on its way when that came.</summary>
    internal Keypair? Previous { get; set; }

    /// <summary>Seals and opens.</summary>
    internal Keypair? Current { get; set; }

    /// <summary>Made as responder; becomes current when something comes in under it, because only then has the initiator shown that it is live.</summary>
    internal Keypair? Next { get; set; }

    /// <summary>Our initiation that waits for its response.</summary>
    internal Handshake? Pending { get; set; }

    internal TimeSpan? InitiationMade { get; set; }

    /// <summary>The path of an initiation that gave way to ours: our own goes there, too, since the peer evidently hears us there.</summary>
    internal WirePath TiePath { get; set; }

    /// <summary>The peer's last initiation that was believed.</summary>
    internal HeardInitiation? Heard { get; set; }

    /// <summary>When it came.</summary>
    internal TimeSpan? InitiationHeard { get; set; }

    /// <summary>Its timestamp; all zero before the first.</summary>
    internal byte[] LastTimestamp { get; } = new byte[Handshake.TimestampSize];

    internal byte[] PresharedKey { get; } = new byte[ChaCha20Poly1305.KeySize];

    /// <summary>DH of both static keys, needed for each handshake.</summary>
    internal byte[] StaticStatic { get; } = new byte[X25519.Size];

    internal byte[] Mac1Key { get; }

    internal byte[] CookieKey { get; }

    /// <summary>False where the peer's key is of low order: no handshake can be made with it.</summary>
    internal bool IsUsable { get; }

    internal CookieJar CookieJar { get; } = new();

    internal Queue<LinkedListNode<StagedPacket>> StagedPackets { get; } = [];

    /// <summary>Halves that wait in <see cref="Halves"/>.</summary>
    internal int HalvesWaiting { get; set; }

    internal bool IsRemoved { get; set; }

    /// <summary>What was sealed lately; null: nothing was kept yet.</summary>
    internal Ring? Ring { get; set; }

    internal Resending? Resending { get; set; }

    internal int ResendRounds { get; set; }

    /// <summary>How much of <see cref="LostBeyondRing"/> is in the table's counters, and since when.</summary>
    internal long LostCounted { get; set; }

    internal TimeSpan LostCountedAt { get; set; }

    /// <summary>Of what is kept.</summary>
    internal ref Rate SealedRate => ref _sealedRate;

    internal ref LossTally Losses => ref _losses;

    // ---- Deadlines' part

    internal TimeSpan WakeAt { get; set; } = Deadlines.Never;

    internal int HeapPosition { get; set; } = -1;
}
