using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Coordinator;

/// <summary>A relay that takes a pair, and the pair's channels there.</summary>
internal readonly record struct PairedRelay(Member Relay, ChannelPair Pair);

/// <summary>The zone's relays: who announced itself, channels leased ahead of need, pairs announced to them.</summary>
internal sealed class Relays(CoordinatorContext context, Members members)
{
    public const string EndpointCollection = "relay-endpoints";

    private readonly Dictionary<Member, IReadOnlyList<RealAddress>> _kept = [];

    /// <summary>From the store, after the members.</summary>
    public void Load(IReadOnlyCollection<StoreWrite> memory)
    {
        foreach (var entry in memory.Where(e => e is { Collection: EndpointCollection, Value: not null }))
        {
            if (PublicKey.TryParse(entry.Key, out var key) && members.Find(key) is { Role: Role.Relay } relay && TryReadEndpoints(entry.Value!, out var endpoints))
            {
                _kept[relay] = endpoints;
            }
            else
            {
                context.Counters.Count("memory-refused");
            }
        }

        foreach (var collection in (string[])[ChannelBook.LeaseCollection, ChannelBook.PairCollection])
        {
            foreach (var entry in memory.Where(e => e.Collection == collection && e.Value is not null))
            {
                if (PublicKey.TryParse(entry.Key.Split(' ')[0], out var key) && members.Find(key) is { Role: Role.Relay } relay)
                {
                    Book(relay).Load(entry);
                }
                else
                {
                    context.Counters.Count("memory-refused");
                }
            }
        }
    }

    /// <summary>
    /// After a restart: the relays of before are taken to be there until they had time to announce themselves, so that nodes that register sooner do not
    /// go without.
    /// </summary>
    public void Start(Now now)
    {
        foreach (var (relay, endpoints) in _kept)
        {
            relay.Presence = new(now.Boot + Bounds.RelaysBelieved, relay.Path.Remote, endpoints, 0, IsBelieved: true);
        }
    }

    public Signal Announced(Now now, Member relay, WirePath path, RelayAnnouncement announcement)
    {
        if (!TryReadEndpoints(announcement, out var endpoints))
        {
            return context.Refuse(
                RefusalReason.RefusalMalformed, "announcement-malformed", $"A relay announces 1 to {Bounds.RelayEndpoints} reachable addresses with ports.");
        }

        if (endpoints.Count == 0 || relay.Role != Role.Relay)
        {
            return relay.Role == Role.Relay
                ? context.Refuse(RefusalReason.RefusalMalformed, "announcement-malformed", "The relay announces no address.")
                : context.Refuse(RefusalReason.RefusalNotPermitted, "announcement-by-node", $"'{relay.Name}' joined as a node, not as a relay.");
        }

        if (relay.Presence is null or { IsBelieved: true })
        {
            context.Note($"Relay '{relay.Name}' is there, at {string.Join(" and ", endpoints)}.");
        }

        relay.Presence = new(now.Boot + Limits.RegistrationLifetime, path.Remote, endpoints, announcement.Legs);
        if (!endpoints.SequenceEqual(_kept.GetValueOrDefault(relay, [])))
        {
            _kept[relay] = endpoints;
            var kept = new RelayAnnouncement();
            kept.Endpoints.AddRange(endpoints.Select(e => e.ToWire()));
            context.Keep(EndpointCollection, relay.Key.ToString(), kept.ToByteArray());
        }

        LeaseAhead(now, relay);
        return new Signal { RelayAnnouncementResponse = new() { Lifetime = (uint)Limits.RegistrationLifetime.TotalSeconds } };
    }

    /// <summary>The relays a node is told of: those it has as long as they are there, then the least loaded.</summary>
    public IReadOnlyList<Member> For(Member node)
    {
        var registration = node.Registration!;
        var party = Party.Of(node);
        return
        [
            .. members.All.Where(r => r.Presence is { } p && party.Reaches(p.Endpoints))
                .OrderBy(r => !registration.Relays.Contains(r)).ThenBy(r => r.Presence!.Legs).ThenBy(r => r.Name, StringComparer.Ordinal)
                .Take(Limits.RelaysPerNode),
        ];
    }

