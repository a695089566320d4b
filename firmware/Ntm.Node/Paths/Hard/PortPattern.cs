using System.Numerics;
using Ntm.Protocol.Nats;

namespace Ntm.Node.Paths.Hard;

/// <summary>
/// Bits that all ports of a NAT have alike, by those that were seen: who shares an address with others has the ports with its own number in the middle bits, in many short runs (RFC 7597
/// section 5.1, MAP-E and lightweight 4over6). Pure.
/// </summary>
/// <param name="Mask">The bits, which follow one another.</param>
/// <param name="Value">What the ports have there.</param>
public readonly record struct PortPattern(int Mask, int Value)
{
    /// <summary>This many of all ports agree in <see cref="BitsLeast"/> neighbouring bits once in 80,000 times.</summary>
    private const int PortsLeast = 5;

    private const int BitsLeast = 5;

    private const int Bits = 16;

    /// <returns>Null: there is no pattern, for all that is known.</returns>
    public static PortPattern? Of(IEnumerable<ushort> seen)
    {
        var ports = seen.Where(p => p >= NatShape.PortLeast).Distinct().ToArray();
        if (ports.Length < PortsLeast)
        {
            return null;
        }

        var alike = ports.Aggregate(ushort.MaxValue, (all, port) => (ushort)(all & ~(port ^ ports[0])));
        var longest = 0;
        for (var low = 0; low < Bits; low++)
        {
            var run = BitOperations.TrailingZeroCount(~((uint)alike >> low));
            longest = run > BitOperations.PopCount((uint)longest) ? ((1 << run) - 1) << low : longest;
        }

        return BitOperations.PopCount((uint)longest) < BitsLeast ? null : new(longest, ports[0] & longest);
    }
}
