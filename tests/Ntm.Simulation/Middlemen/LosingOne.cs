namespace Ntm.Simulation;

/// <summary>Counts datagrams as they leave their senders, on all the wires it sits on, and loses one of them.</summary>
public sealed class LosingOne : Middleman
{
    private int _which = -1;
    private int _count;

    /// <summary>Begins to count anew.</summary>
    /// <param name="which">The one to be lost, from 0 on; -1: none.</param>
    public void Begin(int which) => (_which, _count) = (which, 0);

    public override void Pass(SimDatagram datagram, bool outbound, Action<TimeSpan, SimDatagram> onward)
    {
        if (!outbound || _count++ != _which)
        {
            onward(TimeSpan.Zero, datagram);
        }
    }
}
