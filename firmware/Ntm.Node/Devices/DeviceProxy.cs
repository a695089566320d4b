using System.Net;
using Ntm.Node.Sharing;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Node.Devices;

/// <summary>
/// Acts for LAN devices that do not speak NTM (docs/protocol.md sections 2 and 7): turns (device address, alias) into (device VIP, remote VIP)
/// and back, in place, and admits only what may come in. It holds no tunnels and knows no peers' keys: which tunnel a packet goes
/// to or came from is its caller's business. Nothing is allocated per packet.
/// </summary>
public sealed partial class DeviceProxy
{
    // Counted, with InnerPacket's and Admission's.
    public const string DestinationUnknown = "outbound-destination-unknown";
    public const string NoSuchPeer = "no-such-peer";
    public const string TooLong = "outbound-longer-than-path";
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
    private readonly PortMappings _ports = new();
    private readonly FragmentTable _outboundFragments = new();
    private readonly FragmentTable _inboundFragments = new();
    private readonly OwnErrors _errorsToLan;
    private readonly OwnErrors _errorsToPeers;
    private readonly OwnErrors _tooBigToLan; // its own: a scan shall not keep a sender from learning what passes
    private readonly HashSet<LanAddress> _ownAddresses = [];
    private ushort _identification;

    /// <param name="own">This node's VIP, number 0.</param>
    public DeviceProxy(VirtualAddress own, DeviceTable devices, AliasTable aliases, Counters counters)
    {
        _own = own.Node;
        _devices = devices;
        _aliases = aliases;
        _counters = counters;
        _errorsToLan = new(counters);
        _errorsToPeers = new(counters);
        _tooBigToLan = new(counters);
        SetOwnAddresses([]);
    }

    /// <summary>What the peer may begin here that a remote VIP belongs to; null: there is no such peer.</summary>
    public Func<VirtualAddress, PeerAccess?> AccessOf { get; init; } = static _ => PeerAccess.SameOwner;

    /// <summary>What the path to a remote VIP's node carries, bytes of an inner packet; <see cref="Limits.MtuInside"/> where it is not known.</summary>
    public Func<VirtualAddress, int> MtuOf { get; init; } = static _ => Limits.MtuInside;

    /// <summary>The time by which shares expire.</summary>
    public Func<Now, DateTimeOffset> GrantTime { get; init; } = static now => now.Wall;

    /// <summary>Boot time until which connections of before a restart are picked up again by the remote's packets too.</summary>
    public TimeSpan ResumesUntil { get; init; } = TimeSpan.MinValue;

    /// <summary>Flows remembered now, for people.</summary>
    public int Flows => _admission.Count;

