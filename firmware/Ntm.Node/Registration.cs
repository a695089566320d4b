using Google.Protobuf;
using Ntm.Node.Handovers;
using Ntm.Node.Nat;
using Ntm.Node.Paths;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Node;

/// <summary>
/// Keeps this node registered: at its coordinators with its candidates and published devices, at its relays with its binding. Registrations are repeated
/// at a third of their lifetime, and at once when a server says that it knows of none; a failed one is tried again after 1, 2, 4 ... 30 s. In between the tunnel's
/// keep-alives keep the NAT's mapping and the server's notice of us, as rarely as the uplink's NAT allows.
/// </summary>
internal sealed class Registration(NodeContext context, Func<IEnumerable<PublishedDevice>> published, NatObserver nat)
{
    /// <summary>Relays met and not forgotten: those in use and a few of before, to which peers may still have legs.</summary>
    private const int RelaysMost = 4 * Limits.RelaysPerNode;

    /// <summary>Between two registrations that a server asks for, at least.</summary>
    private static readonly TimeSpan RegisterSpacing = TimeSpan.FromSeconds(5);

    /// <summary>Between two other addresses that a server says it sees us at, at least.</summary>
    private static readonly TimeSpan MoveSpacing = TimeSpan.FromSeconds(10);

    private readonly List<ServerLink> _links = [];
    private ulong _generation;

    /// <summary>Told when a relay's tunnel stands or goes: peers' relayed paths change with it.</summary>
    public Action<Now>? OnRelaysChanged { get; set; }

    /// <summary>Told when an address seen from outside is new.</summary>
    public Action<Now>? OnObserved { get; set; }

    /// <summary>Told when a server has taken the first registration, or runs by another path.</summary>
    public Action<Now>? OnReached { get; set; }

    /// <summary>Told when a coordinator has taken a registration.</summary>
    public Action<Now>? OnRegistered { get; set; }

    /// <summary>Chooses the path of a server's tunnel, and takes it.</summary>
    public ServerPaths? Ways { get; set; }

    /// <summary>Where a coordinator has proven to reach this node besides.</summary>
    public Func<Now, ServerLink, IEnumerable<Candidate>>? ProvenAt { get; set; }

    /// <summary>The candidates that ports opened by the boxes in front make.</summary>
    public Func<IEnumerable<Candidate>>? PortMapped { get; set; }

    /// <summary>Whether doors of shares are told besides.</summary>
    public Func<Now, bool>? HasDoors { get; set; }

    /// <summary>Told of the owner's word that came with the refusal of a coordinator or relay: this node was taken out of the zone.</summary>
    public Action<SignedRemoval>? OnRemoved { get; set; }

    public IReadOnlyList<ServerLink> Links => _links;

    public IEnumerable<ServerLink> Coordinators => _links.Where(l => !l.IsRelay);

    public IEnumerable<ServerLink> Relays => _links.Where(l => l.IsRelay);

    /// <summary>The addresses by which coordinators and relays see this node.</summary>
    /// <remarks>What another owner's relay says it sees is not asked: it could send our nodes to the relay, or checks to a third party.</remarks>
    public IReadOnlyCollection<RealAddress> Mapped => [.. Own.SelectMany(l => l.Observed).Select(o => o.Address).Distinct()];

    /// <summary>The same, of one uplink and IP family.</summary>
    public IReadOnlyCollection<RealAddress> SeenOn(int uplink, bool ipv4) =>
        [.. Own.SelectMany(l => l.Observed).Where(o => o.Uplink == uplink && o.Address.IsIPv4 == ipv4).Select(o => o.Address).Distinct()];

    /// <summary>Those of our own zone.</summary>
    public IEnumerable<ServerLink> Own => _links.Where(l => !l.IsRelay || !IsGuestAt(l));

    public bool IsRegistered => Coordinators.Any(c => c.Registered);

    /// <summary>Whether no server of ours has answered lately.</summary>
    public bool IsAlone => !_links.Exists(l => l.Registered);

