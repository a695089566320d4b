using Ntm.Protocol.Signalling;

namespace Ntm.Protocol.Nats;

/// <summary>How two nodes behind their NATs come to a direct path (docs/protocol.md section 5, "Hard NATs").</summary>
public enum ProbeMeans
{
    /// <summary>In no way that would be worth its datagrams.</summary>
    None,

    /// <summary>By the ordinary checks.</summary>
    Checks,

    /// <summary>One opens mappings towards the other's known port, and the other sends to where they may be.</summary>
    Search,

    /// <summary>Each sends from ports that the other expects to ports that it expects of the other.</summary>
    Windows,
}

/// <summary>What is to be tried between two NATs, with which chance and why. Pure; both nodes and the coordinator come to the same.</summary>
/// <param name="OneSearches">With <see cref="ProbeMeans.Search"/>: whether it is the first that sends to many ports; else the second.</param>
/// <param name="Chance">Of one trial, 0-1.</param>
/// <param name="Reason">A clause for people.</param>
public sealed record ProbePlan(ProbeMeans Means, bool OneSearches, double Chance, string Reason)
{
    /// <summary>Less is not tried.</summary>
    public const double LeastChance = 0.05;

    /// <summary>What a prediction is taken for: a neighbour behind the same NAT may always be quicker.</summary>
    private const double Predicted = 0.9;

    public bool IsWorthTrying => Means != ProbeMeans.None;

    /// <param name="one">One node's NAT. Both nodes must put the same one first.</param>
    /// <param name="other">The other's.</param>
    public static ProbePlan Judge(NatShape one, NatShape other)
    {
        if (!one.MapsByDestination && !other.MapsByDestination)
        {
            return new(ProbeMeans.Checks, false, 1, "neither NAT maps by destination");
        }

        var plan = one.MapsByDestination && other.MapsByDestination ? BothByDestination(one, other) : OneByDestination(one, other);
        return plan.Chance >= LeastChance ? plan : new(ProbeMeans.None, false, plan.Chance, plan.Reason);
    }

    /// <summary>The chance that one of <paramref name="sent"/> different ports is one of <paramref name="open"/> among <paramref name="ports"/>.</summary>
    public static double Birthday(int ports, int open, int sent)
    {
        var missed = 1.0;
        for (var i = 0; i < sent && missed > 0; i++)
        {
            missed *= Math.Max(0, ports - open - i) / (double)Math.Max(1, ports - i);
        }

        return 1 - missed;
    }

    private static ProbePlan OneByDestination(NatShape one, NatShape other)
    {
        var (hard, easy) = one.MapsByDestination ? (one, other) : (other, one);
        return easy.AdmitsAnyPort
            ? new(ProbeMeans.Checks, false, 1, "only one NAT maps by destination, and the other lets in any port")
            : new(ProbeMeans.Search, !one.MapsByDestination, ChanceOf(hard, easy), $"one NAT maps by destination: {Ports(hard, "its")}");
    }

    private static ProbePlan BothByDestination(NatShape one, NatShape other)
    {
        var (windows, oneSearches, otherSearches) = (Windows(one, other), MaySearch(one, other), MaySearch(other, one));
        var searched = Math.Max(oneSearches, otherSearches);
        if (windows >= LeastChance && windows >= searched)
        {
            return new(ProbeMeans.Windows, false, windows, one.IsPredictable && other.IsPredictable
                ? "both NATs map by destination, and both ports can be predicted"
                : "both NATs map by destination; one's ports can be predicted, the other's are few");
        }

        if (searched >= LeastChance)
        {
            var opener = oneSearches >= otherSearches ? other : one;
            return new(ProbeMeans.Search, oneSearches >= otherSearches, searched, $"both NATs map by destination: {Ports(opener, "one's")}");
        }

        return new(ProbeMeans.None, false, Math.Max(windows, searched),
            one.Allocation == PortAllocation.Scattered && other.Allocation == PortAllocation.Scattered ? "both NATs give every destination another port without a pattern"
            : one.Allocation == PortAllocation.Unknown || other.Allocation == PortAllocation.Unknown ? "both NATs map by destination"
            : "both NATs map by destination, and one of them without a pattern");
    }

    // Both send from one port to one port each time, so that both must be right at once.
    private static double Windows(NatShape one, NatShape other) => (one.IsPredictable, other.IsPredictable) switch
    {
        (true, true) => Predicted,
        (true, false) => (double)other.MappingsMost / other.Ports,
        (false, true) => (double)one.MappingsMost / one.Ports,
        _ => 0,
    };

    // The opener lets in whatever port the searcher sends from, or the searcher's port is known although it maps by destination.
    private static double MaySearch(NatShape searcher, NatShape opener) =>
        opener.AdmitsAnyPort || (searcher.Mapping == NatMapping.AddressDependent && searcher.IsPredictable) ? ChanceOf(opener, searcher) : 0;

    private static double ChanceOf(NatShape opener, NatShape searcher) =>
        opener.IsPredictable ? Predicted : Birthday(opener.Ports, opener.MappingsMost, SearchesMost(searcher));

    /// <summary>Ports that it may send to: as many as the budget has, where they share a mapping; else as many as mappings may be made.</summary>
    public static int SearchesMost(NatShape searcher) =>
        searcher.Mapping == NatMapping.AddressAndPortDependent ? searcher.MappingsMost : Limits.ProbeDatagrams;

    private static string Ports(NatShape opener, string whose) => opener.IsPredictable ? $"{whose} ports can be predicted"
        : opener.HasPortSet ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{whose} {opener.Ports} ports can be tried")
        : $"some of {whose} ports can be tried";
}
