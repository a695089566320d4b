using System.Numerics;
using Ntm.Protocol.Signalling;

namespace Ntm.Protocol.Nats;

/// <summary>What of an uplink's NAT decides how it can be met (RFC 4787 sections 4 and 5), read from what its node says of it.</summary>
/// <param name="Step">With <see cref="PortAllocation.Stepped"/>: from one new mapping's port to the next, not 0; else 0.</param>
/// <param name="FirstPort">Mappings get ports from this one, <see cref="PortLeast"/> where that is not known,</param>
/// <param name="LastPort">to this one.</param>
public readonly record struct NatShape(NatMapping Mapping, NatFiltering Filtering, PortAllocation Allocation, int Step, int FirstPort, int LastPort)
{
    /// <summary>No NAT maps to a lower one (RFC 4787 REQ-3), and well-known services of others are there: none is probed.</summary>
    public const int PortLeast = 1024;

    private const int PortMost = ushort.MaxValue;

    /// <summary>A larger step is no pattern that a window could hold.</summary>
    private const int StepMost = 256;

    /// <summary>Of those ports only the ones are its that have <see cref="PortValue"/> in these bits, which follow one another: the set of one who shares an address (RFC 7597 section 5.1). 0: all are.</summary>
    public int PortMask { get; init; }

    /// <summary>With <see cref="PortMask"/>.</summary>
    public int PortValue { get; init; }

    /// <summary>Nothing is known.</summary>
    public static NatShape Unknown { get; } = new(NatMapping.Unknown, NatFiltering.Unknown, PortAllocation.Unknown, 0, PortLeast, PortMost);

    /// <summary>Whether each destination may see another port.</summary>
    public bool MapsByDestination => Mapping is NatMapping.AddressDependent or NatMapping.AddressAndPortDependent;

    /// <summary>Whether a host that was sent to may answer from any port.</summary>
    public bool AdmitsAnyPort => Filtering is NatFiltering.EndpointIndependent or NatFiltering.AddressDependent;

    /// <summary>Whether the ports of its next mappings can be told.</summary>
    public bool IsPredictable => Allocation is PortAllocation.Preserving or PortAllocation.Stepped;

    /// <summary>How many ports its mappings are drawn from.</summary>
    public int Ports => Below(LastPort + 1) - Below(FirstPort);

    /// <summary>The n-th of them, from 0.</summary>
    public ushort PortAt(int n)
    {
        if (PortMask == 0)
        {
            return (ushort)(FirstPort + n);
        }

        var (low, bits) = (BitOperations.TrailingZeroCount(PortMask), BitOperations.PopCount((uint)PortMask));
        var all = n + Below(FirstPort);
        return (ushort)((all >> low << (low + bits)) | PortValue | (all & ((1 << low) - 1)));
    }

    /// <summary>Whether it may be one of them.</summary>
    public bool Has(int port) => port >= FirstPort && port <= LastPort && (port & PortMask) == PortValue;

    // How many of all ports below this one have the value.
    private int Below(int port)
    {
        if (PortMask == 0)
        {
            return port;
        }

        var (low, bits) = (BitOperations.TrailingZeroCount(PortMask), BitOperations.PopCount((uint)PortMask));
        var rest = (port & ((1 << (low + bits)) - 1)) - PortValue;
        return (port >> (low + bits) << low) + Math.Clamp(rest, 0, 1 << low);
    }

    /// <summary>Whether that is fewer than all, such as a shared address's port set.</summary>
    public bool HasPortSet => Ports < PortMost - PortLeast + 1;

    /// <summary>New mappings that one trial may make here: a share of the set, where that is known, so that the home's other traffic finds ports.</summary>
    public int MappingsMost => HasPortSet ? Math.Clamp(Ports / Limits.PortSetShare, 1, Limits.ProbeSockets) : Limits.ProbeSockets;

    /// <summary>Takes what makes sense; the rest is as if it were not known.</summary>
    public static NatShape Read(NatTraits traits)
    {
        var stepped = traits.Allocation == PortAllocation.Stepped;
        var sound = !stepped || (traits.Step != 0 && Math.Abs((long)traits.Step) <= StepMost);
        var first = Math.Max(traits.FirstPort, PortLeast);
        var isSet = traits.FirstPort > 0 && traits.LastPort <= PortMost && first <= traits.LastPort;
        var shape = new NatShape(
            Enum.IsDefined(traits.Mapping) ? traits.Mapping : NatMapping.Unknown,
            Enum.IsDefined(traits.Filtering) ? traits.Filtering : NatFiltering.Unknown,
            !sound ? PortAllocation.Scattered : Enum.IsDefined(traits.Allocation) ? traits.Allocation : PortAllocation.Unknown,
            stepped && sound ? traits.Step : 0,
            isSet ? (int)first : PortLeast,
            isSet ? (int)traits.LastPort : PortMost);
        if (!IsMask(traits.PortMask) || (traits.PortValue & ~traits.PortMask) != 0)
        {
            return shape;
        }

        var some = shape with { PortMask = (int)traits.PortMask, PortValue = (int)traits.PortValue };
        return some.Ports > 0 ? some : shape;
    }

    private static bool IsMask(uint mask) => mask is > 0 and <= PortMost && BitOperations.IsPow2((mask >> BitOperations.TrailingZeroCount(mask)) + 1);
}