    /// <summary>A remote node is no peer any more: its flows go.</summary>
    public void Forget(VirtualAddress node) => _admission.Forget(node);

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
    public OutboundVerdict Outbound(Now now, Packet packet, out VirtualAddress remote)
    {
        remote = default;
        var carried = default(InnerPacket);
        if (!InnerPacket.TryRead(packet.Bytes, out var read, out var reason)
            || (read.IsError && !read.TryReadCarried(packet.Bytes, out carried, out reason)))
        {
            return Refuse(reason);
        }

        if (!TryRemote(now, read.Destination, out remote))
        {
            return Refuse(now, packet, read, DestinationUnknown, Refusal.Unreachable);
        }

        if (AccessOf(remote) is not { } access)
        {
            return Refuse(now, packet, read, NoSuchPeer, Refusal.Unreachable);
        }

        // A signalling port is the core's, not the TUN's: nothing on the LAN may pass for it.
        if (IsSignalling(read, _ownAddresses.Contains(read.Source), remote.Number == 0))
        {
            return Refuse(SignallingPort);
        }

        var face = OwnFace(read.Source, out var source, out var device);
        if (face == Face.Foreign)
        {
            return Refuse(SourceForeign);
        }

        if (read.IsError)
        {
            return OutboundError(now, packet, read, carried, source, remote, access);
        }

        if (face == Face.Unknown)
        {
            _counters.Count(SourceUnknown);
            return OutboundVerdict.NeighbourWanted;
        }

        if (IsTooLong(packet, read, remote, out var mtu)
            && _tooBigToLan.TryTurn(now.Boot, packet, read, Refusal.TooBig, read.Destination.AsVip, ref _identification, mtu))
        {
            _counters.Count(TooLong);
            return OutboundVerdict.Answered;
        }

        if (read.IsLaterFragment)
        {
            if (!_outboundFragments.TryFollow(now.Boot, FragmentKey.Of(read), read, out var begun, out reason))
            {
                return Refuse(reason);
            }

            ToPeer(packet, read, begun.AsVip, remote);
            return OutboundVerdict.ToPeer;
        }

        if (read.IsFragment && _outboundFragments.HasBegun(now.Boot, FragmentKey.Of(read)))
        {
            return Refuse(FragmentTable.Overlaps);
        }

        if (device is not null)
        {
            if (!_devices.TrySpoke(now, device, read.Source))
            {
                return Refuse(now, packet, read, NumbersUsedUp, Refusal.Prohibited);
            }

            source = FaceOf(device, read.Source);
        }

        var echo = read.IcmpKind != IcmpKind.None;
        var key = new FlowKey(remote, source.Number, read.SourcePort, echo ? (ushort)0 : read.DestinationPort, read.Protocol);
        if (!TryUse(now, device, read.Source, ref key))
        {
            return Refuse(now, packet, read, PortMappings.UsedUp, Refusal.Prohibited);
        }

        source = source.WithNumber(key.OwnNumber);
        if (!_admission.TryOutbound(now.Boot, key, read, MayBegin(now, access, device, key), read.Source, out reason))
        {
            ForgetPort(now, key);
            return Refuse(now, packet, read, reason, RefusalFor(reason));
        }

        if (read.IsFragment)
        {
            _outboundFragments.Begin(now.Boot, FragmentKey.Of(read), read, LanAddress.FromVip(source));
        }

        if (key.OwnPort != read.SourcePort)
        {
            PortMappings.Write(packet.Bytes.Slice(read.Offset, read.TransportLength), read, true, key.OwnPort);
        }

        ClampMss(packet, read, remote);
        ToPeer(packet, read, source, remote);
        return OutboundVerdict.ToPeer;
    }

