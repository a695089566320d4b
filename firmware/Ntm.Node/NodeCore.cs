using System.Net;
using Ntm.Node.Devices;
using Ntm.Node.Mapping;
using Ntm.Node.Nat;
using Ntm.Node.Paths;
using Ntm.Node.Paths.Hard;
using Ntm.Node.Sharing;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Node;

/// <summary>
/// The NTM node and router core: puts together registration, directions, peers, paths and the device proxy, and carries packets between them. It assumes no
/// TUN, no root and no uplink, and decides nothing itself that one of its parts can decide.
/// </summary>
public sealed partial class NodeCore : ICore
{
    private const string ClockCollection = "clock";
    private const string ClockKey = "timestamp-mark";

    private readonly NodeContext _context;
    private readonly DeviceTable _devices;
    private readonly AliasTable _aliases;
    private readonly PathChecks _checks;
    private readonly PathReports _reports;
    private readonly RunChecks _runs;
    private readonly ProbeTrials _trials;
    private readonly Registration _registration;
    private readonly NatObserver _nat;
    private readonly Sightings _sightings;
    private readonly ServerPaths _ways;
    private readonly UplinkWatch _watch;
    private readonly UplinkMappings _mappings;
    private readonly Peers _peers;
    private readonly Directions _directions;
    private readonly Joining _joining;
    private readonly Leaving _leaving;
    private readonly Shareholding _shareholding;
    private readonly HeldPackets _held;
    private readonly Packet _scratch = new(); // for second copies
    private readonly Packet _otherHalf = new();
    private TimeSpan _tellPeersAt = TimeSpan.MaxValue;
    private IReadOnlyList<IPAddress> _ownAddresses = [];
    private DeviceProxy? _proxy; // with the membership: it needs the own VIP
    private IReadOnlyList<StoreWrite>? _memory;

    /// <param name="key">The node key.</param>
    /// <param name="entropy">Randomness.</param>
    /// <param name="options">Fixed choices.</param>
    /// <param name="memory">All entries kept before (every <see cref="NodeEvent.Keep"/>), in any order.</param>
    public NodeCore(StaticKeyPair key, IEntropy entropy, NodeOptions options, IEnumerable<StoreWrite> memory)
    {
        _memory = [.. memory];
        var tunnels = new TunnelTable(key, entropy, Outbox, StoredMark(_memory), lanes: options.Lanes, aes: options.Aes)
        {
            OnChange = OnTunnelChange,
            OnTimestampMark = KeepMark,
        };
        var counters = new Counters();
        var sharing = new SharingBook(new GivenShares(counters, Keep), new TakenShares(counters, Keep), () => tunnels.TimestampMark);
        _context = new NodeContext(options, tunnels, entropy) { Counters = counters, Sharing = sharing };
        _shareholding = new Shareholding(_context) { OnLess = at => _peers!.RemoveUnshared(at) };
        _held = new HeldPackets(_context.Counters);
        _devices = new DeviceTable(_context.Counters, Keep);
        _aliases = new AliasTable(options.AliasNetwork, options.AliasPrefixLength, _context.Counters, Keep);
        var budgets = new PathBudgets();
        _runs = new RunChecks(_context);
        _reports = new PathReports(_context);
        _trials = new ProbeTrials(_context)
        {
            Servers = () => _registration!.Own,
            Nats = uplink => _nat!.Traits.FirstOrDefault(t => t.Uplink == uplink),
            Peers = () => _peers!.All,
            Choose = (at, peer) => _checks!.Choose(at, peer),
            Withdraw = (at, peer, gone) => _checks!.Drop(at, peer, gone),
            Refresh = (at, peer) => _directions!.Refresh(at, peer),
        };
        _reports.OnReported = static (_, peer) => peer.HasReported = true;
        var changes = new PathChanges(_context, () => _registration!.NextGeneration()) { UnreportedSince = tunnels.UnreportedSince, Resend = tunnels.Resend };
        _context.Recorder.CountsOf = static tunnel => new(tunnel.LostBeyondRing + tunnel.UnacknowledgedInTime, tunnel.Late, (tunnel.Owner as Peer)?.Doubled ?? 0);
        _checks = new PathChecks(_context, budgets, _runs, new MtuProbes(_context), _trials, changes) { KeepAliveOf = path => _nat!.KeepAliveOf(path), IsAlone = () => _registration!.IsAlone };
        _nat = new NatObserver(_context, () => _registration!.Own) { OnChanged = OnNatChanged };
        _registration = new Registration(_context, Published, _nat) { OnRelaysChanged = at => _peers!.AimAll(at), OnObserved = OnObserved };
        _sightings = new Sightings(_context, () => _registration.Own, _nat.KeepAliveOf, _registration.Seen);
        _sightings.OnProven = _registration.RegisterSoonAt;
        _registration.ProvenAt = _sightings.ProvenAt;
        _watch = new UplinkWatch(_context, () => _registration.Own, _nat.KeepAliveOf);
        _registration.OnReached = at =>
        {
            _sightings.Look(at);
            _watch.Look(at);
        };
        _registration.Ways = _ways = new ServerPaths(_context, () => _registration.Own, _sightings) { OnMoved = at => _peers!.AimAll(at) };
        _sightings.OnSeen = _ways.Look;
        _mappings = new UplinkMappings(_context, _registration) { OnTold = OnPortsTold, OnBoxHeard = _nat.BoxHeard };
        _nat.BoxOf = _mappings.OutsideOf;
        _registration.PortMapped = _mappings.Candidates;
        _peers = new Peers(_context, _registration, _checks, changes, budgets);
        _directions = new Directions(_context, _registration, _peers) { Finish = Finish };
        var doors = new DoorTelling(_context, _registration);
        _registration.HasDoors = doors.HasAny;
        _registration.OnRegistered = at =>
        {
            doors.Tell(at);
            _directions.AskAgain(at);
        };
        _shareholding.OnChanged = doors.Tell;
        _joining = new Joining(_context) { OnMember = Become, MakeSignals = MakeSignals };
        _leaving = new Leaving(_context, _registration, _peers, _directions) { OnLeft = OnLeft };
        _registration.OnRemoved = _leaving.OnRefused;
        _peers.OnRemoved = peer =>
        {
            _proxy?.Forget(peer.Vip);
            _directions.Forget(peer.Vip);
            _trials.Forget(peer);
            _context.Recorder.Forget(peer);
        };
        _devices.Load(_memory);
        _aliases.Load(_memory);
        sharing.Given.Load(_memory);
        sharing.Taken.Load(_memory);
    }

