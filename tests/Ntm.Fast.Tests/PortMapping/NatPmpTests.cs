using Ntm.Node.Mapping;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.PortMapping;

/// <summary>NAT-PMP, RFC 6886, by hand-held time.</summary>
public sealed class NatPmpTests
{
    [Fact]
    public void A_box_without_PCP_says_so_and_opens_the_port_by_NAT_PMP()
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.NatPmp(r) }.Aim();
        Assert.Equal(new OpenPort(MappingBench.Public.WithPort(41641), MappingProtocol.NatPmp, bench.Now + TimeSpan.FromHours(1)), bench.Mapping.Port);
        Assert.Equal(["0000", "00010000A2A9A2A900000E10"], bench.Datagrams(0).Select(Convert.ToHexString));
        Assert.Single(bench.Datagrams(2));
    }

    [Fact]
    public void What_is_not_answered_is_sent_again_and_no_more()
    {
        var bench = new MappingBench();
        bench.OnDatagram = r => r is [0, 0] ? MappingBench.NatPmp(r) : null;
        bench.Aim().Run(TimeSpan.FromSeconds(6));
        Assert.Equal((1, 4), (bench.Datagrams(0).Count(d => d.Length == 2), bench.Datagrams(0).Count(d => d.Length == 12)));
        var at = bench.Sent.Where(s => s.Sent is Ntm.Node.NodeEvent.MappingDatagram { Bytes: { Length: 12 } }).Select(s => s.At).ToArray();
        Assert.Equal([250, 500, 1000], at.Zip(at.Skip(1), (a, b) => (b - a).TotalMilliseconds));
    }

    [Theory]
    [InlineData(2, "it does not permit it")]
    [InlineData(3, "it has no connection itself, or no public address")]
    [InlineData(4, "it has no port to give")]
    [InlineData(5, "it cannot open UDP ports")]
    [InlineData(500, "it refuses with code 500")]
    public void A_refusal_is_said(ushort code, string why)
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.NatPmp(r, code) }.Aim().Run(TimeSpan.FromSeconds(10));
        Assert.Contains($"PCP: it speaks NAT-PMP only; NAT-PMP: {why}; UPnP: no answer", bench.Mapping.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_renewed_and_what_worked_is_asked_first_from_then_on()
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.NatPmp(r) }.Aim().Run(TimeSpan.FromMinutes(31));
        Assert.Equal((1, 4), (bench.Datagrams(2).Count(), bench.Datagrams(0).Count()));
        var after = new MappingBench(memory: bench.Kept) { OnDatagram = r => MappingBench.NatPmp(r) }.Aim();
        Assert.Empty(after.Datagrams(2));
        Assert.NotNull(after.Mapping.Port);
    }

    [Fact]
    public void Another_address_of_the_box_is_taken_with_the_renewal()
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.NatPmp(r) }.Aim();
        bench.OnDatagram = r => MappingBench.NatPmp(r, epoch: 0, address: 0xCB00_7109);
        bench.Run(TimeSpan.FromSeconds(20));
        bench.Hear(MappingBench.NatPmp([0, 0], epoch: 0, address: 0xCB00_7109)); // announced
        bench.Run(TimeSpan.FromSeconds(1));
        Assert.Equal("203.0.113.9:41641", bench.Mapping.Port!.External.ToString());
        Assert.Equal(2, bench.Changes);
    }

    [Fact]
    public void It_is_closed_at_the_end()
    {
        var bench = new MappingBench { OnDatagram = r => MappingBench.NatPmp(r) }.Aim();
        bench.Release();
        Assert.Equal("00010000A2A9000000000000", Convert.ToHexString(bench.Datagrams(0).Last()));
        Assert.False(bench.Mapping.IsClosing);
    }

    [Fact]
    public void A_box_that_has_none_of_it_gets_few_bytes()
    {
        var bench = new MappingBench().Aim().Run(TimeSpan.FromDays(1));
        var bytes = bench.Sent.Select(s => s.Sent).OfType<Ntm.Node.NodeEvent.MappingDatagram>().Sum(d => d.Bytes.Length + 28);
        Assert.InRange(bench.Sent.Select(s => Math.Floor(s.At.TotalMinutes)).Distinct().Count(), 9, 14); // tries
        Assert.InRange(bytes / 24, 200, 700); // an hour, over the first day
        var before = bench.Sent.Count;
        bench.Run(TimeSpan.FromDays(1));
        Assert.Equal(6 * 16, bench.Sent.Count - before);
    }
}