    /// <summary>
    /// A packet opened from a peer's tunnel. Checked, admitted and translated in place for the LAN, or left as it is for the router itself.
    /// </summary>
    /// <param name="peerNode">The tunnel peer's VIP, number 0.</param>
    public InboundVerdict Inbound(Now now, Packet packet, VirtualAddress peerNode)
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
            // In the same words as to one that is not published: what numbers there are is nobody's business.
            return Drop(now, packet, read, NoDevice, Refusal.Prohibited);
        }

        LanAddress local;
        if (read.IsLaterFragment)
        {
            if (!_inboundFragments.TryFollow(now.Boot, FragmentKey.Of(read), read, out local, out reason))
            {
                return Drop(reason);
            }

            return ToLan(now, packet, read, carried, local);
        }

        if (read.IsFragment && _inboundFragments.HasBegun(now.Boot, FragmentKey.Of(read)))
        {
            return Drop(FragmentTable.Overlaps);
        }

        var key = read.IsError
            ? KeyOfCarried(carried.Destination.AsVip, destination.Number, carried.SourcePort, carried.DestinationPort, carried)
            : new FlowKey(source, destination.Number, read.DestinationPort,
                read.IcmpKind != IcmpKind.None ? (ushort)0 : read.SourcePort, read.Protocol);
        ForgetPort(now, key);
        var mayBegin = AccessOf(peerNode) is { } access && MayBegin(now, access, device, key);
        if (read.IsError)
        {
            if (carried.Source != read.Destination || !key.Remote.SameNode(peerNode))
            {
                return Drop(CarriedForeign);
            }

            if (!_admission.TryError(now.Boot, key, mayBegin, device, out local, out reason))
            {
                return Drop(reason);
            }
        }
        else if (!_admission.TryInbound(now.Boot, key, read, mayBegin, device, out local, out reason, MayResume(now, read)))
        {
            return Drop(now, packet, read, reason, RefusalFor(reason));
        }

        if (local.IsNone)
        {
            if (device is not null)
            {
                _admission.Withdraw(key);
                return Drop(now, packet, read, DeviceAbsent, Refusal.Unreachable);
            }

            local = read.Destination;
        }

        // Without the whole message there is no ICMP checksum for the other family (RFC 7915 section 1.2).
        if (local.IsIPv4 && read.Protocol == InnerPacket.IcmpV6 && (read.IsFragment || (read.IsError && carried.HasFragmentHeader && carried.IcmpKind != IcmpKind.None)))
        {
            if (!read.IsError)
            {
                _admission.Withdraw(key);
            }

            return Drop(InnerPacket.IcmpFragment);
        }

        if (read.IsFragment)
        {
            _inboundFragments.Begin(now.Boot, FragmentKey.Of(read), read, local);
        }

        if (_ports.TryBack(key, local, out var port))
        {
            var (offset, of) = read.IsError ? (read.Offset + 8 + carried.Offset, carried) : (read.Offset, read);
            PortMappings.Write(packet.Bytes.Slice(offset, of.TransportLength), of, read.IsError, port);
        }

        ClampMss(packet, read, peerNode);
        var verdict = ToLan(now, packet, read, carried, local);
        if (verdict != InboundVerdict.ToLan && !read.IsError)
        {
            _admission.Withdraw(key);
        }

        return verdict;
    }

    /// <summary>Whether its sender should hear that it is longer than the path carries. Where it may be cut, or its sender cannot be told, the tunnel splits it.</summary>
    /// <param name="mtu">What passes, as an IPv6 packet between nodes; never less than every IPv6 link carries (RFC 8200).</param>
    private bool IsTooLong(Packet packet, in InnerPacket read, VirtualAddress remote, out int mtu)
    {
        mtu = Limits.MtuMinimum;
        var length = 40 + read.FragmentHeaderLength + read.TransportLength;
        return length > Limits.MtuMinimum && length > (mtu = Math.Max(MtuOf(remote), mtu)) && (read.IsIPv6 || IPv4DontFragment(packet.Bytes));
    }

    private static bool IPv4DontFragment(ReadOnlySpan<byte> bytes) => (bytes[6] & 0x40) != 0;

    private void ClampMss(Packet packet, in InnerPacket read, VirtualAddress remote)
    {
        if ((read.TcpFlags & InnerPacket.TcpSyn) != 0)
        {
            MssClamp.Lower(packet.Bytes.Slice(read.Offset, read.TransportLength), MssClamp.Of(MtuOf(remote)));
        }
    }

    // Only from whom the home has an alias for: nothing else can have been spoken to.
    private bool MayResume(Now now, in InnerPacket read) =>
        now.Boot < ResumesUntil && read.Protocol == InnerPacket.Tcp && !read.IsFragment
        && (read.TcpFlags & (InnerPacket.TcpSyn | InnerPacket.TcpRst)) == 0 && _aliases.TryPeek(read.Source.AsVip, out _);

    private bool MayBegin(Now now, PeerAccess access, Device? device, in FlowKey key) =>
        access.Permits(GrantTime(now), key.OwnNumber, device is null ? _devices.NodePublished : device.Published, key.Protocol, key.OwnPort);

    private static bool IsSignalling(in InnerPacket read, bool isSourceNode, bool isDestinationNode) =>
        read.Protocol == InnerPacket.Udp
        && ((isSourceNode && read.SourcePort == Limits.SignallingPort) || (isDestinationNode && read.DestinationPort == Limits.SignallingPort));

    private static FlowKey KeyOfCarried(VirtualAddress remote, ushort number, ushort ownPort, ushort remotePort, in InnerPacket carried) =>
        new(remote, number, ownPort, carried.IcmpKind != IcmpKind.None ? (ushort)0 : remotePort, carried.Protocol);

    private static Refusal RefusalFor(string reason) => reason == Admission.NotPublished ? Refusal.Prohibited : Refusal.Silent;

    /// <summary>An error from the LAN about a packet that a remote had sent.</summary>
    private OutboundVerdict OutboundError(
        Now now, Packet packet, in InnerPacket read, in InnerPacket carried, VirtualAddress source, VirtualAddress remote, PeerAccess access)
    {
        // The carried packet went from the remote to one of ours; the error may come from there, from the router itself or from another on the way.
        if (carried.Source != read.Destination || OwnFace(carried.Destination, out var target, out var device) != Face.Known)
        {
            return Refuse(CarriedForeign);
        }

        var key = InUse(now, device, carried.Destination, KeyOfCarried(remote, target.Number, carried.DestinationPort, carried.SourcePort, carried), out _);
        target = target.WithNumber(key.OwnNumber);
        if (!_admission.TryError(now.Boot, key, MayBegin(now, access, device, key), device, out _, out var reason))
        {
            return Refuse(reason);
        }

        if (key.OwnPort != carried.DestinationPort)
        {
            PortMappings.Write(packet.Bytes.Slice(read.Offset + 8 + carried.Offset, carried.TransportLength), carried, false, key.OwnPort);
        }

        // Whoever only reports an error needs no number for that (RFC 6791: any address of the translator's will do).
        source = read.Source == carried.Destination ? target : (source.Number & Limits.DeviceNumberLast) == 0 ? _own : source;
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

    private static void ToPeer(Packet packet, in InnerPacket read, VirtualAddress source, VirtualAddress remote)
    {
        if (read.IsIPv6)
        {
            PacketTranslation.Readdress(packet, read, source, remote);
        }
        else
        {
            PacketTranslation.ToIPv6(packet, read, source, remote);
        }
    }

    private InboundVerdict ToLan(Now now, Packet packet, in InnerPacket read, in InnerPacket carried, LanAddress local) =>
        local.IsIPv4 ? ToLanIPv4(now, packet, read, carried, local.IPv4) : ToLanIPv6(packet, read, carried, local.AsVip);

    private InboundVerdict ToLanIPv4(Now now, Packet packet, in InnerPacket read, in InnerPacket carried, uint local)
    {
        if (!_aliases.TryGetOrAdd(now, read.Source.AsVip, out var alias, out _))
        {
            return Drop(NoAlias);
        }

        if (!read.IsError)
        {
            PacketTranslation.ToIPv4(packet, read, alias, local, ref _identification);
            return InboundVerdict.ToLan;
        }

        // The flow's own remote has had an alias since its first packet, unless that was reused meanwhile.
        if (!_aliases.TryPeek(carried.Destination.AsVip, out var target))
        {
            return Drop(NoAlias);
        }

        IcmpErrors.ToIPv4(packet, read, carried, alias, local, local, target, ref _identification);
        return InboundVerdict.ToLan;
    }

    private InboundVerdict ToLanIPv6(Packet packet, in InnerPacket read, in InnerPacket carried, VirtualAddress local)
    {
        if (read.IsError)
        {
            IcmpErrors.Readdress(packet, read, carried, read.Source.AsVip, local, local, carried.Destination.AsVip);
        }
        else
        {
            PacketTranslation.Readdress(packet, read, read.Source.AsVip, local);
        }

        return InboundVerdict.ToLan;
    }

    private OutboundVerdict Refuse(string reason)
    {
        _counters.Count(reason);
        return OutboundVerdict.Refused;
    }

    private OutboundVerdict Refuse(Now now, Packet packet, in InnerPacket read, string reason, Refusal refusal)
    {
        _counters.Count(reason);
        return _errorsToLan.TryTurn(now.Boot, packet, read, refusal, read.Destination.AsVip, ref _identification)
            ? OutboundVerdict.Answered : OutboundVerdict.Refused;
    }

    private InboundVerdict Drop(string reason)
    {
        _counters.Count(reason);
        return InboundVerdict.Refused;
    }

    private InboundVerdict Drop(Now now, Packet packet, in InnerPacket read, string reason, Refusal refusal)
    {
        _counters.Count(reason);
        return _errorsToPeers.TryTurn(now.Boot, packet, read, refusal, _own, ref _identification)
            ? InboundVerdict.Answered : InboundVerdict.Refused;
    }
}
