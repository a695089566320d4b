using System.Net;
using System.Text;
using Ntm.Coordinator.Naming;
using Ntm.Fast.Tests.Naming;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Fast.Tests.Coordinator;

/// <summary>What the public DNS is told of a zone, and how often.</summary>
public sealed class ZoneAuthorityTests
{
    private const string Zone = "home.example";
    private const ushort Axfr = 252, Ixfr = 251, Txt = 16;

    private static readonly IPAddress s_asker = IPAddress.Parse("198.51.100.7");

    private readonly Counters _counters = new();
    private readonly ZoneAuthority _authority;
    private TimeSpan _boot = TimeSpan.FromHours(1);

    public ZoneAuthorityTests() => _authority = new(Contents(), _counters);

    [Fact]
    public void The_ntm_record_is_told_with_all_coordinators_and_their_addresses()
    {
        var reply = Ask($"_ntm.{Zone}", DnsType.Svcb);
        Assert.Equal((0, 0x8500), (reply.Code, reply.Flags)); // response, authoritative, RD copied, no RA
        Assert.Equal(Contents().Entries.Select(e => Convert.ToHexString(e.Encode())), reply.Answers.Select(r => Convert.ToHexString(r.Data)));
        Assert.All(reply.Answers, r => Assert.Equal(($"_ntm.{Zone}", DnsType.Svcb, 300u), (r.Owner, r.Type, r.Ttl)));
        Assert.Equal([($"c1.{Zone}", DnsType.A), ($"c1.{Zone}", DnsType.Aaaa), ($"c2.{Zone}", DnsType.A), ("", DnsType.Opt)], reply.Additional.Select(r => (r.Owner, r.Type)));
        Assert.Equal(1, _counters[ZoneAuthority.Answered]);
    }

    [Fact]
    public void Soa_ns_and_the_coordinators_addresses_are_told()
    {
        var soa = Ask(Zone, DnsType.Soa).Answers.Single();
        var at = soa.At;
        Assert.Equal($"c1.{Zone}", TestQuery.ReadName(Ask(Zone, DnsType.Soa).Bytes, ref at));
        var servers = Ask(Zone, DnsType.Ns);
        Assert.Equal(Convert.ToHexString(TestQuery.Name($"c1.{Zone}")), Convert.ToHexString(servers.Answers.Single().Data)); // c2 answers for nothing
        Assert.Equal($"c1.{Zone}", servers.Additional[0].Owner);
        Assert.Equal([203, 0, 113, 10], Ask($"c1.{Zone}", DnsType.A).Answers.Single().Data);
        Assert.Equal(16, Ask($"c1.{Zone}", DnsType.Aaaa).Answers.Single().Data.Length);
        Assert.Equal([203, 0, 113, 11], Ask($"c2.{Zone}", DnsType.A).Answers.Single().Data);
    }

    [Theory]
    [InlineData("alice.home.example")]
    [InlineData("nas.alice.home.example")]
    [InlineData("nobody.home.example")]
    [InlineData("_ntm._ntm.home.example")]
    [InlineData("a.c1.home.example")]
    [InlineData("*.home.example")]
    public void All_else_in_the_zone_does_not_exist_whether_it_does_or_not(string name)
    {
        foreach (var type in new[] { DnsType.A, DnsType.Aaaa, DnsType.Svcb, DnsType.Ptr, Txt, DnsType.Any })
        {
            var reply = Ask(name, type);
            Assert.Equal((3, 0x8503), (reply.Code, (int)reply.Flags));
            Assert.Empty(reply.Answers);
            var soa = Assert.Single(reply.Authorities);
            Assert.Equal((Zone, DnsType.Soa, 300u), (soa.Owner, soa.Type, soa.Ttl));
        }
    }

    [Theory]
    [InlineData("home.example", DnsType.A)]
    [InlineData("_ntm.home.example", DnsType.A)]
    [InlineData("c2.home.example", DnsType.Aaaa)]
    [InlineData("c1.home.example", DnsType.Svcb)]
    public void A_type_that_is_not_there_is_no_data_with_the_soa(string name, ushort type)
    {
        var reply = Ask(name, type);
        Assert.Equal((0, 0, DnsType.Soa), (reply.Code, reply.Answers.Count, reply.Authorities.Single().Type));
    }

    [Theory]
    [InlineData("home.example")]
    [InlineData("_ntm.home.example")]
    [InlineData("c1.home.example")]
    public void Any_is_answered_as_rfc_8482_says(string name)
    {
        var answer = Ask(name, DnsType.Any).Answers.Single();
        Assert.Equal(DnsType.Hinfo, answer.Type);
        Assert.Equal("\u0007RFC8482\0", Encoding.ASCII.GetString(answer.Data));
    }