    /// <summary>Begins, with the membership just joined or loaded.</summary>
    public void Start(Now now)
    {
        var servers = context.Membership!.Coordinators;
        for (var i = 0; i < servers.Count; i++)
        {
            Meet(now, servers[i], servers.Count == 1 ? "coordinator" : $"coordinator {i + 1}", context.Membership!.Addressing, isRelay: false);
        }
    }

    /// <summary>Forgets coordinators and relays: the node leaves its zone.</summary>
    public void Stop(Now now)
    {
        var links = _links.ToArray();
        _links.Clear();
        foreach (var link in links)
        {
            context.Signals!.Forget(now, link.Tunnel);
            context.Tunnels.Remove(link.Tunnel);
        }
    }

    /// <summary>The owner took a relay out of the zone.</summary>
    public void RemoveRelay(Now now, PublicKey key)
    {
        if (_links.Find(l => l.IsRelay && l.Tunnel.Peer == key) is { } gone)
        {
            context.Note($"{gone.Name} is not used any more: the owner took it out of the zone.");
            Forget(now, gone);
        }
    }

    private void Meet(Now now, Server server, string name, ZoneAddressing zone, bool isRelay)
    {
        var key = new PublicKey(server.PublicKey.Span);
        var endpoints = server.Endpoints.Select(e => e.TryRead(out var a) ? a : default).Where(a => !a.IsNone).Take(4).ToArray();
        var link = _links.Find(l => l.Tunnel.Peer == key);
        if (link is null)
        {
            link = new ServerLink(name, context.Tunnels.Add(key, TunnelKind.Ntm), zone, endpoints, isRelay) { NextAt = now.Boot };
            link.Tunnel.Owner = link;
            link.Tunnel.PersistentKeepAlive = Limits.KeepAliveFirst;
            _links.Add(link);
        }

        link.Endpoints = endpoints;
        Aim(now, link);
    }

    /// <summary>A relay of our zone that a peer has and we have not: a direction names it.</summary>
    /// <param name="vouched">Its binding, good by our owner's key.</param>
    public void MeetRelay(Now now, VouchedBinding vouched, IEnumerable<Endpoint> endpoints)
    {
        if (context.Removals.Cover(vouched, out _) || !IsNobodyElse(vouched.Key))
        {
            context.Counters.Count("direction-relay-refused");
        }
        else if (!Relays.Any(r => r.Tunnel.Peer == vouched.Key && !IsGuestAt(r)))
        {
            var server = new Server { PublicKey = vouched.Key.ToWire() };
            server.Endpoints.AddRange(endpoints);
            Meet(now, server, $"relay {vouched.Name}", context.Membership!.Addressing, isRelay: true);
            ForgetRelays(now, [vouched.Key]);
        }
    }

    /// <summary>A relay of another zone, by which a node of that zone is reached: this node registers there as a guest.</summary>
    /// <param name="vouched">Its binding, good by the other owner's key.</param>
    public void MeetGuestRelay(Now now, VouchedBinding vouched, IEnumerable<Endpoint> endpoints)
    {
        var server = new Server { PublicKey = vouched.Key.ToWire() };
        server.Endpoints.AddRange(endpoints.Where(IsAnybodys));

        // Another owner's word says nothing of a relay of ours, nor of a third zone's.
        var known = _links.Find(l => l.Tunnel.Peer == vouched.Key);
        if (IsNobodyElse(vouched.Key) && (known is null ? Relays.Count(IsGuestAt) < RelaysMost : known.Zone == vouched.Zone))
        {
            Meet(now, server, $"relay {vouched.Name}.{vouched.Zone}", new ZoneAddressing(vouched.Zone), isRelay: true);
        }
        else
        {
            context.Counters.Count("direction-relay-refused");
        }
    }

    // Another owner may not have us knock at doors of our own network.
    private bool IsAnybodys(Endpoint endpoint) =>
        endpoint.TryRead(out var address) && Candidates.IsPossible(address, context.Options, context.Membership!.Addressing.Prefix) && !CandidateAddress.IsPrivate(address);

