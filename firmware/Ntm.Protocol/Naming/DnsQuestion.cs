namespace Ntm.Protocol.Naming;

/// <summary>The record types, and the class, that are known by name.</summary>
public static class DnsType
{
    /// <summary>The Internet's class.</summary>
    public const ushort ClassIn = 1;

    public const ushort A = 1;
    public const ushort Ns = 2;
    public const ushort Cname = 5;
    public const ushort Soa = 6;
    public const ushort Ptr = 12;
    public const ushort Hinfo = 13;
    public const ushort Aaaa = 28;
    public const ushort Opt = 41;

    /// <summary>RFC 9460.</summary>
    public const ushort Svcb = 64;

    /// <summary>The first and last of the types that only questions have, such as transfers (RFC 6895 section 3.1).</summary>
    public const ushort FirstQuestionOnly = 128;
    public const ushort LastQuestionOnly = 254;
    public const ushort Any = 255;
}

/// <summary>Response codes (RFC 1035 section 4.1.1, RFC 6891 section 9).</summary>
public enum DnsCode
{
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,
    BadVersion = 16,
}

/// <summary>What became of reading a query.</summary>
public enum DnsReading
{
    /// <summary>One question, to be answered.</summary>
    Good,

    /// <summary>No query at all: shorter than a header, or an answer. Nothing is sent back.</summary>
    Ignored,

    /// <summary>It does not parse, or holds other than one question.</summary>
    FormatError,

    /// <summary>Not a standard query.</summary>
    NotImplemented,

    /// <summary>EDNS of another version than 0.</summary>
    BadVersion,
}

/// <summary>One question, as read from a query; of a query that does not parse, as far as it went.</summary>
public sealed class DnsQuestion
{
    internal DnsQuestion()
    {
    }

    /// <summary>Most labels a name can have: 127 of one byte each.</summary>
    internal const int LabelsMost = 127;

    public ushort Id { get; internal set; }

    /// <summary>The query's flags, to copy opcode, RD and CD from.</summary>
    public ushort Flags { get; internal set; }

    /// <summary>
    /// Lower case, without the trailing dot; bytes that are not letters, digits, hyphens or underscores as \DDD (RFC 1035 section 5.1).
    /// Empty: the root.
    /// </summary>
    public string Name { get; internal set; } = "";

    public ushort Type { get; internal set; }

    public ushort Class { get; internal set; }

    public bool HasEdns { get; internal set; }

    /// <summary>How large an answer the asker takes over UDP; 512 without EDNS.</summary>
    public int UdpBytes { get; internal set; } = 512;

    public bool DnssecOk { get; internal set; }

    /// <summary>Name, type and class as they were asked, letter case included; empty where they did not parse.</summary>
    internal ReadOnlyMemory<byte> Wire { get; set; }

    /// <summary>Where each label starts in the message.</summary>
    internal List<int> LabelOffsets { get; } = [];

    /// <summary>Where the name's last <paramref name="labels"/> labels start in question and answer, for compression.</summary>
    internal int SuffixOffset(int labels) => LabelOffsets[^labels];
}
