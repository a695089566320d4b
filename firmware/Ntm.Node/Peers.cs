using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
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
/// The nodes this node was directed to, by full public key and by VIP. A direction is vouched for against the pinned owner key and its name against the
/// key pinned before; then it makes or refreshes the peer, its tunnel and its paths. Kept, so that peers are reached without a coordinator.
/// </summary>
internal sealed class Peers(NodeContext context, Registration registration, PathChecks checks, PathChanges changes, PathBudgets budgets)
{
    public const string Collection = "peer";
    public const string PinCollection = "pin";

    /// <summary>Counted: a kept direction that does not parse.</summary>
    public const string EntryUnreadable = "peer-entry-unreadable";

    /// <summary>When a peer's tunnel was last in use, wall time; to begin it again after a restart.</summary>
    public const string UseCollection = "peer-use";

    private const int Most = 4096;

    /// <summary>Of other owners, and of one of them: an owner makes as many keys as it likes, and our own nodes are to find room.</summary>
    private const int MostOthers = 1024;

    private const int MostOfOneOther = 64;

    /// <summary>How often use is kept: what is kept may be so much older than the truth.</summary>
    private static readonly TimeSpan UseKeptEvery = TimeSpan.FromMinutes(10);

    /// <summary>Tunnels used within this long of the latest use are begun again after a restart.</summary>
    private static readonly TimeSpan InUse = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan LeastRenewal = TimeSpan.FromMinutes(1);

    /// <summary>One a tick, so that a restart with many peers is no burst.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    private readonly DirectionTrust _trust = new(context);
    private readonly Dictionary<string, Purse> _purses = new(StringComparer.Ordinal); // by other owner's zone
    private readonly PriorityQueue<Peer, TimeSpan> _waiting = new();
    private readonly Queue<Peer> _toBegin = new();
    private TimeSpan _nextBegin = TimeSpan.MaxValue;
    private Peer? _found;
    private readonly Dictionary<PublicKey, Peer> _byKey = [];
    private readonly Dictionary<VirtualAddress, Peer> _byVip = [];
    private readonly Dictionary<string, PublicKey> _pins = new(StringComparer.Ordinal);

    public IReadOnlyCollection<Peer> All => _byKey.Values;

    /// <summary>Told of a peer that is none any more: its flows and names go with it.</summary>
    public Action<Peer>? OnRemoved { get; set; }

    public Peer? Find(PublicKey key) => _byKey.GetValueOrDefault(key);

    /// <summary>Takes a peer away: tunnel, paths, pin and kept direction, now and in the store.</summary>
    /// <param name="why">For the log: the end of a sentence.</param>
    public void Remove(Now now, Peer peer, string why)
    {
        if (Find(peer.Binding.Key) != peer)
        {
            return;
        }

        _byKey.Remove(peer.Binding.Key);
        _byVip.Remove(peer.Vip);
        _found = null;
        peer.NextTick = TimeSpan.MaxValue;
        checks.Withdraw(now, peer, static _ => true);
        context.Signals?.Forget(now, peer.Tunnel);
        context.Tunnels.Remove(peer.Tunnel);
        context.Keep(Collection, peer.Binding.Key.ToString(), null);
        context.Keep(UseCollection, peer.Binding.Key.ToString(), null);
        Unpin(peer.Binding.Key);
        registration.ForgetGuestRelays(now, IsRelayUsed);
        if (!_byKey.Values.Any(p => p.Binding.Zone == peer.Binding.Zone))
        {
            _purses.Remove(peer.Binding.Zone);
        }

        OnRemoved?.Invoke(peer);
        context.Note($"{peer.Name} is no peer any more: {why}.");
    }

    /// <summary>Frees the names that are pinned to exactly this key.</summary>
    public void Unpin(PublicKey key) => Unpin(pinned => pinned == key);

    /// <summary>Frees all names: the node leaves its zone.</summary>
    public void UnpinAll() => Unpin(static _ => true);

    private void Unpin(Predicate<PublicKey> gone)
    {
        foreach (var name in _pins.Where(p => gone(p.Value)).Select(p => p.Key).ToArray())
        {
            _pins.Remove(name);
            context.Keep(PinCollection, name, null);
        }
    }

    /// <summary>Each packet asks for its peer more than once, and so does the next of the same flow.</summary>
    public Peer? FindByVip(VirtualAddress any) => _found is { } found && found.Vip.SameNode(any) ? found : _found = _byVip.GetValueOrDefault(any.Node);

