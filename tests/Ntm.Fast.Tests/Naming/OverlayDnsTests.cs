using System.Net;
using Ntm.Node;
using Ntm.Node.Naming;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Fast.Tests.Naming;

public sealed class OverlayDnsTests
{
    private const uint Alias = 0xC612_0304;
    private static readonly VirtualAddress s_nas = VirtualAddress.Compose(0x1122334455, 0x66778899AABBCCDD, 7);
    private readonly Counters _counters = new();
    private readonly OverlayDns _dns;

    public OverlayDnsTests() => _dns = new(a => a.ToString() == "198.18.3.4" || VirtualAddress.From(a) == s_nas ? "nas.bob.home.example" : null, _counters)
    {
        Zone = new("home.example", s_nas with { High = s_nas.High >> 16 << 16, Low = 0 }, Limits.AliasNetwork, Limits.AliasPrefixLength),
    };

    private static NameAnswer FoundNas => new(NameVerdict.Found, s_nas, Alias, "Found.");

    [Theory]
    [InlineData("nas.bob.home.example")]
    [InlineData("NAS.Bob.HOME.example")]
    public void A_and_aaaa_are_answered_with_alias_and_vip(string name)
    {
        var a = Ask(name, DnsType.A, FoundNas);
        Assert.Equal(0, a.Code);
        Assert.Equal(0x8580, a.Flags);
        Assert.Equal(name, a.Question);
        var record = Assert.Single(a.Answers);
        Assert.Equal((name, DnsType.A, 1, 30u), (record.Owner, record.Type, record.Class, record.Ttl));
        Assert.Equal([198, 18, 3, 4], record.Data);

        var aaaa = Ask(name, DnsType.Aaaa, FoundNas);
        Assert.Equal(s_nas.ToIPAddress().GetAddressBytes(), Assert.Single(aaaa.Answers).Data);
        Assert.Equal(DnsType.A, Assert.Single(Ask(name, DnsType.Any, FoundNas).Answers).Type);
    }

    [Fact]
    public void Without_ipv6_on_the_lan_there_is_no_aaaa()
    {
        _dns.AnswersIPv6 = false;
        AssertNegative(Ask("nas.bob.home.example", DnsType.Aaaa, FoundNas), 0);
        Assert.Single(Ask("nas.bob.home.example", DnsType.A, FoundNas).Answers);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(65)]
    [InlineData(DnsType.Ptr)]
    public void Other_types_of_a_name_that_exists_are_empty(int type) =>
        AssertNegative(Ask("nas.bob.home.example", (ushort)type, FoundNas), 0);

    [Fact]
    public void A_name_the_coordinator_does_not_know_does_not_exist() =>
        AssertNegative(Ask("none.home.example", DnsType.A, new(NameVerdict.NoSuchName, default, 0, "No.")), 3);

    [Theory]
    [InlineData(NameVerdict.Unreachable, 23)]
    [InlineData(NameVerdict.NoCoordinator, 22)]
    public void What_cannot_be_known_now_is_a_failure_with_its_reason(NameVerdict verdict, int extended)
    {
        var answer = new NameAnswer(verdict, default, 0, "Bob is away.");
        var reply = Ask("bob.home.example", DnsType.A, answer, edns: 1232);
        Assert.Equal(2, reply.Code);
        Assert.Equal((extended, "Bob is away."), reply.Extended);
        Assert.Equal(0x8180 | 2, reply.Flags);

        reply = Ask("bob.home.example", DnsType.A, answer);
        Assert.Equal(2, reply.Code);
        Assert.Empty(reply.Additional);
    }

    [Fact]
    public void A_name_found_without_an_alias_is_a_failure_for_a_only()
    {
        var answer = FoundNas with { Alias = 0, Reason = "All aliases are taken." };
        Assert.Equal(2, Ask("nas.bob.home.example", DnsType.A, answer).Code);
        Assert.Single(Ask("nas.bob.home.example", DnsType.Aaaa, answer).Answers);
    }

