using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Ntm.Protocol;

namespace Ntm.Node.Translation;

/// <summary>
/// What stands between an IPv6 header and TCP, UDP or ICMP (RFC 8200 section 4). Hop-by-hop options, destination options and routing headers that
/// have been followed to their end are skipped, as RFC 7915 section 5.1 wants; one that is to be followed yet is refused. The options are not looked into.
/// </summary>
internal readonly struct IPv6Headers
{
    public const int FragmentHeaderLength = 8;

    private const byte HopByHop = 0;
    private const byte Routing = 43;
    private const byte FragmentHeader = 44;
    private const byte DestinationOptions = 60;

    /// <summary>What follows.</summary>
    public byte Protocol { get; private init; }

    /// <summary>Where it starts; of a fragment: where the fragment's own bytes start, right after the fragment header.</summary>
    public int Offset { get; private init; }

    public bool HasFragmentHeader { get; private init; }

    /// <summary>Offset in bytes and, lowest, the bit that says there are more; as on the wire.</summary>
    public ushort Fragment { get; private init; }

    public uint Identification { get; private init; }

    /// <param name="bytes">40 or more: the packet as far as its header says it goes.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out IPv6Headers headers, [NotNullWhen(false)] out string? reason)
    {
        headers = default;
        var (next, at, isFragment) = (bytes[6], 40, false);
        var (fragment, identification) = ((ushort)0, 0u);
        while (next is HopByHop or Routing or FragmentHeader or DestinationOptions)
        {
            // Behind the fragment header they would be part of what is fragmented, and could not be taken out of it.
            if (isFragment || (next == HopByHop && at != 40))
            {
                reason = InnerPacket.ExtensionHeader;
                return false;
            }

            var length = next == FragmentHeader || bytes.Length < at + 2 ? FragmentHeaderLength : (bytes[at + 1] + 1) * 8;
            if (at + length > bytes.Length)
            {
                reason = InnerPacket.Truncated;
                return false;
            }

            if (next == Routing && bytes[at + 3] != 0)
            {
                reason = InnerPacket.SourceRoute;
                return false;
            }

            if (next == FragmentHeader)
            {
                isFragment = true;
                fragment = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]);
                identification = BinaryPrimitives.ReadUInt32BigEndian(bytes[(at + 4)..]);
            }
            else if (at + length > 40 + Limits.ExtensionHeaderBytes)
            {
                reason = InnerPacket.ExtensionHeader;
                return false;
            }

            next = bytes[at];
            at += length;
        }

        headers = new() { Protocol = next, Offset = at, HasFragmentHeader = isFragment, Fragment = fragment, Identification = identification };
        reason = null;
        return true;
    }

    public static void WriteFragmentHeader(Span<byte> header, in InnerPacket read)
    {
        header[0] = read.Protocol;
        header[1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(read.FragmentOffset | (read.HasMoreFragments ? 1 : 0)));
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], read.Identification);
    }

    public static byte First(in InnerPacket read) => read.HasFragmentHeader ? FragmentHeader : read.Protocol;

    /// <summary>Takes out what was skipped; a fragment header stays.</summary>
    public static void Strip(Packet packet, in InnerPacket read)
    {
        packet.SetLength(read.Length);
        var skipped = read.Offset - read.FragmentHeaderLength - 40;
        if (skipped == 0)
        {
            return;
        }

        packet.Bytes[..40].CopyTo(packet.Bytes[skipped..]);
        packet.GrowHead(-skipped);
        packet.Bytes[6] = First(read);
        BinaryPrimitives.WriteUInt16BigEndian(packet.Bytes[4..], (ushort)(packet.Length - 40));
    }
}