    /// <summary>
    /// The relays both nodes have, with channels for the pair. Where they have none in common (new nodes are given those with the least load), one that the other has, and else one that
    /// the asker has: who lacks it meets it by the direction.
    /// </summary>
    public IReadOnlyList<PairedRelay> ForPair(Now now, Member asker, Member other)
    {
        var (asked, others) = (asker.Registration!.Relays, other.Registration!.Relays);
        return Pair(now, asker.Key, other.Key, asked.Intersect(others)) is { Count: > 0 } common ? common
            : Pair(now, asker.Key, other.Key, others.Where(r => Reaches(asker, r)).Take(1)) is { Count: > 0 } theirs ? theirs
            : Pair(now, asker.Key, other.Key, asked.Where(r => Reaches(other, r)).Take(1));
    }

    private static bool Reaches(Member node, Member relay) => relay is { Presence: { } presence, Tunnel: not null } && Party.Of(node).Reaches(presence.Endpoints);

    /// <summary>A relay of ours by which a node of another zone reaches one of ours, with channels for the pair; at most one.</summary>
    public IReadOnlyList<PairedRelay> ForGuest(Now now, Party guest, Member node) => Pair(
        now, guest.Key, node.Key,
        node.Registration!.Relays.Where(r => r.Presence is { } p && guest.Reaches(p.Endpoints)).Take(1));

    /// <summary>A direction came to nothing: gives back what no relay was told of and no other direction holds.</summary>
    public void Release(IEnumerable<PairedRelay> paired)
    {
        foreach (var (relay, pair) in paired)
        {
            Book(relay).Release(pair);
        }
    }

    private List<PairedRelay> Pair(Now now, PublicKey one, PublicKey other, IEnumerable<Member> candidates)
    {
        var pairs = new List<PairedRelay>();
        foreach (var relay in candidates.Where(r => r is { Presence: not null, Tunnel: not null }))
        {
            var book = Book(relay);
            book.Sweep(now);
            if (book.Allocate(now, one, other) is { } pair)
            {
                pairs.Add(new(relay, pair));
            }
            else
            {
                context.Counters.Count("relay-no-channel");
            }

            LeaseAhead(now, relay);
        }

        return pairs;
    }

    /// <summary>Tells the relay of the pair. Said each time the pair is directed: the relay may have restarted.</summary>
    /// <returns>False where the relay went away or the channels are the pair's no more.</returns>
    public bool TryAnnounce(Now now, PairedRelay paired)
    {
        var (relay, pair) = paired;
        if (relay is not { Presence: not null, Tunnel: not null } || !Book(relay).TryTell(pair))
        {
            return false;
        }

        Announce(now, relay, pair);
        return true;
    }

    /// <summary>A pair that relays were told of came to nothing. Its channels are not used again within the lease: the relay may hear of the two out of order.</summary>
    public void Withdraw(Now now, PublicKey one, PublicKey other, IEnumerable<PairedRelay> paired)
    {
        foreach (var (relay, pair) in paired)
        {
            if (Book(relay).Drop(one, other) && relay.Tunnel is { } tunnel)
            {
                context.Signals.Request(now, tunnel, new Signal { RelayPairing = pair.ToWire(0) }, static (_, _) => { });
            }
        }
    }

    private void Announce(Now now, Member relay, ChannelPair pair)
    {
        if (relay.Tunnel is not { } tunnel)
        {
            return;
        }

        var body = new Signal { RelayPairing = pair.ToWire((uint)pair.Lease.Left(now.Boot).TotalSeconds) };
        context.Signals.Request(now, tunnel, body, (at, answer) =>
        {
            if (answer is { Refusal.Reason: RefusalReason.RefusalRemoved })
            {
                context.Counters.Count("pairing-of-removed"); // another coordinator was told before us, or a node that came back is not yet registered there
            }
            else if (answer is { Refusal: { } refusal })
            {
                // It has forgotten the lease: a new one heals it, and takes over these channels where it covers them.
                context.Counters.Count("pairing-refused");
                if (!Book(relay).MayHeal(at.Boot))
                {
                    return;
                }

                context.Warn($"Relay '{relay.Name}' refused a pair of nodes: {Shown(refusal.Text)}. Leasing channels anew.");
                AskForLease(at, relay, pair.Lease);
            }
            else if (answer is not { Acknowledgement: not null })
            {
                context.Counters.Count(answer is null ? "pairing-unanswered" : "pairing-answer-of-another-kind");
            }
        });
    }

