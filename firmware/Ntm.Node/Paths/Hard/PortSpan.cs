using Ntm.Protocol.Nats;

namespace Ntm.Node.Paths.Hard;

/// <summary>Which ports a NAT without a pattern draws from, by those that were seen: where they lie closer together than chance has it, it has few. Pure.</summary>
/// <param name="First">Of the ports that are likely.</param>
/// <param name="Last">Inclusive.</param>
public readonly record struct PortSpan(int First, int Last)
{
    /// <summary>Of fewer nothing can be told: this many of all ports lie within <see cref="SpanMost"/> once in a million times.</summary>
    private const int PortsLeast = 5;

    private const int SpanMost = 2048;

    private const int FarthestStep = 64;

    /// <summary>What was seen is widened by at least so much.</summary>
    private const int WidenLeast = 32;

    /// <summary>Whether ports that were given one after the other go the way of that step and not far each time: neighbours take some, too.</summary>
    public static bool AreCounted(IReadOnlyList<ushort> given, int step)
    {
        for (var i = 1; i < given.Count; i++)
        {
            var by = (short)(given[i] - given[i - 1]); // round the end of the ports
            if (Math.Sign(by) != Math.Sign(step) || Math.Abs((int)by) > FarthestStep)
            {
                return false;
            }
        }

        return true;
    }

    /// <returns>Null: all ports, for all that is known.</returns>
    public static PortSpan? Of(IEnumerable<ushort> seen)
    {
        var ports = seen.Where(p => p >= NatShape.PortLeast).Distinct().Order().ToArray();
        if (ports.Length < PortsLeast || ports[^1] - ports[0] > SpanMost)
        {
            return null;
        }

        // Of n drawn ones the span is (n - 1) / (n + 1) of all, on average; half of it more on either side leaves little out.
        var more = Math.Max((ports[^1] - ports[0]) / 2, WidenLeast);
        return new(Math.Max(ports[0] - more, NatShape.PortLeast), Math.Min(ports[^1] + more, ushort.MaxValue));
    }
}
