namespace Ntm.Simulation;

/// <summary>Records what passes and, when told to, sends all of it again; from another address where one is given.</summary>
public sealed class Replayer : Middleman
{
    private readonly List<(SimDatagram Datagram, Action<TimeSpan, SimDatagram> Onward)> _kept = [];

    public int Kept => _kept.Count;

    public override void Pass(SimDatagram datagram, bool outbound, Action<TimeSpan, SimDatagram> onward)
    {
        _kept.Add((datagram, onward));
        onward(TimeSpan.Zero, datagram);
    }

    /// <param name="from">The source the copies claim to have; null: their own.</param>
    public void ReplayAll(Protocol.RealAddress? from = null)
    {
        foreach (var (datagram, onward) in _kept)
        {
            onward(TimeSpan.Zero, from is { } source ? datagram with { Source = source } : datagram);
        }
    }
}
