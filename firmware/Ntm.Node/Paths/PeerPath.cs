using Ntm.Protocol;

namespace Ntm.Node.Paths;

/// <summary>How a path was learnt.</summary>
public enum PathKind
{
    Relay,
    Local,
    Mapped,
    PeerReflexive,

    /// <summary>A port that the box in front of the peer has opened.</summary>
    PortMapped,
}

/// <summary>What is known of a path.</summary>
public enum PathState
{
    /// <summary>Never answered a check; carries no traffic but the first handshake's.</summary>
    Unproven,

    /// <summary>Answered a check: both directions work.</summary>
    Proven,

    /// <summary>Was proven and is silent: traffic goes on it and on another.</summary>
    Suspect,

    /// <summary>Was suspect for too long.</summary>
    Failed,
}

/// <summary>One path to a peer and what its checks have shown.</summary>
public sealed class PeerPath(WirePath path, PathKind kind)
{
    private TimeSpan _lastCheck = TimeSpan.MinValue / 2;

    public WirePath Path { get; } = path;

    public PathKind Kind { get; } = kind;

    /// <summary>Found by a trial (docs/protocol.md section 5, "Hard NATs"): checked while it is in use only, so that its socket is not kept open for nothing.</summary>
    public bool IsProbed { get; set; }

    public bool IsDirect => Kind != PathKind.Relay;

    public PathState State { get; set; }

    /// <summary>The own uplink's rank and the peer's, added; the lower is the better. Below zero: not worked out yet.</summary>
    public int Rank { get; set; } = -1;

    /// <summary>Since when it has answered without a break, boot time; means something while it is proven.</summary>
    public TimeSpan ProvenSince { get; private set; }

    /// <summary>Whether a candidate or a direction named it, the last time that these were heard.</summary>
    public bool IsListed { get; set; }

    /// <summary>Whether it was ever proven.</summary>
    public bool Worked { get; private set; }

    /// <summary>The relay it goes by; none for direct ones.</summary>
    public PublicKey Relay { get; set; }

    /// <summary>
    /// Smoothed round trip of its checks; null: none answered. Upwards by RFC 6298's 1/8, downwards by half: what a first check waited for (an address looked up on a link) is no part of the path.
    /// </summary>
    public TimeSpan? RoundTrip { get; private set; }

    /// <summary>When an authenticated datagram last came by it.</summary>
    public TimeSpan? LastHeard { get; set; }

    /// <summary>When it last answered a check, or was proven otherwise; boot time.</summary>
    public TimeSpan AnsweredAt { get; private set; }

    /// <summary>Checks sent since the last answer.</summary>
    public int Unanswered { get; private set; }

    /// <summary>Checks still to be sent in this round.</summary>
    public int RoundsLeft { get; private set; }

    public TimeSpan NextCheck { get; private set; } = TimeSpan.MaxValue;

    /// <summary>Whether a round of checks is under way, and not only due some time later.</summary>
    public bool IsBeingChecked(TimeSpan now) => RoundsLeft > 0 && NextCheck <= now + Limits.CheckSpacing;

    public TimeSpan SuspectSince { get; private set; }

    /// <summary>What it carries.</summary>
    public PathMtu Mtu { get; } = new();

    /// <summary>Bytes of the longest datagram of data that was sent on it since it was last asked whether such pass.</summary>
    public int LongestSent { get; set; }

    public long BytesSent { get; set; }

    public long BytesReceived { get; set; }

    /// <summary>Asks for up to <paramref name="rounds"/> checks from <paramref name="at"/> on, 250 ms apart, until one is answered.</summary>
    public void Schedule(TimeSpan at, int rounds)
    {
        RoundsLeft = rounds;
        NextCheck = at;
    }

    /// <summary>
    /// A check of the peer's came by it, so ours may get through now and does not wait for its turn (RFC 8445 section 7.3.1.4, triggered checks). The peer does not set
    /// our pace, though.
    /// </summary>
    public void CheckInReturn(TimeSpan now)
    {
        var at = _lastCheck + Limits.CheckInReturnSpacing > now ? _lastCheck + Limits.CheckInReturnSpacing : now;
        if (RoundsLeft == 0 || at < NextCheck)
        {
            Schedule(at, RoundsLeft > 0 ? RoundsLeft : Limits.CheckRounds);
        }
    }

    /// <summary>A check is going out now.</summary>
    public void Checked(TimeSpan now)
    {
        _lastCheck = now;
        Unanswered++;
        RoundsLeft--;
        NextCheck = RoundsLeft > 0 ? now + Limits.CheckSpacing : TimeSpan.MaxValue;
    }

    /// <summary>A check was answered.</summary>
    public void Answered(TimeSpan now, TimeSpan roundTrip)
    {
        RoundTrip = RoundTrip is { } smoothed ? smoothed + ((roundTrip - smoothed) / (roundTrip < smoothed ? 2 : 8)) : roundTrip;
        Prove(now);
    }

    public void Prove(TimeSpan now)
    {
        if (State != PathState.Proven)
        {
            ProvenSince = now;
        }

        State = PathState.Proven;
        Worked = true;
        LastHeard = AnsweredAt = now;
        Unanswered = 0;
        RoundsLeft = 0;
        NextCheck = TimeSpan.MaxValue;
    }

    public void Suspect(TimeSpan now)
    {
        State = PathState.Suspect;
        SuspectSince = now;
        Schedule(now, int.MaxValue);
    }

    /// <summary>How long it may be suspect before it is given up.</summary>
    public TimeSpan Patience => RoundTrip is { } rtt && 3 * rtt > Limits.SuspectBeforeLost ? 3 * rtt : Limits.SuspectBeforeLost;

    /// <summary>The same path by another address of its relay's, or another uplink to it: works as soon as the relay has heard from there.</summary>
    public PeerPath MovedTo(WirePath path) => new(path, Kind)
    {
        State = State == PathState.Proven ? PathState.Proven : PathState.Unproven, ProvenSince = ProvenSince, LastHeard = LastHeard, Rank = Rank, Worked = Worked, Relay = Relay,
    };

    public void Fail()
    {
        State = PathState.Failed;
        Mtu.Forget();
        Unanswered = 0;
        Schedule(TimeSpan.MaxValue, 0);
    }
}