    /// <summary>From the store, after the membership. Damaged entries are counted and passed over.</summary>
    public void Load(Now now, IEnumerable<StoreWrite> memory)
    {
        foreach (var entry in memory)
        {
            if (entry.Value is null)
            {
                continue;
            }

            if (entry.Collection == PinCollection && entry.Value.Length == PublicKey.Size)
            {
                _pins[entry.Key] = new PublicKey(entry.Value);
            }
            else if (entry.Collection == PinCollection)
            {
                context.Counters.Count(EntryUnreadable);
            }
            else if (entry.Collection == Collection)
            {
                LoadPeer(now, entry.Value);
            }
        }

        BeginAgain(now, memory);
    }

    public TimeSpan NextDeadline => _waiting.TryPeek(out _, out var at) && at < _nextBegin ? at : _nextBegin;

    /// <summary>Begins the next tunnel that was in use before a restart, and takes words that had to wait.</summary>
    public void HandleTimeout(Now now)
    {
        while (_waiting.TryPeek(out var waiting, out var at) && at <= now.Boot)
        {
            _waiting.Dequeue();
            if (waiting.Waiting is { } update && Find(waiting.Binding.Key) == waiting)
            {
                Apply(now, waiting, update);
            }
        }

        if (_nextBegin <= now.Boot)
        {
            if (_toBegin.TryDequeue(out var peer) && Find(peer.Binding.Key) == peer && !peer.Tunnel.IsEstablished)
            {
                context.Tunnels.Begin(now, peer.Tunnel);
            }

            _nextBegin = _toBegin.Count > 0 ? now.Boot + Pace : TimeSpan.MaxValue;
        }
    }

    /// <summary>Traffic with this peer: remembered, so that a restart takes the tunnel up again by itself.</summary>
    public void Used(Now now, Peer peer)
    {
        if (peer.UseKept is not { } kept || now.Boot - kept > UseKeptEvery)
        {
            peer.UseKept = now.Boot;
            context.Keep(UseCollection, peer.Binding.Key.ToString(), BitConverter.GetBytes(now.Wall.ToUnixTimeSeconds()));
        }
    }

    // Against the latest use and not against the clock, which a restart may have lost; but one that a wrong clock dated far ahead makes no other one old.
    private void BeginAgain(Now now, IEnumerable<StoreWrite> memory)
    {
        var uses = new List<(Peer Peer, long At)>();
        foreach (var entry in memory)
        {
            if (entry is { Collection: UseCollection, Value.Length: sizeof(long) } && PublicKey.TryParse(entry.Key, out var key) && _byKey.TryGetValue(key, out var peer))
            {
                uses.Add((peer, BitConverter.ToInt64(entry.Value!)));
            }
        }

        if (uses.Count == 0)
        {
            return;
        }

        var past = now.Wall.AddSeconds(InUse.TotalSeconds).ToUnixTimeSeconds();
        var latest = uses.Where(u => u.At <= past).DefaultIfEmpty(uses.MaxBy(u => u.At)).Max(u => u.At);
        foreach (var (peer, at) in uses.OrderByDescending(u => u.At))
        {
            if (at > latest - (long)InUse.TotalSeconds)
            {
                _toBegin.Enqueue(peer);
                _nextBegin = now.Boot;
            }
        }
    }

    private void LoadPeer(Now now, byte[] value)
    {
        if (!Wire.TryParse(RouteDirection.Parser, value, out var direction))
        {
            context.Counters.Count(EntryUnreadable);
            return;
        }

        TryTake(now, direction, DirectionSource.Kept, out _, out _); // counts what it does not believe
    }

