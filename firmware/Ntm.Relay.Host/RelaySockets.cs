using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Relay.Host;

/// <summary>The relay's sockets: its port in both families.</summary>
internal static class RelaySockets
{
    private const int NoSuchFamily = 97; // EAFNOSUPPORT: the kernel has no IPv6

    /// <summary>Opens both and hands them to the pump.</summary>
    /// <returns>Whether there is IPv6.</returns>
    /// <exception cref="LinuxException">The port is in use, or may not be used.</exception>
    public static bool Open(Pump pump, ushort port)
    {
        pump.AddSocket(UdpSocket.Open(AddressFamily.InterNetwork, port, counters: pump.Counters, batch: Limits.RelayBatchSlots));
        try
        {
            pump.AddSocket(UdpSocket.Open(AddressFamily.InterNetworkV6, port, counters: pump.Counters, batch: Limits.RelayBatchSlots));
            return true;
        }
        catch (LinuxException e) when (e.Error == NoSuchFamily)
        {
            return false;
        }
    }
}
