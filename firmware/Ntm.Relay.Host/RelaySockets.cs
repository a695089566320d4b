using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Relay.Host;

/// <summary>The relay's sockets: its port in both families.</summary>
internal static class RelaySockets
{
    private const int NoSuchFamily = 97; // EAFNOSUPPORT: the kernel has no IPv6

    /// <summary>Opens both and hands them to the pump.</summary>
    /// <param name="endpoints">At which nodes reach the relay.</param>
    /// <returns>Whether there is IPv6.</returns>
    /// <exception cref="LinuxException">The port is in use, or may not be used.</exception>
    public static bool Open(Pump pump, ushort port, IReadOnlyList<RealAddress> endpoints)
    {
        pump.AddSocket(Open(pump, AddressFamily.InterNetwork, port, endpoints));
        try
        {
            pump.AddSocket(Open(pump, AddressFamily.InterNetworkV6, port, endpoints));
            return true;
        }
        catch (LinuxException e) when (e.Error == NoSuchFamily)
        {
            return false;
        }
    }

    private static UdpSocket Open(Pump pump, AddressFamily family, ushort port, IReadOnlyList<RealAddress> endpoints) =>
        UdpSocket.Open(family, port, counters: pump.Counters, batch: Limits.RelayBatchSlots, address: ListenAddress.Of(endpoints, family));
}