    /// <summary>Takes a direction from the coordinator or the store.</summary>
    /// <param name="problem">Where false: why it is not believed.</param>
    public bool TryTake(Now now, RouteDirection direction, DirectionSource source, [NotNullWhen(true)] out Peer? peer, [NotNullWhen(false)] out string? problem)
    {
        peer = null;
        var keep = source != DirectionSource.Kept;
        if (source == DirectionSource.Asked)
        {
            direction.Acceptance = null; // it says nothing about whom we asked for, and would be believed when it comes from the store
        }

        if (!_trust.TryTrust(now, direction, source, out var trusted, out problem))
        {
            return false;
        }

        if (!BindingCheck.TryVouch(direction.Peer, trusted.OwnerKey.Span, trusted.Zone, out var vouched, out problem))
        {
            context.Counters.Count("direction-not-vouched");
            return false;
        }

        if (context.Removals.Cover(vouched, out _) || context.OtherRemovals.Cover(vouched, out _))
        {
            context.Counters.Count("direction-removed");
            problem = $"the owner took '{vouched.Name}' with this key out of the zone";
            return false;
        }

        if (vouched.Role != Role.Node || vouched.Key == context.Key || context.Tunnels.Find(vouched.Key) is { Owner: not (null or Peer) })
        {
            // A binding may be made for any key by whoever holds its invite: one of our coordinator's or relay's key would take their tunnel over.
            context.Counters.Count("direction-not-a-peer");
            problem = "it is about no other node";
            return false;
        }

        var name = NameOf(vouched);
        if (_pins.TryGetValue(name, out var pinned) && pinned != vouched.Key)
        {
            context.Counters.Count("direction-key-changed");
            problem = $"'{name}' has another key than the one pinned; only the owner can change that";
            return false;
        }

        if (_byKey.TryGetValue(vouched.Key, out peer) && peer.Name != name)
        {
            // Also a bound: otherwise one invite would make us pin names without end.
            peer = null;
            context.Counters.Count("direction-second-name");
            problem = $"the key of '{name}' is known under another name; a key has one name for good";
            return false;
        }

        var vip = trusted.Addressing.Node(vouched.Key);
        if ((_byVip.TryGetValue(vip, out var other) && other.Binding.Key != vouched.Key) || vip == context.Own || (peer is null && _byKey.Count >= Most))
        {
            context.Counters.Count("direction-vip-clash-or-too-many");
            problem = "its virtual address is another node's, or there are too many peers";
            return false;
        }

        if (peer is null && trusted.Access != PeerAccess.SameOwner
            && (_byKey.Values.Count(p => p.IsOthers) >= MostOthers || _byKey.Values.Count(p => p.Binding.Zone == trusted.Zone) >= MostOfOneOther))
        {
            context.Counters.Count("direction-too-many-of-others");
            problem = $"there are too many peers of other owners, or {MostOfOneOther} of {trusted.Zone}";
            return false;
        }

        if (peer is null)
        {
            peer = new Peer(vouched, vip, name, trusted.Access, context.Tunnels.Add(vouched.Key, TunnelKind.Ntm), PurseOf(trusted));
            var made = peer;
            peer.Tunnel.Owner = peer;
            peer.Tunnel.Keeps = true;
            peer.Tunnel.MaySend = (at, path, bytes) => MaySend(at, made, path, bytes);
            _byKey.Add(vouched.Key, peer);
            _byVip.Add(vip, peer);
        }

        peer.Binding = vouched;
        peer.Access = trusted.Access;
        while (direction.Nats.Count > Limits.NatTraits)
        {
            direction.Nats.RemoveAt(direction.Nats.Count - 1); // claims: no more of them than anyone may make
        }

        var isMore = peer.Direction is { Ahead: true } && !direction.Ahead;
        peer.Direction = direction;
        peer.Tunnel.Suites = new(context.Options.Suites, new(direction.Suites));
        peer.DirectedAt = now.Boot;
        peer.RenewAt = now.Boot + RenewAfter(direction, isNew: keep);
        peer.HeardCandidateGeneration = 0; // of before this direction
        MeetRelays(now, peer, trusted.OwnerKey.Span);
        Aim(now, peer);
        if (isMore && peer.Tunnel.IsEstablished)
        {
            checks.Start(now, peer); // its candidates come only now
        }

        if (keep)
        {
            peer.Seen = SeenHosts.Of(direction);
            context.Keep(Collection, vouched.Key.ToString(), direction.ToByteArray());
            if (_pins.TryAdd(name, vouched.Key))
            {
                context.Keep(PinCollection, name, vouched.Key.ToArray());
            }
        }

        return true;
    }

    /// <summary>Peers of other owners with whom nothing is shared any more, either way, are peers no longer.</summary>
    public void RemoveUnshared(Now now)
    {
        var at = context.Sharing.Time(now);
        foreach (var peer in _byKey.Values.Where(p => p.IsOthers).ToArray())
        {
            if (!peer.Access.HasShare(at) && context.Sharing.Taken.For(peer.Binding.Zone, peer.Binding.Name, null, at) is null)
            {
                Remove(now, peer, "nothing is shared with its owner any more, either way");
            }
        }
    }

    private Purse? PurseOf(TrustedOwner trusted)
    {
        if (trusted.Access == PeerAccess.SameOwner)
        {
            return null;
        }

        if (!_purses.TryGetValue(trusted.Zone, out var purse))
        {
            _purses.Add(trusted.Zone, purse = new(Limits.UnprovenDatagramsPerOwner, null));
        }

        return purse;
    }

    private string NameOf(VouchedBinding binding) => binding.Zone == context.Membership!.Zone ? binding.Name : $"{binding.Name}.{binding.Zone}";

