namespace Ntm.Linux;

/// <summary>What a <see cref="Pump"/> carried with its present sockets and TUN, and how well it went in one piece.</summary>
public sealed record PumpStatistics
{
    /// <summary>Times it looked for something to do.</summary>
    public long Turns { get; init; }

    /// <summary>Runs of datagrams that came from the wire and went to it, and the datagrams in them.</summary>
    public long MessagesReceived { get; init; }

    public long DatagramsReceived { get; init; }

    public long MessagesSent { get; init; }

    public long DatagramsSent { get; init; }

    /// <summary>Packets and super-packets that were read from the TUN, and the packets they stood for; those in the queue are not among the latter yet.</summary>
    public long Reads { get; init; }

    public long PacketsRead { get; init; }

    /// <summary>Packets and runs that were written to the TUN, and the packets in them.</summary>
    public long Writes { get; init; }

    public long PacketsWritten { get; init; }

    /// <summary>Packets and super-packets that wait to be sealed.</summary>
    public int Waiting { get; init; }

    /// <summary>Packets that got a mark of congestion (ECN) because they had waited too long.</summary>
    public long MarkedInbound { get; init; }

    public long MarkedOutbound { get; init; }

    /// <summary>The longest that one waited: from its coming from the wire, or its being read from the TUN, to its turn.</summary>
    public TimeSpan LongestWaitInbound { get; init; }

    public TimeSpan LongestWaitOutbound { get; init; }
}
