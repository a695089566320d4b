using System.Net;
using System.Net.Sockets;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>
/// Which address a server's socket is bound to. A socket that is bound to none answers from the address that the kernel prefers, which on a machine with several (a second IPv4 address, IPv6 privacy
/// addresses) may be another than the one that was asked: NATs and firewalls let such answers in to nobody.
/// </summary>
public static class ListenAddress
{
    /// <summary>The only endpoint's of a family, where it is this machine's own now; null: any.</summary>
    public static IPAddress? Of(IEnumerable<RealAddress> endpoints, AddressFamily family)
    {
        using var watch = new LinkWatch();
        return Of(endpoints, family, [.. watch.Look().Addresses.Where(a => a.Usable).Select(a => a.Address)]);
    }

    /// <summary>The same, pure.</summary>
    /// <param name="endpoints">At which nodes reach the server: behind a port forwarding they are another machine's.</param>
    /// <param name="own">This machine's addresses.</param>
    public static IPAddress? Of(IEnumerable<RealAddress> endpoints, AddressFamily family, IReadOnlyCollection<IPAddress> own)
    {
        var named = endpoints.Where(e => e.Family == family).Select(e => e.ToIPAddress()).Distinct().Take(2).ToArray();
        return named.Length == 1 && own.Contains(named[0]) ? named[0] : null;
    }
}
