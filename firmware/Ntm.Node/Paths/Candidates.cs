using System.Net;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Node.Paths;

/// <summary>Which addresses may be candidates at all (docs/protocol.md section 5).</summary>
public static class Candidates
{
    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("100.64.0.0/10"),
        IPNetwork.Parse("fc00::/7"),
    ];

    private static readonly IPNetwork[] Never =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("224.0.0.0/3"),
        IPNetwork.Parse("::/127"), IPNetwork.Parse("::ffff:0:0/96"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("ff00::/8"),
        IPNetwork.Parse("64:ff9b::/96"),
    ];

    public static bool IsPrivate(RealAddress address)
    {
        var ip = address.ToIPAddress();
        return Array.Exists(Private, n => n.Contains(ip));
    }

    /// <summary>Neither loopback, link-local, multicast, unspecified, of the own LAN, a VIP of the zone, nor an alias.</summary>
    public static bool IsPossible(RealAddress address, NodeOptions options, VirtualAddress zonePrefix)
    {
        if (address.IsNone || address.Port == 0)
        {
            return false;
        }

        var ip = address.ToIPAddress();
        foreach (var network in Never)
        {
            if (network.Contains(ip))
            {
                return false;
            }
        }

        foreach (var network in options.OwnNetworks)
        {
            if (network.Contains(ip))
            {
                return false;
            }
        }

        if (address.IsIPv4)
        {
            var mask = uint.MaxValue << (32 - options.AliasPrefixLength);
            return ((uint)address.Low & mask) != (options.AliasNetwork & mask);
        }

        return new VirtualAddress(address.High, address.Low).SameZone(zonePrefix) is false;
    }

    /// <summary>
    /// The peer's candidates that may be tried: possible ones, the first 16, private ones only where one of the peer's mapped IP addresses is also ours.
    /// </summary>
    public static IEnumerable<(RealAddress Address, PathKind Kind)> Usable(
        IEnumerable<Candidate> theirs, IReadOnlyCollection<RealAddress> ourMapped, NodeOptions options, VirtualAddress zonePrefix)
    {
        var read = new List<(RealAddress Address, PathKind Kind)>();
        foreach (var candidate in theirs.Take(Limits.Candidates))
        {
            if (candidate.Endpoint.TryRead(out var address) && IsPossible(address, options, zonePrefix))
            {
                read.Add((address, candidate.Kind == CandidateKind.CandidateLocal ? PathKind.Local : PathKind.Mapped));
            }
        }

        var sameNat = read.Exists(c => c.Kind == PathKind.Mapped && ourMapped.Any(m => m.SameHost(c.Address)));
        return read.Where(c => sameNat || !IsPrivate(c.Address)).DistinctBy(c => c.Address);
    }
}
