using Ntm.Protocol.Nats;

namespace Ntm.Node.Paths.Hard;

/// <summary>Different ports of a NAT's in an order that a number determines: who guesses needs no table of what was guessed. Pure.</summary>
public static class PortSample
{
    /// <param name="nat">Whose ports.</param>
    /// <param name="count">How many are wanted; never more than there are.</param>
    /// <param name="draw">Any number; another one gives another order.</param>
    public static IEnumerable<ushort> Of(NatShape nat, int count, ulong draw)
    {
        var ports = nat.Ports;
        var step = 1 + (int)((draw >> 32) % (uint)Math.Max(1, ports - 1));
        while (GreatestCommonDivisor(step, ports) != 1)
        {
            step++; // 1 beyond the range at the latest
        }

        var at = (int)((uint)draw % (uint)ports);
        for (var i = 0; i < Math.Min(count, ports); i++)
        {
            yield return nat.PortAt(at);
            at = (int)(((long)at + step) % ports);
        }
    }

    private static int GreatestCommonDivisor(int a, int b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }
}
