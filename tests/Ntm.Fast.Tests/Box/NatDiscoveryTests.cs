using Ntm.Box.World;

namespace Ntm.Fast.Tests.Box;

/// <summary>What coturn's client prints, word for word, and what the box makes of it.</summary>
public sealed class NatDiscoveryTests
{
    private static string Output(string mapping, string filtering) =>
        $"""

        -= Mapping Behavior Discovery =-

        ========================================
        RFC 5780 response 1
        No ALG: Mapped == XOR-Mapped
        0: : IPv4. Response origin: : 203.0.113.30:3478
        0: : IPv4. Other addr: : 203.0.113.31:3479
        0: : IPv4. UDP reflexive addr: 203.0.113.102:14216
        0: : IPv4. Local addr: : 0.0.0.0:39870

        ========================================
        {mapping}
        ========================================

        -= Filtering Behavior Discovery =-

        ========================================
        RFC 5780 response 4
        STUN receive timeout..

        ========================================
        {filtering}
        ========================================
        """;

    [Theory]
    [InlineData("NAT with Endpoint Independent Mapping!", Mapping.EndpointIndependent)]
    [InlineData("NAT with Address Dependent Mapping!", Mapping.AddressDependent)]
    [InlineData("NAT with Address and Port Dependent Mapping!", Mapping.AddressAndPortDependent)]
    [InlineData("No NAT! (Endpoint Independent Mapping)", Mapping.None)]
    [InlineData("STUN receive timeout..", Mapping.Unknown)]
    internal void ReadsTheMapping(string line, Mapping expected)
    {
        var found = NatDiscovery.Parse(Output(line, "NAT with Address Dependent Filtering!"));

        Assert.Equal(new NatBehaviour(expected, Filtering.AddressDependent), found.Behaviour);
        Assert.Equal("203.0.113.102", found.PublicAddress);
    }

    [Theory]
    [InlineData("NAT with Endpoint Independent Filtering!", Filtering.EndpointIndependent)]
    [InlineData("NAT with Address Dependent Filtering!", Filtering.AddressDependent)]
    [InlineData("NAT with Address and Port Dependent Filtering!", Filtering.AddressAndPortDependent)]
    [InlineData("STUN receive timeout..", Filtering.Unknown)]
    internal void ReadsTheFiltering(string line, Filtering expected)
    {
        Assert.Equal(new NatBehaviour(Mapping.EndpointIndependent, expected), NatDiscovery.Parse(Output("NAT with Endpoint Independent Mapping!", line)).Behaviour);
    }

    [Fact]
    public void ReadsAnIPv6Address()
    {
        var output = Output("NAT with Endpoint Independent Mapping!", "NAT with Address and Port Dependent Filtering!").Replace("203.0.113.102:14216", "2001:db8:7::2:14216", StringComparison.Ordinal);

        Assert.Equal("2001:db8:7::2", NatDiscovery.Parse(output).PublicAddress);
    }

    [Fact]
    public void Says_unknown_where_nothing_came_back()
    {
        var found = NatDiscovery.Parse("");

        Assert.Equal(new NatBehaviour(Mapping.Unknown, Filtering.Unknown), found.Behaviour);
        Assert.Null(found.PublicAddress);
    }
}
