namespace Ntm.Protocol.Naming;

/// <summary>
/// A reply of any number of records, as the server of a public zone gives it: no recursion, EDNS as it was asked (RFC 6891). What does not fit loses its
/// additional records first; then it is sent empty and marked as cut, so that the asker comes again by TCP (RFC 2181 section 9).
/// </summary>
public sealed class DnsReply(DnsQuestion question, DnsCode code)
{
    /// <summary>What a TCP message holds.</summary>
    public const int TcpBytes = ushort.MaxValue;

    public DnsCode Code => code;

    public bool IsAuthoritative { get; init; }

    public List<DnsRecord> Answers { get; } = [];

    public List<DnsRecord> Authorities { get; } = [];

    public List<DnsRecord> Additional { get; } = [];

    /// <summary>How large a reply the asker takes over UDP: what he says, 512 without EDNS, never more than <see cref="Limits.DnsUdpBytes"/>.</summary>
    public static int UdpBytes(DnsQuestion question) => question.HasEdns ? Math.Clamp(question.UdpBytes, 512, Limits.DnsUdpBytes) : 512;

    /// <summary>A reply of nothing but "ask by TCP".</summary>
    public static byte[] Cut(DnsQuestion question) => new DnsReply(question, DnsCode.NoError).Compose([], [], [], true);

    /// <param name="most">Bytes that may be used, 512 at least.</param>
    public byte[] Write(int most)
    {
        var all = Compose(Answers, Authorities, Additional, false);
        if (all.Length > most && Additional.Count > 0)
        {
            all = Compose(Answers, Authorities, [], false);
        }

        return all.Length <= most ? all : Compose([], [], [], true);
    }

    private byte[] Compose(IReadOnlyList<DnsRecord> answers, IReadOnlyList<DnsRecord> authorities, IReadOnlyList<DnsRecord> additional, bool isCut)
    {
        // Opcode, RD and CD are the question's; RA is not set: who asks is not asked for.
        var flags = 0x8000 | (question.Flags & 0x7910) | (IsAuthoritative ? 0x0400 : 0) | (isCut ? 0x0200 : 0) | ((int)code & 15);
        var writer = new DnsWriter();
        writer.Word(question.Id);
        writer.Word((ushort)flags);
        writer.Word((ushort)(question.Wire.IsEmpty ? 0 : 1));
        writer.Word((ushort)answers.Count);
        writer.Word((ushort)authorities.Count);
        writer.Word((ushort)(additional.Count + (question.HasEdns ? 1 : 0)));
        writer.Bytes(question.Wire.Span);
        foreach (var record in answers.Concat(authorities).Concat(additional))
        {
            WriteName(writer, record.Name);
            writer.Word(record.Type);
            writer.Word(DnsType.ClassIn);
            writer.Double(record.TtlSeconds);
            writer.Word((ushort)record.Data.Length);
            writer.Bytes(record.Data);
        }

        if (question.HasEdns)
        {
            DnsMessage.WriteOpt(writer, code, null, null, question.DnssecOk);
        }

        return writer.ToArray();
    }

    /// <summary>What the name has in common with the question's is pointed to.</summary>
    private void WriteName(DnsWriter writer, string name)
    {
        for (var rest = name; ;)
        {
            if (!question.Wire.IsEmpty && rest.Length > 0 && (question.Name == rest || question.Name.EndsWith("." + rest, StringComparison.Ordinal)))
            {
                writer.Word((ushort)(0xC000 | question.SuffixOffset(rest.AsSpan().Count('.') + 1)));
                return;
            }

            var dot = rest.IndexOf('.', StringComparison.Ordinal);
            var label = dot < 0 ? rest : rest[..dot];
            writer.Byte((byte)label.Length);
            if (label.Length == 0)
            {
                return;
            }

            writer.Bytes(System.Text.Encoding.ASCII.GetBytes(label));
            rest = dot < 0 ? "" : rest[(dot + 1)..];
        }
    }
}
