using Ntm.Fast.Tests.World;
using Ntm.Node;
using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Nat;

/// <summary>What a node observes of its NAT is the truth, for each kind of the simulation.</summary>
public sealed class ObservedNatTests
{
    [Theory]
    [InlineData(NatKind.None, NatMapping.None, NatFiltering.EndpointIndependent, PortAllocation.Unknown)]
    [InlineData(NatKind.EndpointIndependent, NatMapping.EndpointIndependent, NatFiltering.EndpointIndependent, PortAllocation.Preserving)]
    [InlineData(NatKind.AddressRestricted, NatMapping.EndpointIndependent, NatFiltering.AddressDependent, PortAllocation.Preserving)]
    [InlineData(NatKind.PortRestricted, NatMapping.EndpointIndependent, NatFiltering.AddressAndPortDependent, PortAllocation.Preserving)]
    [InlineData(NatKind.Symmetric, NatMapping.AddressAndPortDependent, NatFiltering.AddressAndPortDependent, PortAllocation.Scattered)]
    public void The_verdict_is_the_truth(NatKind kind, NatMapping mapping, NatFiltering filtering, PortAllocation allocation)
    {
        var homes = new TwoHomes(kind, NatKind.None);
        homes.World.RunFor(TimeSpan.FromSeconds(5));
        var nat = IPv4Of(homes.Alice);
        Assert.Equal((mapping, filtering, allocation), (nat.Judgement.Mapping, nat.Judgement.Filtering, nat.Judgement.Allocation));
        Assert.False(nat.Judgement.IsPooled || nat.Judgement.IsCarriers);
        Assert.NotEmpty(nat.Words);
        Assert.DoesNotContain("not known", nat.Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(NatKind.EndpointIndependent, NatKind.PortRestricted, NatMapping.EndpointIndependent, NatFiltering.AddressAndPortDependent)]
    [InlineData(NatKind.AddressRestricted, NatKind.EndpointIndependent, NatMapping.EndpointIndependent, NatFiltering.AddressDependent)]
    [InlineData(NatKind.PortRestricted, NatKind.Symmetric, NatMapping.AddressAndPortDependent, NatFiltering.AddressAndPortDependent)]
    [InlineData(NatKind.Symmetric, NatKind.EndpointIndependent, NatMapping.AddressAndPortDependent, NatFiltering.AddressAndPortDependent)]
    public void Of_two_NATs_one_behind_the_other_the_worse_is_seen(NatKind inner, NatKind outer, NatMapping mapping, NatFiltering filtering)
    {
        var homes = new TwoHomes(outer, NatKind.None);
        var carol = new Home2(homes, "carol", outer, inner).Router;
        homes.World.RunFor(TimeSpan.FromSeconds(8));
        var judged = IPv4Of(carol).Judgement;
        Assert.Equal((mapping, filtering), (judged.Mapping, judged.Filtering));
        Assert.True(judged.IsCarriers, "its own address is one that providers share out");
    }

    [Fact]
    public void Without_second_ports_less_is_known_and_nothing_wrong_is_said()
    {
        var homes = new TwoHomes(NatKind.AddressRestricted, NatKind.Symmetric, withSecondPorts: false);
        homes.World.RunFor(TimeSpan.FromSeconds(5));
        Assert.Equal((NatMapping.EndpointIndependent, NatFiltering.Unknown), Seen(homes.Alice));
        Assert.Equal((NatMapping.AddressAndPortDependent, NatFiltering.Unknown), Seen(homes.Bob));

        static (NatMapping, NatFiltering) Seen(HomeRouter router) => (IPv4Of(router).Judgement.Mapping, IPv4Of(router).Judgement.Filtering);
    }

    [Fact]
    public void A_firewall_of_IPv6_is_seen_too()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.None, withIPv6: true);
        homes.World.RunFor(TimeSpan.FromSeconds(5));
        var six = homes.Alice.Status.Uplinks.Single().Nats.Single(n => !n.IPv4);
        Assert.Equal((NatMapping.None, NatFiltering.AddressAndPortDependent), (six.Judgement.Mapping, six.Judgement.Filtering));
        Assert.StartsWith("No NAT, but a firewall that lets in only addresses and ports spoken to", six.Words, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_nodes_of_a_direction_are_told_the_others_traits()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.PortRestricted);
        homes.World.RunFor(TimeSpan.FromSeconds(5));
        homes.Resolved();
        homes.Talk(5);
        Assert.Equal(NatMapping.EndpointIndependent, Assert.Single(Told(homes.Alice)).Mapping);
        var alices = Assert.Single(Told(homes.Bob));
        Assert.Equal((NatMapping.AddressAndPortDependent, PortAllocation.Scattered), (alices.Mapping, alices.Allocation));

        static IReadOnlyList<NatTraits> Told(HomeRouter router) => RouteDirection.Parser.ParseFrom(router.Kept("peer")).Nats;
    }

    [Fact]
    public void An_observation_takes_few_datagrams_and_the_socket_is_closed_after_it()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.None);
        homes.World.RunFor(TimeSpan.FromSeconds(5));
        Assert.Equal(0, homes.Alice.Home.Router.FurtherSockets);
        Assert.InRange(homes.World.Flow.Steps.Count(s => s.From == "alice" && s.Size == NatCheckSize), 3, 15);
    }

    // PathCheck with its padding.
    private const int NatCheckSize = 144;

    internal static NatStatus IPv4Of(HomeRouter router) => router.Status.Uplinks.Single().Nats.Single(n => n.IPv4);
}
