namespace Ntm.Simulation;

/// <summary>A link that stands still for a while and loses nothing: everything waits, in its order.</summary>
public sealed class Stall(World world) : Middleman
{
    /// <summary>Until then.</summary>
    public TimeSpan Until { get; set; }

    public override void Pass(SimDatagram datagram, bool outbound, Action<TimeSpan, SimDatagram> onward) =>
        onward(Until > world.Clock.Elapsed ? Until - world.Clock.Elapsed : TimeSpan.Zero, datagram);
}
