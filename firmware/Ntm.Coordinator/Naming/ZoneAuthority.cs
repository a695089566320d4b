using System.Net;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Coordinator.Naming;

/// <summary>
/// The public DNS of a zone (docs/protocol.md section 8): authoritative for it, and tells SOA, NS, the NTM record and the coordinators' addresses. Everything
/// else in the zone does not exist, whether it does or not: nodes and devices are learnt by direction. It is no resolver and gives no transfers.
/// </summary>
/// <remarks>Single-threaded and without sockets, as cores are; it shares nothing with <see cref="CoordinatorCore"/>.</remarks>
public sealed class ZoneAuthority
{
    // Counted.
    public const string Answered = "authority-answered";
    public const string Ignored = "authority-ignored";
    public const string Malformed = "authority-malformed";
    public const string Unsupported = "authority-unsupported";
    public const string Outside = "authority-outside-zone";
    public const string NoSuchName = "authority-no-such-name";
    public const string Transfer = "authority-transfer-refused";
    public const string RateCut = "authority-rate-cut";
    public const string RateDropped = "authority-rate-dropped";

    /// <summary>The answer to ANY (RFC 8482 section 4.2): HINFO "RFC8482" "".</summary>
    private static readonly byte[] s_instead = [7, .. "RFC8482"u8, 0];

    private readonly PublicZone _zone;
    private readonly Counters _counters;
    private readonly ResponseRate _rate = new();
    private readonly DnsRecord _soa;
    private readonly DnsRecord[] _servers;
    private readonly DnsRecord[] _record;
    private readonly Dictionary<string, DnsRecord[]> _hosts;

    /// <exception cref="ArgumentException">No host is a name server, or one is not below the zone: the program checks its configuration first.</exception>
    public ZoneAuthority(PublicZone zone, Counters counters)
    {
        (_zone, _counters) = (zone, counters);
        var servers = zone.Hosts.Where(h => h.IsNameServer).ToArray();
        if (servers.Length == 0 || NtmRecord.NameOf(zone.Zone) is null || zone.Hosts.Any(h => !NtmName.TrySplit(h.Name, zone.Zone, out _, out _)))
        {
            throw new ArgumentException($"The zone '{zone.Zone}' has no name server of its own, or hosts outside of it.", nameof(zone));
        }

        _soa = new(zone.Zone, DnsType.Soa, PublicZone.TtlSeconds, StartOfAuthority(servers[0].Name));
        _servers = [.. servers.Select(h => new DnsRecord(zone.Zone, DnsType.Ns, PublicZone.TtlSeconds, Encode(h.Name)))];
        _record = [.. zone.Entries.Select(e => new DnsRecord(zone.RecordName, DnsType.Svcb, NtmRecord.TtlSeconds, e.Encode()))];
        _hosts = zone.Hosts.ToDictionary(h => h.Name, h => h.Addresses.Select(a => PublicZone.Address(h.Name, a)).ToArray());
    }

    /// <summary>A message from the Internet.</summary>
    /// <param name="now">For the rate only.</param>
    /// <param name="asker">Whom the datagram names as its source.</param>
    /// <param name="overTcp">By TCP nobody is named falsely: no rate, and answers of any length.</param>
    /// <returns>The answer; null: none.</returns>
    public byte[]? Hear(Now now, IPAddress asker, bool overTcp, ReadOnlySpan<byte> message)
    {
        var reading = DnsMessage.Read(message, out var question);
        if (reading == DnsReading.Ignored)
        {
            _counters.Count(Ignored);
            return null;
        }

        switch (overTcp ? RateVerdict.Answered : _rate.Judge(now.Boot, asker))
        {
            case RateVerdict.Dropped:
            case RateVerdict.Cut when reading != DnsReading.Good:
                _counters.Count(RateDropped);
                return null;
            case RateVerdict.Cut:
                _counters.Count(RateCut);
                return DnsReply.Cut(question);
            default:
                return Judge(reading, question).Write(overTcp ? DnsReply.TcpBytes : DnsReply.UdpBytes(question));
        }
    }

    private static byte[] Encode(string name) => DnsMessage.TryEncodeName(name, out var wire) ? wire : throw new ArgumentException($"'{name}' is no name.", nameof(name));

    private static byte[] StartOfAuthority(string server)
    {
        // Serial 1: nobody transfers the zone, so nobody compares it. Refresh, retry and expire are for secondaries, too.
        uint[] numbers = [1, 3600, 600, 86_400, PublicZone.NegativeTtlSeconds];
        return [.. Encode(server), .. DnsMessage.NoMailbox, .. numbers.SelectMany(n => new[] { (byte)(n >> 24), (byte)(n >> 16), (byte)(n >> 8), (byte)n })];
    }

    private DnsReply Judge(DnsReading reading, DnsQuestion question)
    {
        switch (reading)
        {
            case DnsReading.Good:
                return Judge(question);
            case DnsReading.FormatError:
                _counters.Count(Malformed);
                return new(question, DnsCode.FormatError);
            default:
                _counters.Count(Unsupported); // notifications, updates, EDNS of another version
                return new(question, reading == DnsReading.BadVersion ? DnsCode.BadVersion : DnsCode.NotImplemented);
        }
    }

    private DnsReply Judge(DnsQuestion question)
    {
        if (question.Class != DnsType.ClassIn || (question.Name != _zone.Zone && !question.Name.EndsWith("." + _zone.Zone, StringComparison.Ordinal)))
        {
            _counters.Count(Outside);
            return new(question, DnsCode.Refused);
        }

        if (question.Type is DnsType.Opt or (>= DnsType.FirstQuestionOnly and <= DnsType.LastQuestionOnly))
        {
            _counters.Count(Transfer);
            return new(question, DnsCode.Refused);
        }

        if (RecordsOf(question.Name) is not { } records)
        {
            _counters.Count(NoSuchName);
            return Negative(question, DnsCode.NameError);
        }

        _counters.Count(Answered);
        DnsRecord[] answers = question.Type == DnsType.Any
            ? [new(question.Name, DnsType.Hinfo, PublicZone.TtlSeconds, s_instead)]
            : [.. records.Where(r => r.Type == question.Type)];
        if (answers.Length == 0)
        {
            return Negative(question, DnsCode.NoError);
        }

        var reply = new DnsReply(question, DnsCode.NoError) { IsAuthoritative = true };
        reply.Answers.AddRange(answers);
        if (question.Type is DnsType.Ns or DnsType.Svcb)
        {
            reply.Additional.AddRange(_zone.Hosts.Where(h => h.IsNameServer || question.Type == DnsType.Svcb).SelectMany(h => _hosts[h.Name]));
        }

        return reply;
    }

    /// <summary>All there is of a name; null: it does not exist.</summary>
    private DnsRecord[]? RecordsOf(string name) =>
        name == _zone.Zone ? [_soa, .. _servers] : name == _zone.RecordName ? _record : _hosts.GetValueOrDefault(name);

    private DnsReply Negative(DnsQuestion question, DnsCode code)
    {
        var reply = new DnsReply(question, code) { IsAuthoritative = true };

        // The TTL of an SOA that says "no" is how long that may be remembered (RFC 2308 section 3).
        reply.Authorities.Add(_soa with { TtlSeconds = PublicZone.NegativeTtlSeconds });
        return reply;
    }
}
