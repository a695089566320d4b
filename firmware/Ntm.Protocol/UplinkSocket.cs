namespace Ntm.Protocol;

/// <summary>
/// Numbers of sockets, as they stand in <see cref="WirePath.Uplink"/>: uplink | socket &lt;&lt; 8. Socket 0 is the uplink's own, by which everything goes; its number is the
/// uplink's. Servers have one uplink, 0.
/// </summary>
public static class UplinkSocket
{
    /// <summary>The highest number of an uplink.</summary>
    public const int UplinkMost = 255;

    /// <summary>Nodes: a socket whose mappings are made only to be looked at (docs/protocol.md section 5, "NAT"). Servers: the second port.</summary>
    public const int Observing = 1;

    /// <summary>Nodes: the first of those that meet a hard NAT.</summary>
    public const int FirstFurther = 2;

    public static int Of(int uplink, int socket) => uplink | (socket << 8);

    public static int UplinkOf(int number) => number & UplinkMost;

    public static int SocketOf(int number) => number >> 8;
}
