using System.Diagnostics.CodeAnalysis;
using System.Net;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Node.Devices;

/// <summary>What became of a packet from the TUN.</summary>
public enum OutboundVerdict
{
    /// <summary>Dropped and counted.</summary>
    Refused,

    /// <summary>It is now an IPv6 packet between VIPs, for the remote's tunnel.</summary>
    ToPeer,

    /// <summary>Its source is no device known yet: dropped and counted; hand in the neighbour table.</summary>
    NeighbourWanted,
}

/// <summary>
/// Acts for LAN devices that do not speak NTM (docs/protocol.md sections 2 and 7): turns (device address, alias) into (device VIP, remote VIP)
/// and back, in place, and admits only what may come in. It holds no tunnels and knows no peers' keys: which tunnel a packet goes
/// to or came from is its caller's business. Nothing is allocated per packet.
/// </summary>
public sealed class DeviceProxy
{
    // Counted, with InnerPacket's and Admission's.
    public const string DestinationUnknown = "outbound-destination-unknown";
    public const string SourceUnknown = "outbound-source-unknown";
    public const string SourceForeign = "outbound-source-foreign";
    public const string NumbersUsedUp = "outbound-numbers-used-up";
    public const string SignallingPort = "signalling-port";
    public const string NotFromPeer = "inbound-source-not-peers";
    public const string NotForUs = "inbound-destination-not-ours";
    public const string NoDevice = "inbound-no-such-device";
    public const string DeviceAbsent = "inbound-device-has-no-address";
    public const string NoAlias = "inbound-no-alias-left";
    public const string CarriedForeign = "icmp-error-foreign";

    private readonly VirtualAddress _own;
    private readonly DeviceTable _devices;
    private readonly AliasTable _aliases;
    private readonly Counters _counters;
    private readonly Admission _admission = new();
    private readonly HashSet<LanAddress> _ownAddresses = [];
    private ushort _identification;

    /// <param name="own">This node's VIP, number 0.</param>
    public DeviceProxy(VirtualAddress own, DeviceTable devices, AliasTable aliases, Counters counters)
    {
        _own = own.Node;
        _devices = devices;
        _aliases = aliases;
        _counters = counters;
        SetOwnAddresses([]);
    }

    /// <summary>Flows remembered now, for people.</summary>
    public int Flows => _admission.Count;

    /// <summary>
    /// The router's own addresses, IPv4 and IPv6, which stand for number 0. The alias range's first address and the own VIP always do.
    /// </summary>
    public void SetOwnAddresses(IEnumerable<IPAddress> addresses)
    {
        _ownAddresses.Clear();
        _ownAddresses.Add(LanAddress.FromIPv4(_aliases.RouterAddress));
        _ownAddresses.Add(LanAddress.FromVip(_own));
        foreach (var address in addresses)
        {
            var own = LanAddress.From(address);
            if (own.IsUnicast)
            {
                _ownAddresses.Add(own);
            }
        }
    }

