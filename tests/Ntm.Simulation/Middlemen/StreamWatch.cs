using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>On a router's wire: which way the sealed packets of a stream leave, told from everything else by their length; and how much passes at all.</summary>
/// <param name="clock">The world's.</param>
/// <param name="relays">The relays' addresses.</param>
/// <param name="least">Least length of the stream's datagrams.</param>
/// <param name="most">Their greatest.</param>
public sealed class StreamWatch(SimClock clock, IReadOnlyCollection<RealAddress> relays, int least, int most) : Middleman
{
    /// <summary>When the first went past the relays; null: none did.</summary>
    public TimeSpan? FirstDirect { get; private set; }

    /// <summary>Whether the last one did.</summary>
    public bool LastDirect { get; private set; }

    /// <summary>Bytes of all that passed in either direction, with headers.</summary>
    public long Bytes { get; private set; }

    /// <summary>Forgets all it saw.</summary>
    public void Begin() => (FirstDirect, LastDirect, Bytes) = (null, false, 0);

    public override void Pass(SimDatagram datagram, bool outbound, Action<TimeSpan, SimDatagram> onward)
    {
        Bytes += datagram.SizeOnWire;
        if (outbound && datagram.Bytes.Length >= least && datagram.Bytes.Length <= most)
        {
            LastDirect = !relays.Any(r => r.SameHost(datagram.Destination));
            FirstDirect ??= LastDirect ? clock.Elapsed : null;
        }

        onward(TimeSpan.Zero, datagram);
    }
}
