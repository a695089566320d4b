using System.Net;
using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>
/// A machine on a home's LAN that knows nothing of NTM: it sends and receives plain IP packets through its router's TUN. It answers pings, takes
/// TCP connections on ports it listens on, and echoes UDP where told to.
/// </summary>
public sealed class LanDevice
{
    private const byte Syn = 2, Rst = 4, Ack = 16;

    private readonly SimHost _router;
    private ushort _identification;

    /// <param name="router">The home's router.</param>
    /// <param name="address">Its own address, IPv4 or IPv6.</param>
    /// <param name="mac">Its MAC address.</param>
    public LanDevice(SimHost router, IPAddress address, MacAddress mac)
    {
        (_router, Address, Mac) = (router, address, mac);
        router.Tun.OnDelivered += Take;
    }

    public IPAddress Address { get; }

    public MacAddress Mac { get; }

    /// <summary>Good packets that came for this device.</summary>
    public List<IpPacket> Received { get; } = [];

    /// <summary>Told of each of them.</summary>
    public Action<IpPacket>? OnReceived { get; set; }

    /// <summary>Packets for this device that break a rule, and which: must stay empty.</summary>
    public List<string> Broken { get; } = [];

    /// <summary>TCP ports on which a SYN is answered by SYN and ACK; on others by RST.</summary>
    public HashSet<int> Listens { get; } = [];

    /// <summary>UDP ports that send back what came, and from where it came to.</summary>
    public HashSet<int> Echoes { get; } = [];

    public void SendUdp(IPAddress to, int fromPort, int toPort, ReadOnlySpan<byte> payload) =>
        Send(New(to, IpContent.Udp) with { From = fromPort, To = toPort, Payload = payload.ToArray() });

    public void SendSyn(IPAddress to, int fromPort, int toPort, int mss = 1460) =>
        Send(New(to, IpContent.Tcp) with { From = fromPort, To = toPort, TcpFlags = Syn, TcpSequence = 1000, TcpMss = mss });

    public void SendPing(IPAddress to, int identifier, int sequence, int bytes = 56) =>
        Send(New(to, IpContent.EchoRequest) with { From = identifier, To = sequence, Payload = new byte[bytes] });

    /// <summary>Sends any packet; the kernel of the router would take one off the hop limit on the way to the TUN.</summary>
    public void Send(IpPacket packet) => _router.Tun.Inject((packet with { HopLimit = (byte)(packet.HopLimit - 1) }).ToBytes());

    private IpPacket New(IPAddress to, IpContent content) =>
        new() { Source = Address, Destination = to, Content = content, Identification = ++_identification };

    private void Take(byte[] bytes)
    {
        if (!IpPacket.TryRead(bytes, out var packet, out var problem))
        {
            if (bytes.AsSpan().IndexOf(Address.GetAddressBytes()) >= 0)
            {
                Broken.Add(problem);
            }

            return;
        }

        if (!packet.Destination.Equals(Address))
        {
            return;
        }

        Received.Add(packet);
        OnReceived?.Invoke(packet);
        switch (packet.Content)
        {
            case IpContent.EchoRequest:
                Send(New(packet.Source, IpContent.EchoReply) with { From = packet.From, To = packet.To, Payload = packet.Payload });
                break;
            case IpContent.Udp when Echoes.Contains(packet.To):
                SendUdp(packet.Source, packet.To, packet.From, packet.Payload);
                break;
            case IpContent.Tcp when (packet.TcpFlags & (Syn | Ack | Rst)) == Syn:
                Send(New(packet.Source, IpContent.Tcp) with
                {
                    From = packet.To,
                    To = packet.From,
                    TcpFlags = Listens.Contains(packet.To) ? (byte)(Syn | Ack) : (byte)(Rst | Ack),
                    TcpSequence = 5000,
                    TcpAcknowledged = packet.TcpSequence + 1,
                    TcpMss = Listens.Contains(packet.To) ? 1460 : 0,
                });
                break;
        }
    }
}
