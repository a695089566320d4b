using System.Buffers.Binary;
using Ntm.Protocol;
using Ntm.Protocol.Naming;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Coordinator;

/// <summary>
/// The coordinator (DC) core: who belongs to the zone, where its nodes are, and how two of them reach one another (docs/protocol.md sections 3 and 4).
/// It sees no traffic between nodes and can neither admit a node nor stand in for one: only the owner key vouches.
/// </summary>
public sealed class CoordinatorCore : ICore
{
    private const string TimestampCollection = "tunnel";
    private const string TimestampKey = "timestamp-mark";

    private readonly CoordinatorContext _context;
    private readonly TunnelTable _tunnels;
    private readonly SignalChannel _signals;
    private readonly Members _members;
    private readonly Guests _guests;
    private readonly Relays _relays;
    private readonly Registrations _registrations;
    private readonly Directions _directions;
    private readonly Addresses _addresses;
    private readonly Reunion _reunion;
    private readonly RemovalNotices _notices;
    private readonly RemovalsAcross _across;
    private readonly OtherZones _otherZones;
    private readonly Doorkeeper _doors;
    private readonly CheckAnswers _checks;
    private readonly Queue<Tunnel.Tunnel> _expired = new();
    private TimeSpan _nextSweep = TimeSpan.Zero;
    private bool _started;
    private bool _isCheck; // the datagram that is being taken

    /// <summary>The collection of bindings.</summary>
    public const string BindingCollection = Members.BindingCollection;

    /// <summary>Whether a collection's entries mean nothing under another owner key.</summary>
    public static bool IsOfOwner(string collection) => collection is Members.BindingCollection or Members.InviteCollection
        or Registrations.DeviceCollection or Acquaintances.Collection or ChannelBook.LeaseCollection or ChannelBook.PairCollection or Removals.Collection;

    /// <param name="model">What the owner wants.</param>
    /// <param name="key">The coordinator's node key, which invites pin.</param>
    /// <param name="entropy">Randomness.</param>
    /// <param name="memory">All entries kept before (every <see cref="CoordinatorEvent.Keep"/>), in any order.</param>
    public CoordinatorCore(CoordinatorModel model, StaticKeyPair key, IEntropy entropy, IEnumerable<StoreWrite> memory)
    {
        var kept = memory.ToArray();
        _tunnels = new TunnelTable(key, entropy, Outbox, ReadTimestampMark(kept), Limits.ReplayWindowCoordinator)
        {
            OnUnknownPeer = OnUnknownPeer,
            OnChange = OnChange,
            OnTimestampMark = mark => _context!.Keep(TimestampCollection, TimestampKey, Write(mark)),
        };
        _context = new CoordinatorContext(model, _tunnels);
        _signals = _context.Signals = new SignalChannel(_tunnels, _context.Addressing.Node(key.Public), VipOf) { OnSignal = OnSignal, IsStranger = static tunnel => tunnel.Owner is null };
        _checks = new CheckAnswers(_tunnels, () => _signals, _context.Counters);
        _members = new Members(_context, _context.Addressing.Node);
        _guests = new Guests(_context);
        _relays = new Relays(_context, _members);
        var proofs = new SightProofs(entropy);
        _checks.Prove = (now, tunnel, seen) => tunnel.Owner is Member { Role: Role.Node } ? proofs.Of(now.Boot, tunnel.Peer, seen) : 0;
        _registrations = new Registrations(_context, _members, _relays, proofs);
        var met = new Acquaintances(_context);
        _doors = new Doorkeeper(_context);
        _directions = new Directions(_context, _members, _relays, met, _doors) { OnSilent = _registrations.Silent };
        _addresses = new Addresses(_context, _members);
        _reunion = new Reunion(_tunnels, key => _members.Find(key) is { } member ? Open(member) : null, End);
        _notices = new RemovalNotices(_context, _members);
        _context.Removals.Load(kept, model.OwnerPublicKey, model.Zone);
        _otherZones = new OtherZones(_context, _members, _guests, _directions, met);
        _across = new RemovalsAcross(_context, _members, met, _otherZones);
        met.Load(kept);
        _members.Load(kept);
        _registrations.Load(kept);
        _relays.Load(kept);
        _addresses.Load(kept);

        // Relays first, so that nodes that register are told of them.
        foreach (var member in _members.All.Where(m => !m.Path.IsNone).OrderBy(m => m.Role != Role.Relay))
        {
            _reunion.Expect(member.Key, member.Path);
        }
    }

