using System.Buffers.Binary;
using System.Net;
using Ntm.Node;
using Ntm.Node.Devices;
using Ntm.Node.Sharing;
using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fuzz.Wire;

/// <summary>
/// IP packets through the device proxy, from the LAN or from a peer. Byte 0 bit 0: the IPv4 header's checksum is made right; bit 1: an ICMP checksum, too.
/// </summary>
public sealed class ProxyTarget : Target
{
    private static readonly VirtualAddress s_own = VirtualAddress.Compose(0x1122334455, 0xAAAA, 0);
    private static readonly VirtualAddress s_peer = VirtualAddress.Compose(0x1122334455, 0xBBBB, 0);

    private static readonly VirtualAddress s_other = VirtualAddress.Compose(0x6677889900, 0xCCCC, 0); // a peer of another zone

    // Of the same device: flows of ports that its first addresses use have another outside, which is the first one tried.
    private const string FurtherAddress = "192.168.77.12", FurtherAddress6 = "2001:db8:77::12";
    private const ushort FurtherPort = 0xC000 | ((5000 + 257) & 0x3FFF);

    private readonly bool _outbound;
    private readonly Counters _counters = new();
    private readonly DeviceTable _devices;
    private readonly AliasTable _aliases;
    private readonly DeviceProxy _proxy;
    private readonly Packet _packet = new();
    private readonly Watch _watch;
    private readonly uint _alias;
    private Now _now = new(TimeSpan.FromHours(1), new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public ProxyTarget(bool outbound)
    {
        _outbound = outbound;
        _devices = new(_counters, _ => { });
        _aliases = new(Limits.AliasNetwork, 24, _counters, _ => { });
        _devices.NeighbourSeen(_now, new(IPAddress.Parse(FurtherAddress), new(0x0200_0000_000A)));
        _devices.NeighbourSeen(_now, new(IPAddress.Parse(FurtherAddress6), new(0x0200_0000_000A)));
        _devices.NeighbourSeen(_now, new(IPAddress.Parse("192.168.77.10"), new(0x0200_0000_000A)));
        _devices.NeighbourSeen(_now, new(IPAddress.Parse("2001:db8:77::10"), new(0x0200_0000_000A)));
        _devices.NeighbourSeen(_now, new(IPAddress.Parse("192.168.77.11"), new(0x0200_0000_000B)));
        _devices.Publish(_now, new(0x0200_0000_000A), "nas");
        _proxy = new(s_own, _devices, _aliases, _counters) { AccessOf = vip => vip.SameZone(s_own) || vip.SameNode(s_other) ? PeerAccess.SameOwner : null };
        _proxy.SetOwnAddresses([IPAddress.Parse("192.168.77.1")]);
        _aliases.TryGetOrAdd(_now, s_peer.WithNumber(1), out _alias, out _);
        _watch = new(_counters);
        foreach (var (_, bytes) in Packets(outbound: true))
        {
            _packet.Reset();
            _packet.Fill(bytes);
            _proxy.Outbound(_now, _packet, out _, out _);
        }
    }

    public override string Name => _outbound ? "proxy-outbound" : "proxy-inbound";

    public override string Law => "InnerPacket, DeviceProxy: never throws; what passes is a whole packet between the right addresses; what is refused opens no flow";

    public override int LongestInput => 1 + 1480;

    /// <summary>The flow table grows by doubling, up to its bound.</summary>
    public override long MostAllocated => 16 << 20;

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() => Packets(_outbound).Select(p => (p.Name, (byte[])[3, .. p.Bytes]));

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return 0;
        }

