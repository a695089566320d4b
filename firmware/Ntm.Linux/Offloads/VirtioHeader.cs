using System.Runtime.InteropServices;

namespace Ntm.Linux.Offloads;

/// <summary>
/// What stands before each packet of a TUN with offloads (linux/virtio_net.h, struct virtio_net_hdr): whether the checksum is still to be made, and into
/// which packets a longer one is to be cut. 10 bytes in the machine's byte order.
/// </summary>
/// <param name="Flags">See <see cref="NeedsChecksum"/>.</param>
/// <param name="Kind">What kind of super-packet: one of the constants, <see cref="Ecn"/> added.</param>
/// <param name="HeaderLength">Bytes of all headers; a hint, which the kernel itself does not always get right.</param>
/// <param name="SegmentSize">Payload bytes of each segment but the last.</param>
/// <param name="ChecksumStart">Where the checksum begins: at the transport header.</param>
/// <param name="ChecksumOffset">Where it is put, from there.</param>
public readonly record struct VirtioHeader(
    byte Flags, byte Kind, ushort HeaderLength, ushort SegmentSize, ushort ChecksumStart, ushort ChecksumOffset)
{
    public const int Size = 10;

    /// <summary>The checksum field holds the pseudo-header's sum only.</summary>
    public const byte NeedsChecksum = 1;

    /// <summary>One packet.</summary>
    public const byte Single = 0;

    public const byte TcpIPv4 = 1;
    public const byte TcpIPv6 = 4;

    /// <summary>UDP datagrams of equal size, in either family.</summary>
    public const byte Udp = 5;

    /// <summary>With TCP: the first segment has CWR.</summary>
    public const byte Ecn = 0x80;

    public static VirtioHeader Read(ReadOnlySpan<byte> bytes) => new(
        bytes[0], bytes[1], MemoryMarshal.Read<ushort>(bytes[2..]), MemoryMarshal.Read<ushort>(bytes[4..]),
        MemoryMarshal.Read<ushort>(bytes[6..]), MemoryMarshal.Read<ushort>(bytes[8..]));

    public void Write(Span<byte> bytes)
    {
        (bytes[0], bytes[1]) = (Flags, Kind);
        MemoryMarshal.Write(bytes[2..], HeaderLength);
        MemoryMarshal.Write(bytes[4..], SegmentSize);
        MemoryMarshal.Write(bytes[6..], ChecksumStart);
        MemoryMarshal.Write(bytes[8..], ChecksumOffset);
    }
}
