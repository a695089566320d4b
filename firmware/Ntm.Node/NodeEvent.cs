using Ntm.Protocol;

namespace Ntm.Node;

/// <summary>What the node core tells its program.</summary>
public abstract record NodeEvent
{
    private NodeEvent()
    {
    }

    /// <summary>Keep this over a power cut.</summary>
    public sealed record Keep(StoreWrite Write) : NodeEvent;

    /// <summary>The end of a <see cref="NodeCore.Join"/>.</summary>
    public sealed record JoinEnded(Verdict Verdict) : NodeEvent;

    /// <summary>The node is a member: its own VIP is known, the TUN can be set up. At start as well as after joining.</summary>
    public sealed record Member(string Zone, string NodeName, VirtualAddress Own, VirtualAddress ZonePrefix) : NodeEvent;

    /// <summary>The node is a member no longer: it left, or the owner took it out of the zone. What <see cref="Member"/> set up is to be taken down.</summary>
    public sealed record Left : NodeEvent;

    /// <summary>The zones of other owners with which something is shared have changed: all of them.</summary>
    public sealed record OtherZones(IReadOnlyList<OtherZone> Zones) : NodeEvent;

    /// <summary>The answer to <see cref="NodeCore.NameWanted"/>.</summary>
    public sealed record NameAnswered(long Ticket, NameAnswer Answer) : NodeEvent;

    /// <summary>A packet came from a LAN address whose MAC is not known: hand in the neighbour table soon (NeighboursSeen).</summary>
    public sealed record NeighbourWanted : NodeEvent
    {
        private NeighbourWanted()
        {
        }

        public static NeighbourWanted Soon { get; } = new();
    }

    /// <summary>Whether datagrams of this uplink and IP family may be handed to the kernel several in one.</summary>
    public sealed record Runs(int Uplink, bool IPv4, bool Allowed) : NodeEvent;

    /// <summary>What shows whether an uplink works: somebody was heard there, or everybody who was asked is silent though one of them answers by another uplink. At most a few a second.</summary>
    /// <param name="Answered">Somebody was heard.</param>
    /// <param name="RoundTrip">Of an answer to a question.</param>
    /// <param name="Silence">How long nobody answers.</param>
    /// <param name="Questions">How many in a row nobody answered. None, and nobody heard: there is nobody to ask, and what was told before says nothing any more.</param>
    public sealed record UplinkEvidence(int Uplink, bool Answered, TimeSpan? RoundTrip, TimeSpan Silence, int Questions) : NodeEvent;

    /// <summary>
    /// A further socket of an uplink, numbered by <see cref="UplinkSocket"/>, is wanted (on any port that is free: <see cref="NodeCore.SocketOpened"/>), or no more.
    /// </summary>
    public sealed record Socket(int Number, bool IPv4, bool Open) : NodeEvent;

    /// <summary>Send this to the box in front of an uplink, from a socket of its own on that address: PCP, NAT-PMP, or a search by multicast. What comes back to it from
    /// <paramref name="Gateway"/>, whatever its port, is for <see cref="NodeCore.MappingHeard"/>; nothing else is.</summary>
    /// <param name="From">The uplink's address; the port does not matter.</param>
    public sealed record MappingDatagram(int Uplink, RealAddress From, RealAddress Gateway, RealAddress To, byte[] Bytes) : NodeEvent;

    /// <summary>Ask the box by HTTP; ends with <see cref="NodeCore.MappingExchanged"/>.</summary>
    /// <param name="To">The box, with its HTTP port.</param>
    /// <param name="Path">Of the URL, with the query.</param>
    /// <param name="Action">SOAPAction; null: a GET.</param>
    public sealed record MappingExchange(int Uplink, RealAddress From, RealAddress To, int Ticket, string Path, string? Action, byte[]? Body) : NodeEvent;

    /// <summary>The end of <see cref="NodeCore.ReleaseMappings"/>.</summary>
    public sealed record MappingsReleased : NodeEvent;

    /// <summary>For the log: a full sentence. Info is what an owner cares about.</summary>
    public sealed record Notice(bool Warning, string Sentence) : NodeEvent;
}

/// <summary>A zone of another owner with which something is shared.</summary>
/// <param name="Name">The zone.</param>
/// <param name="Scope">The node's full name below which this home may ask for names; null: that owner may only reach us.</param>
/// <param name="Prefix">The zone's /48.</param>
public sealed record OtherZone(string Name, string? Scope, VirtualAddress Prefix);

/// <summary>What came of a name.</summary>
public enum NameVerdict
{
    /// <summary>It exists and the direction permits.</summary>
    Found,

    /// <summary>The coordinator said that there is no such name.</summary>
    NoSuchName,

    /// <summary>It exists but is not registered now, or may not be reached.</summary>
    Unreachable,

    /// <summary>No coordinator answered in time, or this node is no member.</summary>
    NoCoordinator,

    /// <summary>The name is not below this node's zone.</summary>
    NotOurs,
}

/// <param name="Verdict">What came of it.</param>
/// <param name="Vip">The VIP where found.</param>
/// <param name="Alias">The alias (IPv4, host order) where found.</param>
/// <param name="Reason">Why, as a sentence.</param>
public sealed record NameAnswer(NameVerdict Verdict, VirtualAddress Vip, uint Alias, string Reason)
{
    /// <summary>How long an answer of found may be remembered, s: what is left of the direction's.</summary>
    public uint TtlSeconds { get; init; } = Limits.NameTtlSeconds;
}
