using System.Buffers.Binary;
using Ntm.Linux.Offloads;
using Ntm.Simulation;

namespace Ntm.Fuzz.Wire;

/// <summary>Makes what a kernel hands over by a TUN with offloads: super-packets of flows between two addresses, no two of the same payload.</summary>
/// <param name="source">4 or 16 bytes, as <paramref name="destination"/>.</param>
public sealed class InnerSource(byte[] source, byte[] destination)
{
    private readonly Dictionary<ushort, (uint Sequence, ushort Identification)> _flows = [];
    private ulong _told;

    public bool IsIPv4 => source.Length == 4;

    /// <summary>The next of a flow.</summary>
    /// <param name="port">The flow's source port: TCP where even, else UDP.</param>
    /// <param name="length">Payload bytes, at most 65,000.</param>
    /// <param name="size">Of each segment.</param>
    /// <param name="flags">TCP's.</param>
    /// <param name="mayFragment">IPv4 without DF.</param>
    public (VirtioHeader Header, byte[] Packet) Next(ushort port, int length, int size, byte flags = 0x10, bool mayFragment = false)
    {
        var isTcp = port % 2 == 0;
        var (ip, header) = (IsIPv4 ? 20 : 40, isTcp ? 32 : 8);
        var packet = new byte[ip + header + length];
        var (sequence, identification) = _flows.GetValueOrDefault(port);
        if (IsIPv4)
        {
            (packet[0], packet[6], packet[8], packet[9]) = (0x45, (byte)(mayFragment ? 0 : 0x40), 64, (byte)(isTcp ? 6 : 17));
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), identification);
            source.CopyTo(packet, 12);
            destination.CopyTo(packet, 16);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Checksum.Of(packet.AsSpan(0, 20)));
        }
        else
        {
            (packet[0], packet[6], packet[7]) = (0x60, (byte)(isTcp ? 6 : 17), 64);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)(packet.Length - 40));
            source.CopyTo(packet, 8);
            destination.CopyTo(packet, 24);
        }

        var transport = packet.AsSpan(ip);
        BinaryPrimitives.WriteUInt16BigEndian(transport, port);
        BinaryPrimitives.WriteUInt16BigEndian(transport[2..], 443);
        if (isTcp)
        {
            BinaryPrimitives.WriteUInt32BigEndian(transport[4..], sequence);
            (transport[12], transport[13], transport[14]) = (0x80, flags, 2);
            new byte[] { 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2 }.CopyTo(transport[20..]); // timestamps
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[4..], (ushort)transport.Length);
        }

        Span<byte> told = stackalloc byte[8];
        for (var at = header; at < transport.Length; at += 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(told, unchecked(++_told * 0x9E37_79B9_7F4A_7C15));
            told[..Math.Min(8, transport.Length - at)].CopyTo(transport[at..]);
        }

        // The field holds the pseudo-header's sum only: what is left when the packet itself is taken out of the right checksum.
        var field = transport.Slice(isTcp ? 16 : 6, 2);
        BinaryPrimitives.WriteUInt16BigEndian(field, PseudoSum(packet, ip));
        _flows[port] = (sequence + (uint)length, (ushort)(identification + Math.Max(1, (length + size - 1) / size)));
        var kind = length <= size ? VirtioHeader.Single : !isTcp ? VirtioHeader.Udp : IsIPv4 ? VirtioHeader.TcpIPv4 : VirtioHeader.TcpIPv6;
        return (new(VirtioHeader.NeedsChecksum, kind, (ushort)(ip + header), (ushort)(kind == VirtioHeader.Single ? 0 : size), (ushort)ip, (ushort)(isTcp ? 16 : 6)), packet);
    }

    private static ushort PseudoSum(ReadOnlySpan<byte> packet, int transport)
    {
        Span<byte> bare = stackalloc byte[transport];
        packet[..transport].CopyTo(bare);
        uint sum = PlainSegments.Residual(bare, transport, packet[transport == 20 ? 9 : 6]);
        sum += (uint)(packet.Length - transport);
        return (ushort)((sum & 0xFFFF) + (sum >> 16));
    }
}
