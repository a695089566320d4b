namespace Ntm.Simulation;

/// <summary>Keeps a copy of all that passes and changes nothing.</summary>
public sealed class Tap : Middleman
{
    /// <summary>What passed, in order, with its direction.</summary>
    public List<(bool Outbound, SimDatagram Datagram)> Seen { get; } = [];

    public override void Pass(SimDatagram datagram, bool outbound, Action<TimeSpan, SimDatagram> onward)
    {
        Seen.Add((outbound, datagram));
        onward(TimeSpan.Zero, datagram);
    }
}
