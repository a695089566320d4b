using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Signalling;

/// <summary>Values of ours to and from their schema.</summary>
public static class Wire
{
    public static Endpoint ToWire(this RealAddress address) => new() { Address = ByteString.CopyFrom(address.AddressBytes()), Port = address.Port };

    /// <returns>False for null, another address length, or a port outside 1-65535.</returns>
    public static bool TryRead(this Endpoint? endpoint, out RealAddress address)
    {
        address = default;
        return endpoint is not null && endpoint.Port <= ushort.MaxValue && RealAddress.TryCreate(endpoint.Address.Span, (int)endpoint.Port, out address);
    }

    public static ByteString ToWire(this PublicKey key) => ByteString.CopyFrom(key.ToArray());

    public static bool TryRead(this ByteString bytes, out PublicKey key)
    {
        key = bytes.Length == PublicKey.Size ? new PublicKey(bytes.Span) : default;
        return bytes.Length == PublicKey.Size;
    }
}
