using Ntm.Protocol;
using Ntm.Protocol.Nats;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Paths.Hard;

/// <summary>The ports that the next mappings of an own NAT will probably get, and why (docs/protocol.md section 5, "Hard NATs"). Pure.</summary>
/// <param name="Ports">In the order of the mappings; empty: they cannot be told.</param>
/// <param name="Reason">A clause for people.</param>
public sealed record PortPrediction(IReadOnlyList<ushort> Ports, string Reason)
{
    /// <param name="own">The NAT.</param>
    /// <param name="seen">Where the uplink's own socket is seen.</param>
    /// <param name="latest">The port of the newest mapping; 0: not known.</param>
    /// <param name="sockets">Local ports of the sockets that will send first, in their order.</param>
    /// <param name="draw">Randomness.</param>
    public static PortPrediction Of(NatShape own, ushort seen, ushort latest, IReadOnlyList<ushort> sockets, ulong draw)
    {
        if (!own.MapsByDestination)
        {
            return new([seen], "all destinations see one port");
        }

        switch (own.Allocation)
        {
            case PortAllocation.Preserving:
                return new([.. sockets.Where(p => own.Has(p)).Take(Limits.PredictedPorts)], "the NAT keeps the sockets' ports");
            case PortAllocation.Stepped when own.Has(latest):
                return new([.. Enumerable.Range(1, Limits.PredictedPorts).Select(n => Step(own, latest, n))], $"each port is {own.Step} after the one before, the newest {latest}");
            case not PortAllocation.Stepped when own.HasPortSet:
                return new([.. PortSample.Of(own, Math.Min(own.MappingsMost, Limits.PredictedPorts), draw)], "drawn from the ports there are");
            default:
                return new([], "there is no pattern");
        }
    }

    // Beyond the last it begins again with the first.
    private static ushort Step(NatShape own, int latest, int times)
    {
        var all = own.LastPort - own.FirstPort + 1;
        var offset = (latest - own.FirstPort + ((long)own.Step * times)) % all;
        return (ushort)(own.FirstPort + (offset < 0 ? offset + all : offset));
    }
}