    [Theory]
    [InlineData("example.org", 5, 20)]
    [InlineData("xhome.example", 5, 20)]
    [InlineData("example", 5, 20)]
    [InlineData("", 5, 20)]
    [InlineData("4.3.18.198.in-addr.arpa.example", 5, 20)]
    [InlineData("1.2.0.192.in-addr.arpa", 5, 20)]
    [InlineData("18.198.in-addr.arpa", 5, 20)]
    [InlineData("256.3.18.198.in-addr.arpa", 5, 20)]
    [InlineData("04.3.18.198.in-addr.arpa", 5, 20)]
    public void What_is_not_ours_is_refused(string name, int code, int extended)
    {
        var reply = Immediate(name, DnsType.Ptr, edns: 1232);
        Assert.Equal(code, reply.Code);
        Assert.Equal(extended, reply.Extended!.Value.Code);
        Assert.Equal(1, _counters[OverlayDns.Outside]);
    }

    [Theory]
    [InlineData("_http._tcp.home.example")]
    [InlineData("a.b.c.home.example")]
    [InlineData("n\u00e4s.home.example")]
    [InlineData("-a.home.example")]
    public void A_name_that_no_coordinator_can_know_does_not_exist(string name) => AssertNegative(Immediate(name, 33), 3);

    [Fact]
    public void The_zone_itself_has_a_soa_and_nothing_else()
    {
        AssertNegative(Immediate("home.example", DnsType.A), 0);
        var soa = Immediate("home.example", DnsType.Soa);
        Assert.Equal("home.example", Assert.Single(soa.Answers).Owner);
        Assert.Empty(soa.Authorities);
    }

    [Fact]
    public void Reverse_names_are_answered()
    {
        foreach (var address in new[] { IPAddress.Parse("198.18.3.4"), s_nas.ToIPAddress() })
        {
            var name = ReverseName.Of(address);
            Assert.True(ReverseName.TryParse(name, out var parsed));
            Assert.Equal(address, parsed);
            var record = Assert.Single(Immediate(name.ToUpperInvariant(), DnsType.Ptr).Answers);
            Assert.Equal((DnsType.Ptr, 30u), (record.Type, record.Ttl));
            Assert.Equal(TestQuery.Name("nas.bob.home.example"), record.Data);
            AssertNegative(Immediate(name, DnsType.A), 0, ReverseZone(address));
        }

        var unknown = IPAddress.Parse("198.19.200.1");
        AssertNegative(Immediate(ReverseName.Of(unknown), DnsType.Ptr), 3, ReverseZone(unknown));
        unknown = s_nas.WithNumber(99).ToIPAddress();
        AssertNegative(Immediate(ReverseName.Of(unknown), DnsType.Ptr), 3, ReverseZone(unknown));
        Assert.Equal(5, Immediate(ReverseName.Of(IPAddress.Parse("2001:db8::1")), DnsType.Ptr).Code);

        static string ReverseZone(IPAddress address) =>
            string.Join('.', ReverseName.Of(address).Split('.')[^(address.GetAddressBytes().Length == 4 ? 4 : 14)..]);
    }

    [Fact]
    public void Before_the_node_is_a_member_everything_is_refused()
    {
        var zone = _dns.Zone;
        _dns.Zone = null;
        var reply = Immediate("nas.bob.home.example", DnsType.A, edns: 1232);
        Assert.Equal((5, 14), (reply.Code, reply.Extended!.Value.Code));
        Assert.Contains("join", reply.Extended!.Value.Text, StringComparison.Ordinal);

        // It left while the question was being asked.
        _dns.Zone = zone;
        _dns.Hear(TestQuery.Make("nas.bob.home.example", DnsType.A), out var wanted);
        _dns.Zone = null;
        Assert.Equal(5, TestQuery.Read(_dns.Answer(wanted!, FoundNas)).Code);
    }

