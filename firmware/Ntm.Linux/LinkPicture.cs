using System.Net;

namespace Ntm.Linux;

/// <param name="Index">The kernel's number.</param>
/// <param name="Up">The owner wants it up.</param>
/// <param name="Running">It is up and has a carrier.</param>
/// <param name="Alias">What its maker wrote on it (`ip link` shows it); empty: nothing.</param>
public sealed record LinkState(int Index, string Name, bool Up, bool Running, int Mtu, string Alias = "");

/// <param name="Interface">The interface's number.</param>
/// <param name="Usable">Neither tentative, nor a duplicate, nor deprecated.</param>
/// <param name="Temporary">An IPv6 privacy address (RFC 8981).</param>
public sealed record LinkAddress(int Interface, IPAddress Address, int PrefixLength, bool Usable, bool Temporary)
{
    /// <summary>The kernel found another machine with it (IFA_F_DADFAILED).</summary>
    public bool Duplicate { get; init; }
}

/// <param name="Interface">The interface's number.</param>
/// <param name="IsIPv4">Else IPv6.</param>
/// <param name="Gateway">Null on point-to-point links.</param>
/// <param name="Metric">The lower is preferred.</param>
/// <param name="Table">Routing table; 254 is the main one.</param>
public sealed record DefaultRoute(int Interface, bool IsIPv4, IPAddress? Gateway, uint Metric, uint Table);

/// <summary>Interfaces, addresses and default routes as they were at one moment.</summary>
public sealed record LinkPicture(IReadOnlyList<LinkState> Links, IReadOnlyList<LinkAddress> Addresses, IReadOnlyList<DefaultRoute> DefaultRoutes)
{
    public LinkState? Link(string name) => Links.FirstOrDefault(link => link.Name == name);

    /// <summary>Usable addresses of an interface that reach beyond its link.</summary>
    public IEnumerable<LinkAddress> AddressesOf(int index) =>
        Addresses.Where(a => a.Interface == index && a.Usable && !a.Address.IsIPv6LinkLocal && !IPAddress.IsLoopback(a.Address));

    /// <summary>The default route of an interface with the lowest metric, in any table but our own (<see cref="UplinkRoutes"/>); null where it has none in that family.</summary>
    public DefaultRoute? DefaultRouteOf(int index, bool ipv4) =>
        DefaultRoutes.Where(r => r.Interface == index && r.IsIPv4 == ipv4 && !UplinkRoutes.Owns(r.Table)).MinBy(r => r.Metric);
}
