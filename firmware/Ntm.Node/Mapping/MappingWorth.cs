using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>Whether an open port is told to others as a candidate (docs/protocol.md section 5): the box's word alone is not enough. Pure.</summary>
/// <param name="IsTold">Whether it is.</param>
/// <param name="Reason">What is to be said of it, as a clause; null: it is as it should be.</param>
public sealed record MappingWorth(bool IsTold, string? Reason)
{
    /// <param name="external">Where the box says the port is open.</param>
    /// <param name="own">The uplink's own address.</param>
    /// <param name="seen">The addresses, of that IP family, by which coordinators and relays of ours see the uplink.</param>
    public static MappingWorth Judge(RealAddress external, RealAddress own, IReadOnlyCollection<RealAddress> seen)
    {
        if (!external.IsIPv4 && external.SameHost(own))
        {
            return new(true, null); // a firewall that let go
        }

        if (external.IsIPv4 && CandidateAddress.IsPrivate(external))
        {
            return new(true, "that address is private: another NAT stands behind the box, so that only homes behind the same one can use it");
        }

        if (seen.Count == 0)
        {
            return new(false, "no coordinator or relay has seen this uplink yet, so that it is not told to others");
        }

        return seen.Any(s => s.SameHost(external))
            ? new(true, null)
            : new(false, $"but this uplink is seen from outside as {seen.First().ToIPAddress()}: another NAT stands behind the box, so that it does not help");
    }
}