    /// <summary>
    /// A packet from the TUN: from a device's address (or the router's own) to an alias or a VIP. Translated in place and its flow opened.
    /// </summary>
    /// <param name="remote">The remote VIP; of its /112 is the peer.</param>
    /// <param name="unknownDevice">The source address, where the neighbour table is wanted.</param>
    public OutboundVerdict Outbound(Now now, Packet packet, out VirtualAddress remote, out IPAddress? unknownDevice)
    {
        remote = default;
        unknownDevice = null;
        var carried = default(InnerPacket);
        if (!InnerPacket.TryRead(packet.Bytes, out var read, out var reason)
            || (read.IsError && !read.TryReadCarried(packet.Bytes, out carried, out reason)))
        {
            return Refuse(reason);
        }

        if (!TryRemote(now, read.Destination, out remote))
        {
            return Refuse(DestinationUnknown);
        }

        // A signalling port is the core's, not the TUN's: nothing on the LAN may pass for it.
        if (IsSignalling(read, _ownAddresses.Contains(read.Source), remote.Number == 0))
        {
            return Refuse(SignallingPort);
        }

        switch (OwnFace(read.Source, out var source, out var device))
        {
            case Face.Known when device is not null:
                if (!_devices.TrySpoke(now, device, read.Source))
                {
                    return Refuse(NumbersUsedUp);
                }

                source = FaceOf(device, read.Source);
                break;
            case Face.Unknown:
                _counters.Count(SourceUnknown);
                unknownDevice = read.Source.ToIPAddress();
                return OutboundVerdict.NeighbourWanted;
            case Face.Foreign:
                return Refuse(SourceForeign);
        }

        if (read.IsError)
        {
            return OutboundError(now, packet, read, carried, source, remote);
        }

        var echo = read.IcmpKind != IcmpKind.None;
        var key = new FlowKey(remote, source.Number, read.SourcePort, echo ? (ushort)0 : read.DestinationPort, read.Protocol);
        if (!_admission.TryOutbound(now.Boot, key, read, device is { IsPublished: true }, read.Source, out reason))
        {
            return Refuse(reason);
        }

        if (read.IsIPv6)
        {
            PacketTranslation.Readdress(packet, read, source, remote);
        }
        else
        {
            PacketTranslation.ToIPv6(packet, read, source, remote);
        }

        return OutboundVerdict.ToPeer;
    }

    /// <summary>
    /// A packet opened from a peer's tunnel. Checked, admitted and translated in place for the LAN, or left as it is for the router itself.
    /// </summary>
    /// <param name="peerNode">The tunnel peer's VIP, number 0.</param>
    /// <returns>False: dropped and counted.</returns>
    public bool Inbound(Now now, Packet packet, VirtualAddress peerNode)
    {
        var carried = default(InnerPacket);
        if (!InnerPacket.TryRead(packet.Bytes, out var read, out var reason)
            || (read.IsError && !read.TryReadCarried(packet.Bytes, out carried, out reason)))
        {
            return Drop(reason);
        }

        // IPv4 addresses are no node's, so an IPv4 packet ends here.
        var source = read.Source.AsVip;
        var destination = read.Destination.AsVip;
        if (!source.SameNode(peerNode))
        {
            return Drop(NotFromPeer);
        }

        if (!destination.SameNode(_own))
        {
            return Drop(NotForUs);
        }

        if (IsSignalling(read, source.Number == 0, destination.Number == 0))
        {
            return Drop(SignallingPort);
        }

        Device? device = null;
        if (destination.Number != 0 && (device = _devices.Find(destination.Number)) is null)
        {
            return Drop(NoDevice);
        }

        var key = read.IsError
            ? KeyOfCarried(carried.Destination.AsVip, destination.Number, carried.SourcePort, carried.DestinationPort, carried)
            : new FlowKey(source, destination.Number, read.DestinationPort,
                read.IcmpKind != IcmpKind.None ? (ushort)0 : read.SourcePort, read.Protocol);
        LanAddress local;
        if (read.IsError)
        {
            if (carried.Source != read.Destination || !key.Remote.SameNode(peerNode))
            {
                return Drop(CarriedForeign);
            }

            if (!_admission.TryError(now.Boot, key, device, out local, out reason))
            {
                return Drop(reason);
            }
        }
        else if (!_admission.TryInbound(now.Boot, key, read, device, out local, out reason))
        {
            return Drop(reason);
        }

        if (local.IsNone)
        {
            if (device is not null)
            {
                return Drop(DeviceAbsent);
            }

            local = read.Destination;
        }

        return local.IsIPv4 ? ToLanIPv4(now, packet, read, carried, local.IPv4) : ToLanIPv6(packet, read, carried, local.AsVip);
    }

    private static bool IsSignalling(in InnerPacket read, bool isSourceNode, bool isDestinationNode) =>
        read.Protocol == InnerPacket.Udp
        && ((isSourceNode && read.SourcePort == Limits.SignallingPort) || (isDestinationNode && read.DestinationPort == Limits.SignallingPort));

