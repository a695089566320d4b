using Ntm.Protocol;
using Ntm.Protocol.Nats;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Paths.Hard;

/// <summary>What one node sends in a trial, from which socket to which port and when (docs/protocol.md section 5, "Hard NATs"). Pure.</summary>
/// <param name="Steps">In the order of time.</param>
/// <param name="Lasts">When the last probe of either node has gone out.</param>
public sealed record ProbeSchedule(IReadOnlyList<ProbeStep> Steps, TimeSpan Lasts)
{
    /// <summary>Whether it takes so much of a budget, the searcher's, that no second one is left.</summary>
    public bool IsLong => Lasts > Limits.ProbeSpacing * (Limits.ProbeDatagrams / 2);

    /// <summary>Sockets towards a known port where the next ports of the NAT can be told: some for neighbours that are quicker.</summary>
    private const int SocketsWherePredicted = 8;

    /// <summary>A searcher's ports that an opener turns to.</summary>
    private const int PortsOfSearcher = 4;

    /// <summary>So many probes of a window answer to the same number of ports that neighbours took.</summary>
    private const int Stair = 4;

    /// <summary>What opens mappings is sent once more, for what is lost.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan WindowSpacing = TimeSpan.FromMilliseconds(2);

    /// <summary>Further sockets that a node needs for the plan.</summary>
    /// <param name="isOne">Whether it is the first of <see cref="ProbePlan.Judge"/>.</param>
    public static int SocketsWanted(ProbePlan plan, bool isOne, NatShape own) => plan.Means switch
    {
        ProbeMeans.Search when plan.OneSearches == isOne => own.MapsByDestination ? 1 : 0,
        ProbeMeans.Search => own.IsPredictable ? Math.Min(SocketsWherePredicted, own.MappingsMost) : own.MappingsMost,
        ProbeMeans.Windows => SendsFromOneSocket(own) ? 1 : own.MappingsMost,
        _ => 0,
    };

    /// <param name="plan">What is tried.</param>
    /// <param name="isOne">Whether this node is the first of <see cref="ProbePlan.Judge"/>.</param>
    /// <param name="own">Its NAT.</param>
    /// <param name="ownPorts">What it foretold of itself: how many, above all.</param>
    /// <param name="theirs">The other's NAT.</param>
    /// <param name="theirPorts">What the other foretold; else where it is seen.</param>
    /// <param name="sockets">Further sockets that there are.</param>
    /// <param name="most">Probes that the budget has.</param>
    /// <param name="draw">Randomness.</param>
    public static ProbeSchedule Make(
        ProbePlan plan, bool isOne, NatShape own, IReadOnlyList<ushort> ownPorts, NatShape theirs, IReadOnlyList<ushort> theirPorts, int sockets, int most, ulong draw)
    {
        var steps = plan.Means switch
        {
            ProbeMeans.Search when plan.OneSearches == isOne => Searches(own, theirs, theirPorts, sockets, draw),
            ProbeMeans.Search => Twice(Opens(theirPorts, sockets)),
            ProbeMeans.Windows => Twice(Meets(own, ownPorts.Count, theirPorts, sockets, hasStair: !isOne && (SendsFromOneSocket(own) || SendsFromOneSocket(theirs)))),
            _ => [],
        };
        var lasts = plan.Means == ProbeMeans.Search
            ? plan.OneSearches == isOne ? Searching(own, theirs) : Searching(theirs, own)
            : Again + (Limits.ProbeWindow * WindowSpacing);
        return new([.. steps.OrderBy(s => s.After).Take(most)], lasts);
    }

    // A new mapping for each destination, in the order of sending. What keeps ports or maps by address needs a socket for each.
    private static bool SendsFromOneSocket(NatShape nat) => nat is { Mapping: NatMapping.AddressAndPortDependent, Allocation: PortAllocation.Stepped };

    private static TimeSpan Searching(NatShape searcher, NatShape opener) =>
        Limits.ProbeLead + (Limits.ProbeSpacing * Math.Min(ProbePlan.SearchesMost(searcher), opener.IsPredictable ? Limits.PredictedPorts : opener.Ports));

    private static IEnumerable<ProbeStep> Searches(NatShape own, NatShape theirs, IReadOnlyList<ushort> theirPorts, int sockets, ulong draw)
    {
        var most = ProbePlan.SearchesMost(own);
        var socket = own.MapsByDestination ? Math.Min(1, sockets) : 0;
        var ports = theirs.IsPredictable ? theirPorts : PortSample.Of(theirs, most, draw);
        return ports.Take(most).Select((port, n) => new ProbeStep(Limits.ProbeLead + (Limits.ProbeSpacing * n), socket, port));
    }

    private static IEnumerable<ProbeStep> Opens(IReadOnlyList<ushort> theirPorts, int sockets) => theirPorts.Count == 0
        ? []
        : Enumerable.Range(0, Math.Max(1, sockets)).Select(n =>
            new ProbeStep(TimeSpan.Zero, sockets == 0 ? 0 : n + 1, theirPorts[n % Math.Min(PortsOfSearcher, theirPorts.Count)]));

    // The one sends its n-th probe to the other's n-th port. The other, where ports are counted up, goes further ahead with every few probes: so the two agree at
    // some point, however many ports neighbours took on either side meanwhile, up to a quarter of the window.
    private static IEnumerable<ProbeStep> Meets(NatShape own, int ownPorts, IReadOnlyList<ushort> theirPorts, int sockets, bool hasStair)
    {
        var one = SendsFromOneSocket(own);
        var most = Math.Min(Math.Min(Limits.ProbeWindow, own.MappingsMost), one ? int.MaxValue : Math.Min(sockets, ownPorts));
        for (var n = 0; n < most; n++)
        {
            var at = hasStair ? n + (n / Stair) : n;
            if (at < theirPorts.Count)
            {
                yield return new(WindowSpacing * n, one ? Math.Min(1, sockets) : n + 1, theirPorts[at]);
            }
        }
    }

    private static IEnumerable<ProbeStep> Twice(IEnumerable<ProbeStep> steps)
    {
        var all = steps.ToArray();
        return all.Concat(all.Select(s => s with { After = s.After + Again }));
    }
}
