using Ntm.Protocol;

namespace Ntm.Node.Nat;

/// <summary>What was seen of one uplink's NAT in one IP family: facts only.</summary>
/// <param name="Own">The uplink's own addresses of that family.</param>
/// <param name="Samples">Of one socket, in the order in which its mappings were made.</param>
public sealed record NatObservation(IReadOnlyList<RealAddress> Own, IReadOnlyList<NatSample> Samples)
{
    /// <summary>The first look at each further socket, in their order: a mapping made anew whatever the destination.</summary>
    public IReadOnlyList<NatSample> Further { get; init; } = [];

    /// <summary>Whether a reply came in from another port of an address spoken to; null: it was not tried.</summary>
    public bool? LetsInAnotherPort { get; init; }

    /// <summary>Whether one came in from an address never spoken to; null: it was not tried.</summary>
    public bool? LetsInAnotherAddress { get; init; }

    /// <summary>The outside address of the first box, by its own word (port mapping protocols); none: it says nothing.</summary>
    public RealAddress FirstBox { get; init; }
}
