using System.Buffers.Binary;
using System.Text;

namespace Ntm.Protocol.Naming;

/// <summary>
/// The wire form of the overlay's DNS: reads one question from untrusted bytes and writes the answers it gives (RFC 1035, EDNS0 RFC 6891,
/// negative answers RFC 2308, extended errors RFC 8914). It knows no names and decides nothing.
/// </summary>
public static class DnsMessage
{
    internal const int HeaderBytes = 12;
    internal const int NameBytesMost = 255;
    private const int ExtendedTextMost = 200;

    /// <summary>"nobody.invalid.": there is no mailbox to write to (RFC 1035 wants one).</summary>
    public static ReadOnlySpan<byte> NoMailbox => "\u0006nobody\u0007invalid\0"u8;

    /// <summary>Reads a query. Never throws; <paramref name="question"/> holds what was readable, enough to answer with an error.</summary>
    public static DnsReading Read(ReadOnlySpan<byte> message, out DnsQuestion question)
    {
        question = new();
        if (message.Length < HeaderBytes)
        {
            return DnsReading.Ignored;
        }

        question.Id = BinaryPrimitives.ReadUInt16BigEndian(message);
        question.Flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if ((question.Flags & 0x8000) != 0)
        {
            return DnsReading.Ignored;
        }

        if ((question.Flags & 0x7800) != 0)
        {
            return DnsReading.NotImplemented;
        }

        if (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1 || !TryReadName(message, question, out var at) || at + 4 > message.Length)
        {
            question.LabelOffsets.Clear();
            return DnsReading.FormatError;
        }

        question.Type = BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
        question.Class = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
        at += 4;
        question.Wire = message[HeaderBytes..at].ToArray();
        return ReadRecords(message, at, question);
    }

    /// <summary>One A, AAAA or PTR record.</summary>
    /// <param name="data">The record's data: 4 or 16 bytes, or an uncompressed name.</param>
    public static byte[] Answer(DnsQuestion question, ushort type, ReadOnlySpan<byte> data, uint ttlSeconds) =>
        Write(question, DnsCode.NoError, type, data, ttlSeconds, null, null, null);

    /// <summary>No such name, or no such type: with the SOA by which resolvers remember that for <see cref="Limits.NegativeTtlSeconds"/>.</summary>
    /// <param name="code"><see cref="DnsCode.NameError"/> or <see cref="DnsCode.NoError"/>.</param>
    /// <param name="zoneLabels">How many of the name's last labels are the zone the SOA is for.</param>
    /// <param name="server">The name that stands in the SOA for the server.</param>
    public static byte[] Negative(DnsQuestion question, DnsCode code, int zoneLabels, string server) =>
        Write(question, code, 0, default, 0, new(zoneLabels, server, false), null, null);

    /// <summary>The zone's SOA, asked for at the zone itself.</summary>
    public static byte[] StartOfAuthority(DnsQuestion question, int zoneLabels, string server) =>
        Write(question, DnsCode.NoError, 0, default, 0, new(zoneLabels, server, true), null, null);

    /// <summary>An error, with an extended one (RFC 8914) for askers that speak EDNS.</summary>
    public static byte[] Failure(DnsQuestion question, DnsCode code, ushort? extended = null, string? text = null) =>
        Write(question, code, 0, default, 0, null, extended, text);

    /// <summary>A name's uncompressed wire form.</summary>
    /// <returns>False where it is none: a label empty or too long, non-ASCII, or too long as a whole.</returns>
    public static bool TryEncodeName(string name, out byte[] wire)
    {
        wire = [];
        var labels = name.Length == 0 ? [] : name.TrimEnd('.').Split('.');
        if (name.Length > NameBytesMost || !Ascii.IsValid(name) || Array.Exists(labels, l => l.Length is 0 or > NtmName.LabelMost))
        {
            return false;
        }

        var bytes = new List<byte>(name.Length + 2);
        foreach (var label in labels)
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }

        bytes.Add(0);
        wire = [.. bytes];
        return wire.Length <= NameBytesMost;
    }

    /// <summary>
    /// The question's name. Nothing stands before it that compression could point to, so a pointer is an error, and no loop is possible.
    /// </summary>
    private static bool TryReadName(ReadOnlySpan<byte> message, DnsQuestion question, out int at)
    {
        var name = new StringBuilder();
        for (at = HeaderBytes; at < message.Length; at += message[at] + 1)
        {
            int length = message[at];
            if (length == 0)
            {
                at++;
                question.Name = name.ToString();
                return at - HeaderBytes <= NameBytesMost;
            }

            if (length > NtmName.LabelMost || at + 1 + length > message.Length || at + 1 + length - HeaderBytes > NameBytesMost)
            {
                break;
            }

            if (name.Length > 0)
            {
                name.Append('.');
            }

            question.LabelOffsets.Add(at);
            DnsName.Append(name, message.Slice(at + 1, length));
        }

        return false;
    }

    /// <summary>Passes over the records behind the question, looking for EDNS. Names there are passed over, never followed.</summary>
    private static DnsReading ReadRecords(ReadOnlySpan<byte> message, int at, DnsQuestion question)
    {
        var passed = BinaryPrimitives.ReadUInt16BigEndian(message[6..]) + BinaryPrimitives.ReadUInt16BigEndian(message[8..]);
        var records = passed + BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        byte version = 0;
        for (var i = 0; i < records; i++)
        {
            var owner = at;
            if (!TryPassName(message, ref at) || at + 10 > message.Length)
            {
                return DnsReading.FormatError;
            }

            var type = BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
            if (type == DnsType.Opt && i >= passed)
            {
                if (question.HasEdns || message[owner] != 0)
                {
                    return DnsReading.FormatError;
                }

                question.HasEdns = true;
                question.UdpBytes = Math.Max(512, (int)BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]));
                version = message[at + 5];
                question.DnssecOk = (message[at + 6] & 0x80) != 0;
            }

            at += 10 + BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
            if (at > message.Length)
            {
                return DnsReading.FormatError;
            }
        }

        return version == 0 ? DnsReading.Good : DnsReading.BadVersion;
    }

    internal static bool TryPassName(ReadOnlySpan<byte> message, ref int at)
    {
        while (at < message.Length)
        {
            int length = message[at];
            if (length == 0)
            {
                at++;
                return true;
            }

            if (length >= 0xC0)
            {
                at += 2;
                return at <= message.Length;
            }

            if (length > NtmName.LabelMost)
            {
                return false;
            }

            at += length + 1;
        }

        return false;
    }

    private static byte[] Write(
        DnsQuestion question, DnsCode code, ushort type, ReadOnlySpan<byte> data, uint ttlSeconds, Soa? soa, ushort? extended, string? text)
    {
        var most = question.HasEdns ? Math.Clamp(question.UdpBytes, 512, Limits.DnsUdpBytes) : 512;
        var response = Compose(question, code, type, data, ttlSeconds, soa, extended, text, false);
        return response.Length <= most ? response : Compose(question, code, 0, default, 0, null, extended, null, true);
    }

    private static byte[] Compose(
        DnsQuestion question, DnsCode code, ushort type, ReadOnlySpan<byte> data, uint ttlSeconds, Soa? soa, ushort? extended, string? text,
        bool isCut)
    {
        var hasQuestion = !question.Wire.IsEmpty;
        var isAuthoritative = code is DnsCode.NoError or DnsCode.NameError;
        var answers = type != 0 || soa is { IsAnswer: true } ? 1 : 0;
        var authorities = soa is { IsAnswer: false } ? 1 : 0;

        // RA is set: whatever can be known of these names is asked of the coordinator for the asker.
        var flags = 0x8080 | (question.Flags & 0x7910) | (isAuthoritative ? 0x0400 : 0) | (isCut ? 0x0200 : 0) | ((int)code & 15);
        var writer = new DnsWriter();
        writer.Word(question.Id);
        writer.Word((ushort)flags);
        writer.Word((ushort)(hasQuestion ? 1 : 0));
        writer.Word((ushort)answers);
        writer.Word((ushort)authorities);
        writer.Word((ushort)(question.HasEdns ? 1 : 0));
        writer.Bytes(question.Wire.Span);

        if (type != 0)
        {
            writer.Word(0xC000 | HeaderBytes);
            writer.Word(type);
            writer.Word(DnsType.ClassIn);
            writer.Double(ttlSeconds);
            writer.Word((ushort)data.Length);
            writer.Bytes(data);
        }

        if (soa is not null)
        {
            WriteSoa(writer, question, soa);
        }

        if (question.HasEdns)
        {
            WriteOpt(writer, code, extended, text);
        }

        return writer.ToArray();
    }

    private static void WriteSoa(DnsWriter writer, DnsQuestion question, Soa soa)
    {
        if (!TryEncodeName(soa.Server, out var server))
        {
            throw new ArgumentException($"'{soa.Server}' is no name.", nameof(soa));
        }

        writer.Word((ushort)(0xC000 | question.SuffixOffset(soa.ZoneLabels)));
        writer.Word(DnsType.Soa);
        writer.Word(DnsType.ClassIn);
        writer.Double(Limits.NegativeTtlSeconds);
        writer.Word((ushort)(server.Length + NoMailbox.Length + 20));
        writer.Bytes(server);
        writer.Bytes(NoMailbox);

        // Serial, refresh, retry, expire: for secondaries, which there are none of. The last is what counts (RFC 2308 section 4).
        writer.Double(1);
        writer.Double(3600);
        writer.Double(600);
        writer.Double(86_400);
        writer.Double(Limits.NegativeTtlSeconds);
    }

    /// <param name="dnssecOk">Copied from the question by servers of public zones (RFC 3225 section 3); the overlay's have no signatures to ask for.</param>
    internal static void WriteOpt(DnsWriter writer, DnsCode code, ushort? extended, string? text, bool dnssecOk = false)
    {
        writer.Byte(0);
        writer.Word(DnsType.Opt);
        writer.Word(Limits.DnsUdpBytes);
        writer.Byte((byte)((int)code >> 4));
        writer.Byte(0);
        writer.Word((ushort)(dnssecOk ? 0x8000 : 0));
        if (extended is not { } info)
        {
            writer.Word(0);
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(text ?? "");
        if (bytes.Length > ExtendedTextMost)
        {
            // Not within a character.
            var end = ExtendedTextMost;
            while ((bytes[end] & 0xC0) == 0x80)
            {
                end--;
            }

            bytes = bytes[..end];
        }

        writer.Word((ushort)(6 + bytes.Length));
        writer.Word(15);
        writer.Word((ushort)(2 + bytes.Length));
        writer.Word(info);
        writer.Bytes(bytes);
    }

    /// <param name="ZoneLabels">The owner: the question's last labels.</param>
    private sealed record Soa(int ZoneLabels, string Server, bool IsAnswer);
}