    public Outbox Outbox { get; } = new();

    /// <summary>Where its program listens for nodes' checks besides (socket <see cref="UplinkSocket.Observing"/>); 0: nowhere. Nodes are told.</summary>
    public ushort SecondPort
    {
        get => _checks.SecondPort;
        set => _registrations.SecondPort = _checks.SecondPort = value;
    }

    public TimeSpan NextDeadline => Earliest(
        Earliest(Earliest(Earliest(_nextSweep, _checks.NextDeadline), _otherZones.NextDeadline), Earliest(_addresses.NextDeadline, _reunion.NextDeadline)),
        Earliest(_tunnels.NextDeadline, _signals.NextDeadline));

    public bool TryTakeEvent(out CoordinatorEvent? happened) => _context.Events.TryDequeue(out happened);

    public void ReceiveDatagrams(Now now, PacketBatch batch)
    {
        Start(now);
        for (var i = 0; i < batch.Count; i++)
        {
            var packet = batch[i];
            Take(now, packet);
            packet.Disposition = Disposition.Drop;
        }

        RemoveExpired(now);
    }

    private void Take(Now now, Packet packet)
    {
        var path = packet.Path;
        var isSecondPort = UplinkSocket.SocketOf(path.Uplink) != 0;
        if (isSecondPort && TunnelMessage.Classify(packet.Bytes) != TunnelMessage.Transport)
        {
            _context.Counters.Count("second-port-not-a-check");
            return;
        }

        var verdict = _tunnels.Open(now, packet, out var tunnel);
        if (verdict is not (OpenVerdict.Data or OpenVerdict.KeepAlive) || tunnel is null)
        {
            return;
        }

        // A node's mapping may change at any time: answers go where its last authenticated datagram came from. A check may come from anywhere and moves nothing.
        var former = tunnel.SendPath;
        if (!isSecondPort)
        {
            tunnel.SendPath = path;
        }

        _isCheck = false;
        if (verdict == OpenVerdict.Data && !_signals.TryTake(now, tunnel, packet))
        {
            _context.Counters.Count("packet-not-signalling");
        }

        if (_isCheck && !former.IsNone)
        {
            tunnel.SendPath = former;
        }

        if (tunnel.Owner is Member member)
        {
            if (!_isCheck && !isSecondPort)
            {
                _addresses.Heard(member, path);
            }

            _registrations.Heard(now, member, _isCheck || isSecondPort ? default : path);
        }
    }

    /// <summary>A coordinator has no TUN.</summary>
    public void ReceivePackets(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Disposition = Disposition.Drop;
        }

