using Ntm.Node.Mapping;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.PortMapping;

/// <summary>PCP, RFC 6887, by hand-held time.</summary>
public sealed class PcpTests
{
    [Fact]
    public void A_port_is_opened_with_one_request_of_60_bytes()
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.Pcp(r) }.Aim();
        Assert.Equal(new OpenPort(MappingBench.Public.WithPort(41641), MappingProtocol.Pcp, bench.Now + TimeSpan.FromHours(1)), bench.Mapping.Port);
        var request = Assert.Single(bench.Datagrams(2));
        Assert.Equal(
            "0201000000000E10" + "00000000000000000000FFFFC0A80502" + Convert.ToHexString(bench.Mapping.Memory.Nonce) + "11000000" + "A2A9A2A9" + "00000000000000000000FFFF00000000",
            Convert.ToHexString(request));
        Assert.Single(bench.Sent);
        Assert.Equal((41641, MappingProtocol.Pcp), (bench.Kept!.ExternalPort, bench.Kept.Protocol!.Value));
    }

    [Fact]
    public void It_is_renewed_at_half_its_lifetime_with_the_same_nonce_and_port()
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.Pcp(r, external: MappingBench.Public.WithPort(50000)) }.Aim();
        bench.Run(TimeSpan.FromMinutes(29));
        Assert.Single(bench.Sent);
        bench.Run(TimeSpan.FromMinutes(2));
        Assert.Equal(2, bench.Sent.Count);
        var requests = bench.Datagrams(2).ToArray();
        Assert.Equal(requests[0][24..36], requests[1][24..36]);
        Assert.Equal("A2A9C350", Convert.ToHexString(requests[1][40..44]));
        Assert.Equal(1, bench.Changes);
    }

    [Fact]
    public void A_restarted_gateway_asks_with_the_nonce_and_for_the_port_that_it_kept()
    {
        var before = new MappingBench { OnDatagram = r => MappingBench.Pcp(r, external: MappingBench.Public.WithPort(50000)) }.Aim();
        var after = new MappingBench(memory: before.Kept) { OnDatagram = r => MappingBench.Pcp(r) }.Aim();
        Assert.Equal(before.Datagrams(2).Single()[24..36], after.Datagrams(2).Single()[24..36]);
        Assert.Equal(50000, after.Mapping.Port!.External.Port);
    }

    [Fact]
    public void A_box_that_is_silent_when_it_is_to_be_renewed_is_asked_at_half_of_what_is_left_until_the_port_is_lost()
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.Pcp(r) }.Aim();
        var opened = bench.Now;
        bench.OnDatagram = _ => null;
        bench.Run(TimeSpan.FromMinutes(59));
        Assert.NotNull(bench.Mapping.Port);
        var first = bench.Sent.Where(s => s.At > opened).Select(s => Math.Floor((s.At - opened).TotalMinutes)).Distinct().Take(4);
        Assert.Equal([30, 45, 52, 56], first);
        bench.Run(TimeSpan.FromMinutes(2));
        Assert.Null(bench.Mapping.Port);
        Assert.Equal(2, bench.Changes);
        Assert.Contains("PCP: no answer; NAT-PMP: no answer; UPnP: no answer", bench.Mapping.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "it does not permit it")]
    [InlineData(3, "it does not understand the request")]
    [InlineData(4, "it cannot open UDP ports")]
    [InlineData(7, "it has no connection itself")]
    [InlineData(8, "it has no port to give, or no public address")]
    [InlineData(9, "it cannot open UDP ports")]
    [InlineData(10, "this home has as many ports as it allows")]
    [InlineData(11, "it cannot give the port asked for")]
    [InlineData(12, "it stands behind another NAT: the request came to it from another address")]
    [InlineData(99, "it refuses with code 99")]
    public void A_refusal_is_said_and_the_next_protocol_is_tried(byte code, string why)
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.Pcp(r, code, lifetime: 30) }.Aim();
        Assert.Single(bench.Datagrams(2));
        Assert.NotEmpty(bench.Datagrams(0));
        bench.Run(TimeSpan.FromSeconds(10));
        Assert.Null(bench.Mapping.Port);
        Assert.Contains($"PCP: {why}; NAT-PMP: no answer; UPnP: no answer", bench.Mapping.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_that_is_to_hold_for_long_is_kept_but_for_no_more_than_a_day()
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.Pcp(r, 2, lifetime: uint.MaxValue) }.Aim();
        bench.Run(TimeSpan.FromHours(23));
        Assert.Single(bench.Datagrams(2));
        bench.Run(TimeSpan.FromHours(2));
        Assert.Equal(2, bench.Datagrams(2).Count());
    }

    [Fact]
    public void A_box_of_another_version_of_PCP_is_asked_by_NAT_PMP_at_once()
    {
        var bench = new MappingBench { OnDatagram = r => r[0] == 2 ? [2, 0x81, 0, 1, .. new byte[20]] : MappingBench.NatPmp(r) }.Aim();
        Assert.Equal(MappingProtocol.NatPmp, bench.Mapping.Port!.Protocol);
    }

    [Fact]
    public void An_announcement_of_a_box_that_lost_its_mappings_has_it_asked_again_but_not_more_often_than_every_10_s()
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.Pcp(r, epoch: 5000) }.Aim();
        bench.Run(TimeSpan.FromMinutes(1));
        bench.Hear(MappingBench.PcpAnnouncement(5060)); // it goes on as it should
        bench.Run(TimeSpan.FromSeconds(1));
        Assert.Single(bench.Sent);
        for (var i = 0; i < 100; i++)
        {
            bench.Hear(MappingBench.PcpAnnouncement((uint)(i % 2) * 7000));
            bench.Run(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(bench.Sent.Count, 8, 12);
    }

    [Fact]
    public void A_box_that_starts_again_within_its_first_second_is_asked_again()
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.Pcp(r, epoch: 0) }.Aim();
        bench.Run(TimeSpan.FromSeconds(1));
        bench.Hear(MappingBench.PcpAnnouncement(0));
        bench.Run(Limits.MappingSpacing);
        Assert.Equal(2, bench.Datagrams(2).Count());
    }

    [Fact]
    public void A_box_that_has_just_begun_to_speak_is_asked_before_its_time()
    {
        var bench = new MappingBench().Aim().Run(TimeSpan.FromMinutes(1));
        Assert.Null(bench.Mapping.Port);
        bench.OnDatagram = r => MappingBench.Pcp(r, epoch: 0);
        bench.Hear(MappingBench.PcpAnnouncement(0));
        bench.Run(TimeSpan.FromSeconds(1));
        Assert.NotNull(bench.Mapping.Port);
    }

    [Fact]
    public void The_port_is_closed_at_the_end_and_the_box_is_given_some_seconds_for_it()
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.Pcp(r) }.Aim();
        bench.Release();
        var last = bench.Datagrams(2).Last();
        Assert.Equal((0, "A2A90000"), (last[7], Convert.ToHexString(last[40..44])));
        Assert.Equal(bench.Mapping.Memory.Nonce, last[24..36]);
        Assert.False(bench.Mapping.IsClosing);
        bench.Run(TimeSpan.FromHours(10));
        Assert.Equal(2, bench.Sent.Count);

        bench = new MappingBench { OnDatagram = r => MappingBench.Pcp(r) }.Aim();
        bench.OnDatagram = _ => null;
        bench.Release();
        Assert.True(bench.Mapping.IsClosing);
        bench.Run(TimeSpan.FromSeconds(3));
        Assert.False(bench.Mapping.IsClosing);
        Assert.Equal(1 + 4, bench.Sent.Count);
    }

    [Fact]
    public void A_hole_in_an_IPv6_firewall_is_asked_for_by_PCP_alone()
    {
        var bench = new MappingBench(ipv4: false) { OnDatagram = r => MappingBench.Pcp(r, external: MappingBench.Own6) }.Aim();
        Assert.Equal(MappingBench.Own6, bench.Mapping.Port!.External);
        Assert.Equal("20010DB8000500000000000000000002", Convert.ToHexString(bench.Datagrams(2).Single()[8..24]));
        var none = new MappingBench(ipv4: false).Aim().Run(TimeSpan.FromMinutes(1));
        Assert.Equal((4, 4), (none.Sent.Count, none.Datagrams(2).Count()));
        Assert.Contains("does not open one (PCP: no answer)", none.Mapping.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1000, 0, 1000, false)]
    [InlineData(1000, 600, 1600, false)]
    [InlineData(1000, 600, 1598, false)]
    [InlineData(1000, 600, 1560, true)]  // RFC 6887 section 8.5: a sixteenth and 2 s
    [InlineData(1000, 600, 1645, true)]
    [InlineData(1000, 0, 999, false)]
    [InlineData(1000, 0, 998, true)]
    [InlineData(1000, 86400, 3, true)]
    public void When_a_box_has_lost_its_mappings(uint before, double seconds, uint after, bool lost) =>
        Assert.Equal(lost, BoxEpoch.Of(TimeSpan.FromHours(1), before).IsBrokenBy(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(seconds), after));
}
