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

    /// <summary>A half that is empty, or longer than half of the longest packet.</summary>
    public const string HalfMalformed = "tunnel-half-malformed";

    /// <summary>Two halves that are not those of one packet: their lengths do not fit, or what they make is no IP packet.</summary>
    public const string HalfMismatched = "tunnel-half-mismatched";

    /// <summary>A half whose other one did not come within <see cref="Protocol.Limits.HalfLife"/>.</summary>
    public const string HalfAlone = "tunnel-half-alone";

    /// <summary>A half that gave way to a newer one, because too many wait.</summary>
    public const string HalfGaveWay = "tunnel-half-gave-way";

    /// <summary>A relay channel on a tunnel with a stock peer.</summary>
    public const string StockChannel = "tunnel-stock-channel";

    /// <summary>Kept to be sent again, and given way to newer ones before it was acknowledged.</summary>
    public const string RingOverflow = "ring-overflow-unacknowledged";

    /// <summary>Not kept at all: other tunnels have all the room that there is.</summary>
    public const string RingFullInAll = "ring-full-in-all";

    /// <summary>A report on a key that is not there (any more).</summary>
    public const string ReportUnknownKey = "report-unknown-key";

    /// <summary>A report on counters that were never sent, or whose floor is above the highest.</summary>
    public const string ReportImpossible = "report-impossible";

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
