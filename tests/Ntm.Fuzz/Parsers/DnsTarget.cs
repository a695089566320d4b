using System.Buffers.Binary;
using System.Net;
using System.Text;
using Ntm.Node;
using Ntm.Node.Naming;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Fuzz.Parsers;

/// <summary>DNS datagrams from the LAN, through the overlay's DNS and with every answer the node core could give.</summary>
public sealed class DnsTarget : Target
{
    private static readonly VirtualAddress s_vip = VirtualAddress.Compose(0x1122334455, 0x99, 7);

    private readonly Counters _counters = new();
    private readonly OverlayDns _dns;
    private readonly Watch _watch;
    private readonly NameAnswer[] _answers =
    [
        new(NameVerdict.Found, s_vip, Limits.AliasNetwork + 5, "found"), new(NameVerdict.Found, s_vip, 0, "found, no alias"),
        new(NameVerdict.NoSuchName, default, 0, "no"), new(NameVerdict.Unreachable, default, 0, new string('ü', 150)),
        new(NameVerdict.NoCoordinator, default, 0, ""), new(NameVerdict.NotOurs, default, 0, ""),
    ];

    private int _turn;

    public DnsTarget()
    {
        _dns = new OverlayDns(a => a.GetAddressBytes()[^1] % 2 == 0 ? "nas.bob.home.example" : null, _counters)
        {
            Zone = new OverlayZone("home.example", VirtualAddress.Compose(0x1122334455, 0, 0), Limits.AliasNetwork, Limits.AliasPrefixLength),
        };
        _watch = new(_counters);
    }

    public override string Name => "dns";

    public override string Law => "OverlayDns: never throws; an answer repeats the id, is an answer, fits the asker, and is read by nobody as a question";

    public override int LongestInput => 600;

    public override IReadOnlyList<byte[]> Words => [[0, 0, 41], [0xC0, 0x0C], [0, 0, 1, 0, 1], [0, 0, 12, 0, 1], "\u0004home\u0007example\0"u8.ToArray(), "\u0004arpa\0"u8.ToArray()];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden()
    {
        foreach (var (name, type) in new (string, ushort)[]
        {
            ("nas.bob.home.example", DnsType.A), ("nas.bob.home.example", DnsType.Aaaa), ("bob.home.example", DnsType.Any), ("home.example", DnsType.Soa),
            ("www.example.net", DnsType.A), ("5.0.18.198.in-addr.arpa", DnsType.Ptr), ("4.0.18.198.in-addr.arpa", DnsType.Ptr),
        })
        {
            DnsMessage.TryEncodeName(name, out var wire);
            byte[] question = [.. wire, (byte)(type >> 8), (byte)type, 0, 1];
            yield return ($"{name}-{type}", [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. question]);
            yield return ($"{name}-{type}-edns", [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, .. question, 0, 0, 41, 4, 208, 0, 0, 128, 0, 0, 0]);
        }
    }

    public override int Execute(ReadOnlySpan<byte> input)
    {
        var reply = _dns.Hear(input, out var wanted);
        Require(reply is null || wanted is null, "a question is either answered or asked on");
        Check(input, reply);
        if (wanted is not null)
        {
            Require(wanted.Name.EndsWith(".home.example", StringComparison.Ordinal), "only names of the zone are asked on");
            Check(input, _dns.Answer(wanted, _answers[_turn++ % _answers.Length]));
        }

        return (_watch.Changed() * 31) + (reply is null ? wanted is null ? 1 : 2 : reply[3] & 15);
    }

    private static void Check(ReadOnlySpan<byte> query, byte[]? reply)
    {
        if (reply is not null)
        {
            Require(reply.Length is >= 12 and <= Limits.DnsUdpBytes, "an answer has 12 to 1,232 bytes");
            Require(reply.AsSpan(0, 2).SequenceEqual(query[..2]) && (reply[2] & 0x80) != 0, "an answer repeats the id and is an answer");
            Require(BinaryPrimitives.ReadUInt16BigEndian(reply.AsSpan(4)) <= 1 && DnsMessage.Read(reply, out _) == DnsReading.Ignored, "an answer is no question");
        }
    }
}
