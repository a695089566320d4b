using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.HardNats;

/// <summary>The NATs of these tests by name: what they are in the simulation, and what their node has observed of them.</summary>
public static class HardNat
{
    public const string PortRestricted = "port-restricted", Scattered = "scattered", Stepped = "stepped", SteppedByTwo = "stepped by two",
        Busy = "stepped, busy", Preserving = "preserving", PortSet = "240 ports", Open = "scattered, open";

    public static NatBehaviour Behaviour(string name) => name switch
    {
        PortRestricted => new PortRestricted(),
        Scattered => new Symmetric(),
        Stepped => new SteppedSymmetric(),
        SteppedByTwo => new SteppedSymmetric(-2),
        Busy => new SteppedSymmetric(neighboursEach: TimeSpan.FromMilliseconds(50)),
        Preserving => new PreservingSymmetric(),
        PortSet => new PortSetSymmetric(),
        Open => new OpenSymmetric(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "there is no such NAT here"),
    };

    public static NatTraits Traits(string name)
    {
        var traits = new NatTraits
        {
            Mapping = name == PortRestricted ? NatMapping.EndpointIndependent : NatMapping.AddressAndPortDependent,
            Filtering = name == Open ? NatFiltering.AddressDependent : NatFiltering.AddressAndPortDependent,
            Allocation = name switch
            {
                PortRestricted or Preserving => PortAllocation.Preserving,
                Stepped or SteppedByTwo or Busy => PortAllocation.Stepped,
                _ => PortAllocation.Scattered,
            },
            Step = name switch
            {
                Stepped or Busy => 1,
                SteppedByTwo => -2,
                _ => 0,
            },
        };
        if (name == PortSet)
        {
            (traits.FirstPort, traits.LastPort) = (40_000, 40_239);
        }

        return traits;
    }
}
