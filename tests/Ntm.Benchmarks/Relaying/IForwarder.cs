using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Benchmarks.Relaying;

/// <summary>A relay with one party that sends on some channels, and as many others that receive, each at a port of its own.</summary>
internal interface IForwarder : IDisposable
{
    string Name { get; }

    Child Process { get; }

    UdpSocket Sender { get; }

    RealAddress Target { get; }

    /// <summary>A datagram for each channel, as it is sent to the relay.</summary>
    IReadOnlyList<byte[]> Frames { get; }

    /// <summary>Where what is relayed arrives, for each channel.</summary>
    IReadOnlyList<UdpSocket> Sinks { get; }

    /// <summary>Makes sure that all of it is in force for some time.</summary>
    void Renew();
}
