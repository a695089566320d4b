using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>Address- and port-dependent mapping and filtering, with ports drawn from a small set, as where several homes share one address (RFC 7597, RFC 6888).</summary>
/// <param name="first">Of the set.</param>
/// <param name="count">How many.</param>
public sealed class PortSetSymmetric(ushort first = 40_000, int count = 240) : NatBehaviour
{
    public override RealAddress MappedFor(RealAddress destination) => destination;

    public override RealAddress FilteredBy(RealAddress remote) => remote;

    /// <summary>Where all are taken, one of them is taken away from who had it: the box keeps no more mappings.</summary>
    public override ushort? NextPort(PortAsk ask)
    {
        ushort port;
        var tries = 0;
        do
        {
            port = (ushort)(first + ask.Entropy.Below(count));
        }
        while (ask.IsTaken(port) && ++tries < 16 * count);

        return port;
    }
}
