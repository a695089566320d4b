using System.Diagnostics.CodeAnalysis;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Node.Devices;

/// <summary>A flow between a number of this node and a remote VIP. ICMP echo: the identifier is the own port, the remote port is 0.</summary>
internal readonly record struct FlowKey(VirtualAddress Remote, ushort OwnNumber, ushort OwnPort, ushort RemotePort, byte Protocol)
{
    // Peers choose most of the key: see RealAddress.
    public override int GetHashCode() => HashCode.Combine(Remote, OwnNumber, OwnPort, RemotePort, Protocol);
}

/// <summary>
/// Stateful admission at the receiver (docs/protocol.md section 7): what belongs to a flow an own device began passes; a flow that a remote
/// begins needs a published device (and, of another owner, a share), or is an ICMPv6 echo to number 0. What is taken back ends the flows remotes began at once.
/// </summary>
/// <remarks>
/// Bounded: the flow that was longest without a packet gives way; those that remotes began never hold more than half of the table. Idle times are
/// looked at when a packet comes, so there are no timers. TCP is followed coarsely (RFC 5382 section 5): "established" once both sides
/// have spoken, "transitory" before that and after RST or both FINs. Flows already under way when the router restarts are picked up
/// by their next outbound packet; TCP also by the remote's, since a device that only receives says nothing until it gets something (a resumed flow).
/// </remarks>
internal sealed class Admission
{
    // Counted.
    public const string NoFlow = "admission-no-flow";
    public const string NotPublished = "admission-not-published";

    private const int BegunHere = 0;
    private const int BegunByRemote = 1;
    private const int None = -1;

    private readonly int _capacity;
    private readonly Dictionary<FlowKey, int> _index = [];
    private readonly int[] _oldest = [None, None];
    private readonly int[] _newest = [None, None];
    private readonly int[] _counts = [0, 0];
    private Flow[] _flows = [];
    private int _free = None;

    /// <param name="capacity">Flows remembered, 2 or more.</param>
    public Admission(int capacity = Limits.Flows) => _capacity = capacity;

    [Flags]
    private enum Seen : byte
    {
        Own = 1,
        Remote = 2,
        OwnFin = 4,
        RemoteFin = 8,
        Rst = 16,
    }

    public int Count => _index.Count;

    /// <summary>Judges a packet of an own device or the router itself, and opens or refreshes its flow.</summary>
    /// <param name="mayBegin">Whether the remote may begin such a flow now: publishing and shares.</param>
    /// <param name="local">The LAN address it came from, where answers go.</param>
    public bool TryOutbound(
        TimeSpan now, in FlowKey key, in InnerPacket packet, bool mayBegin, LanAddress local, [NotNullWhen(false)] out string? reason)
    {
        reason = null;
        var at = FindLive(now, key);
        if (at != None && _flows[at].IsResumed)
        {
            // The device says whether it was its own connection.
            if ((packet.TcpFlags & InnerPacket.TcpRst) != 0)
            {
                reason = NoFlow;
                return false;
            }

            Adopt(at);
        }

        if (at != None && _flows[at].Side == BegunByRemote && !MayRemoteBegin(key, mayBegin, packet))
        {
            // The name was taken back. The device may still begin a connection of its own between the same ports.
            if (!packet.IsTcpBeginning)
            {
                reason = NotPublished;
                return false;
            }

            Remove(at);
            at = None;
        }

        if (at == None)
        {
            // A lone RST or echo reply answers something that is no flow (any more), and begins none.
            if (packet.IcmpKind == IcmpKind.EchoReply || (packet.TcpFlags & InnerPacket.TcpRst) != 0)
            {
                reason = NoFlow;
                return false;
            }

            at = Open(now, key, BegunHere);
        }

        Refresh(now, at, packet, true);
        _flows[at].Local = local;
        return true;
    }

