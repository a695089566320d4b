using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Ntm.Node.Mapping;

/// <summary>What is kept of an uplink's open port: without the nonce, a box would take a restarted gateway for another (RFC 6887 section 11.3).</summary>
/// <param name="Nonce">12 bytes; all zero: none yet.</param>
/// <param name="ExternalPort">The one had last, to be asked for again; 0: none.</param>
/// <param name="Protocol">What worked last; null: nothing yet.</param>
internal sealed record MappingMemory(byte[] Nonce, ushort ExternalPort, MappingProtocol? Protocol)
{
    /// <summary>| nonce 96 | external port 16 | protocol 8, 0xff: none |</summary>
    private const int Size = PcpMessage.NonceSize + 3;

    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        Nonce.CopyTo(bytes, 0);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(PcpMessage.NonceSize), ExternalPort);
        bytes[^1] = Protocol is { } protocol ? (byte)protocol : byte.MaxValue;
        return bytes;
    }

    public static bool TryRead(byte[] bytes, [NotNullWhen(true)] out MappingMemory? memory)
    {
        memory = bytes.Length != Size ? null : new(
            bytes[..PcpMessage.NonceSize], BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(PcpMessage.NonceSize)),
            bytes[^1] <= (byte)MappingProtocol.Upnp ? (MappingProtocol)bytes[^1] : null);
        return memory is not null;
    }
}
