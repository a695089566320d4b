using Ntm.Interface;
using Ntm.Node;
using Ntm.Protocol.Signalling;

namespace Ntm.Gateway;

/// <summary>What is known of an uplink's NAT as a document of the HTTP interface. Pure.</summary>
public static class NatPicture
{
    public static NatDocument Of(NatStatus nat) => new(
        nat.IPv4 ? "IPv4" : "IPv6", nat.Words, nat.Meaning, Spell(nat.Judgement.Mapping), Spell(nat.Judgement.Filtering), Spell(nat.Judgement.Allocation),
        nat.Judgement.Allocation == PortAllocation.Stepped ? nat.Judgement.Step : null, nat.Judgement.IsPooled, nat.Judgement.IsCarriers,
        nat.Lifetime.Lived > 0 ? nat.Lifetime.Lived * 1000 : null, nat.Lifetime.Died > 0 ? nat.Lifetime.Died * 1000 : null, Math.Round(nat.KeepAlive.TotalMilliseconds));

    private static string Spell(NatMapping mapping) => mapping switch
    {
        NatMapping.None => "none",
        NatMapping.EndpointIndependent => "endpoint-independent",
        NatMapping.AddressDependent => "address-dependent",
        NatMapping.AddressAndPortDependent => "address-and-port-dependent",
        _ => "unknown",
    };

    private static string Spell(NatFiltering filtering) => filtering switch
    {
        NatFiltering.EndpointIndependent => "endpoint-independent",
        NatFiltering.AddressDependent => "address-dependent",
        NatFiltering.AddressAndPortDependent => "address-and-port-dependent",
        _ => "unknown",
    };

    private static string Spell(PortAllocation allocation) => allocation switch
    {
        PortAllocation.Preserving => "preserving",
        PortAllocation.Stepped => "stepped",
        PortAllocation.Scattered => "scattered",
        _ => "unknown",
    };
}