    public Outbox Outbox { get; } = new();

    /// <summary>The router's own addresses on the LAN and the TUN: what it sends itself comes from number 0.</summary>
    public void OwnAddressesChanged(Now now, IReadOnlyList<IPAddress> addresses)
    {
        Start(now);
        _ownAddresses = addresses;
        _proxy?.SetOwnAddresses(addresses);
    }

    public TimeSpan NextDeadline
    {
        get
        {
            if (_memory is not null)
            {
                return TimeSpan.Zero;
            }

            var next = Min(Min(Min(Min(Min(_context.Tunnels.NextDeadline, _watch.NextDeadline), _sightings.NextDeadline), _nat.NextDeadline), _trials.NextDeadline), Min(Min(_checks.NextDeadline, _reports.NextDeadline), _runs.NextDeadline));
            if (_context.Signals is { } signals)
            {
                next = Min(next, signals.NextDeadline);
            }

            next = Min(Min(next, _peers.NextDeadline), Min(_registration.NextDeadline, _directions.NextDeadline));
            next = Min(Min(next, _tellPeersAt), _context.Recorder.NextDeadline);
            return Min(Min(next, _mappings.NextDeadline), Min(_shareholding.NextDeadline, _held.NextDeadline));
        }
    }

    /// <summary>An uplink appeared, changed or went.</summary>
    public void UplinkChanged(Now now, UplinkState uplink)
    {
        Start(now);
        if (_context.Uplinks.TryGetValue(uplink.Number, out var former) && Same(former, uplink))
        {
            return;
        }

        if (uplink.Usable && former is not { Usable: true })
        {
            _runs.Forget(uplink.Number);
        }

        _context.Uplinks[uplink.Number] = uplink;
        _watch.Look(now);

        // Another place among the uplinks is no other network: mappings, sockets and what was seen there stay.
        var moved = former is null || !Same(former with { Rank = uplink.Rank, Metered = uplink.Metered }, uplink);
        if (moved)
        {
            _nat.UplinkChanged(now, uplink);
            _sightings.Look(now);
            _trials.UplinkChanged(now, uplink);
        }

        if (former is null || former.Usable != uplink.Usable || former.Reason != uplink.Reason)
        {
            _context.Note($"Uplink {uplink.Name} is {(uplink.Usable ? "usable" : "not usable")}: {uplink.Reason}.");
        }

        if (_context.Membership is not null)
        {
            _registration.UplinksChanged(now);
            _ways.Look(now);
            _peers.AimAll(now);
            TellPeers(now);
        }

        if (moved)
        {
            _mappings.Aim(now);
        }
    }

