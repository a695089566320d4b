namespace Ntm.Linux.Offloads;

/// <summary>Where things are in IP, TCP and UDP headers (RFC 791, 8200, 9293, 768), as far as cutting and merging need them.</summary>
internal static class IpLayout
{
    public const int IPv4Header = 20, IPv6Header = 40, TcpHeader = 20, UdpHeader = 8;

    public const byte Tcp = 6, Udp = 17;

    // IPv4
    public const int TotalLength = 2, Identification = 4, Fragment = 6, Carries = 9, HeaderChecksum = 10, Addresses4 = 12;
    public const ushort DoNotFragment = 0x4000;

    // IPv6
    public const int PayloadLength = 4, NextHeader = 6, Addresses6 = 8;

    // TCP
    public const int Sequence = 4, Acknowledgement = 8, DataOffset = 12, Flags = 13, Window = 14, TcpChecksum = 16, Urgent = 18;
    public const byte Fin = 0x01, Syn = 0x02, Reset = 0x04, Push = 0x08, Ack = 0x10, UrgentFlag = 0x20, Ecn = 0x40, WindowReduced = 0x80;

    // UDP
    public const int UdpLength = 4, UdpChecksum = 6;

    /// <summary>Longest IP packet, or payload of an IPv6 packet, that a 16-bit length can tell.</summary>
    public const int Longest = 65_535;
}
