using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Signalling;

/// <summary>Values of ours to and from their schema, and the one place where the schema's library reads bytes.</summary>
public static class Wire
{
    /// <summary>Reads a message. Whatever the bytes are, it does not throw.</summary>
    /// <returns>False where they are no such message.</returns>
    public static bool TryParse<T>(MessageParser<T> parser, ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out T? message)
        where T : class, IMessage<T>, new()
    {
        message = null;
        if (!WireShape.IsSound(bytes, Kind<T>.Descriptor))
        {
            return false;
        }

        try
        {
            message = parser.ParseFrom(bytes);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            return false; // what the shape does not show, such as text that is no UTF-8
        }
    }

    public static bool TryParse<T>(MessageParser<T> parser, ByteString bytes, [NotNullWhen(true)] out T? message)
        where T : class, IMessage<T>, new() => TryParse(parser, bytes.Span, out message);

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

    private static class Kind<T>
        where T : IMessage<T>, new()
    {
        public static readonly Google.Protobuf.Reflection.MessageDescriptor Descriptor = new T().Descriptor;
    }
}