    [Fact]
    public void Garbage_is_answered_as_the_rfcs_say_and_counted()
    {
        Assert.Null(_dns.Hear([1, 2, 3], out var wanted));
        Assert.Null(wanted);
        Assert.Null(_dns.Hear(TestQuery.Make("a", 1, flags: 0x8000), out _));
        Assert.Equal(2, _counters[OverlayDns.Ignored]);

        Assert.Equal(1, TestQuery.Read(_dns.Hear(TestQuery.Make("a.example", 1)[..^1], out _)!).Code);
        Assert.Equal(1, _counters[OverlayDns.Malformed]);
        Assert.Equal(4, TestQuery.Read(_dns.Hear(TestQuery.Make("home.example", 6, flags: 0x2000), out _)!).Code);
        Assert.Equal(16, TestQuery.Read(_dns.Hear(TestQuery.Make("home.example", 6, edns: 512, version: 3), out _)!).Code);
        Assert.Equal(5, TestQuery.Read(_dns.Hear(TestQuery.Make("nas.home.example", 16, dnsClass: 3), out _)!).Code);
        Assert.Equal(3, _counters[OverlayDns.Unsupported]);
    }

    [Fact]
    public void Every_answer_to_the_longest_names_fits_in_512_bytes()
    {
        var zone = string.Join('.', Enumerable.Repeat(new string('z', 60), 2)) + ".example";
        _dns.Zone = _dns.Zone! with { Zone = zone };
        var name = $"{new string('d', 58)}.{new string('n', 58)}.{zone}";
        foreach (var type in new[] { DnsType.A, DnsType.Aaaa, (ushort)65 })
        {
            foreach (var verdict in Enum.GetValues<NameVerdict>())
            {
                var reply = Ask(name, type, new(verdict, s_nas, Alias, new string('x', 1000)), edns: 512);
                Assert.False(reply.IsCut);
                Assert.True(reply.Bytes.Length <= 512);
            }
        }
    }

    private TestQuery.Reply Ask(string name, ushort type, NameAnswer answer, int? edns = null)
    {
        Assert.Null(_dns.Hear(TestQuery.Make(name, type, edns: edns), out var wanted));
        Assert.NotNull(wanted);
        Assert.Equal(NtmName.Canonical(name), wanted.Name);
        return Checked(TestQuery.Read(_dns.Answer(wanted, answer)), type);
    }

    private TestQuery.Reply Immediate(string name, ushort type, int? edns = null)
    {
        var reply = _dns.Hear(TestQuery.Make(name, type, edns: edns), out var wanted);
        Assert.Null(wanted);
        return Checked(TestQuery.Read(reply!), type);
    }

    private static TestQuery.Reply Checked(TestQuery.Reply reply, ushort type)
    {
        Assert.Equal((0xBEEF, type), (reply.Id, reply.Type));
        Assert.Equal(0x8180, reply.Flags & 0xFBF0);
        return reply;
    }

    private static void AssertNegative(TestQuery.Reply reply, int code, string zone = "home.example")
    {
        Assert.Equal(code, reply.Code);
        Assert.Empty(reply.Answers);
        var soa = Assert.Single(reply.Authorities);
        Assert.Equal((DnsType.Soa, Limits.NegativeTtlSeconds), (soa.Type, soa.Ttl));
        Assert.Equal(zone, soa.Owner, ignoreCase: true);

        // Two names and five numbers, the last of which is how long to remember (RFC 2308).
        var at = soa.At;
        Assert.Equal("home.example", TestQuery.ReadName(reply.Bytes, ref at));
        Assert.Equal("nobody.invalid", TestQuery.ReadName(reply.Bytes, ref at));
        Assert.Equal(soa.At + soa.Data.Length, at + 20);
        Assert.Equal(Limits.NegativeTtlSeconds, TestQuery.Word(reply.Bytes, at + 18));
    }
}
