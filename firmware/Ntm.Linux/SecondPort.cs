using System.Net.Sockets;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>A server's second UDP port, at which it answers nodes' checks (docs/protocol.md section 5, "NAT"). A server can do without.</summary>
public static class SecondPort
{
    /// <summary>So far above the first, where the operator names none: the next port is likely another server's on the same machine.</summary>
    public const int Above = 100;

    private const int NoSuchFamily = 97; // EAFNOSUPPORT: the kernel has no IPv6

    /// <summary>The second port of a server that is configured with none.</summary>
    public static ushort After(int first) => (ushort)(first + Above <= ushort.MaxValue ? first + Above : 0);

    /// <summary>Opens it in both families and hands it to the pump.</summary>
    /// <param name="port">0: none is wanted.</param>
    /// <param name="problem">Why there is none, where one was wanted.</param>
    /// <returns>The port; 0: there is none.</returns>
    public static ushort Open(Pump pump, ushort port, out string? problem)
    {
        problem = null;
        if (port == 0)
        {
            return 0;
        }

        UdpSocket? four = null;
        try
        {
            four = UdpSocket.Open(AddressFamily.InterNetwork, port, UplinkSocket.Of(0, UplinkSocket.Observing), counters: pump.Counters);
            var six = OpenSix(pump, port);
            pump.AddSocket(four);
            if (six is not null)
            {
                pump.AddSocket(six);
            }

            return port;
        }
        catch (LinuxException refused)
        {
            four?.Dispose();
            problem = refused.Message;
            return 0;
        }
    }

    private static UdpSocket? OpenSix(Pump pump, ushort port)
    {
        try
        {
            return UdpSocket.Open(AddressFamily.InterNetworkV6, port, UplinkSocket.Of(0, UplinkSocket.Observing), counters: pump.Counters);
        }
        catch (LinuxException e) when (e.Error == NoSuchFamily)
        {
            return null;
        }
    }
}
