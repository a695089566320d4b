using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Ntm.Protocol;

namespace Ntm.Node.Devices;

/// <summary>
/// An IPv4 or IPv6 address as the device proxy compares and keeps it: 128 bits, IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). On the
/// wire that IPv6 range is never accepted (<see cref="Translation.InnerPacket"/>), so the two families cannot be mistaken for one another.
/// </summary>
internal readonly record struct LanAddress(ulong High, ulong Low)
{
    private const ulong MappedPrefix = 0xFFFF_0000_0000;

    public static LanAddress FromIPv4(uint address) => new(0, MappedPrefix | address);

    public static LanAddress FromVip(VirtualAddress vip) => new(vip.High, vip.Low);

    public static LanAddress From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return !address.TryWriteBytes(bytes, out var written) ? default : written == 4 ? ReadIPv4(bytes) : ReadIPv6(bytes);
    }

    public static LanAddress ReadIPv4(ReadOnlySpan<byte> four) => FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(four));

    public static LanAddress ReadIPv6(ReadOnlySpan<byte> sixteen) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(sixteen), BinaryPrimitives.ReadUInt64BigEndian(sixteen[8..]));

    public bool IsNone => High == 0 && Low == 0;

    public bool IsIPv4 => High == 0 && Low >> 32 == MappedPrefix >> 32;

    /// <summary>The IPv4 address in host order, where it is one.</summary>
    public uint IPv4 => (uint)Low;

    /// <summary>The same bits as a VIP, where it is IPv6.</summary>
    public VirtualAddress AsVip => new(High, Low);

    /// <summary>Whether a machine may use it beyond its link: no unspecified, loopback, link-local, multicast or broadcast address.</summary>
    public bool IsUnicast
    {
        get
        {
            if (IsIPv4)
            {
                var first = (byte)(IPv4 >> 24);
                return first is not (0 or 127 or >= 224) && IPv4 >> 16 != 0xA9FE;
            }

            return High >> 56 != 0xFF && High >> 54 != 0xFE80 >> 6 && !(High == 0 && Low <= uint.MaxValue);
        }
    }

    public void WriteIPv6(Span<byte> sixteen)
    {
        BinaryPrimitives.WriteUInt64BigEndian(sixteen, High);
        BinaryPrimitives.WriteUInt64BigEndian(sixteen[8..], Low);
    }

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        WriteIPv6(bytes);
        return IsIPv4 ? new IPAddress(bytes[12..]) : new IPAddress(bytes);
    }

    public static bool TryParse(string? text, out LanAddress address)
    {
        address = default;
        if (!IPAddress.TryParse(text, out var parsed) || parsed.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6))
        {
            return false;
        }

        address = From(parsed);
        return true;
    }

    // Machines on the LAN choose their addresses: see RealAddress.
    public override int GetHashCode() => HashCode.Combine((uint)High, (uint)(High >> 32), (uint)Low, (uint)(Low >> 32));

    public override string ToString() => ToIPAddress().ToString();
}
