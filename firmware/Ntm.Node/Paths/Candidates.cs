using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Node.Paths;

/// <summary>Which addresses this home takes for candidates (docs/protocol.md section 5).</summary>
public static class Candidates
{
    /// <summary>Uplinks are few; what claims more counts as this.</summary>
    public const int RankMost = 255;

    /// <summary>Neither loopback, link-local, multicast, unspecified, of the own LAN, a VIP of the zone, nor an alias.</summary>
    public static bool IsPossible(RealAddress address, NodeOptions options, VirtualAddress zonePrefix)
    {
        if (!CandidateAddress.IsPossible(address, zonePrefix))
        {
            return false;
        }

        var ip = address.ToIPAddress();
        foreach (var network in options.OwnNetworks)
        {
            if (network.Contains(ip))
            {
                return false;
            }
        }

        var mask = uint.MaxValue << (32 - options.AliasPrefixLength);
        return !address.IsIPv4 || ((uint)address.Low & mask) != (options.AliasNetwork & mask);
    }

    /// <summary>
    /// The peer's candidates that may be tried: possible ones, the first 16, private ones only where one of the peer's mapped IP addresses is also ours.
    /// </summary>
    /// <returns>Each with the rank that the peer gives its uplink, <see cref="RankMost"/> at most.</returns>
    public static IEnumerable<(RealAddress Address, PathKind Kind, int Rank)> Usable(
        IEnumerable<Candidate> theirs, IReadOnlyCollection<RealAddress> ourMapped, NodeOptions options, VirtualAddress zonePrefix)
    {
        var read = new List<(RealAddress Address, PathKind Kind, int Rank)>();
        foreach (var candidate in theirs.Take(Limits.Candidates))
        {
            if (candidate.Endpoint.TryRead(out var address) && IsPossible(address, options, zonePrefix))
            {
                read.Add((address, candidate.Kind switch
                {
                    CandidateKind.CandidateLocal => PathKind.Local,
                    CandidateKind.CandidatePortMapped => PathKind.PortMapped,
                    _ => PathKind.Mapped,
                }, (int)Math.Min(candidate.Rank, RankMost)));
            }
        }

        var sameNat = read.Exists(c => c.Kind == PathKind.Mapped && ourMapped.Any(m => m.SameHost(c.Address)));
        return read.Where(c => sameNat || !CandidateAddress.IsPrivate(c.Address)).DistinctBy(c => c.Address);
    }
}
