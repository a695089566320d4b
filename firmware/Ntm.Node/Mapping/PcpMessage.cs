using System.Buffers.Binary;
using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>
/// PCP (RFC 6887 sections 7 and 11.1): the MAP request for UDP, and what a server answers or announces. Big-endian; IPv4 addresses are IPv4-mapped.
/// </summary>
/// <param name="Opcode">0 ANNOUNCE, 1 MAP.</param>
/// <param name="Result">0: done; <see cref="Why"/> says what the others mean.</param>
/// <param name="Lifetime">s; of an error: how long it lasts.</param>
/// <param name="Epoch">s since the server lost its mappings.</param>
/// <param name="HasMap">Whether the fields below were there: an error may come without.</param>
/// <param name="NonceIsOurs">Whether the nonce is the one looked for.</param>
/// <param name="External">Where the port is open; none where the port is 0.</param>
/// <remarks><code>
///  request                                     response
/// | 2 | opcode 8        | 0 16              |  | 2 | 1 opcode 7 | 0 8 | result 8 |
/// | lifetime 32                             |  | lifetime 32                     |
/// | client address 128                      |  | epoch 32 | 0 96                 |
/// | nonce 96 | 17 | 0 24                    |  | the same                        |
/// | internal port 16 | external port 16     |  | internal | assigned external    |
/// | suggested external address 128          |  | assigned external address 128   |
/// </code></remarks>
internal readonly record struct PcpMessage(
    byte Opcode, byte Result, uint Lifetime, uint Epoch, bool HasMap, bool NonceIsOurs, ushort InternalPort, RealAddress External)
{
    public const byte Announce = 0, Map = 1;

    public const byte UnsupportedVersion = 1, MalformedRequest = 3, UnsupportedOpcode = 4;

    public const int NonceSize = 12;

    /// <summary>Bytes of the longest message there may be (section 7).</summary>
    public const int Longest = 1100;

    private const byte Version = 2, ResponseBit = 0x80, Udp = 17;
    private const int HeaderSize = 24, MapSize = 36;

    /// <param name="own">The address the request is sent from, and the port to be opened.</param>
    /// <param name="nonce">The mapping's, 12 bytes: the same in all requests for it.</param>
    /// <param name="externalPort">The one wished for; 0: any.</param>
    /// <param name="lifetime">s; 0: take the mapping away.</param>
    public static byte[] Request(RealAddress own, ReadOnlySpan<byte> nonce, ushort externalPort, uint lifetime)
    {
        var bytes = new byte[HeaderSize + MapSize];
        (bytes[0], bytes[1]) = (Version, Map);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), lifetime);
        WriteAddress(bytes.AsSpan(8), own);
        nonce.CopyTo(bytes.AsSpan(HeaderSize));
        bytes[36] = Udp;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(40), own.Port);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(42), externalPort);

        // All zero of the family wanted: a server that cannot give exactly what is suggested may refuse (section 11.1).
        WriteAddress(bytes.AsSpan(44), own.IsIPv4 ? RealAddress.FromIPv4(0, 0) : default);
        return bytes;
    }

    /// <summary>Reads what a server sends; false for what is none of it.</summary>
    /// <param name="nonce">The one that an answer to us has.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> nonce, out PcpMessage message)
    {
        message = default;
        if (bytes.Length is < HeaderSize or > Longest || (bytes.Length & 3) != 0 || bytes[0] != Version || (bytes[1] & ResponseBit) == 0)
        {
            return false;
        }

        var hasMap = bytes.Length >= HeaderSize + MapSize && bytes[36] == Udp;
        ushort port = 0;
        RealAddress external = default;
        if (hasMap)
        {
            port = BinaryPrimitives.ReadUInt16BigEndian(bytes[40..]);
            RealAddress.TryCreate(bytes.Slice(44, 16), BinaryPrimitives.ReadUInt16BigEndian(bytes[42..]), out external);
        }

        message = new(
            (byte)(bytes[1] & ~ResponseBit), bytes[3], BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]), BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
            hasMap, hasMap && bytes.Slice(HeaderSize, NonceSize).SequenceEqual(nonce), port, external);
        return true;
    }

    /// <summary>What a result says, as a clause (section 7.4).</summary>
    public static string Why(byte result) => result switch
    {
        1 => "it has another version",
        2 => "it does not permit it",
        3 or 6 => "it does not understand the request",
        4 or 5 or 9 => "it cannot open UDP ports",
        7 => "it has no connection itself",
        8 => "it has no port to give, or no public address",
        10 => "this home has as many ports as it allows",
        11 => "it cannot give the port asked for",
        12 => "it stands behind another NAT: the request came to it from another address",
        13 => "too many peers were named",
        _ => FormattableString.Invariant($"it refuses with code {result}"),
    };

    private static void WriteAddress(Span<byte> to, RealAddress address)
    {
        BinaryPrimitives.WriteUInt64BigEndian(to, address.High);
        BinaryPrimitives.WriteUInt64BigEndian(to[8..], address.Low);
    }
}