    /// <summary>A node or relay was taken out of the zone: its pairs go, here and at the relays.</summary>
    public void Forget(Now now, Member gone)
    {
        gone.Channels?.DropAll();
        if (_kept.Remove(gone))
        {
            context.Keep(EndpointCollection, gone.Key.ToString(), null);
        }

        foreach (var relay in members.All)
        {
            if ((relay.Registration ?? relay.Away) is { } registration)
            {
                registration.Relays = [.. registration.Relays.Where(r => r != gone)];
            }

            // The relay forgets the key with the removal itself; this is for the pairs alone, at once.
            foreach (var pair in relay.Channels?.Drop(gone.Key) ?? [])
            {
                if (relay.Tunnel is { } tunnel)
                {
                    context.Signals.Request(now, tunnel, new Signal { RelayPairing = pair.ToWire(0) }, static (_, _) => { });
                }
            }
        }
    }

    public void Sweep(Now now)
    {
        foreach (var relay in members.All.Where(m => m.Role == Role.Relay))
        {
            relay.Channels?.Sweep(now);
            if (relay.Presence is { } presence && presence.Until <= now.Boot)
            {
                relay.Presence = null;
                context.Warn($"Relay '{relay.Name}' is gone: it has not announced itself for too long.");
            }
        }
    }

    public ChannelBook Book(Member relay) => relay.Channels ??= new(context, relay.Key);

    /// <summary>As nodes are told of it.</summary>
    public static RelayServer ToWire(Member relay)
    {
        var server = new RelayServer { Binding = relay.Binding.Signed };
        server.Endpoints.AddRange(relay.Presence!.Endpoints.Select(e => e.ToWire()));
        return server;
    }

    private void LeaseAhead(Now now, Member relay)
    {
        if (Book(relay).WantsLease(now))
        {
            AskForLease(now, relay, null);
        }
    }

    /// <param name="refused">A lease that the relay does not know any more; null: none.</param>
    private void AskForLease(Now now, Member relay, ChannelLease? refused)
    {
        var book = Book(relay);
        if (book.Asking || relay.Tunnel is not { } tunnel)
        {
            return;
        }

        book.Asking = true;
        context.Signals.Request(now, tunnel, new Signal { ChannelLeaseRequest = new() { Count = Limits.ChannelsPerLease } }, (at, answer) =>
        {
            book.Asking = false;
            if (answer is not { ChannelLeaseResponse: { } response } || book.Take(at, response) is not { } lease)
            {
                // Asked again with the relay's next announcement.
                context.Counters.Count(answer is null ? "lease-unanswered" : "lease-refused");
                return;
            }

            if (refused is not null)
            {
                book.Drop(refused); // where the new one has not replaced it
                foreach (var pair in book.Pairs.Where(p => p.Lease == lease).Take(Limits.SignalsOutstandingPerPeer / 2).ToArray())
                {
                    Announce(at, relay, pair);
                }
            }
        });
    }

    private bool TryReadEndpoints(byte[] kept, out IReadOnlyList<RealAddress> endpoints)
    {
        endpoints = [];
        return Wire.TryParse(RelayAnnouncement.Parser, kept, out var announcement) && TryReadEndpoints(announcement, out endpoints) && endpoints.Count > 0;
    }

    private bool TryReadEndpoints(RelayAnnouncement announcement, out IReadOnlyList<RealAddress> endpoints)
    {
        var read = new List<RealAddress>();
        endpoints = read;
        foreach (var endpoint in announcement.Endpoints)
        {
            if (!endpoint.TryRead(out var address) || !CandidateAddress.IsPossible(address, context.Addressing.Prefix) || read.Count >= Bounds.RelayEndpoints)
            {
                return false;
            }

            read.Add(address);
        }

        return true;
    }

    /// <summary>A peer's text, for our log.</summary>
    internal static string Shown(string text) => new([.. text.Take(200).Select(c => char.IsControl(c) ? ' ' : c)]);
}
