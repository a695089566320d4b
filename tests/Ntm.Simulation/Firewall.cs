using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>A stateful firewall between two segments, without translation: what an IPv6 home has instead of a NAT (RFC 6092).</summary>
public sealed class Firewall : IStation
{
    private readonly World _world;
    private readonly Segment _inside, _outside;
    private readonly Dictionary<(RealAddress Inside, RealAddress Outside), TimeSpan> _flows = [];

    /// <param name="world">The world.</param>
    /// <param name="name">For the flow.</param>
    /// <param name="inside">The segment it is the gateway of.</param>
    /// <param name="outside">The segment it is reached on.</param>
    /// <param name="insideAddresses">Addresses inside that it answers for outside.</param>
    public Firewall(World world, string name, Segment inside, Segment outside, params ReadOnlySpan<RealAddress> insideAddresses)
    {
        (_world, Name, _inside, _outside) = (world, name, inside, outside);
        inside.Attach(this);
        inside.Gateway = this;
        outside.Attach(this, insideAddresses);
    }

    public string Name { get; }

    /// <summary>How long a flow lives after the last datagram in either direction (RFC 6092 REC-14: not below two minutes).</summary>
    public TimeSpan FlowLifetime { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>What may leave at all; a network that blocks UDP says no here.</summary>
    public Func<SimDatagram, bool> MayLeave { get; set; } = _ => true;

    /// <summary>Forgets all flows, as a box does that loses power.</summary>
    public void Reboot() => _flows.Clear();

    public void Receive(SimDatagram datagram, Segment segment)
    {
        var now = _world.Clock.Elapsed;
        if (segment == _inside)
        {
            if (!MayLeave(datagram))
            {
                _world.Flow.Lost(datagram, $"{Name} lets nothing of this out");
                return;
            }

            _flows[(datagram.Source, datagram.Destination)] = now;
            _outside.Send(this, datagram);
            return;
        }

        var flow = (datagram.Destination, datagram.Source);
        if (!_flows.TryGetValue(flow, out var last) || now - last >= FlowLifetime)
        {
            _world.Flow.Lost(datagram, $"{Name} knows no such flow");
            return;
        }

        _flows[flow] = now;
        _inside.Send(this, datagram);
    }
}
