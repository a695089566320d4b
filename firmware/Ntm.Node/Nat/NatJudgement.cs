using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Nat;

/// <summary>What an uplink's NAT does, in the terms of RFC 4787, judged from what was seen of it. Pure.</summary>
/// <param name="Step">With <see cref="PortAllocation.Stepped"/>: from one new mapping's port to the next.</param>
/// <param name="IsPooled">Several mapped IP addresses were seen (RFC 4787 section 4.1, "IP address pooling").</param>
/// <param name="IsCarriers">There is a further NAT behind the home's own: the provider's.</param>
/// <param name="LatestPort">Of the newest mapping that was seen; 0: none was.</param>
/// <param name="Reason">Why, for people who want to know.</param>
public sealed record NatJudgement(
    NatMapping Mapping, NatFiltering Filtering, PortAllocation Allocation, int Step, bool IsPooled, bool IsCarriers, ushort LatestPort, string Reason)
{
    /// <summary>New mappings in turn, with those of other people between them, are no further apart.</summary>
    private const int LongestStep = 64;

    public static NatJudgement Unknown { get; } = new(default, default, default, 0, false, false, 0, "no server has answered a check yet");

    public static NatJudgement Judge(NatObservation seen)
    {
        var all = seen.Samples.Concat(seen.Further).ToArray();
        if (all.Length == 0)
        {
            return Unknown;
        }

        var (mapping, why) = JudgeMapping(seen);
        var (filtering, whyFiltering) = JudgeFiltering(seen);
        var pooled = all.DistinctBy(s => s.Mapped.WithPort(0)).Skip(1).Any();
        var allocation = PortAllocation.Unknown;
        var step = 0;
        if (mapping is not (NatMapping.None or NatMapping.Unknown))
        {
            (allocation, step) = JudgeAllocation(NewMappings(seen, mapping));
        }

        var carriers = mapping != NatMapping.None && (seen.Own.Any(IsShared) || (!seen.FirstBox.IsNone && all.All(s => !s.Mapped.SameHost(seen.FirstBox))));
        return new(mapping, filtering, allocation, step, pooled, carriers, all[^1].Mapped.Port, $"{why}; {whyFiltering}");
    }

    private static (NatMapping Mapping, string Why) JudgeMapping(NatObservation seen)
    {
        var samples = seen.Samples;
        if (samples.Count == 0)
        {
            return (NatMapping.Unknown, "no server has answered");
        }

        if (samples.All(s => s.Mapped.Port == s.LocalPort && seen.Own.Any(o => o.SameHost(s.Mapped))))
        {
            return (NatMapping.None, "servers see the uplink's own address and port");
        }

        bool portSame = false, portDiffers = false, hostSame = false, hostDiffers = false;
        for (var i = 0; i < samples.Count; i++)
        {
            for (var j = i + 1; j < samples.Count; j++)
            {
                var (one, other) = (samples[i], samples[j]);
                if (one.Server == other.Server)
                {
                    continue;
                }

                var same = one.Mapped == other.Mapped;
                if (one.Server.SameHost(other.Server))
                {
                    (portSame, portDiffers) = (portSame | same, portDiffers | !same);
                }
                else
                {
                    (hostSame, hostDiffers) = (hostSame | same, hostDiffers | !same);
                }
            }
        }

        return (portDiffers, hostDiffers, hostSame, portSame) switch
        {
            (true, _, _, _) => (NatMapping.AddressAndPortDependent, "two ports of one server see different addresses"),
            (_, true, _, true) => (NatMapping.AddressDependent, "two servers see different addresses, two ports of one the same"),
            (_, true, _, _) => (NatMapping.AddressAndPortDependent, "two servers see different addresses; a second port of one was not to be had, so the worse is taken"),
            (_, _, true, _) => (NatMapping.EndpointIndependent, "two servers see the same address"),
            _ => (NatMapping.Unknown, "servers at two addresses are needed to see how it maps"),
        };
    }

    private static (NatFiltering Filtering, string Why) JudgeFiltering(NatObservation seen) => (seen.LetsInAnotherAddress, seen.LetsInAnotherPort) switch
    {
        (true, _) => (NatFiltering.EndpointIndependent, "a reply came in from an address never spoken to"),
        (_, false) => (NatFiltering.AddressAndPortDependent, "no reply came in from another port of the address spoken to"),
        (false, true) => (NatFiltering.AddressDependent, "a reply came in from another port of the address spoken to, none from another address"),
        (false, null) => (NatFiltering.Unknown, "no reply came in from another address; another port was not tried"),
        _ => (NatFiltering.Unknown, "what it lets in was not tried from another address"),
    };

    /// <summary>Local and outside ports of mappings that were made one after the other.</summary>
    private static List<NatSample> NewMappings(NatObservation seen, NatMapping mapping)
    {
        var made = new List<NatSample>();
        foreach (var sample in mapping == NatMapping.EndpointIndependent ? seen.Samples.Take(1) : seen.Samples)
        {
            if (!made.Exists(m => m.Mapped == sample.Mapped))
            {
                made.Add(sample);
            }
        }

        made.AddRange(seen.Further);
        return made;
    }

    private static (PortAllocation Allocation, int Step) JudgeAllocation(List<NatSample> made)
    {
        // The inside port where it is free: the first mapping of a new socket shows it, those for further destinations find it taken.
        if (made[0].Mapped.Port == made[0].LocalPort)
        {
            return (PortAllocation.Preserving, 0);
        }

        // One that has its inside port by luck says nothing of where the others come from.
        var given = made.Where(s => s.Mapped.Port != s.LocalPort).ToArray();
        var steps = new List<int>();
        for (var i = 1; i < given.Length; i++)
        {
            if (given[i].Mapped.SameHost(given[i - 1].Mapped))
            {
                steps.Add((short)(given[i].Mapped.Port - given[i - 1].Mapped.Port)); // round the end of the ports
            }
        }

        if (steps.Count == 0)
        {
            return (PortAllocation.Unknown, 0);
        }

        var regular = steps.TrueForAll(s => s != 0 && Math.Abs(s) <= LongestStep && Math.Sign(s) == Math.Sign(steps[0]));
        return regular ? (PortAllocation.Stepped, steps.MinBy(Math.Abs)) : (PortAllocation.Scattered, 0);
    }

    // 100.64.0.0/10, RFC 6598.
    private static bool IsShared(RealAddress own) => own.IsIPv4 && (uint)own.Low >> 22 == 0x6440_0000 >> 22;
}
