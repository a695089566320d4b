using System.Net.Sockets;
using Ntm.Interface;
using Ntm.Linux;
using Ntm.Linux.Offloads;
using Ntm.Protocol;

namespace Ntm.Gateway;

/// <summary>How packets are carried at present, as a document of the HTTP interface. To be made on the pump's thread.</summary>
public static class DataPathPicture
{
    public static DataPathDocument Of(Pump pump, GatewayConfig config) => new(
        pump.Tun is { } tun ? Of(tun.Offloads) : null, config.Lanes, config.Cipher.Suites.ToString(),
        [.. pump.Sockets.Where(socket => UplinkSocket.SocketOf(socket.Uplink) == 0).Select(socket => Of(socket, config))]);

    public static string Of(TunOffloads offloads) =>
        offloads.HasFlag(TunOffloads.All) ? "super-packets of TCP and UDP" : offloads.HasFlag(TunOffloads.Tcp) ? "super-packets of TCP" : "packet by packet";

    private static SocketDocument Of(UdpSocket socket, GatewayConfig config) => new(
        config.Uplinks[socket.Uplink].Name, socket.Family == AddressFamily.InterNetwork ? "IPv4" : "IPv6",
        !socket.SendsRuns ? "one by one: the device spoils runs" : socket.WasRefusedRuns ? "one by one at present: kernel or link refuse runs" : "runs",
        socket.ReceivesRuns ? "runs" : "one by one");
}
