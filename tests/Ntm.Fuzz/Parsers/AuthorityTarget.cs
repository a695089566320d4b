using System.Net;
using Ntm.Coordinator.Naming;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Fuzz.Parsers;

/// <summary>Questions from the Internet to a coordinator that is authoritative for its zone, by UDP and TCP.</summary>
public sealed class AuthorityTarget : Target
{
    private static readonly IPAddress s_asker = IPAddress.Parse("198.51.100.7");

    private readonly Counters _counters = new();
    private readonly ZoneAuthority _authority;
    private readonly Watch _watch;
    private TimeSpan _boot;

    public AuthorityTarget()
    {
        var coordinator = new NtmRecordCoordinator(new PublicKey([.. Enumerable.Range(0, 32).Select(i => (byte)i)]), 1, [RealAddress.FromIPv4(0xCB00_710A, 4916)]);
        _authority = new(
            new("home.example", [new("c1.home.example", true, [IPAddress.Parse("203.0.113.10")])], [.. NtmRecordEntry.Of(coordinator, "c1.home.example")]), _counters);
        _watch = new(_counters);
    }

    public override string Name => "authority";

    public override string Law => "ZoneAuthority: never throws; an answer repeats the id, is an answer, fits the asker, and has data for its few names only";

    public override int LongestInput => 600;

    public override IReadOnlyList<byte[]> Words =>
        [[0, 0, 41], [0xC0, 0x0C], [0, 64, 0, 1], [0, 252, 0, 1], [0, 255, 0, 1], "\u0004_ntm\u0004home\u0007example\0"u8.ToArray(), "\u0002c1\u0004home\u0007example\0"u8.ToArray()];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden()
    {
        foreach (var (name, type) in new (string, ushort)[]
        {
            ("_ntm.home.example", DnsType.Svcb), ("home.example", DnsType.Soa), ("home.example", DnsType.Ns), ("c1.home.example", DnsType.A),
            ("nas.bob.home.example", DnsType.Aaaa), ("home.example", DnsType.Any), ("home.example", 252), ("www.example.net", DnsType.A),
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
        _boot += TimeSpan.FromMilliseconds(60); // somewhat less than the rate: most are answered
        var byUdp = _authority.Hear(new(_boot, default), s_asker, overTcp: false, input);
        var byTcp = _authority.Hear(new(_boot, default), s_asker, overTcp: true, input);
        Require(byUdp is null || byTcp is not null, "what is answered by UDP is answered by TCP");
        foreach (var reply in new[] { byUdp, byTcp }.OfType<byte[]>())
        {
            Require(reply.Length is >= 12 and <= Limits.DnsUdpBytes, "an answer has 12 to 1,232 bytes");
            Require(reply.AsSpan(0, 2).SequenceEqual(input[..2]) && (reply[2] & 0x80) != 0 && (reply[3] & 0x80) == 0, "an answer repeats the id, is an answer, and no resolver's");
            if (reply[7] > 0)
            {
                DnsMessage.Read(input, out var question);
                Require(question.Name is "home.example" or "_ntm.home.example" or "c1.home.example", "there is data for the few names only");
            }
        }

        return (_watch.Changed() * 31) + (byTcp is null ? 1 : byTcp[3] & 15);
    }
}