    /// <summary>Relays of other zones that no peer is reached by any more are forgotten.</summary>
    public void ForgetGuestRelays(Now now, Predicate<PublicKey> isUsed)
    {
        foreach (var gone in Relays.Where(r => IsGuestAt(r) && !isUsed(r.Tunnel.Peer)).ToArray())
        {
            Forget(now, gone);
        }
    }

    private bool IsGuestAt(ServerLink link) => link.Zone != context.Membership!.Zone;

    // A binding may be made for any key by whoever holds its invite: ours, the coordinator's or a peer's is no relay's.
    private bool IsNobodyElse(PublicKey key) =>
        key != context.Key && context.Tunnels.Find(key) is not { Owner: not (null or ServerLink { IsRelay: true }) };

    /// <summary>Uplinks changed: aim tunnels anew and register at once.</summary>
    public void UplinksChanged(Now now)
    {
        foreach (var link in _links)
        {
            Aim(now, link);
        }

        RegisterSoon(now);
    }

    /// <summary>What we register has changed.</summary>
    public void RegisterSoon(Now now)
    {
        foreach (var link in _links)
        {
            if (link.NextAt > now.Boot)
            {
                link.NextAt = now.Boot;
            }
        }
    }

    /// <summary>The tunnel with a server stands anew. Where that was a new key alone, all is as before: a server that has restarted says so.</summary>
    public void Established(Now now, ServerLink link)
    {
        Pace(link);
        if (link is { Registered: false, NextAt: var next } && next != TimeSpan.MaxValue)
        {
            link.NextAt = now.Boot;
        }
    }

    public TimeSpan NextDeadline
    {
        get
        {
            var next = TimeSpan.MaxValue;
            foreach (var link in _links)
            {
                next = link.NextAt < next ? link.NextAt : next;
                next = DoubtedAt(link) is var doubted && doubted < next ? doubted : next;
            }

            return next;
        }
    }

    public void HandleTimeout(Now now)
    {
        // By number: a coordinator's answer may bring links while one is registered.
        for (var i = 0; i < _links.Count; i++)
        {
            if (_links[i].NextAt <= now.Boot || DoubtedAt(_links[i]) <= now.Boot)
            {
                Register(now, _links[i]);
            }
        }
    }

    /// <summary>
    /// A number for what we say of ourselves, so that the newer counts. The handshake timestamp's mark is the one value here that grows across restarts
    /// whatever the clock says.
    /// </summary>
    public ulong NextGeneration() => _generation = Math.Max(_generation + 1, context.Tunnels.TimestampMark);

    /// <summary>This node's candidates: local ones, and what its servers saw; to a coordinator, which believes only itself, not what coordinators saw.</summary>
    public IEnumerable<Candidate> OwnCandidates(bool withCoordinators)
    {
        var zone = context.Membership!.Addressing.Prefix;
        var local = from uplink in context.Uplinks.Values
                    where uplink.Usable
                    from address in uplink.Addresses
                    where Candidates.IsPossible(address, context.Options, zone)
                    select new Candidate { Kind = CandidateKind.CandidateLocal, Endpoint = address.ToWire(), Uplink = (uint)uplink.Number };
        var mapped = from link in Own
                     where link.IsRelay || withCoordinators
                     from seen in link.Observed
                     where context.Uplinks.TryGetValue(seen.Uplink, out var uplink) && uplink.Usable
                     select new Candidate
                     {
                         Kind = link.IsRelay ? CandidateKind.CandidateMappedAtRelay : CandidateKind.CandidateMappedAtCoordinator,
                         Endpoint = seen.Address.ToWire(),
                         Uplink = (uint)seen.Uplink,
                     };
        return (PortMapped?.Invoke() ?? []).Concat(mapped).Concat(local).Select(Ranked).OrderBy(c => c.Rank).Take(Limits.Candidates);
    }