        _context.Counters.Count("packet-from-tun", batch.Count);
    }

    /// <summary>The answer to <see cref="CoordinatorEvent.RecordWanted"/>: what the zone's NTM record says.</summary>
    public void RecordFound(Now now, string zone, NtmRecordAnswer answer) => _otherZones.RecordFound(now, zone, answer);

    public void HandleTimeout(Now now)
    {
        Start(now);
        _reunion.HandleTimeout(now);
        _tunnels.HandleTimeout(now);
        _signals.HandleTimeout(now);
        _otherZones.HandleTimeout(now);
        _checks.HandleTimeout(now);
        RemoveExpired(now);
        _addresses.HandleTimeout(now);
        if (_nextSweep <= now.Boot)
        {
            _nextSweep = now.Boot + Bounds.Sweep;
            _guests.Sweep(now);
            _registrations.Sweep(now);
            _relays.Sweep(now);
            _notices.Sweep(now);
            _across.Sweep(now);
            _otherZones.Sweep(now);
        }
    }

    /// <summary>Takes a member out of the zone, by the owner's word; all registered nodes and relays are told, others as soon as they register.</summary>
    /// <returns>Whether it was done, and a sentence on it.</returns>
    public (bool Done, string Sentence) Remove(Now now, SignedRemoval signed)
    {
        if (!_context.Removals.TryTake(signed, _context.Model.OwnerPublicKey, _context.Model.Zone, out var removal, out var problem))
        {
            return (false, $"A removal was not taken: {problem}.");
        }

        // Another coordinator may have bound another key with the same invite.
        foreach (var member in _members.All.Where(m => removal!.Covers(m.Binding)).ToArray())
        {
            _members.Remove(member);
            _registrations.Forget(member);
            _relays.Forget(now, member);
            _addresses.Forget(member);
            if (member.Tunnel is { } tunnel)
            {
                // It hears at once, as a rule; where this is lost, it is refused when it registers next.
                _signals.Notify(now, tunnel, new Signal { RemovalNotice = new() { Removals = { removal!.Signed } } });
                _signals.Forget(now, tunnel);
                _tunnels.Remove(tunnel);
                (tunnel.Owner, member.Tunnel) = (null, null);
            }
        }

        _notices.Sweep(now);
        _across.Removed(now, removal!);
        return (true, $"'{removal!.Name}' with key {removal.Key.Short} is out of the zone. Nodes and relays are told.");
    }

    /// <summary>A picture for people.</summary>
    public CoordinatorStatus Describe(Now now)
    {
        var counters = new Counters();
        foreach (var (reason, count) in _context.Counters.All.Concat(_tunnels.Counters.All).Concat(_signals.Counters.All))
        {
            counters.Count(reason, count);
        }

        counters.Count("outbox-full", Outbox.Dropped);
        return new(
            _context.Model.Zone, _context.Model.Name, _tunnels.Key.Public,
            [
                .. _members.All.Select(m => new MemberStatus(
                    m.Name, m.Role, m.Key, m.Vip, m.Registration is not null || m.Presence is not null,
                    m.Registration?.Observed ?? m.Presence?.Observed ?? default, [.. m.Devices.Keys], m.Binding.Signed)),
            ],
            [
                .. _members.All.Where(m => m.Role == Role.Relay).Select(m => new RelayStatus(
                    m.Name, m.Presence?.Endpoints ?? [], m.Presence is not null, m.Presence?.Legs ?? 0, m.Channels?.Free ?? 0, m.Channels?.Pairs.Count ?? 0)),
            ],
            _guests.Count, _members.UsedInvites, counters.All);
    }

    // A guest's zone is not known before it says so, and then only by what vouches for it; another zone's record may name a key that is none of its coordinators'.
    private static VirtualAddress? VipOf(Tunnel.Tunnel tunnel) => tunnel.Owner switch
    {
        Member member => member.Vip,
        ZoneLink { IsProven: true } link => link.Vip,
        _ => null,
    };

    private Tunnel.Tunnel? OnUnknownPeer(Now now, PublicKey key, WirePath path)
    {
        if (_members.Find(key) is { } member)
        {
            return Open(member);
        }

        if (_otherZones.Find(key) is not { } link)
        {
            return _guests.Take(now, key, path.Remote);
        }

        OtherZones.Join(link, _tunnels.Add(key, TunnelKind.Ntm));
        return link.Tunnel;
    }

    private Tunnel.Tunnel Open(Member member)
    {
        member.Tunnel = _tunnels.Add(member.Key, TunnelKind.Ntm);
        member.Tunnel.Owner = member;
        return member.Tunnel;
    }

    private void End(Now now, Tunnel.Tunnel tunnel)
    {
        _guests.Forget(tunnel);
        OtherZones.Forget(tunnel);
        _signals.Forget(now, tunnel);
        _tunnels.Remove(tunnel);
        if (tunnel.Owner is Member member && member.Tunnel == tunnel)
        {
            member.Tunnel = null;
        }
    }

    /// <summary>What was kept and ends by time is taken up with the first call, which brings the time.</summary>
    private void Start(Now now)
    {
        if (!_started)
        {
            _started = true;
            _relays.Start(now);
        }
    }

    private void OnChange(Now now, Tunnel.Tunnel tunnel, TunnelChange change)
    {
        if (change == TunnelChange.Expired)
        {
            // Not now: the table is in the midst of something.
            _expired.Enqueue(tunnel);
        }
        else if (change == TunnelChange.Established)
        {
            tunnel.Candidates.Clear(); // from here on it goes where the member is heard from
            _signals.OnEstablished(now, tunnel);
            if (tunnel.Owner is Member member)
            {
                Registrations.Greeted(member);
            }

            if (tunnel.Owner is null or Member { Role: Role.Node, Registration: null, Away: null })
            {
                _signals.Notify(now, tunnel, new Signal { PathCheckReply = new() }, null, _context.Addressing.Node(tunnel.Peer)); // it may think that it is registered
            }
        }
    }

    private void RemoveExpired(Now now)
    {
        while (_expired.TryDequeue(out var tunnel))
        {
            if (_tunnels.Find(tunnel.Peer) != tunnel || tunnel.IsEstablished)
            {
                continue;
            }

            End(now, tunnel);
        }
    }

    private Signal? OnSignal(Now now, Tunnel.Tunnel tunnel, WirePath path, Signal signal)
    {
        if (signal is { PathCheckReply: not null, Number: 0 })
        {
            return null; // another zone's coordinator takes us for a node
        }

        _isCheck = signal is { PathCheck: not null, Number: 0 };
        if (_isCheck && tunnel.Owner is Member { Role: Role.Node })
        {
            _checks.Take(now, tunnel, path, signal.PathCheck!);
            return null;
        }

        if (_isCheck || UplinkSocket.SocketOf(path.Uplink) != 0)
        {
            _context.Counters.Count(_isCheck ? "check-of-nobody" : "second-port-not-a-check");
            return null;
        }

        switch (signal.BodyCase)
        {
            case Signal.BodyOneofCase.ZoneDirectionRequest:
                return _otherZones.Heard(now, tunnel, signal.Number, signal.ZoneDirectionRequest);

            case Signal.BodyOneofCase.RemovalNotice when tunnel.Owner is not Member && RemovalsAcross.ZoneOf(signal.RemovalNotice) is { } zone:
                return _otherZones.As(now, tunnel, signal.Number, zone, at => _across.Heard(at, zone, signal.RemovalNotice));

            case Signal.BodyOneofCase.JoinRequest:
                return Joined(now, tunnel, signal.JoinRequest.Binding, out _, out var refusal) ? new Signal { JoinResponse = new() { Observed = path.Remote.ToWire() } } : refusal;

            // A relay's announcement carries its binding, so that a relay which a new coordinator does not know joins by it.
            case Signal.BodyOneofCase.RelayAnnouncement:
                return Joined(now, tunnel, signal.RelayAnnouncement.Binding, out var relay, out refusal)
                    ? _relays.Announced(now, relay!, path, signal.RelayAnnouncement)
                    : refusal;
        }

        if (tunnel.Owner is not Member member)
        {
            return _context.Removals.Of(tunnel.Peer) is { } removal
                ? _context.RefuseRemoved(removal, "signal-of-removed")
                : _context.Refuse(RefusalReason.RefusalNotJoined, "signal-before-join", "Join first: this key belongs to no member of the zone.");
        }

        return signal.BodyCase switch
        {
            Signal.BodyOneofCase.RegistrationRequest => _registrations.Registered(now, member, path, signal.RegistrationRequest),
            Signal.BodyOneofCase.DirectionRequest when !member.Directions.TrySpend(now.Boot) =>
                _context.Refuse(RefusalReason.RefusalBusy, "direction-too-many", "You ask for too many names at once."),
            Signal.BodyOneofCase.DirectionRequest when signal.DirectionRequest.Zone.Length > 0 && signal.DirectionRequest.Zone != _context.Model.Zone =>
                _otherZones.Asked(now, member, signal.Number, signal.DirectionRequest),
            Signal.BodyOneofCase.Doors => _doors.Told(member, signal.Doors),
            Signal.BodyOneofCase.DirectionRequest => _directions.Asked(now, member, signal.DirectionRequest),
            _ => _context.Refuse(RefusalReason.RefusalNotPermitted, "signal-not-for-coordinators", "A coordinator does not answer that."),
        };
    }

    private bool Joined(Now now, Tunnel.Tunnel tunnel, SignedBinding? binding, out Member? member, out Signal? refusal)
    {
        if (!_members.TryJoin(now, tunnel.Peer, binding, out member, out refusal))
        {
            return false;
        }

        _guests.Forget(tunnel);
        OtherZones.Forget(tunnel);
        tunnel.Owner = member;
        member.Tunnel = tunnel;
        return true;
    }

    private static ulong ReadTimestampMark(StoreWrite[] kept) =>
        Array.Find(kept, e => e is { Collection: TimestampCollection, Key: TimestampKey, Value.Length: 8 })?.Value is { } value
            ? BinaryPrimitives.ReadUInt64LittleEndian(value)
            : 0;

    private static byte[] Write(ulong mark)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, mark);
        return bytes;
    }

    private static TimeSpan Earliest(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
