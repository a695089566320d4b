using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>A UDP datagram on a simulated wire.</summary>
/// <param name="Origin">Name of the host that sent it; NAT does not change it. For the flow only: no box looks at it.</param>
/// <param name="Source">Address as it stands in the header now.</param>
/// <param name="Destination">Address as it stands in the header now.</param>
/// <param name="Bytes">UDP payload. Never written to: whoever changes it makes a copy.</param>
public sealed record SimDatagram(string Origin, RealAddress Source, RealAddress Destination, byte[] Bytes)
{
    /// <summary>Bytes with IP and UDP headers: what counts against an MTU.</summary>
    public int SizeOnWire => Bytes.Length + 8 + (Destination.IsIPv4 ? 20 : 40);
}

/// <summary>Something that stands on a segment: a host, a NAT box, a firewall.</summary>
public interface IStation
{
    string Name { get; }

    /// <summary>A datagram has arrived from <paramref name="segment"/>.</summary>
    void Receive(SimDatagram datagram, Segment segment);
}
