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
    internal Tunnel(PublicKey peer, TunnelKind kind) => (Peer, Kind) = (peer, kind);

    public PublicKey Peer { get; }

    public TunnelKind Kind { get; }

    /// <summary>The core's own record of this peer; the tunnel does not look at it.</summary>
    public object? Owner { get; set; }

    /// <summary>Where data and keep-alives go. Stock tunnels set it themselves (roaming); NTM tunnels leave it to the core,
    /// but take the path of the handshake that succeeded where none is set.</summary>
    public WirePath SendPath { get; set; }

    /// <summary>Paths an initiation goes out on, besides <see cref="SendPath"/>. Set by the core.</summary>
    public List<WirePath> Candidates { get; } = [];

    /// <summary>Asked before each handshake datagram to a candidate (NTM tunnels): may <c>bytes</c> be sent to this path now? Null: always.</summary>
    public Func<Now, WirePath, int, bool>? MaySend { get; set; }

    /// <summary>Send a keep-alive when nothing was sent for this long; null: only WireGuard's passive ones.</summary>
    public TimeSpan? PersistentKeepAlive { get; set; }

    /// <summary>Whether there is a key that may seal now.</summary>
    public bool IsEstablished => throw new NotImplementedException();

    /// <summary>Boot time of the last completed handshake, of the last authenticated datagram in, of the last datagram out; null: never.</summary>
    public TimeSpan? LastHandshake { get; internal set; }

    public TimeSpan? LastReceived { get; internal set; }

    public TimeSpan? LastSent { get; internal set; }

    /// <summary>The path the last authenticated datagram came by.</summary>
    public WirePath LastReceivedPath { get; internal set; }

    public long BytesReceived { get; internal set; }

    public long BytesSent { get; internal set; }

    /// <summary>Packets waiting for the tunnel to stand.</summary>
    public int Staged => throw new NotImplementedException();
}