    /// <summary>A socket that <see cref="NodeEvent.Socket"/> wanted stands.</summary>
    /// <param name="port">Its local port; 0: it could not be had, or is gone.</param>
    public void SocketOpened(Now now, int number, bool ipv4, ushort port)
    {
        Start(now);
        if (UplinkSocket.SocketOf(number) == UplinkSocket.Observing)
        {
            _nat.SocketOpened(now, number, ipv4, port);
        }
        else
        {
            _trials.SocketOpened(now, number, port);
        }
    }

    /// <summary>Leaves the zone: membership, peers, pins and kept directions go; node key, devices' numbers, aliases and published names stay.</summary>
    /// <param name="zone">The zone to leave, so that no other is left by mistake.</param>
    public Verdict Leave(Now now, string zone)
    {
        Start(now);
        if (_context.Membership is not { } member)
        {
            return new(false, "This gateway is in no zone.");
        }

        if (member.Zone != zone)
        {
            return new(false, $"This gateway is in the zone {member.Zone}, not in '{zone}'.");
        }

        _leaving.Leave(now, "this gateway left the zone");
        _context.Note($"Left the zone {zone}, where this gateway was '{member.Name}'.");
        return new(true, $"This gateway left the zone {zone}, where it was '{member.Name}'. Its devices keep their names and numbers. Join again: ntm join CODE");
    }

    /// <summary>Wants a name resolved; ends with <see cref="NodeEvent.NameAnswered"/> within <see cref="Limits.NameAnswerDeadline"/>.</summary>
    /// <param name="name">Canonical.</param>
    public void NameWanted(Now now, long ticket, string name)
    {
        Start(now);
        if (_context.Membership is not { } member)
        {
            Answer(ticket, new(NameVerdict.NoCoordinator, default, 0, "this gateway is in no zone"));
        }
        else if (_context.TrySplit(name, out var zone, out var node, out var device))
        {
            if (node == member.Name && zone == member.Zone)
            {
                Answer(ticket, OwnName(device));
            }
            else
            {
                _directions.Want(now, ticket, name);
            }
        }
        else if (name.EndsWith('.' + member.Zone, StringComparison.Ordinal) || name == member.Zone)
        {
            Answer(ticket, new(NameVerdict.NoSuchName, default, 0, $"names are device.node.{member.Zone} or node.{member.Zone}"));
        }
        else
        {
            Answer(ticket, new(NameVerdict.NotOurs, default, 0, $"it is neither below {member.Zone} nor of a node that shares something with this home"));
        }
    }

    /// <summary>The name an alias or VIP was asked for by, for PTR; null where unknown.</summary>
    public string? NameOf(IPAddress aliasOrVip)
    {
        var address = LanAddress.From(aliasOrVip);
        return !address.IsIPv4 ? _directions.NameOf(address.AsVip)
            : _aliases.TryPeek(address.IPv4, out var vip) ? _directions.NameOf(vip)
            : null;
    }

    /// <summary>The DHCP leases of the LAN as they are now.</summary>
    public void LeasesSeen(Now now, IReadOnlyList<Lease> leases)
    {
        Start(now);
        _devices.LeasesSeen(now, leases);
    }

    public NodeStatus Describe(Now now)
    {
        Start(now);
        return NodeDescription.Of(_context, _nat, _registration, _peers, _directions, _devices, _aliases, _mappings, _context.Sharing.Time(now), Outbox.Dropped);
    }

    public bool TryTakeEvent(out NodeEvent? happened) => _context.Events.TryDequeue(out happened);

    public void HandleTimeout(Now now)
    {
        Start(now);
        _context.Tunnels.HandleTimeout(now);
        _context.Signals?.HandleTimeout(now);
        _registration.HandleTimeout(now);
        _directions.HandleTimeout(now);
        _peers.HandleTimeout(now);
        _checks.HandleTimeout(now);
        _reports.HandleTimeout(now);
        _runs.HandleTimeout(now);
        _trials.HandleTimeout(now);
        _nat.HandleTimeout(now);
        _sightings.HandleTimeout(now);
        _watch.HandleTimeout(now);
        _shareholding.HandleTimeout(now);
        _held.HandleTimeout(now.Boot);
        _mappings.HandleTimeout(now);
        _context.Recorder.HandleTimeout(now);
        if (_tellPeersAt <= now.Boot)
        {
            TellPeersNow(now);
        }
    }