        _now = new(_now.Boot + TimeSpan.FromMilliseconds(1), _now.Wall);
        _packet.Reset();
        _packet.Fill(input[1..]);
        Mend(_packet.Bytes, input[0]);
        var flows = _proxy.Flows;
        bool passed, answered;
        if (_outbound)
        {
            var verdict = _proxy.Outbound(_now, _packet, out var remote, out _);
            (passed, answered) = (verdict == OutboundVerdict.ToPeer, verdict == OutboundVerdict.Answered);
            Require(!passed || (remote.SameZone(s_own) && !remote.SameNode(s_own)) || remote.SameNode(s_other), "only remote VIPs are sent to");
            Require(!passed || (_packet.Bytes[0] >> 4 == 6 && VirtualAddress.Read(_packet.Bytes[8..]).SameNode(s_own) && VirtualAddress.Read(_packet.Bytes[24..]) == remote),
                "outbound packets go from ours to the remote");
        }
        else
        {
            var verdict = _proxy.Inbound(_now, _packet, s_peer);
            (passed, answered) = (verdict == InboundVerdict.ToLan, verdict == InboundVerdict.Answered);
            Require(!answered || VirtualAddress.Read(_packet.Bytes[24..]).SameNode(s_peer), "a peer's packet is answered to the peer");
            Require(!passed || _packet.Bytes[0] >> 4 != 6 || VirtualAddress.Read(_packet.Bytes[8..]).SameNode(s_peer), "inbound packets come from the peer");
        }