    /// <summary>Judges a packet from a remote, and refreshes its flow or opens one.</summary>
    /// <param name="mayBegin">Whether the remote may begin such a flow now: publishing and shares.</param>
    /// <param name="mayResume">Whether it may belong to a connection that the device began before the router's restart: TCP in its midst.</param>
    /// <param name="device">Whose number it is; null for the router's own.</param>
    /// <param name="local">The LAN address it goes to: the flow's while it is still the device's, else the device's latest; none where none is
    /// known, or the router's own VIP is meant.</param>
    public bool TryInbound(
        TimeSpan now, in FlowKey key, in InnerPacket packet, bool mayBegin, Device? device, out LanAddress local, [NotNullWhen(false)] out string? reason,
        bool mayResume = false)
    {
        reason = null;
        local = default;
        var at = FindLive(now, key);

        // A beginning between the ports of a connection that has ended is a new one, whoever began the old.
        if (at != None && _flows[at].Side == BegunHere && (!packet.IsTcpBeginning || !_flows[at].IsClosing))
        {
            Refresh(now, at, packet, false);
            local = AddressOf(at, device);
            return true;
        }

        if (!MayRemoteBegin(key, mayBegin, packet))
        {
            if (!mayResume || (at != None && (!_flows[at].IsResumed || _flows[at].IsClosing)))
            {
                reason = NotPublished;
                return false;
            }

            if (at == None)
            {
                at = Open(now, key, BegunByRemote);
                _flows[at].IsResumed = true;
            }
        }

        if (at != None && _flows[at].Side == BegunHere)
        {
            Remove(at);
            at = None;
        }

        if (at == None)
        {
            if (packet.IcmpKind == IcmpKind.EchoReply || (packet.TcpFlags & InnerPacket.TcpRst) != 0)
            {
                reason = NoFlow;
                return false;
            }

            at = Open(now, key, BegunByRemote);
        }

        Refresh(now, at, packet, false);
        local = AddressOf(at, device);
        return true;
    }

    /// <summary>A packet that <see cref="TryInbound"/> let in went nowhere after all: a flow that others began and no device answered yet is taken back.</summary>
    public void Withdraw(in FlowKey key)
    {
        if (_index.TryGetValue(key, out var at) && _flows[at].Side == BegunByRemote && (_flows[at].Seen & Seen.Own) == 0)
        {
            Remove(at);
        }
    }

    /// <summary>Forgets all flows with a remote node, whoever began them. Looks at each flow: for rare events only.</summary>
    public void Forget(VirtualAddress node)
    {
        foreach (var (_, at) in _index.Where(f => f.Key.Remote.SameNode(node)).ToArray())
        {
            Remove(at);
        }
    }

    /// <summary>Judges an ICMP error by the flow of the packet it carries; it refreshes nothing.</summary>
    /// <param name="mayBegin">Whether the remote may begin such a flow now: publishing and shares.</param>
    /// <param name="local">As in <see cref="TryInbound"/>.</param>
    public bool TryError(TimeSpan now, in FlowKey key, bool mayBegin, Device? device, out LanAddress local, [NotNullWhen(false)] out string? reason)
    {
        var at = FindLive(now, key);
        if (at == None || (_flows[at].Side == BegunByRemote && !mayBegin && !(key.OwnNumber == 0 && key.Protocol == InnerPacket.IcmpV6)))
        {
            local = default;
            reason = NoFlow;
            return false;
        }

        local = AddressOf(at, device);
        reason = null;
        return true;
    }

    public bool HasFlow(TimeSpan now, in FlowKey key) => FindLive(now, key) != None;

    /// <summary>The LAN address a flow goes to; none where there is no such flow, or it has none yet.</summary>
    public LanAddress LocalOf(TimeSpan now, in FlowKey key)
    {
        var at = FindLive(now, key);
        return at == None ? default : _flows[at].Local;
    }

    /// <summary>Whether a flow is under way between the remote and this LAN address. Changes nothing but to forget it when it is over.</summary>
    public bool Serves(TimeSpan now, in FlowKey key, LanAddress local)
    {
        var at = FindLive(now, key);
        return at != None && _flows[at].Local == local;
    }

    private static bool MayRemoteBegin(in FlowKey key, bool mayBegin, in InnerPacket packet) =>
        mayBegin || (key.OwnNumber == 0 && packet.IcmpKind is (IcmpKind.EchoRequest or IcmpKind.EchoReply));

    private LanAddress AddressOf(int at, Device? device)
    {
        ref var flow = ref _flows[at];
        if (device is not null)
        {
            flow.Local = device.AddressFor((flow.Key.OwnNumber & VirtualAddress.IPv6FaceBit) != 0, flow.Local);
        }

        return flow.Local;
    }