    // A relay of another zone must be of the peer's own: who else would want to be sent our datagrams?
    private void MeetRelays(Now now, Peer peer, ReadOnlySpan<byte> ownerKey)
    {
        foreach (var leg in peer.Direction.Relays.Take(Limits.RelaysPerNode))
        {
            if (leg.Binding is null)
            {
                continue;
            }

            if (!BindingCheck.TryVouch(leg.Binding, ownerKey, peer.Binding.Zone, out var relay, out _) || relay.Role != Role.Relay
                || !leg.RelayPublicKey.TryRead(out var key) || key != relay.Key)
            {
                context.Counters.Count("direction-relay-not-vouched");
            }
            else if (peer.IsOthers)
            {
                registration.MeetGuestRelay(now, relay, leg.Endpoints);
            }
            else
            {
                registration.MeetRelay(now, relay, leg.Endpoints);
            }
        }

        registration.ForgetGuestRelays(now, IsRelayUsed);
    }

    private bool IsRelayUsed(PublicKey relay) =>
        _byKey.Values.Any(p => p.Direction.Relays.Any(l => l.RelayPublicKey.TryRead(out var key) && key == relay));

    /// <summary>Uplinks, relays or mapped addresses changed: works every peer's paths out again.</summary>
    public void AimAll(Now now)
    {
        foreach (var peer in _byKey.Values)
        {
            Aim(now, peer);
            if (peer.Tunnel.IsHandshakeUnderWay)
            {
                context.Tunnels.Begin(now, peer.Tunnel); // at once on the paths that are new
            }
        }
    }

    /// <summary>The peer's own word, in the tunnel, on its candidates.</summary>
    public void Update(Now now, Peer peer, CandidateUpdate update)
    {
        if (update.Generation <= peer.HeardCandidateGeneration)
        {
            return;
        }

        peer.HeardCandidateGeneration = update.Generation;
        if (peer.UpdateAt > now.Boot)
        {
            // The latest counts, and soon: whatever it says a thousand times a second is worked out once.
            if (peer.Waiting is null)
            {
                _waiting.Enqueue(peer, peer.UpdateAt);
            }

            context.Counters.Count("candidate-update-waits");
            peer.Waiting = update;
            return;
        }

        Apply(now, peer, update);
    }

    private void Apply(Now now, Peer peer, CandidateUpdate update)
    {
        peer.Waiting = null;
        peer.UpdateAt = now.Boot + Limits.CandidateUpdateSpacing;
        peer.Direction = peer.Direction.Clone();
        peer.Direction.Candidates.Clear();
        peer.Direction.Candidates.AddRange(update.Candidates.Take(Limits.Candidates));
        peer.Direction.Nats.Clear();
        peer.Direction.Nats.AddRange(update.Nats.Take(Limits.NatTraits));
        Hope(peer, peer.Direction.Candidates.Any(c => c.Kind == CandidateKind.CandidatePortMapped));
        Aim(now, peer);
        if (peer.Tunnel.IsEstablished)
        {
            checks.Start(now, peer);
        }
    }

    /// <summary>A port of ours has been opened: what was relay only because both NATs map by destination may be direct.</summary>
    public void Hope(Now now)
    {
        foreach (var peer in _byKey.Values.Where(p => p.RelayOnly is not null))
        {
            peer.Direction = peer.Direction.Clone();
            Hope(peer, true);
            Aim(now, peer);
        }
    }

    private static void Hope(Peer peer, bool isOpen)
    {
        if (isOpen && peer.Direction.Verdict == RouteVerdict.RouteRelayOnly)
        {
            peer.Direction.Verdict = RouteVerdict.RouteRelayThenDirect;
        }
    }