    [Theory]
    [InlineData("example", DnsType.A, 1, ZoneAuthority.Outside)]
    [InlineData("www.example.net", DnsType.A, 1, ZoneAuthority.Outside)]
    [InlineData("ahome.example", DnsType.Soa, 1, ZoneAuthority.Outside)]
    [InlineData("", DnsType.Ns, 1, ZoneAuthority.Outside)]
    [InlineData("version.bind", Txt, 3, ZoneAuthority.Outside)]
    [InlineData("home.example", DnsType.Soa, 255, ZoneAuthority.Outside)]
    [InlineData("home.example", Axfr, 1, ZoneAuthority.Transfer)]
    [InlineData("home.example", Ixfr, 1, ZoneAuthority.Transfer)]
    [InlineData("_ntm.home.example", DnsType.Opt, 1, ZoneAuthority.Transfer)]
    public void What_is_not_ours_and_transfers_are_refused(string name, ushort type, ushort dnsClass, string counter)
    {
        foreach (var overTcp in new[] { false, true })
        {
            var reply = TestQuery.Read(Hear(TestQuery.Make(name, type, dnsClass: dnsClass), overTcp: overTcp)!);
            Assert.Equal((5, 0, 0), (reply.Code, reply.Answers.Count, reply.Authorities.Count));
        }

        Assert.Equal(2, _counters[counter]);
    }

    [Fact]
    public void Notifications_updates_and_garbage_are_answered_as_the_rfcs_say_and_counted()
    {
        Assert.Equal(4, TestQuery.Read(Hear(TestQuery.Make(Zone, DnsType.Soa, flags: 0x2000))!).Code); // NOTIFY
        Assert.Equal(4, TestQuery.Read(Hear(TestQuery.Make(Zone, DnsType.Soa, flags: 0x2800))!).Code); // UPDATE
        Assert.Equal(16, TestQuery.Read(Hear(TestQuery.Make(Zone, DnsType.Soa, edns: 1232, version: 1))!).Code);
        Assert.Equal(1, TestQuery.Read(Hear(TestQuery.Make(Zone, DnsType.Soa)[..20])!).Code);
        Assert.Null(Hear(TestQuery.Make(Zone, DnsType.Soa, flags: 0x8000)));
        Assert.Null(Hear([1, 2, 3]));
        Assert.Equal((3, 1, 2), (_counters[ZoneAuthority.Unsupported], _counters[ZoneAuthority.Malformed], _counters[ZoneAuthority.Ignored]));
    }

    [Fact]
    public void An_answer_too_long_for_udp_loses_its_addresses_then_is_cut_and_is_whole_by_tcp()
    {
        var authority = new ZoneAuthority(Large(), _counters);
        byte[] Hear(byte[] query, bool overTcp) => authority.Hear(Now(), s_asker, overTcp, query)!;
        var query = TestQuery.Make($"_ntm.{Zone}", DnsType.Svcb);
        var cut = TestQuery.Read(Hear(query, false));
        Assert.True(cut.IsCut);
        Assert.Equal((0, 0), (cut.Answers.Count, cut.Additional.Count));
        Assert.True(TestQuery.Read(Hear(TestQuery.Make($"_ntm.{Zone}", DnsType.Svcb, edns: 512), false)).IsCut);
        var whole = TestQuery.Read(Hear(query, true));
        Assert.Equal((false, 4, 16), (whole.IsCut, whole.Answers.Count, whole.Additional.Count));
        Assert.True(whole.Bytes.Length > 512);
        var large = Hear(TestQuery.Make($"_ntm.{Zone}", DnsType.Svcb, edns: 4096), false);
        Assert.InRange(large.Length, 513, Limits.DnsUdpBytes);
        Assert.Equal(4, TestQuery.Read(large).Answers.Count);
        var tight = Hear(TestQuery.Make($"_ntm.{Zone}", DnsType.Svcb, edns: whole.Bytes.Length - 10), false);
        Assert.Equal((4, 1), (TestQuery.Read(tight).Answers.Count, TestQuery.Read(tight).Additional.Count)); // the addresses went, EDNS stays
    }

    [Fact]
    public void Letter_case_and_dnssec_ok_are_returned_as_they_came()
    {
        var query = TestQuery.Make("_NTM.Home.Example", DnsType.Svcb, edns: 1232);
        query[^4] = 0x80;
        var reply = TestQuery.Read(Hear(query)!);
        Assert.Equal("_NTM.Home.Example", reply.Question);
        Assert.Equal("_NTM.Home.Example", reply.Answers[0].Owner);
        Assert.Equal(0x8000u, reply.Additional[^1].Ttl & 0xFFFF);
    }

