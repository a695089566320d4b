using System.Runtime.InteropServices;

namespace Ntm.Linux.Netlink;

/// <summary>
/// Netlink's layouts (linux/netlink.h, linux/rtnetlink.h), in the machine's byte order, aligned to 4 bytes. Reading never throws: what does not
/// parse ends the walk.
/// </summary>
/// <remarks>
/// <code>
/// message   0 length(4) | 4 type(2) | 6 flags(2) | 8 sequence(4) | 12 port(4) | 16 fixed part by type | attributes
/// attribute 0 length(2) | 2 type(2) | 4 value
/// </code>
/// </remarks>
public static class NetlinkMessage
{
    public const int HeaderSize = 16;
    public const int AttributeHeaderSize = 4;

    public const ushort Error = 2, Done = 3;
    public const ushort NewLink = 16, DeleteLink = 17, GetLink = 18, NewAddress = 20, DeleteAddress = 21, GetAddress = 22, NewRoute = 24, DeleteRoute = 25, GetRoute = 26;
    public const ushort NewNeighbour = 28, GetNeighbour = 30;

    public const ushort FlagRequest = 1, FlagAcknowledge = 4, FlagReplace = 0x100, FlagDump = 0x300, FlagCreate = 0x400;

    /// <summary>Fixed parts: struct ifinfomsg, ifaddrmsg, rtmsg, ndmsg.</summary>
    public const int LinkSize = 16, AddressSize = 8, RouteSize = 12, NeighbourSize = 12;

    /// <summary>Without the "nested" and "network byte order" bits.</summary>
    internal const ushort AttributeTypeMask = 0x3FFF;

    internal static int Align(int length) => (length + 3) & ~3;
}

/// <summary>Walks the messages of one netlink datagram.</summary>
public ref struct NetlinkReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    public ushort Type { get; private set; }

    public uint Sequence { get; private set; }

    /// <summary>The fixed part and the attributes.</summary>
    public ReadOnlySpan<byte> Payload { get; private set; }

    public bool TryNext()
    {
        if (_rest.Length < NetlinkMessage.HeaderSize)
        {
            return false;
        }

        var length = MemoryMarshal.Read<uint>(_rest);
        if (length < NetlinkMessage.HeaderSize || length > (uint)_rest.Length)
        {
            return false;
        }

        Type = MemoryMarshal.Read<ushort>(_rest[4..]);
        Sequence = MemoryMarshal.Read<uint>(_rest[8..]);
        Payload = _rest[NetlinkMessage.HeaderSize..(int)length];
        _rest = _rest[Math.Min(NetlinkMessage.Align((int)length), _rest.Length)..];
        return true;
    }
}

/// <summary>Walks the attributes after a message's fixed part, or within a nested attribute.</summary>
public ref struct AttributeReader(ReadOnlySpan<byte> attributes)
{
    private ReadOnlySpan<byte> _rest = attributes;

    public ushort Type { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    public bool TryNext()
    {
        if (_rest.Length < NetlinkMessage.AttributeHeaderSize)
        {
            return false;
        }

        var length = MemoryMarshal.Read<ushort>(_rest);
        if (length < NetlinkMessage.AttributeHeaderSize || length > _rest.Length)
        {
            return false;
        }

        Type = (ushort)(MemoryMarshal.Read<ushort>(_rest[2..]) & NetlinkMessage.AttributeTypeMask);
        Value = _rest[NetlinkMessage.AttributeHeaderSize..length];
        _rest = _rest[Math.Min(NetlinkMessage.Align(length), _rest.Length)..];
        return true;
    }
}

/// <summary>Writes one request. Its buffer is fixed: requests are ours and small.</summary>
public ref struct NetlinkWriter
{
    private readonly Span<byte> _buffer;
    private int _length;

    public NetlinkWriter(Span<byte> buffer, ushort type, ushort flags)
    {
        _buffer = buffer;
        _length = NetlinkMessage.HeaderSize;
        buffer[.._length].Clear();
        MemoryMarshal.Write(buffer[4..], type);
        MemoryMarshal.Write(buffer[6..], flags);
    }

    /// <summary>The next <paramref name="size"/> bytes, zeroed: the fixed part.</summary>
    public Span<byte> Fixed(int size)
    {
        var part = _buffer.Slice(_length, NetlinkMessage.Align(size));
        part.Clear();
        _length += part.Length;
        return part[..size];
    }

    public void Attribute(ushort type, scoped ReadOnlySpan<byte> value)
    {
        var whole = Fixed(NetlinkMessage.AttributeHeaderSize + value.Length);
        MemoryMarshal.Write(whole, (ushort)whole.Length);
        MemoryMarshal.Write(whole[2..], type);
        value.CopyTo(whole[NetlinkMessage.AttributeHeaderSize..]);
    }

    public void Attribute(ushort type, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(bytes, value);
        Attribute(type, bytes);
    }

    /// <returns>To be handed to <see cref="End"/>.</returns>
    public int Begin(ushort type)
    {
        var at = _length;
        Attribute(type, default(ReadOnlySpan<byte>));
        return at;
    }

    public readonly void End(int begun) => MemoryMarshal.Write(_buffer[begun..], (ushort)(_length - begun));

    /// <summary>The message, its length and sequence number filled in.</summary>
    public readonly ReadOnlySpan<byte> Finish(uint sequence)
    {
        MemoryMarshal.Write(_buffer, (uint)_length);
        MemoryMarshal.Write(_buffer[8..], sequence);
        return _buffer[.._length];
    }
}
