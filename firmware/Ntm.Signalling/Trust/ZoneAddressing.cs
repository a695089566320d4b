using System.Buffers.Binary;
using System.Text;
using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Signalling.Trust;

/// <summary>How a zone's virtual addresses follow from its name and its nodes' keys (docs/protocol.md section 2).</summary>
public sealed class ZoneAddressing
{
    private readonly byte[] _nodePrefix;
    private readonly ulong _zoneHash;

    /// <param name="zone">A canonical zone name (<see cref="NtmName.IsZone"/>).</param>
    public ZoneAddressing(string zone)
    {
        if (!NtmName.IsZone(zone))
        {
            throw new ArgumentException($"'{zone}' is no zone name.", nameof(zone));
        }

        Zone = zone;
        Span<byte> hash = stackalloc byte[Blake2s.Size];
        Blake2s.Hash("ntm zone\0"u8, Encoding.ASCII.GetBytes(zone), hash);
        _zoneHash = BinaryPrimitives.ReadUInt64BigEndian(hash) >> 24;
        _nodePrefix = Encoding.ASCII.GetBytes($"ntm node\0{zone}\0");
    }

    public string Zone { get; }

    /// <summary>The zone's /48.</summary>
    public VirtualAddress Prefix => VirtualAddress.Compose(_zoneHash, 0, 0);

    /// <summary>The VIP of the node with this key: number 0.</summary>
    public VirtualAddress Node(PublicKey key)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        Span<byte> hash = stackalloc byte[Blake2s.Size];
        key.CopyTo(bytes);
        Blake2s.Hash(_nodePrefix, bytes, hash);
        return VirtualAddress.Compose(_zoneHash, BinaryPrimitives.ReadUInt64BigEndian(hash), 0);
    }
}