    [Fact]
    public void A_source_beyond_its_rate_gets_every_other_answer_cut_and_others_and_tcp_all()
    {
        var query = TestQuery.Make($"_ntm.{Zone}", DnsType.Svcb, edns: 1232);
        for (var i = 0; i < Limits.DnsAnswersAtOnce; i++)
        {
            Assert.False(TestQuery.Read(Hear(query, $"198.51.100.{i}")!).IsCut); // one /24
        }

        var beyond = Enumerable.Range(0, 100).Select(_ => Hear(query)).ToArray();
        Assert.Equal(50, beyond.Count(r => r is null));
        Assert.All(beyond.OfType<byte[]>(), r => Assert.True(TestQuery.Read(r).IsCut));
        Assert.Equal((50, 50), (_counters[ZoneAuthority.RateCut], _counters[ZoneAuthority.RateDropped]));
        Assert.NotEmpty(TestQuery.Read(Hear(query, overTcp: true)!).Answers);
        Assert.NotEmpty(TestQuery.Read(Hear(query, "198.51.101.7")!).Answers);
        Assert.NotEmpty(TestQuery.Read(Hear(query, "2001:db8::1")!).Answers);

        _boot += TimeSpan.FromSeconds(1);
        Assert.Equal(Limits.DnsAnswersPerSecond, Enumerable.Range(0, 100).Count(_ => Hear(query) is { } r && !TestQuery.Read(r).IsCut));
    }

    [Fact]
    public void A_prefix_of_56_bits_is_one_source_and_mapped_addresses_are_ipv4()
    {
        var rate = new ResponseRate();
        for (var i = 0; i < Limits.DnsAnswersAtOnce; i++)
        {
            Assert.Equal(RateVerdict.Answered, rate.Judge(_boot, IPAddress.Parse($"2001:db8:0:{i:x2}::{i + 1:x}")));
            Assert.Equal(RateVerdict.Answered, rate.Judge(_boot, IPAddress.Parse($"::ffff:192.0.2.{i}")));
        }

        Assert.NotEqual(RateVerdict.Answered, rate.Judge(_boot, IPAddress.Parse("2001:db8::1")));
        Assert.NotEqual(RateVerdict.Answered, rate.Judge(_boot, IPAddress.Parse("192.0.2.200")));
        Assert.Equal(RateVerdict.Answered, rate.Judge(_boot, IPAddress.Parse("2001:db8:0:100::1")));
        Assert.Equal(3, rate.Count);
    }

    [Fact]
    public void Sources_without_end_are_remembered_up_to_a_bound_and_those_beyond_share_one_rate()
    {
        var rate = new ResponseRate();
        var answered = 0;
        for (var i = 0; i < 20_000; i++)
        {
            answered += rate.Judge(_boot, new IPAddress([10, (byte)(i >> 8), (byte)i, 1])) == RateVerdict.Answered ? 1 : 0;
        }

        Assert.Equal(Limits.DnsSources, rate.Count);
        Assert.Equal(Limits.DnsSources + Limits.DnsAnswersAtOnce, answered);

        _boot += TimeSpan.FromSeconds(10);
        Assert.Equal(RateVerdict.Answered, rate.Judge(_boot, s_asker));
        Assert.Equal(1, rate.Count);
    }

    internal static PublicZone Contents()
    {
        var one = new NtmRecordCoordinator(NtmRecordTests.Key(0), 1, [NtmRecordTests.Address("203.0.113.10:4916"), NtmRecordTests.Address("[2001:db8::10]:4916")]);
        var two = new NtmRecordCoordinator(NtmRecordTests.Key(1), 2, [NtmRecordTests.Address("203.0.113.11:4916")]);
        return new(
            Zone,
            [
                new($"c1.{Zone}", true, [IPAddress.Parse("203.0.113.10"), IPAddress.Parse("2001:db8::10")]),
                new($"c2.{Zone}", false, [IPAddress.Parse("203.0.113.11")]),
            ],
            [.. NtmRecordEntry.Of(one, $"c1.{Zone}"), .. NtmRecordEntry.Of(two, $"c2.{Zone}")]);
    }

    /// <summary>As large as it can get but for the names: four coordinators with four IPv6 addresses each.</summary>
    private static PublicZone Large()
    {
        var all = Enumerable.Range(1, 4).Select(i => (
            Host: new ZoneHost($"c{i}.{Zone}", true, [.. Enumerable.Range(1, 4).Select(j => IPAddress.Parse($"2001:db8::{i}:{j}"))]),
            Key: NtmRecordTests.Key(i))).ToArray();
        return new(Zone, [.. all.Select(c => c.Host)], [.. all.SelectMany(c => NtmRecordEntry.Of(
            new(c.Key, 1, [.. c.Host.Addresses.Select(a => RealAddress.From(new(a, 4916)))]), c.Host.Name))]);
    }

    private Now Now() => new(_boot, DateTimeOffset.UnixEpoch);

    private TestQuery.Reply Ask(string name, ushort type) => TestQuery.Read(Hear(TestQuery.Make(name, type, edns: 1232))!);

    private byte[]? Hear(byte[] query, string? asker = null, bool overTcp = false) =>
        _authority.Hear(Now(), asker is null ? s_asker : IPAddress.Parse(asker), overTcp, query);
}