    private static FlowKey KeyOfCarried(VirtualAddress remote, ushort number, ushort ownPort, ushort remotePort, in InnerPacket carried) =>
        new(remote, number, ownPort, carried.IcmpKind != IcmpKind.None ? (ushort)0 : remotePort, carried.Protocol);

    /// <summary>The remote VIP an address on the TUN stands for.</summary>
    private bool TryRemote(Now now, LanAddress destination, out VirtualAddress remote)
    {
        if (destination.IsIPv4)
        {
            return _aliases.TryFind(now, destination.IPv4, out remote);
        }

        remote = destination.AsVip;
        return remote.SameZone(_own) && !remote.SameNode(_own);
    }

    private VirtualAddress FaceOf(Device device, LanAddress address) =>
        _own.WithNumber(address.IsIPv4 ? device.Number : (ushort)(device.Number | VirtualAddress.IPv6FaceBit));

    /// <summary>The VIP by which a LAN address is known outside; changes nothing.</summary>
    private Face OwnFace(LanAddress address, out VirtualAddress vip, out Device? device)
    {
        vip = _own;
        device = null;
        if (_ownAddresses.Contains(address))
        {
            return Face.Known;
        }

        device = _devices.Find(address);
        if (device is null)
        {
            // Aliases and VIPs are other homes'; a LAN machine that uses one is no device of ours.
            return address.IsUnicast && !(address.IsIPv4 ? _aliases.Contains(address.IPv4) : address.AsVip.SameZone(_own))
                ? Face.Unknown : Face.Foreign;
        }

        vip = FaceOf(device, address);
        return Face.Known;
    }

    /// <summary>An error from the LAN about a packet that a remote had sent.</summary>
    private OutboundVerdict OutboundError(
        Now now, Packet packet, in InnerPacket read, in InnerPacket carried, VirtualAddress source, VirtualAddress remote)
    {
        // The carried packet went from the remote to one of ours; the error may come from there or from the router itself.
        if (carried.Source != read.Destination || OwnFace(carried.Destination, out var target, out var device) != Face.Known)
        {
            return Refuse(CarriedForeign);
        }

        var key = KeyOfCarried(remote, target.Number, carried.DestinationPort, carried.SourcePort, carried);
        if (!_admission.TryError(now.Boot, key, device, out _, out var reason))
        {
            return Refuse(reason);
        }

        if (read.IsIPv6)
        {
            IcmpErrors.Readdress(packet, read, carried, source, remote, remote, target);
        }
        else
        {
            IcmpErrors.ToIPv6(packet, read, carried, source, remote, remote, target);
        }

        return OutboundVerdict.ToPeer;
    }

    private bool ToLanIPv4(Now now, Packet packet, in InnerPacket read, in InnerPacket carried, uint local)
    {
        if (!_aliases.TryGetOrAdd(now, read.Source.AsVip, out var alias, out _))
        {
            return Drop(NoAlias);
        }

        if (!read.IsError)
        {
            PacketTranslation.ToIPv4(packet, read, alias, local, ref _identification);
            return true;
        }

        // The flow's own remote has had an alias since its first packet, unless that was reused meanwhile.
        if (!_aliases.TryPeek(carried.Destination.AsVip, out var target))
        {
            return Drop(NoAlias);
        }

        IcmpErrors.ToIPv4(packet, read, carried, alias, local, local, target, ref _identification);
        return true;
    }

    private bool ToLanIPv6(Packet packet, in InnerPacket read, in InnerPacket carried, VirtualAddress local)
    {
        if (read.IsError)
        {
            IcmpErrors.Readdress(packet, read, carried, read.Source.AsVip, local, local, carried.Destination.AsVip);
        }
        else
        {
            PacketTranslation.Readdress(packet, read, read.Source.AsVip, local);
        }

        return true;
    }

    private OutboundVerdict Refuse(string reason)
    {
        _counters.Count(reason);
        return OutboundVerdict.Refused;
    }

    private bool Drop([NotNull] string? reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        _counters.Count(reason);
        return false;
    }

    private enum Face
    {
        Known,
        Unknown,
        Foreign,
    }
}
