using System.Buffers.Binary;

namespace Ntm.Node.Mapping;

/// <summary>NAT-PMP (RFC 6886 section 3): the two requests, and what a box answers or announces. Big-endian.</summary>
/// <param name="Opcode">0: its external address; 1: a UDP port.</param>
/// <param name="Result">0: done; <see cref="Why"/> says what the others mean.</param>
/// <param name="Epoch">s since the box lost its mappings.</param>
/// <param name="Address">With opcode 0 and done: IPv4, host order.</param>
/// <param name="InternalPort">With opcode 1 and done, likewise the following.</param>
/// <param name="Lifetime">s.</param>
/// <remarks><code>
///  address: | 0 | 0 |                                                answered: | 0 | 128 | result 16 | epoch 32 | address 32 |
///  port:    | 0 | 1 | 0 16 | internal 16 | external 16 | lifetime 32 |         | 0 | 129 | result 16 | epoch 32 | internal 16 | external 16 | lifetime 32 |
/// </code></remarks>
internal readonly record struct NatPmpMessage(
    byte Opcode, ushort Result, uint Epoch, uint Address, ushort InternalPort, ushort ExternalPort, uint Lifetime)
{
    public const byte ExternalAddress = 0, MapUdp = 1;

    private const byte Version = 0, ResponseBit = 0x80;
    private const int HeaderSize = 8, AddressSize = 12, MapSize = 16;

    public static byte[] AddressRequest() => [Version, ExternalAddress];

    /// <param name="externalPort">The one wished for; 0: any.</param>
    /// <param name="lifetime">s; 0, with external port 0: take the mapping away (section 3.4).</param>
    public static byte[] MapRequest(ushort internalPort, ushort externalPort, uint lifetime)
    {
        var bytes = new byte[12];
        (bytes[0], bytes[1]) = (Version, MapUdp);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), internalPort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), externalPort);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), lifetime);
        return bytes;
    }

    /// <summary>Reads what a box sends; false for what is none of it. An error may be as short as its first 8 bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out NatPmpMessage message)
    {
        message = default;
        if (bytes.Length < HeaderSize || bytes[0] != Version || (bytes[1] & ResponseBit) == 0)
        {
            return false;
        }

        var opcode = (byte)(bytes[1] & ~ResponseBit);
        var result = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        var epoch = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        switch (opcode)
        {
            case ExternalAddress or MapUdp when result != 0:
                message = new(opcode, result, epoch, 0, 0, 0, 0);
                return true;
            case ExternalAddress when bytes.Length >= AddressSize:
                message = new(opcode, result, epoch, BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]), 0, 0, 0);
                return true;
            case MapUdp when bytes.Length >= MapSize:
                message = new(
                    opcode, result, epoch, 0, BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]), BinaryPrimitives.ReadUInt16BigEndian(bytes[10..]),
                    BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]));
                return true;
            default:
                return false;
        }
    }

    /// <summary>What a result says, as a clause (section 3.5).</summary>
    public static string Why(ushort result) => result switch
    {
        1 => "it has another version",
        2 => "it does not permit it",
        3 => "it has no connection itself, or no public address",
        4 => "it has no port to give",
        5 => "it cannot open UDP ports",
        _ => FormattableString.Invariant($"it refuses with code {result}"),
    };
}