    private Candidate Ranked(Candidate candidate)
    {
        if (context.Uplinks.TryGetValue((int)candidate.Uplink, out var uplink))
        {
            (candidate.Rank, candidate.Metered) = ((uint)uplink.Rank, uplink.Metered);
        }

        return candidate;
    }

    /// <summary>Takes a link's tunnel away from paths that are no more.</summary>
    private void Aim(Now now, ServerLink link)
    {
        var paths = link.Endpoints.SelectMany(context.PathsTo).ToArray();
        link.Tunnel.Candidates.Clear();
        link.Tunnel.Candidates.AddRange(paths);
        if (!link.Tunnel.SendPath.IsNone && !paths.Contains(link.Tunnel.SendPath))
        {
            context.Recorder.Noticed(now, link, HandoverCause.UplinkLost, link.Tunnel.SendPath, "the path in use is gone");
            link.Tunnel.SendPath = default;
        }

        // An established tunnel may go on on another uplink at once: its datagrams are authenticated wherever they come from.
        if (link.Tunnel.SendPath.IsNone && link.Tunnel.IsEstablished && paths.Length > 0)
        {
            var choice = Ways!.Choose(now, link);
            context.Recorder.Decided(now, link, choice.Path, choice.Reason);
            Ways.Use(now, link, choice.Path);
        }
    }

    private void Register(Now now, ServerLink link)
    {
        if (link.Tunnel.Candidates.Count == 0)
        {
            Failed(now, link, "no uplink reaches its address family");
            return;
        }

        link.NextAt = TimeSpan.MaxValue;
        link.AskedAt = now.Boot;
        Pace(link);
        var body = new Signal();
        if (link.IsRelay)
        {
            body.RelayRegistrationRequest = new() { Binding = context.Membership!.Binding.Signed };
        }
        else
        {
            body.RegistrationRequest = new()
            {
                Generation = NextGeneration(), Suites = context.Options.Suites.Bits, Nat64 = context.Uplinks.Values.Any(u => u is { Usable: true, NeedsNat64: true }),
                KeepAlive = (uint)Math.Ceiling(link.Tunnel.PersistentKeepAlive!.Value.TotalSeconds), Doors = HasDoors?.Invoke(now) ?? false,
            };
            body.RegistrationRequest.Nats.AddRange(nat.Traits);
            body.RegistrationRequest.Candidates.AddRange((ProvenAt?.Invoke(now, link) ?? []).Concat(OwnCandidates(withCoordinators: false)).Take(Limits.Candidates));
            body.RegistrationRequest.Devices.AddRange(published().Take(Limits.PublishedDevices));
        }

        context.Signals!.Request(now, link.Tunnel, body, (at, answer) => OnAnswer(at, link, answer));
    }

    private void OnAnswer(Now now, ServerLink link, Signal? answer)
    {
        if (!_links.Contains(link))
        {
            return; // forgotten meanwhile
        }

        switch (answer)
        {
            case { RegistrationResponse: { } response }:
                Succeeded(now, link, response.Observed, response.Lifetime, response.SecondPort);
                MeetRelays(now, response.Relays);
                OnRegistered?.Invoke(now);
                break;
            case { RelayRegistrationResponse: { } response }:
                Succeeded(now, link, response.Observed, response.Lifetime, response.SecondPort);
                break;
            case { Refusal.Reason: RefusalReason.RefusalNotJoined } when !link.IsRelay:
                Rejoin(now, link);
                break;
            case { Refusal: { } refusal }:
                Failed(now, link, $"refused: {refusal.Text}");
                if (refusal.Removal is { } removal)
                {
                    OnRemoved?.Invoke(removal);
                }

                break;
            case null:
                // The tunnel may be one that the other side has forgotten, with a restart: make a new one.
                context.Tunnels.Begin(now, link.Tunnel);
                Failed(now, link, "no answer within 8 s");
                break;
            default:
                Failed(now, link, "an answer of another kind");
                break;
        }
    }