    private Signal? OnSignal(Now now, Tunnel.Tunnel tunnel, WirePath path, Signal signal)
    {
        switch (tunnel.Owner, signal)
        {
            case (Peer peer, { PathCheck: { } check }):
                _checks.OnCheck(now, peer, path, check);
                return null;
            case (Peer peer, { PathCheckReply: { } reply }):
                _watch.Answered(now, path.Uplink);
                _checks.OnReply(now, peer, path, reply);
                return null;
            case (Peer peer, { Number: 0, PathReport: { } report }):
                _reports.OnReport(now, peer, report);
                return null;
            case (Peer peer, { ProbeRound: { } round }):
                return _trials.OnRound(now, peer, signal.Number, round);
            case (ServerLink, { PathCheckReply: { } seen }) when _trials.TryTakeLook(now, seen):
                return null;
            case (Peer peer, { PathUse: { } use }):
                _checks.OnUse(now, peer, path, use);
                return null;
            case (Peer peer, { CandidateUpdate: { } update }):
                _peers.Update(now, peer, update);
                return new Signal { Acknowledgement = new() };
            case (ServerLink link, { PathCheckReply: { Id: 0 } moved }) when UplinkSocket.SocketOf(path.Uplink) == 0:
                _registration.Told(now, link, path, moved.Seen);
                return null;
            case (not Peer, { PathCheckReply.Id: 0 }):
                return null; // of one that we are about to join or register at
            case (ServerLink link, { PathCheckReply: { } reply }):
                if (!_watch.TryTake(now, link, path, reply) && !_sightings.TryTake(now, link, path, reply))
                {
                    _nat.OnReply(now, link, path, reply);
                }

                return null;
            case (ServerLink { IsRelay: false }, { RouteDirection: { } direction }):
                return _directions.OnDirected(now, direction);
            case (ServerLink { IsRelay: false }, { RemovalNotice: { } notice }):
                return _leaving.OnNotice(now, notice);
            default:
                _context.Counters.Count("signal-not-for-a-node");
                return signal.Number == 0 ? null : new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "a node does not answer this" } };
        }
    }

    private void OnTunnelChange(Now now, Tunnel.Tunnel tunnel, TunnelChange change)
    {
        if (change == TunnelChange.Established)
        {
            _context.Signals?.OnEstablished(now, tunnel);
        }

        switch (tunnel.Owner, change)
        {
            case (Peer peer, TunnelChange.Established):
                _checks.Established(now, peer);
                break;
            case (Peer peer, TunnelChange.GaveUp):
                _context.Warn($"{peer.Name} did not answer for {Limits.RekeyAttemptTime.TotalSeconds:0} s on any of {tunnel.Candidates.Count} paths.");
                peer.Reason = "it does not answer on any path";
                break;
            case (Peer peer, TunnelChange.ResponseRefused):
                _directions.Doubt(now, peer);
                break;
            case (ServerLink link, TunnelChange.Established):
                _registration.Established(now, link);
                if (link.IsRelay)
                {
                    _peers.AimAll(now);
                }

                break;
        }
    }

    // A membership kept from before is taken up with the first call, which brings the time.
    private void Start(Now now)
    {
        if (_memory is not { } memory)
        {
            return;
        }

        _memory = null;
        _nat.Load(memory);
        _mappings.Load(memory);
        _context.Recorder.Load(memory);
        if (Membership.TryLoad(memory, _context.Key, Role.Node, _context.Counters, out var membership, out var problem))
        {
            _context.Signals = MakeSignals(membership.Addressing);
            _context.Removals.Load(memory, membership.OwnerKey, membership.Zone);
            _context.OtherRemovals.Load(memory, _context.Sharing.OwnersOf);
            Enter(now, membership, ResumesUntil(now, memory));
            _peers.Load(now, memory);
            _directions.Load(memory);
        }
        else
        {
            _leaving.Load(memory);
            if (problem is not null)
            {
                _context.Warn(problem);
            }
        }
    }

    private void Become(Now now, Membership membership)
    {
        foreach (var write in membership.ToStore())
        {
            Keep(write);
        }

        _leaving.Forgive();
        Enter(now, membership, TimeSpan.MinValue);
    }

    private void OnLeft(Now now)
    {
        _proxy = null;
        _held.Clear();
        _nat.Stop();
        _sightings.Stop();
        _watch.Stop();
        _mappings.Leave(now);
        _trials.Stop();
    }

    private void Enter(Now now, Membership membership, TimeSpan resumesUntil)
    {
        _context.Membership = membership;
        _context.Own = membership.Addressing.Node(_context.Key);
        _proxy = new DeviceProxy(_context.Own, _devices, _aliases, _context.Counters)
        {
            AccessOf = vip => _peers.FindByVip(vip)?.Access,
            MtuOf = vip => _peers.FindByVip(vip)?.MtuFound ?? Limits.MtuInside,
            GrantTime = _context.Sharing.Time,
            ResumesUntil = resumesUntil,
        };
        _proxy.SetOwnAddresses(_ownAddresses);
        _context.Events.Enqueue(new NodeEvent.Member(membership.Zone, membership.Name, _context.Own, membership.Addressing.Prefix));
        _shareholding.Start(now);
        _registration.Start(now);
        _mappings.Aim(now);
    }

    // Who is met by joining is of our own zone.
    private SignalChannel MakeSignals(ZoneAddressing addressing) =>
        new(_context.Tunnels, addressing.Node(_context.Key), tunnel => tunnel.Owner switch
        {
            Peer peer => peer.Vip,
            ServerLink link => link.Vip,
            _ => addressing.Node(tunnel.Peer),
        })
        {
            OnSignal = OnSignal,
            Counters = _context.Counters,
        };

    private void OnObserved(Now now)
    {
        _mappings.Observed(now);
        _peers.AimAll(now);
        TellPeers(now);
    }

    private void OnNatChanged(Now now)
    {
        if (_context.Membership is not null)
        {
            _registration.RegisterSoon(now);
            TellPeers(now);
        }
    }

    // Once for all that one moment brings: several uplinks at a time, mostly.
    private void TellPeers(Now now) => _tellPeersAt = now.Boot;

    private void TellPeersNow(Now now)
    {
        _tellPeersAt = TimeSpan.MaxValue;
        if (_context.Membership is null)
        {
            return;
        }

        var update = new CandidateUpdate { Generation = _registration.NextGeneration() };
        update.Candidates.AddRange(_registration.OwnCandidates(withCoordinators: true));
        update.Nats.AddRange(_nat.Traits);
        foreach (var peer in _peers.All)
        {
            if (peer.Tunnel.IsEstablished)
            {
                _context.Signals!.Request(now, peer.Tunnel, new Signal { CandidateUpdate = update }, static (_, _) => { });
            }
        }
    }

    private NameAnswer Finish(Now now, string name, VirtualAddress vip, string reason) =>
        _aliases.TryGetOrAdd(now, vip, out var alias, out var refusal)
            ? new(NameVerdict.Found, vip, alias, reason)
            : new(NameVerdict.Unreachable, vip, 0, refusal);

    private NameAnswer OwnName(string? device)
    {
        if (device is null)
        {
            return new(NameVerdict.Found, _context.Own, _aliases.RouterAddress, "it is this gateway");
        }

        var found = _devices.Published().Where(d => d.Name == device).Select(d => _devices.Find(d.Number)).FirstOrDefault();
        return found is null
            ? new(NameVerdict.NoSuchName, default, 0, $"no device here is published as '{device}'")
            : new(NameVerdict.Found, _context.Own.WithNumber(found.Number), found.IPv4.Latest.IPv4, "it is in this LAN");
    }

    private IEnumerable<Protocol.Signalling.PublishedDevice> Published() =>
        _devices.Published().Select(d => new Protocol.Signalling.PublishedDevice { Name = d.Name, Number = d.Number });

    private void Answer(long ticket, NameAnswer answer) => _context.Events.Enqueue(new NodeEvent.NameAnswered(ticket, answer));

    private void Keep(StoreWrite write) => _context.Events.Enqueue(new NodeEvent.Keep(write));

    private void KeepMark(ulong mark) => Keep(new(ClockCollection, ClockKey, BitConverter.GetBytes(mark)));

    private static ulong StoredMark(IEnumerable<StoreWrite> memory) =>
        memory.FirstOrDefault(e => e is { Collection: ClockCollection, Key: ClockKey, Value.Length: 8 }) is { } entry ? BitConverter.ToUInt64(entry.Value!) : 0;

    private static bool Same(UplinkState a, UplinkState b) =>
        a.Usable == b.Usable && a.Name == b.Name && a.Reason == b.Reason && a.Nat64 == b.Nat64 && a.Addresses.SequenceEqual(b.Addresses)
        && a.Gateways.SequenceEqual(b.Gateways) && a.MapsPorts == b.MapsPorts && a.Rank == b.Rank && a.Metered == b.Metered;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
