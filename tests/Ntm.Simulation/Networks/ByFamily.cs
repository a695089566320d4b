namespace Ntm.Simulation;

/// <summary>A home router that is NAT for IPv4 and firewall for IPv6 in one.</summary>
internal sealed class ByFamily : IStation
{
    private readonly IStation _four, _six;

    public ByFamily(Segment inside, IStation four, IStation six)
    {
        (_four, _six) = (four, six);
        inside.Attach(this);
    }

    public string Name => _four.Name;

    public void Receive(SimDatagram datagram, Segment segment) => (datagram.Destination.IsIPv4 ? _four : _six).Receive(datagram, segment);
}