    private int FindLive(TimeSpan now, in FlowKey key)
    {
        if (!_index.TryGetValue(key, out var at))
        {
            return None;
        }

        if (now - _flows[at].Last <= _flows[at].Idle)
        {
            return at;
        }

        Remove(at);
        return None;
    }

    private void Refresh(TimeSpan now, int at, in InnerPacket packet, bool isOwn)
    {
        ref var flow = ref _flows[at];
        flow.Last = now;
        if (packet.IsTcpBeginning && flow.IsClosing)
        {
            flow.Seen = 0;
        }

        flow.Seen |= isOwn ? Seen.Own : Seen.Remote;
        if ((packet.TcpFlags & InnerPacket.TcpFin) != 0)
        {
            flow.Seen |= isOwn ? Seen.OwnFin : Seen.RemoteFin;
        }

        if ((packet.TcpFlags & InnerPacket.TcpRst) != 0)
        {
            flow.Seen |= Seen.Rst;
        }

        if (_newest[flow.Side] != at)
        {
            Unlink(at);
            LinkNewest(at, flow.Side);
        }
    }

    private int Open(TimeSpan now, in FlowKey key, int side)
    {
        if (side == BegunByRemote && _counts[BegunByRemote] >= _capacity / 2)
        {
            Remove(_oldest[BegunByRemote]);
        }
        else if (Count >= _capacity)
        {
            Remove(_oldest[_counts[BegunHere] > 0 ? BegunHere : BegunByRemote]);
        }

        if (_free == None)
        {
            Grow();
        }

        var at = _free;
        _free = _flows[at].Newer;
        _flows[at] = new Flow { Key = key, Last = now, Side = side };
        _index[key] = at;
        LinkNewest(at, side);
        return at;
    }

    private void Grow()
    {
        var from = _flows.Length;
        Array.Resize(ref _flows, Math.Min(_capacity, Math.Max(64, from * 2)));
        for (var i = _flows.Length - 1; i >= from; i--)
        {
            _flows[i].Newer = _free;
            _free = i;
        }
    }

    /// <summary>A resumed flow turns out to be one that the device began.</summary>
    private void Adopt(int at)
    {
        Unlink(at);
        _flows[at].IsResumed = false;
        _flows[at].Side = BegunHere;
        LinkNewest(at, BegunHere);
    }

    private void Remove(int at)
    {
        _index.Remove(_flows[at].Key);
        Unlink(at);
        _flows[at] = new Flow { Newer = _free };
        _free = at;
    }

    private void Unlink(int at)
    {
        var (side, older, newer) = (_flows[at].Side, _flows[at].Older, _flows[at].Newer);
        (older == None ? ref _oldest[side] : ref _flows[older].Newer) = newer;
        (newer == None ? ref _newest[side] : ref _flows[newer].Older) = older;
        _counts[side]--;
    }

    private void LinkNewest(int at, int side)
    {
        _flows[at].Older = _newest[side];
        _flows[at].Newer = None;
        (_newest[side] == None ? ref _oldest[side] : ref _flows[_newest[side]].Newer) = at;
        _newest[side] = at;
        _counts[side]++;
    }

    private struct Flow
    {
        public FlowKey Key;
        public LanAddress Local;
        public TimeSpan Last;
        public int Older;
        public int Newer;
        public int Side;
        public Seen Seen;

        /// <summary>Taken for one that the device began before the restart, until the device says so.</summary>
        public bool IsResumed;

        public readonly bool IsClosing => (Seen & Seen.Rst) != 0 || (Seen & (Seen.OwnFin | Seen.RemoteFin)) == (Seen.OwnFin | Seen.RemoteFin);

        public readonly TimeSpan Idle => Key.Protocol switch
        {
            InnerPacket.Udp => Limits.FlowUdpIdle,
            InnerPacket.Tcp when !IsClosing && (Seen & (Seen.Own | Seen.Remote)) == (Seen.Own | Seen.Remote) => Limits.FlowTcpIdle,
            InnerPacket.Tcp => Limits.FlowTcpTransitoryIdle,
            _ => Limits.FlowIcmpIdle,
        };
    }
}
