using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Ntm.Protocol;

/// <summary>An X25519 public key (RFC 7748), 32 bytes: what a node, coordinator or relay is.</summary>
public readonly struct PublicKey : IEquatable<PublicKey>, IComparable<PublicKey>
{
    public const int Size = 32;

    // Big-endian words, so that comparing words compares byte strings.
    private readonly ulong _a, _b, _c, _d;

    /// <param name="bytes">Exactly 32 bytes.</param>
    /// <exception cref="ArgumentException">Another length: a bug of the caller, who checks what peers sent.</exception>
    public PublicKey(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"A public key has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        }

        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    public static bool TryParse([NotNullWhen(true)] string? base64, out PublicKey key)
    {
        Span<byte> bytes = stackalloc byte[Size + 3];
        if (base64 is not null && Convert.TryFromBase64String(base64, bytes, out var written) && written == Size)
        {
            key = new PublicKey(bytes[..Size]);
            return true;
        }

        key = default;
        return false;
    }

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    public bool IsZero => (_a | _b | _c | _d) == 0;

    public bool Equals(PublicKey other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    public override bool Equals(object? obj) => obj is PublicKey other && Equals(other);

    // Keys are uniformly distributed; a peer that grinds for collisions of 32 bits gains a slow bucket of at most the table's bounded size.
    public override int GetHashCode() => HashCode.Combine(_a, _c);

    public int CompareTo(PublicKey other)
    {
        var c = _a.CompareTo(other._a);
        if (c != 0) return c;
        c = _b.CompareTo(other._b);
        if (c != 0) return c;
        c = _c.CompareTo(other._c);
        return c != 0 ? c : _d.CompareTo(other._d);
    }

    public static bool operator ==(PublicKey left, PublicKey right) => left.Equals(right);

    public static bool operator !=(PublicKey left, PublicKey right) => !left.Equals(right);

    public static bool operator <(PublicKey left, PublicKey right) => left.CompareTo(right) < 0;

    public static bool operator >(PublicKey left, PublicKey right) => left.CompareTo(right) > 0;

    public static bool operator <=(PublicKey left, PublicKey right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PublicKey left, PublicKey right) => left.CompareTo(right) >= 0;

    /// <summary>Base64, as `wg` prints keys.</summary>
    public override string ToString() => Convert.ToBase64String(ToArray());

    /// <summary>The first eight characters of the base64 form, for logs.</summary>
    public string Short => ToString()[..8];
}
