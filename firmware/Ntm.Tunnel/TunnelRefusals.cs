namespace Ntm.Tunnel;

/// <summary>Why a datagram or packet was refused: the reasons under which <see cref="TunnelTable.Counters"/> counts.</summary>
public static class TunnelRefusals
{
    /// <summary>No known type, or not the length of its type.</summary>
    public const string Malformed = "tunnel-malformed";

    /// <summary>A receiver index that is not, or no longer, ours.</summary>
    public const string UnknownReceiver = "tunnel-unknown-receiver";

    /// <summary>A handshake message that is not for our key.</summary>
    public const string BadMac1 = "tunnel-bad-mac1";

    /// <summary>A valid initiation of a key nobody here wants.</summary>
    public const string UnknownPeer = "tunnel-unknown-peer";

    /// <summary>An initiation that says it is ours.</summary>
    public const string OwnKey = "tunnel-own-key";

    /// <summary>Nothing more is sent there until its address has shown that it wants it.</summary>
    public const string PathUnproven = "tunnel-path-unproven";

    /// <summary>A datagram that was opened before, or is older than the window.</summary>
    public const string Replayed = "tunnel-replayed";

    /// <summary>An initiation whose timestamp is not newer than the last.</summary>
    public const string ReplayedInitiation = "tunnel-replayed-initiation";

    /// <summary>What does not authenticate.</summary>
    public const string Forged = "tunnel-forged";

    /// <summary>A further response to an initiation that has been answered: the usual fate of copies on slower paths.</summary>
    public const string LateResponse = "tunnel-late-response";

    /// <summary>Initiations of one peer closer together than <see cref="Protocol.Limits.InitiationSpacing"/>.</summary>
    public const string InitiationFlood = "tunnel-initiation-flood";

    /// <summary>Answered by a cookie reply because of load.</summary>
    public const string UnderLoad = "tunnel-under-load";

    /// <summary>A source that had its share while under load.</summary>
    public const string SourceLimit = "tunnel-source-limit";

    /// <summary>The peer's initiation gave way to ours, which is under way and of the lower key.</summary>
    public const string Tie = "tunnel-tie";

    /// <summary>Under a key past its time or number of messages.</summary>
    public const string ExpiredKey = "tunnel-expired-key";

    /// <summary>Authenticated, but what is inside is no IP packet or claims to be longer than it is.</summary>
    public const string InnerMalformed = "tunnel-inner-malformed";

    /// <summary>A relay channel on a tunnel with a stock peer.</summary>
    public const string StockChannel = "tunnel-stock-channel";

    /// <summary>To be sent, but longer than a buffer has room for.</summary>
    public const string Oversized = "tunnel-oversized";

    /// <summary>To be sent on a tunnel that has a key but no path.</summary>
    public const string NoPath = "tunnel-no-path";

    /// <summary>To a peer whose public key no handshake can be made with (a point of low order).</summary>
    public const string UnusableKey = "tunnel-unusable-key";

    /// <summary>Staged, and given way to newer ones.</summary>
    public const string StagedOverflow = "tunnel-staged-overflow";

    /// <summary>Staged, and dropped when the tunnel gave up or was removed.</summary>
    public const string StagedDropped = "tunnel-staged-dropped";
}
