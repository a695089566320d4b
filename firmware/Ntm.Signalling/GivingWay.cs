using Ntm.Protocol;

namespace Ntm.Signalling;

/// <summary>A provisional tunnel, and where its initiation came from.</summary>
public readonly record struct Newcomer(Tunnel.Tunnel Tunnel, TimeSpan Until, RealAddress From);

/// <summary>Which provisional tunnel gives way to a newcomer where there are as many as may be (docs/protocol.md section 4). Pure.</summary>
/// <param name="Tunnel">Null: none, the newcomer is not taken.</param>
/// <param name="Reason">Kebab-case, for the counter.</param>
public readonly record struct GivingWay(Tunnel.Tunnel? Tunnel, string Reason)
{
    /// <summary>
    /// First one that was never heard of after its initiation: initiations are cheap, and their sources can be forged. Else the oldest of the network that has the most, where that
    /// has at least two more than the newcomer's, so that nobody in one place keeps out the others.
    /// </summary>
    /// <param name="present">Oldest first.</param>
    public static GivingWay Judge(IReadOnlyCollection<Newcomer> present, RealAddress newcomer)
    {
        if (present.FirstOrDefault(p => !p.Tunnel.IsEstablished).Tunnel is { } silent)
        {
            return new(silent, "provisional-gave-way");
        }

        var most = present.GroupBy(p => NetworkOf(p.From)).MaxBy(g => g.Count());
        return most is not null && most.Count() >= present.Count(p => NetworkOf(p.From) == NetworkOf(newcomer)) + 2
            ? new(most.First().Tunnel, "provisional-shared-out")
            : new(null, "provisional-full");
    }

    // One IPv4 address, or an IPv6 /56: what one subscriber has.
    private static RealAddress NetworkOf(RealAddress address) => address.IsIPv4 ? address with { Port = 0 } : new(address.High & ~0xFFUL, 0, 0);
}
