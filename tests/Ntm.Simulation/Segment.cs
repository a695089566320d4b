using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>A network that its stations reach one another on, by IP address: the backbone, or what lies behind a NAT box or firewall.</summary>
/// <param name="world">The world it is in.</param>
/// <param name="name">For the flow.</param>
public sealed class Segment(World world, string name)
{
    private readonly Dictionary<RealAddress, (IStation Station, Wire Wire)> _stations = [];
    private readonly Dictionary<IStation, Wire> _wires = [];

    public string Name { get; } = name;

    /// <summary>Where datagrams go that are for no station here; null: nowhere.</summary>
    public IStation? Gateway { get; set; }

    /// <summary>Whether its stations are kept apart, as a provider keeps its customers: whatever they send goes to the gateway.</summary>
    public bool IsIsolated { get; set; }

    /// <summary>Puts a station on the segment under some addresses (their ports do not matter). A station has one wire on a segment.</summary>
    public Wire Attach(IStation station, params ReadOnlySpan<RealAddress> addresses)
    {
        if (!_wires.TryGetValue(station, out var wire))
        {
            _wires[station] = wire = new Wire(world, $"{station.Name}@{Name}");
        }

        foreach (var address in addresses)
        {
            if (!_stations.TryAdd(address.WithPort(0), (station, wire)))
            {
                throw new ArgumentException($"{address.ToIPAddress()} is on segment {Name} already.", nameof(addresses));
            }
        }

        return wire;
    }

    /// <summary>Takes an address away: what is sent to it from now on is lost.</summary>
    public void Detach(RealAddress address) => _stations.Remove(address.WithPort(0));

    /// <summary>The station's wire on this segment.</summary>
    public Wire WireOf(IStation station) => _wires[station];

    /// <summary>Whose address this is; null: nobody's here.</summary>
    public IStation? Find(RealAddress address) => _stations.TryGetValue(address.WithPort(0), out var found) ? found.Station : null;

    /// <summary>Carries a datagram over the sender's wire, then over the receiver's.</summary>
    public void Send(IStation from, SimDatagram datagram) => _wires[from].Carry(datagram, outbound: true, sent =>
    {
        if (_stations.TryGetValue(sent.Destination.WithPort(0), out var to) && (!IsIsolated || from == Gateway || to.Station == Gateway))
        {
            to.Wire.Carry(sent, outbound: false, arrived => to.Station.Receive(arrived, this));
        }
        else if (Gateway is { } gateway && gateway != from)
        {
            _wires[gateway].Carry(sent, outbound: false, arrived => gateway.Receive(arrived, this));
        }
        else
        {
            world.Flow.Lost(sent, $"no route on {Name}");
        }
    });
}
