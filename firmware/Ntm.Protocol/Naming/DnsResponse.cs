using System.Buffers.Binary;

namespace Ntm.Protocol.Naming;

/// <summary>
/// What a resolver answered, read from untrusted bytes: the records asked for, at the end of the aliases (CNAME) that the same message holds. Nothing else of
/// it is kept.
/// </summary>
public sealed class DnsResponse
{
    /// <summary>Longest message that is read.</summary>
    public const int BytesMost = 4096;

    /// <summary>Records of a message that is read, and aliases that are followed.</summary>
    private const int RecordsMost = 64;
    private const int AliasesMost = 8;

    private DnsResponse()
    {
    }

    /// <summary>The response code, without the part that is in EDNS.</summary>
    public DnsCode Code { get; private init; }

    /// <summary>It is to be asked again by TCP.</summary>
    public bool IsCut { get; private init; }

    /// <summary>The data of each record of the type asked for.</summary>
    public IReadOnlyList<byte[]> Data { get; private init; } = [];

    /// <summary>The least TTL of those records and of the aliases that led to them; 0 where there is none.</summary>
    public uint TtlSeconds { get; private init; }

    /// <summary>The zone whose SOA says that there is nothing; null where none does.</summary>
    public string? NegativeZone { get; private init; }

    /// <summary>A question to a resolver: recursion desired, EDNS, as <see cref="Limits.DnsUdpBytes"/> at most by UDP.</summary>
    /// <param name="name">A name of which <see cref="DnsMessage.TryEncodeName"/> makes something.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static byte[] Query(ushort id, string name, ushort type)
    {
        if (!DnsMessage.TryEncodeName(name, out var wire))
        {
            throw new ArgumentException($"'{name}' is no name.", nameof(name));
        }

        var writer = new DnsWriter();
        foreach (var word in (ReadOnlySpan<ushort>)[id, 0x0100, 1, 0, 0, 1])
        {
            writer.Word(word);
        }

        writer.Bytes(wire);
        writer.Word(type);
        writer.Word(DnsType.ClassIn);
        DnsMessage.WriteOpt(writer, DnsCode.NoError, null, null);
        return writer.ToArray();
    }

    /// <summary>Whether these bytes are the answer to that question; never throws.</summary>
    /// <param name="name">Canonical.</param>
    /// <returns>Null: they are not, or do not parse.</returns>
    public static DnsResponse? Read(ReadOnlySpan<byte> message, ushort id, string name, ushort type)
    {
        if (message.Length is < DnsMessage.HeaderBytes or > BytesMost || BinaryPrimitives.ReadUInt16BigEndian(message) != id)
        {
            return null;
        }

        var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        var at = DnsMessage.HeaderBytes;
        if ((flags & 0xF800) != 0x8000 || Word(message, 4) != 1 || !DnsName.TryRead(message, ref at, out var asked) || asked != name
            || at + 4 > message.Length || Word(message, at) != type || Word(message, at + 2) != DnsType.ClassIn)
        {
            return null;
        }

        at += 4;
        var isCut = (flags & 0x0200) != 0;
        var code = (DnsCode)(flags & 15);
        if (isCut)
        {
            return new() { Code = code, IsCut = true };
        }

        int answers = Word(message, 6), authorities = Word(message, 8);
        if (answers + authorities > RecordsMost)
        {
            return null;
        }

        var found = new List<Found>();
        string? negative = null;
        for (var i = 0; i < answers + authorities; i++)
        {
            if (!DnsName.TryRead(message, ref at, out var owner) || at + 10 > message.Length)
            {
                return null;
            }

            var record = new Found(owner, Word(message, at), BinaryPrimitives.ReadUInt32BigEndian(message[(at + 4)..]), at + 10, Word(message, at + 8));
            var isIn = Word(message, at + 2) == DnsType.ClassIn;
            at += 10 + record.Length;
            if (at > message.Length)
            {
                return null;
            }

            if (i < answers && isIn)
            {
                found.Add(record);
            }
            else if (isIn && record.Type == DnsType.Soa)
            {
                negative ??= owner;
            }
        }

        return Follow(message, found, name, type, code, negative);
    }

    private static DnsResponse? Follow(ReadOnlySpan<byte> message, List<Found> found, string name, ushort type, DnsCode code, string? negative)
    {
        var ttl = uint.MaxValue;
        for (var aliases = 0; ; aliases++)
        {
            var data = new List<byte[]>();
            foreach (var record in found.Where(r => r.Owner == name && r.Type == type))
            {
                data.Add(message.Slice(record.At, record.Length).ToArray());
                ttl = Math.Min(ttl, Seconds(record.Ttl));
            }

            if (data.Count > 0 || found.Find(r => r.Owner == name && r.Type == DnsType.Cname) is not { } alias)
            {
                return new() { Code = code, Data = data, TtlSeconds = data.Count > 0 ? ttl : 0, NegativeZone = negative };
            }

            var at = alias.At;
            ttl = Math.Min(ttl, Seconds(alias.Ttl));
            if (aliases == AliasesMost || !DnsName.TryRead(message, ref at, out name) || at != alias.At + alias.Length)
            {
                return null;
            }
        }
    }

    /// <summary>A TTL with its highest bit set counts as 0 (RFC 2181 section 8).</summary>
    private static uint Seconds(uint ttl) => ttl > int.MaxValue ? 0 : ttl;

    private static ushort Word(ReadOnlySpan<byte> message, int at) => BinaryPrimitives.ReadUInt16BigEndian(message[at..]);

    private sealed record Found(string Owner, ushort Type, uint Ttl, int At, int Length);
}
