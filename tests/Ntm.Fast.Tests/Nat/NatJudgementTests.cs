using Ntm.Node.Nat;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Fast.Tests.Nat;

/// <summary>What is concluded from what was seen, row by row.</summary>
public sealed class NatJudgementTests
{
    private const ushort Local = 50_000;

    private static readonly RealAddress Own = At("192.168.1.2:41000");
    private static readonly RealAddress A1 = At("192.0.2.10:4916"), A2 = At("192.0.2.10:5016"), B1 = At("192.0.2.11:4916"), B2 = At("192.0.2.11:5016");

    [Theory]
    [InlineData("198.51.100.1:50000 198.51.100.1:50000 198.51.100.1:50000 198.51.100.1:50000", NatMapping.EndpointIndependent, PortAllocation.Preserving, 0)]
    [InlineData("198.51.100.1:7000 198.51.100.1:7000 198.51.100.1:7000 198.51.100.1:7000", NatMapping.EndpointIndependent, PortAllocation.Unknown, 0)]
    [InlineData("198.51.100.1:7000 198.51.100.1:7001 198.51.100.1:7000 198.51.100.1:7001", NatMapping.AddressDependent, PortAllocation.Stepped, 1)]
    [InlineData("198.51.100.1:7000 198.51.100.1:7001 198.51.100.1:7002 198.51.100.1:7003", NatMapping.AddressAndPortDependent, PortAllocation.Stepped, 1)]
    [InlineData("198.51.100.1:7000 198.51.100.1:7002 198.51.100.1:7006 198.51.100.1:7008", NatMapping.AddressAndPortDependent, PortAllocation.Stepped, 2)]
    [InlineData("198.51.100.1:7000 198.51.100.1:6999 198.51.100.1:6997 198.51.100.1:6996", NatMapping.AddressAndPortDependent, PortAllocation.Stepped, -1)]
    [InlineData("198.51.100.1:65534 198.51.100.1:65535 198.51.100.1:1024 198.51.100.1:1025", NatMapping.AddressAndPortDependent, PortAllocation.Scattered, 0)]
    [InlineData("198.51.100.1:7000 198.51.100.1:31000 198.51.100.1:2900 198.51.100.1:64001", NatMapping.AddressAndPortDependent, PortAllocation.Scattered, 0)]
    [InlineData("198.51.100.1:50000 198.51.100.1:31000 198.51.100.1:2900 198.51.100.1:64001", NatMapping.AddressAndPortDependent, PortAllocation.Preserving, 0)]
    [InlineData("198.51.100.1:7000 198.51.100.1:7010 198.51.100.1:7005 198.51.100.1:7020", NatMapping.AddressAndPortDependent, PortAllocation.Scattered, 0)]
    [InlineData("192.168.1.2:50000 192.168.1.2:50000 192.168.1.2:50000 192.168.1.2:50000", NatMapping.None, PortAllocation.Unknown, 0)]
    public void Mappings_at_two_ports_of_two_servers(string seen, NatMapping mapping, PortAllocation allocation, int step)
    {
        // In the order in which they are asked: first server, second server, second ports.
        var samples = seen.Split(' ').Zip([A1, B1, A2, B2], (mapped, server) => new NatSample(Local, server, At(mapped))).ToArray();
        var judged = NatJudgement.Judge(new([Own], samples));
        Assert.Equal((mapping, allocation, step), (judged.Mapping, judged.Allocation, judged.Step));
        Assert.False(judged.IsPooled);
        Assert.Equal(samples[^1].Mapped.Port, judged.LatestPort);
        Assert.NotEmpty(judged.Reason);
    }

    [Fact]
    public void With_one_server_or_one_port_less_is_known()
    {
        Assert.Equal(NatMapping.Unknown, Of((A1, 7000)).Mapping);
        Assert.Equal(NatMapping.Unknown, Of((A1, 7000), (A2, 7000)).Mapping);
        Assert.Equal(NatMapping.AddressAndPortDependent, Of((A1, 7000), (A2, 7001)).Mapping);
        Assert.Equal(NatMapping.EndpointIndependent, Of((A1, 7000), (B1, 7000)).Mapping);
        Assert.Equal(NatMapping.AddressAndPortDependent, Of((A1, 7000), (B1, 7001)).Mapping);
        Assert.Equal(NatJudgement.Unknown, NatJudgement.Judge(new([Own], [])));
    }

    [Theory]
    [InlineData(true, true, NatFiltering.EndpointIndependent)]
    [InlineData(true, null, NatFiltering.EndpointIndependent)]
    [InlineData(false, true, NatFiltering.AddressDependent)]
    [InlineData(false, false, NatFiltering.AddressAndPortDependent)]
    [InlineData(null, false, NatFiltering.AddressAndPortDependent)]
    [InlineData(false, null, NatFiltering.Unknown)]
    [InlineData(null, true, NatFiltering.Unknown)]
    [InlineData(null, null, NatFiltering.Unknown)]
    public void Who_gets_in(bool? anotherAddress, bool? anotherPort, NatFiltering filtering) =>
        Assert.Equal(filtering, NatJudgement.Judge(
            new([Own], [new(Local, A1, At("198.51.100.1:7000"))]) { LetsInAnotherAddress = anotherAddress, LetsInAnotherPort = anotherPort }).Filtering);

