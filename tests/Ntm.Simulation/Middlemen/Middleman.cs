namespace Ntm.Simulation;

/// <summary>Someone on a wire. For each datagram it says what goes on, and when: nothing, the same, another, or more.</summary>
public abstract class Middleman
{
    /// <param name="datagram">What came.</param>
    /// <param name="outbound">From the wire's station to the segment.</param>
    /// <param name="onward">Call for each datagram that goes on, with its delay; may be kept and called later.</param>
    public abstract void Pass(SimDatagram datagram, bool outbound, Action<TimeSpan, SimDatagram> onward);
}