    /// <summary>Works out which paths there are; keeps what is known of those that stay.</summary>
    private void Aim(Now now, Peer peer)
    {
        var wanted = new Dictionary<WirePath, (PathKind Kind, int Rank, PublicKey Relay)>();
        foreach (var leg in peer.Direction.Relays.Take(Limits.RelaysPerNode))
        {
            if (RelayOf(leg) is { } relay)
            {
                foreach (var path in RelayedPaths(leg, relay))
                {
                    wanted[path] = (PathKind.Relay, 0, relay.Tunnel.Peer);
                }
            }
        }

        if (peer.RelayOnly is null)
        {
            var usable = Candidates.Usable(
                peer.Direction.Candidates, registration.Mapped, context.Options, context.Membership!.Addressing.Prefix);
            foreach (var (address, kind, rank) in usable)
            {
                foreach (var path in context.PathsTo(address))
                {
                    wanted.TryAdd(path, (kind, rank, default));
                }
            }
        }

        Rank(peer, wanted);
        Move(now, peer, wanted.Where(w => w.Value.Kind == PathKind.Relay).Select(w => (w.Key, w.Value.Relay)).ToArray());
        Rank(peer, wanted); // before anything is chosen
        foreach (var path in peer.Paths)
        {
            // Whoever restarted without its servers does not know where it is seen: what works is asked, and not forgotten.
            if (path is { IsDirect: true, State: PathState.Proven, IsListed: true } && !wanted.ContainsKey(path.Path) && context.IsUsable(path.Path))
            {
                path.IsListed = false;
                checks.Unlisted(now, peer, path);
            }
        }

        checks.Withdraw(now, peer, p => !wanted.ContainsKey(p.Path) && !(p is { IsDirect: true, State: PathState.Proven or PathState.Suspect } && context.IsUsable(p.Path)));
        var news = false;
        foreach (var (path, (kind, _, relay)) in wanted)
        {
            news |= peer.Find(path) is null;
            if (peer.Add(path, kind) is { } added)
            {
                (added.Relay, added.IsListed) = (relay, true);
            }
        }

        Rank(peer, wanted);
        peer.Tunnel.Candidates.Clear();
        peer.Tunnel.Candidates.AddRange(peer.Paths.Select(p => p.Path));
        checks.GoOn(now, peer);
        if (peer.Tunnel.IsEstablished && peer.LastTraffic is not null)
        {
            if (news)
            {
                checks.Start(now, peer);
            }

            checks.Choose(now, peer);
        }
    }

    // A relay's tunnel runs by another uplink or address: its channel is the same path as before, and the relay takes the leg along.
    private void Move(Now now, Peer peer, (WirePath Path, PublicKey Relay)[] relayed)
    {
        foreach (var (path, relay) in relayed)
        {
            if (relayed.Count(r => r.Relay == relay) == 1 && peer.Find(path) is null
                && peer.Paths.Find(p => !p.IsDirect && p.Relay == relay && p.Path.Channel == path.Channel) is { } before)
            {
                changes.Moved(now, peer, before, before.MovedTo(path));
            }
        }
    }

    // A relay reaches the peer by the best of its uplinks.
    private void Rank(Peer peer, Dictionary<WirePath, (PathKind Kind, int Rank, PublicKey Relay)> wanted)
    {
        var best = wanted.Values.Where(w => w.Kind != PathKind.Relay).Select(w => w.Rank).DefaultIfEmpty(0).Min();
        foreach (var path in peer.Paths)
        {
            path.Rank = context.RankOf(path.Path) + (!path.IsDirect ? best : wanted.TryGetValue(path.Path, out var known) ? known.Rank : TheirRank(wanted, path.Path));
        }
    }

    // One that only its checks have shown: as the peer's word on that host is.
    private static int TheirRank(Dictionary<WirePath, (PathKind Kind, int Rank, PublicKey Relay)> wanted, WirePath path) =>
        wanted.Where(w => w.Value.Kind != PathKind.Relay && w.Key.Remote.SameHost(path.Remote)).Select(w => w.Value.Rank).FirstOrDefault();

    private ServerLink? RelayOf(RelayLeg leg)
    {
        if (leg.Channel is 0 or > Limits.ChannelLast || !leg.RelayPublicKey.TryRead(out var key)
            || registration.Relays.FirstOrDefault(r => r.Tunnel.Peer == key) is not { } relay)
        {
            context.Counters.Count("direction-relay-unknown");
            return null;
        }

        return relay;
    }

    // Where our own tunnel with the relay runs, so that the relay takes the leg for good; until it stands, every way to the relay.
    private IEnumerable<WirePath> RelayedPaths(RelayLeg leg, ServerLink relay) =>
        relay.Tunnel.SendPath is { IsNone: false } path
            ? [path with { Channel = leg.Channel }]
            : relay.Endpoints.SelectMany(context.PathsTo).Select(p => p with { Channel = leg.Channel });

    // Half of what is left, so that there is time for a coordinator that is away. One from the store has lasted nobody knows how long.
    private static TimeSpan RenewAfter(RouteDirection direction, bool isNew)
    {
        var lifetime = direction.Relays.Count == 0 ? TimeSpan.FromDays(1) : TimeSpan.FromSeconds(direction.Relays.Min(r => r.Lifetime));
        return isNew && lifetime / 2 > LeastRenewal ? lifetime / 2 : LeastRenewal;
    }

    private bool MaySend(Now now, Peer peer, WirePath path, int bytes) =>
        path.IsRelayed || peer.Find(path) is { State: PathState.Proven or PathState.Suspect } || budgets.TrySpend(now.Boot, peer.Purse, path.Remote, bytes);
}