    // We are a member, and this coordinator does not know it: it is the zone's second, or it has lost its store. The same binding convinces it.
    private void Rejoin(Now now, ServerLink link) =>
        context.Signals!.Request(now, link.Tunnel, new Signal { JoinRequest = new() { Binding = context.Membership!.Binding.Signed } }, (at, answer) =>
        {
            if (!_links.Contains(link))
            {
                return; // forgotten meanwhile
            }

            if (answer is { JoinResponse: not null })
            {
                context.Note($"{link.Name} {link.Tunnel.SendPath.Remote} has taken our binding.");
                Register(at, link);
            }
            else
            {
                Failed(at, link, answer is { Refusal: { } refusal } ? $"it does not take our binding: {refusal.Text}" : "no answer to our binding within 8 s");
                if (answer is { Refusal.Removal: { } removal })
                {
                    OnRemoved?.Invoke(removal);
                }
            }
        });

    private void Succeeded(Now now, ServerLink link, Endpoint observed, uint lifetime, uint secondPort)
    {
        var news = !link.Registered;
        link.Registered = true;
        link.Failures = 0;
        link.Reason = "registered";
        link.SecondPort = secondPort <= ushort.MaxValue ? (ushort)secondPort : (ushort)0;
        Pace(link);
        link.NextAt = now.Boot + TimeSpan.FromSeconds(Math.Clamp(lifetime, 15, 3600)) / 3;
        if (news)
        {
            context.Note($"Registered at {link.Name} {link.Tunnel.SendPath.Remote}.");
            nat.ServerFound(now);
        }

        Observed(now, link, link.Tunnel.SendPath.Uplink, observed);
        if (news)
        {
            OnReached?.Invoke(now);
        }

        if (link.IsRelay && news)
        {
            OnRelaysChanged?.Invoke(now);
        }
    }

    /// <summary>There is more to tell a coordinator.</summary>
    public void RegisterSoonAt(Now now, ServerLink coordinator) => RegisterSoon(now, l => l == coordinator);

    /// <summary>A server says where it sees us by a path that its tunnel does not run on.</summary>
    public void Seen(Now now, ServerLink link, WirePath path, Endpoint seen) => Observed(now, link, path.Uplink, seen);

    /// <summary>A server says, unasked, that it sees us elsewhere than before, or that it knows no registration of ours.</summary>
    public void Told(Now now, ServerLink link, WirePath path, Endpoint? seen)
    {
        if (seen is null && link.NextAt != TimeSpan.MaxValue)
        {
            // It may have restarted.
            var soonest = link.AskedAt + RegisterSpacing;
            link.NextAt = soonest > now.Boot ? soonest : now.Boot;
        }
        else if (link.Registered && seen is not null)
        {
            // Peers are told of it: nobody makes us do that all the time.
            if (now.Boot < link.HearMovesFrom)
            {
                context.Counters.Count("server-moves-us-too-often");
                return;
            }

            link.HearMovesFrom = now.Boot + MoveSpacing;
            Observed(now, link, path.Uplink, seen);
        }
    }

    private void Observed(Now now, ServerLink link, int uplink, Endpoint? observed)
    {
        if (!observed.TryRead(out var address))
        {
            return;
        }

        var isOtherMapping = link.Observed.Exists(o => o.Uplink == uplink && o.Address.SameHost(address) && o.Address != address);
        var isOtherHost = link.Observed.Exists(o => o.Uplink == uplink && o.Address.IsIPv4 == address.IsIPv4 && !o.Address.SameHost(address));
        if (link.Observe(uplink, address))
        {
            if (isOtherHost)
            {
                RegisterSoonBut(now, link); // the provider gave another address: relays' legs, too, are still at the former one
            }
            else if (link.IsRelay)
            {
                RegisterSoonAtCoordinators(now);
            }

            OnObserved?.Invoke(now);
        }

        if (!link.IsRelay || !IsGuestAt(link))
        {
            if (isOtherMapping)
            {
                nat.Forgotten(now, uplink, address.IsIPv4);
            }

            nat.Registered(now, link);
        }
    }

