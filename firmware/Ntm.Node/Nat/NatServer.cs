using Ntm.Protocol;

namespace Ntm.Node.Nat;

/// <summary>A coordinator or relay of ours that is asked, at its address of one IP family.</summary>
internal sealed record NatServer(ServerLink Link, RealAddress Address)
{
    /// <summary>Its second port at the same address; none: it has none.</summary>
    public RealAddress Second => Link.SecondPort == 0 ? default : Address.WithPort(Link.SecondPort);

    /// <summary>Those that are registered at and have the family: with a second port first, then coordinators; each IP address once, so that the first two are at different ones.</summary>
    public static IReadOnlyList<NatServer> Of(IEnumerable<ServerLink> own, bool ipv4) =>
    [
        .. own.Where(l => l.Registered && l.Tunnel.IsEstablished).OrderBy(l => l.SecondPort == 0).ThenBy(l => l.IsRelay)
            .Select(l => new NatServer(l, l.Endpoints.FirstOrDefault(e => e.IsIPv4 == ipv4)))
            .Where(s => !s.Address.IsNone).DistinctBy(s => s.Address.WithPort(0)),
    ];
}
