using System.Buffers.Binary;
using System.Net;

namespace Ntm.Protocol;

/// <summary>
/// A virtual address (VIP): the IPv6 address by which a node or device is known; survives movement (docs/protocol.md section 2).
/// </summary>
/// <remarks>
/// <code>
/// | fd | zone hash 40 | node hash 64 | number 16 |    big-endian
/// </code>
/// How the hashes are made: <c>Ntm.Signalling.Trust.ZoneAddressing</c>.
/// </remarks>
public readonly record struct VirtualAddress(ulong High, ulong Low)
{
    /// <summary>Bit of <see cref="Number"/> that says: IPv6 face.</summary>
    public const ushort IPv6FaceBit = 0x8000;

    /// <param name="zoneHash">40 bits; higher bits must be zero.</param>
    /// <param name="nodeHash">64 bits.</param>
    /// <param name="number">0 for the node itself.</param>
    public static VirtualAddress Compose(ulong zoneHash, ulong nodeHash, ushort number)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(zoneHash, (1UL << 40) - 1);
        return new(0xFD00_0000_0000_0000 | (zoneHash << 16) | (nodeHash >> 48), (nodeHash << 16) | number);
    }

    public static VirtualAddress Read(ReadOnlySpan<byte> sixteen) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(sixteen), BinaryPrimitives.ReadUInt64BigEndian(sixteen[8..]));

    public static VirtualAddress From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out var written) && written == 16 ? Read(bytes) : default;
    }

    public void Write(Span<byte> sixteen)
    {
        BinaryPrimitives.WriteUInt64BigEndian(sixteen, High);
        BinaryPrimitives.WriteUInt64BigEndian(sixteen[8..], Low);
    }

    public ushort Number => (ushort)Low;

    public VirtualAddress WithNumber(ushort number) => this with { Low = (Low & ~0xFFFFUL) | number };

    /// <summary>The node's /112: number 0.</summary>
    public VirtualAddress Node => WithNumber(0);

    /// <summary>Whether both are of one node (/112).</summary>
    public bool SameNode(VirtualAddress other) => High == other.High && Low >> 16 == other.Low >> 16;

    /// <summary>Whether both are of one zone (/48).</summary>
    public bool SameZone(VirtualAddress other) => High >> 16 == other.High >> 16;

    /// <summary>Whether it can be one at all, of whatever zone: fd00::/8.</summary>
    public bool IsUniqueLocal => High >> 56 == 0xFD;

    public bool IsNone => High == 0 && Low == 0;

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        Write(bytes);
        return new IPAddress(bytes);
    }

    public override string ToString() => ToIPAddress().ToString();
}
