using Ntm.Protocol;
using Ntm.Protocol.Nats;

namespace Ntm.Node.Paths.Hard;

/// <summary>Where a trial stands.</summary>
internal enum ProbeState
{
    /// <summary>Sockets are being opened.</summary>
    Opening,

    /// <summary>A server is asked which ports new mappings have.</summary>
    Looking,

    /// <summary>The other node was asked, and its answer is waited for.</summary>
    Asking,

    /// <summary>Probes go out.</summary>
    Probing,
}

/// <summary>One trial with one peer: what it was begun with and how far it came. No logic.</summary>
/// <param name="peer">With whom.</param>
/// <param name="leads">Whether this node asked; its NAT is the first of <see cref="ProbePlan.Judge"/>.</param>
/// <param name="self">Where this node is seen, on which uplink.</param>
/// <param name="host">The peer's.</param>
/// <param name="plan">What is tried.</param>
internal sealed class ProbeTrial(Peer peer, bool leads, OwnSight self, RealAddress host, ProbePlan plan)
{
    public Peer Peer { get; } = peer;

    /// <summary>Who pays.</summary>
    public string Purse { get; } = ProbeBudget.Of(peer);

    public bool Leads { get; } = leads;

    /// <summary>Its NAT is looked at once more meanwhile.</summary>
    public OwnSight Self { get; set; } = self;

    public RealAddress Host { get; } = host;

    public ProbePlan Plan { get; set; } = plan;

    public ProbeState State { get; set; }

    /// <summary>When something is to be done next.</summary>
    public TimeSpan At { get; set; }

    /// <summary>The further sockets it wanted, and those of them that it probes with.</summary>
    public IReadOnlyList<int> Wanted { get; set; } = [];

    public IReadOnlyList<(int Number, ushort Port)> Sockets { get; set; } = [];

    /// <summary>Sockets whose mappings are looked at, each with the check that does it.</summary>
    public Dictionary<ulong, int> Looking { get; } = [];

    public int Looks { get; set; }

    /// <summary>The ports of those mappings, by socket: in the order in which they were made.</summary>
    public SortedDictionary<int, ushort> Looked { get; } = [];

    /// <summary>Of the other node's request, while it waits for an answer.</summary>
    public ulong RequestNumber { get; init; }

    /// <summary>The other node's word; the leader has it with the answer.</summary>
    public Protocol.Signalling.ProbeRound? Theirs { get; set; }

    /// <summary>What this node foretold of itself.</summary>
    public IReadOnlyList<ushort> OwnPorts { get; set; } = [];

    public ProbeSchedule? Schedule { get; set; }

    public TimeSpan StartedAt { get; set; }

    /// <summary>Probes that are out, by id, and how many went.</summary>
    public Dictionary<ulong, (WirePath Path, TimeSpan SentAt)> Sent { get; } = [];

    public int Steps { get; set; }
}