    [Fact]
    public void Sockets_made_one_after_the_other_show_how_ports_are_given()
    {
        NatSample[] samples = [new(Local, A1, At("198.51.100.1:7000")), new(Local, B1, At("198.51.100.1:7000"))];
        Assert.Equal((PortAllocation.Stepped, 4), Of(7004, 7008));
        Assert.Equal((PortAllocation.Scattered, 0), Of(17_004, 9));

        (PortAllocation, int) Of(params ushort[] ports)
        {
            var judged = NatJudgement.Judge(new([Own], samples) { Further = [.. ports.Select((p, i) => new NatSample((ushort)(Local + 1 + i), A1, At("198.51.100.1:1").WithPort(p)))] });
            return (judged.Allocation, judged.Step);
        }
    }

    [Fact]
    public void Several_outside_addresses_and_a_providers_NAT_are_noticed()
    {
        var pooled = NatJudgement.Judge(new([Own], [new(Local, A1, At("198.51.100.1:7000")), new(Local, B1, At("198.51.100.2:7000"))]));
        Assert.True(pooled.IsPooled);
        Assert.EndsWith("Several outside addresses take turns.", NatWords.Of(pooled, default), StringComparison.Ordinal);
        Assert.True(NatJudgement.Judge(new([At("100.64.3.2:41000")], [new(Local, A1, At("198.51.100.1:7000"))])).IsCarriers);
        Assert.False(NatJudgement.Judge(new([At("100.128.3.2:41000")], [new(Local, A1, At("198.51.100.1:7000"))])).IsCarriers);
        Assert.True(NatJudgement.Judge(new([Own], [new(Local, A1, At("198.51.100.1:7000"))]) { FirstBox = At("10.3.2.1:7000") }).IsCarriers);
        Assert.False(NatJudgement.Judge(new([Own], [new(Local, A1, At("198.51.100.1:7000"))]) { FirstBox = At("198.51.100.1:9") }).IsCarriers);
    }

    [Theory]
    [InlineData(NatMapping.EndpointIndependent, NatFiltering.AddressDependent, PortAllocation.Preserving, 110, 140,
        "Behind a NAT that uses one outside port for all destinations, lets in only addresses spoken to, forgets silent mappings after about 2 min.")]
    [InlineData(NatMapping.AddressAndPortDependent, NatFiltering.AddressAndPortDependent, PortAllocation.Stepped, 28, 40,
        "Behind a NAT that uses another outside port for each address and port spoken to, lets in only addresses and ports spoken to, gives ports in steps of 2, forgets silent mappings after about 30 s.")]
    [InlineData(NatMapping.AddressDependent, NatFiltering.EndpointIndependent, PortAllocation.Scattered, 590, 0,
        "Behind a NAT that uses another outside port for each address spoken to, lets in everybody, gives ports without a pattern, remembers silent mappings for 10 min and longer.")]
    [InlineData(NatMapping.None, NatFiltering.EndpointIndependent, PortAllocation.Unknown, 0, 0, "No NAT and no firewall: this uplink's own address is reached from everywhere.")]
    [InlineData(NatMapping.None, NatFiltering.AddressDependent, PortAllocation.Unknown, 28, 110, "No NAT, but a firewall that lets in only addresses spoken to.")]
    [InlineData(NatMapping.Unknown, NatFiltering.Unknown, PortAllocation.Unknown, 0, 0, "Behind something; more is not known yet.")]
    public void Words(NatMapping mapping, NatFiltering filtering, PortAllocation allocation, int lived, int died, string words) =>
        Assert.Equal(words, NatWords.Of(new(mapping, filtering, allocation, 2, false, false, 0, "a reason"), new(lived, died)));

    [Fact]
    public void Every_combination_means_something()
    {
        foreach (var mapping in Enum.GetValues<NatMapping>())
        {
            foreach (var filtering in Enum.GetValues<NatFiltering>())
            {
                Assert.EndsWith(".", NatWords.Meaning(new(mapping, filtering, default, 0, false, false, 0, "")), StringComparison.Ordinal);
            }
        }
    }

    private static NatJudgement Of(params (RealAddress Server, ushort Port)[] seen) =>
        NatJudgement.Judge(new([Own], [.. seen.Select(s => new NatSample(Local, s.Server, At("198.51.100.1:1").WithPort(s.Port)))]));

    private static RealAddress At(string text) => RealAddress.TryParse(text, out var address) ? address : throw new FormatException(text);
}
