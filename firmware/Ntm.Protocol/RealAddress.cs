using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Ntm.Protocol;

/// <summary>A real address (RIP): a present locator, IP address and UDP port, before or after NAT. IPv4 is held IPv4-mapped.</summary>
public readonly record struct RealAddress(ulong High, ulong Low, ushort Port)
{
    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000;

    public bool IsIPv4 => High == 0 && (Low & 0xFFFF_FFFF_0000_0000) == MappedPrefix;

    /// <summary>The default value: no address.</summary>
    public bool IsNone => this == default;

    public static RealAddress FromIPv4(uint address, ushort port) => new(0, MappedPrefix | address, port);

    /// <param name="address">4 or 16 bytes in network order.</param>
    /// <param name="port">UDP port.</param>
    /// <param name="result">The address; an IPv4-mapped IPv6 address is the same as the IPv4 one.</param>
    /// <returns>False for another length or port 0.</returns>
    public static bool TryCreate(ReadOnlySpan<byte> address, int port, out RealAddress result)
    {
        result = default;
        if (port is <= 0 or > ushort.MaxValue)
        {
            return false;
        }

        switch (address.Length)
        {
            case 4:
                result = FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(address), (ushort)port);
                return true;
            case 16:
                result = new(BinaryPrimitives.ReadUInt64BigEndian(address), BinaryPrimitives.ReadUInt64BigEndian(address[8..]), (ushort)port);
                return true;
            default:
                return false;
        }
    }

    public static RealAddress From(IPEndPoint endpoint)
    {
        Span<byte> bytes = stackalloc byte[16];
        endpoint.Address.TryWriteBytes(bytes, out var written);
        var (high, low) = written == 4
            ? (0UL, MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(bytes))
            : (BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
        return new(high, low, (ushort)endpoint.Port);
    }

    /// <summary>Reads "203.0.113.5:4916" or "[2001:db8::5]:4916". Names are not looked up.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RealAddress address)
    {
        if (IPEndPoint.TryParse(text ?? "", out var endpoint) && endpoint.Port != 0)
        {
            address = From(endpoint);
            return true;
        }

        address = default;
        return false;
    }

    public RealAddress WithPort(ushort port) => this with { Port = port };

    /// <summary>Whether the IP addresses are equal, whatever the ports.</summary>
    public bool SameHost(RealAddress other) => High == other.High && Low == other.Low;

    /// <summary>4 bytes for IPv4, else 16, network order.</summary>
    public byte[] AddressBytes()
    {
        if (IsIPv4)
        {
            var four = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(four, (uint)Low);
            return four;
        }

        var sixteen = new byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(sixteen, High);
        BinaryPrimitives.WriteUInt64BigEndian(sixteen.AsSpan(8), Low);
        return sixteen;
    }

    public IPAddress ToIPAddress() => new(AddressBytes());

    public IPEndPoint ToIPEndPoint() => new(ToIPAddress(), Port);

    public AddressFamily Family => IsIPv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;

    // Peers name addresses as they like, and nobody shall know which of them collide: HashCode is seeded by the runtime, the generated hash is not. In halves,
    // because the hash of 64 bits itself is known: one half undoes in it what the other does.
    public override int GetHashCode() => HashCode.Combine((uint)High, (uint)(High >> 32), (uint)Low, (uint)(Low >> 32), Port);

    public override string ToString() => IsNone
        ? "none"
        : string.Create(CultureInfo.InvariantCulture, $"{(IsIPv4 ? ToIPAddress().ToString() : $"[{ToIPAddress()}]")}:{Port}");
}
