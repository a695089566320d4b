namespace Ntm.Simulation;

/// <summary>Lets pass only what it is told to; the rest is gone. What it is told may change while the world runs.</summary>
public sealed class Filter(Func<SimDatagram, bool> passes) : Middleman
{
    public Func<SimDatagram, bool> Passes { get; set; } = passes;

    public int Held { get; private set; }

    public override void Pass(SimDatagram datagram, bool outbound, Action<TimeSpan, SimDatagram> onward)
    {
        if (Passes(datagram))
        {
            onward(TimeSpan.Zero, datagram);
        }
        else
        {
            Held++;
        }
    }
}