    // By the path it is on, as long as is known of that.
    private void Pace(ServerLink link)
    {
        if (nat.KeepAliveOf(link.Tunnel.SendPath) is var wanted && link.Tunnel.PersistentKeepAlive != wanted)
        {
            link.Tunnel.PersistentKeepAlive = wanted;
        }
    }

    // Keys are renewed sooner than that, and nothing else is answered for long.
    private static TimeSpan DoubtedAt(ServerLink link) =>
        link is { Registered: true, NextAt: var next } && next != TimeSpan.MaxValue && link.Tunnel.LastReceived is { } heard ? heard + Limits.ServerSilence : TimeSpan.MaxValue;

    private void Failed(Now now, ServerLink link, string reason)
    {
        if (link.Registered || link.Reason != reason)
        {
            context.Warn($"Not registered at {link.Name} {link.Tunnel.Peer.Short} ({string.Join(", ", link.Endpoints)}): {reason}. Trying again.");
        }

        var lost = link.Registered;
        link.Registered = false;
        link.Reason = reason;
        link.NextAt = now.Boot + RetryPause.After(link.Failures++);
        if (lost && link.IsRelay)
        {
            OnRelaysChanged?.Invoke(now);
        }
    }

    private void RegisterSoonAtCoordinators(Now now) => RegisterSoon(now, l => !l.IsRelay);

    private void RegisterSoonBut(Now now, ServerLink link) => RegisterSoon(now, l => l != link);

    private void RegisterSoon(Now now, Predicate<ServerLink> where)
    {
        foreach (var link in _links)
        {
            if (link.NextAt != TimeSpan.MaxValue && where(link))
            {
                link.NextAt = now.Boot;
            }
        }
    }

    private void MeetRelays(Now now, IEnumerable<RelayServer> relays)
    {
        var membership = context.Membership!;
        var named = new HashSet<PublicKey>();
        foreach (var relay in relays.Take(Limits.RelaysPerNode))
        {
            if (!BindingCheck.TryVouch(relay.Binding, membership.OwnerKey, membership.Zone, out var vouched, out var problem) || vouched.Role != Role.Relay)
            {
                context.Counters.Count("registration-relay-not-vouched");
                context.Warn($"The coordinator named a relay that is not ours: {problem ?? "its binding has another role"}. It is not used.");
                continue;
            }

            if (context.Removals.Cover(vouched, out _))
            {
                context.Counters.Count("registration-relay-removed");
                RemoveRelay(now, vouched.Key);
                continue;
            }

            if (!IsNobodyElse(vouched.Key))
            {
                context.Counters.Count("registration-relay-not-a-relay");
                continue;
            }

            if (Relays.FirstOrDefault(r => r.Tunnel.Peer == vouched.Key && IsGuestAt(r)) is { } claimed)
            {
                Forget(now, claimed); // another owner said first that it is theirs
            }

            var server = new Server { PublicKey = ByteString.CopyFrom(vouched.Key.ToArray()) };
            server.Endpoints.AddRange(relay.Endpoints);
            Meet(now, server, $"relay {vouched.Name}", membership.Addressing, isRelay: true);
            named.Add(vouched.Key);
        }

        ForgetRelays(now, named);
    }

    /// <summary>The oldest relays that are not named any more give way.</summary>
    private void ForgetRelays(Now now, HashSet<PublicKey> named)
    {
        while (Relays.Count(r => !IsGuestAt(r)) > RelaysMost && Relays.FirstOrDefault(r => !IsGuestAt(r) && !named.Contains(r.Tunnel.Peer)) is { } gone)
        {
            Forget(now, gone);
        }
    }

    private void Forget(Now now, ServerLink gone)
    {
        _links.Remove(gone);
        context.Signals!.Forget(now, gone.Tunnel);
        context.Tunnels.Remove(gone.Tunnel);
        OnRelaysChanged?.Invoke(now);
    }
}
