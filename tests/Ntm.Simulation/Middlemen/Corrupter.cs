namespace Ntm.Simulation;

/// <summary>Flips one bit of some datagrams, or cuts them short.</summary>
/// <param name="entropy">Which datagrams, bits and lengths.</param>
/// <param name="probability">How many of those chosen.</param>
/// <param name="chosen">Which may be hit; null: all.</param>
/// <param name="truncate">Cut short rather than flip.</param>
public sealed class Corrupter(SeededEntropy entropy, double probability, Func<SimDatagram, bool>? chosen = null, bool truncate = false) : Middleman
{
    public int Corrupted { get; private set; }

    public override void Pass(SimDatagram datagram, bool outbound, Action<TimeSpan, SimDatagram> onward)
    {
        if (datagram.Bytes.Length > 0 && (chosen?.Invoke(datagram) ?? true) && entropy.Chance(probability))
        {
            Corrupted++;
            byte[] bytes;
            if (truncate)
            {
                bytes = datagram.Bytes[..entropy.Below(datagram.Bytes.Length)];
            }
            else
            {
                bytes = [.. datagram.Bytes];
                bytes[entropy.Below(bytes.Length)] ^= (byte)(1 << entropy.Below(8));
            }

            datagram = datagram with { Bytes = bytes };
        }

        onward(TimeSpan.Zero, datagram);
    }
}