        Require(passed || _proxy.Flows <= flows, "what is refused opens no flow");
        Require(!(passed || answered) || IsWhole(_packet.Bytes), "what passes, and what answers, is a whole packet");
        Require(!answered || _packet.Length <= Limits.MtuMinimum, "an error fits everywhere");
        return (_watch.Changed() * 31) + (passed ? 1 : 0) + (answered ? 2 : 0);
    }

    public override void CheckBounds() => Require(
        _proxy.Flows <= Limits.Flows && _devices.Count <= Limits.Devices && _aliases.Count <= 256, "flows, devices and aliases are bounded");

    private static bool IsWhole(ReadOnlySpan<byte> packet) => packet[0] >> 4 == 6
        ? packet.Length == 40 + BinaryPrimitives.ReadUInt16BigEndian(packet[4..])
        : packet.Length == BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) && Checksum.Of(packet[..((packet[0] & 15) * 4)]) == 0;

    private static void Mend(Span<byte> packet, byte how)
    {
        if (packet.Length < 28)
        {
            return;
        }

        var isIPv4 = packet[0] >> 4 == 4;
        var header = isIPv4 ? (packet[0] & 15) * 4 : 40;
        if (isIPv4 && (how & 1) != 0 && header >= 20 && header <= packet.Length)
        {
            packet[10..12].Clear();
            BinaryPrimitives.WriteUInt16BigEndian(packet[10..], Checksum.Of(packet[..header]));
        }

        if ((how & 2) != 0 && packet.Length >= header + 8 && packet[isIPv4 ? 9 : 6] is 1 or 58)
        {
            packet[(header + 2)..(header + 4)].Clear();
            BinaryPrimitives.WriteUInt16BigEndian(packet[(header + 2)..], isIPv4
                ? Checksum.Of(packet[header..])
                : Checksum.Of(packet[header..], Checksum.Pseudo(packet[8..24], packet[24..40], 58, packet.Length - 40)));
        }
    }

    private IEnumerable<(string Name, byte[] Bytes)> Packets(bool outbound)
    {
        var alias = new IPAddress([(byte)(_alias >> 24), (byte)(_alias >> 16), (byte)(_alias >> 8), (byte)_alias]);
        var (lan, lan6) = (IPAddress.Parse("192.168.77.10"), IPAddress.Parse("2001:db8:77::10"));
        var (remote, own, own6) = (s_peer.WithNumber(1).ToIPAddress(), s_own.WithNumber(1).ToIPAddress(), s_own.WithNumber(0x8001).ToIPAddress());
        foreach (var content in (IpContent[])[IpContent.Udp, IpContent.Tcp, IpContent.EchoRequest, IpContent.EchoReply])
        {
            var packet = new IpPacket { Source = lan, Destination = alias, Content = content, From = 5000, To = 7, Payload = "hello"u8.ToArray(), TcpFlags = 2 };
            if (outbound)
            {
                yield return ($"{content}-ipv4", packet.ToBytes());
                yield return ($"{content}-ipv6", (packet with { Source = lan6, Destination = remote }).ToBytes());
                yield return ($"{content}-further-ipv4", (packet with { Source = IPAddress.Parse(FurtherAddress) }).ToBytes());
                yield return ($"{content}-further-ipv6", (packet with { Source = IPAddress.Parse(FurtherAddress6), Destination = remote }).ToBytes());
            }
            else
            {
                yield return ($"{content}-to-ipv4", (packet with { Source = remote, Destination = own, From = 7, To = 5000 }).ToBytes());
                yield return ($"{content}-to-ipv6", (packet with { Source = remote, Destination = own6, From = 7, To = 5000 }).ToBytes());
                yield return ($"{content}-further-to-ipv4", (packet with { Source = remote, Destination = own, From = 7, To = FurtherPort }).ToBytes());
                yield return ($"{content}-further-to-ipv6", (packet with { Source = remote, Destination = own6, From = 7, To = FurtherPort }).ToBytes());
                yield return ($"{content}-new", (packet with { Source = remote, Destination = own, From = 999, To = 445 }).ToBytes());
            }
        }

        // A first and a later fragment of a UDP packet, in both families.
        var (first, later) = ((byte[])[0x20, 0], (byte[])[0, 2]);
        foreach (var (offset, name) in new[] { (first, "first"), (later, "later") })
        {
            byte[] udp = [0x13, 0x88, 0, 7, 0, 24, 0xAB, 0xCD, .. "fragment"u8];
            var (source4, destination4) = (lan.GetAddressBytes(), alias.GetAddressBytes());
            var (source6, destination6) = outbound ? (lan6.GetAddressBytes(), remote.GetAddressBytes()) : (remote.GetAddressBytes(), own.GetAddressBytes());
            if (outbound)
            {
                byte[] packet = [0x45, 0, 0, 36, 0, 9, .. offset, 64, 17, 0, 0, .. source4, .. destination4, .. udp];
                Mend(packet, 1);
                yield return ($"fragment-{name}-ipv4", packet);
            }

            byte[] header = name == "first" ? [17, 0, 0, 1, 0, 0, 0, 9] : [17, 0, 0, 16, 0, 0, 0, 9];
            yield return ($"fragment-{name}-ipv6", [0x60, 0, 0, 0, 0, 24, 44, 64, .. source6, .. destination6, .. header, .. udp]);
        }

        // Errors about the UDP packets above, as the other side would send them.
        var went = new IpPacket { Source = outbound ? alias : own, Destination = outbound ? lan : remote, Content = IpContent.Udp, From = outbound ? 7 : 5000, To = outbound ? 5000 : 7, Payload = "hello"u8.ToArray() };
        var (from, to) = outbound ? (lan, alias) : (remote, own);
        yield return outbound ? ("error-ipv4", Error(from, to, 1, [3, 3, 0, 0, 0, 0, 0, 0, .. went.ToBytes()])) : ("error-ipv6", Error(from, to, 58, [1, 4, 0, 0, 0, 0, 0, 0, .. went.ToBytes()]));
        yield return outbound ? ("too-big-ipv4", Error(from, to, 1, [3, 4, 0, 0, 0, 0, 5, 0, .. went.ToBytes()])) : ("too-big-ipv6", Error(from, to, 58, [2, 0, 0, 0, 0, 0, 5, 0, .. went.ToBytes()]));
    }

    private static byte[] Error(IPAddress from, IPAddress to, byte protocol, byte[] message)
    {
        var (source, destination) = (from.GetAddressBytes(), to.GetAddressBytes());
        var total = message.Length + 20;
        byte[] packet = protocol == 1
            ? [0x45, 0, (byte)(total >> 8), (byte)total, 0, 1, 0x40, 0, 64, 1, 0, 0, .. source, .. destination, .. message]
            : [0x60, 0, 0, 0, (byte)(message.Length >> 8), (byte)message.Length, 58, 64, .. source, .. destination, .. message];
        Mend(packet, 3);
        return packet;
    }
}
