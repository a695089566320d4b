namespace Ntm.Simulation;

/// <summary>Sends each datagram on more than once.</summary>
/// <param name="copies">Copies besides the first.</param>
/// <param name="spacing">Time between copies.</param>
public sealed class Duplicator(int copies, TimeSpan spacing) : Middleman
{
    public override void Pass(SimDatagram datagram, bool outbound, Action<TimeSpan, SimDatagram> onward)
    {
        for (var i = 0; i <= copies; i++)
        {
            onward(spacing * i, datagram);
        }
    }
}
