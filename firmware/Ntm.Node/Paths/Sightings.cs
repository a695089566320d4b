using Ntm.Node.Nat;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Node.Paths;

/// <summary>
/// Has our coordinators and relays say where they see us on every uplink and IP family, and not only on the one that the tunnel with them runs on: each is a candidate. The checks
/// it takes also keep the NATs' mappings there. They move nothing at a server.
/// </summary>
/// <param name="servers">Our own coordinators and relays, no guests' ones.</param>
/// <param name="keepAliveOf">How long a path may be silent.</param>
/// <param name="seen">Told what a server said.</param>
internal sealed class Sightings(NodeContext context, Func<IEnumerable<ServerLink>> servers, Func<WirePath, TimeSpan> keepAliveOf, Action<Now, ServerLink, WirePath, Endpoint> seen)
{
    private const int TriesMost = 3;

    /// <summary>Between two tries of one that was not answered.</summary>
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    private readonly Dictionary<(ServerLink Link, int Uplink, bool IPv4), Sighting> _sightings = [];
    private TimeSpan _next = TimeSpan.MaxValue;

    public TimeSpan NextDeadline => _next;

    /// <summary>Told when a server answered where it did not before.</summary>
    public Action<Now>? OnSeen { get; set; }

    /// <summary>Whether a server answered by this path lately.</summary>
    public bool IsSeen(Now now, ServerLink link, WirePath path) =>
        _sightings.TryGetValue((link, path.Uplink, context.LeadsToIPv4(path)), out var sighting) && sighting.Path == path
        && sighting.SeenAt is { } seenAt && now.Boot - seenAt < keepAliveOf(path) + (TriesMost * TryAgain);

    /// <summary>Uplinks, servers or their paths may have changed.</summary>
    public void Look(Now now) => _next = now.Boot;

    public void Stop()
    {
        _sightings.Clear();
        _next = TimeSpan.MaxValue;
    }

    public void HandleTimeout(Now now)
    {
        if (_next > now.Boot)
        {
            return;
        }

        var wanted = Wanted();
        foreach (var gone in _sightings.Keys.Where(k => !wanted.ContainsKey(k)).ToArray())
        {
            _sightings.Remove(gone);
        }

        _next = TimeSpan.MaxValue;
        foreach (var (key, path) in wanted)
        {
            if (!_sightings.TryGetValue(key, out var sighting) || sighting.Path != path)
            {
                _sightings[key] = sighting = new(path) { At = now.Boot };
            }

            if (sighting.At <= now.Boot)
            {
                Ask(now, key.Link, sighting);
            }

            _next = sighting.At < _next ? sighting.At : _next;
        }
    }

    /// <returns>Whether it answers one of ours.</returns>
    public bool TryTake(Now now, ServerLink from, WirePath path, PathCheckReply reply)
    {
        if (!_sightings.TryGetValue((from, path.Uplink, context.LeadsToIPv4(path)), out var sighting) || sighting.Path != path || !sighting.Ids.Remove(reply.Id))
        {
            return false;
        }

        sighting.Ids.Clear();
        sighting.Tries = 0;
        sighting.At = now.Boot + keepAliveOf(path);
        var isNews = !IsSeen(now, from, path);
        sighting.SeenAt = now.Boot;
        seen(now, from, path, reply.Seen);
        if (isNews)
        {
            OnSeen?.Invoke(now);
        }

        if (!from.IsRelay)
        {
            var isOther = !reply.Seen.Equals(sighting.Seen);
            (sighting.Seen, sighting.Proof, sighting.ProvenAt) = (reply.Seen, reply.Proof, now.Boot);
            if (isOther && reply.Proof != 0)
            {
                OnProven?.Invoke(now, from);
            }
        }

        return true;
    }

    /// <summary>Told when a coordinator has proven that it reaches us where it did not before.</summary>
    public Action<Now, ServerLink>? OnProven { get; set; }

    /// <summary>Where a coordinator reaches us besides by its tunnel's path, with its proofs: what it believes us of itself.</summary>
    public IEnumerable<Candidate> ProvenAt(Now now, ServerLink coordinator) =>
        from sighting in _sightings
        where sighting.Key.Link == coordinator && sighting.Value is { Proof: not 0, Seen: not null } && now.Boot - sighting.Value.ProvenAt < Limits.SightProofPeriod
        select new Candidate
        {
            Kind = CandidateKind.CandidateMappedAtCoordinator, Endpoint = sighting.Value.Seen, Uplink = (uint)sighting.Key.Uplink, Proof = sighting.Value.Proof,
        };

    // The first path of each server by each uplink and family, but for the one its tunnel runs on.
    private Dictionary<(ServerLink Link, int Uplink, bool IPv4), WirePath> Wanted()
    {
        var wanted = new Dictionary<(ServerLink, int, bool), WirePath>();
        foreach (var link in servers())
        {
            if (!link.Registered || !link.Tunnel.IsEstablished)
            {
                continue;
            }

            var used = link.Tunnel.SendPath;
            foreach (var path in link.Tunnel.Candidates)
            {
                var ipv4 = context.LeadsToIPv4(path);
                if (path.Uplink != used.Uplink || ipv4 != context.LeadsToIPv4(used))
                {
                    wanted.TryAdd((link, path.Uplink, ipv4), path);
                }
            }
        }

        return wanted;
    }

    private void Ask(Now now, ServerLink link, Sighting sighting)
    {
        var check = new Signal { PathCheck = new() { Id = context.Random(), Padding = NatQuestion.Padding } };
        if (context.Signals!.Notify(now, link.Tunnel, check, sighting.Path))
        {
            sighting.Ids.Add(check.PathCheck.Id);
        }

        if (++sighting.Tries < TriesMost)
        {
            sighting.At = now.Boot + TryAgain;
        }
        else
        {
            // It does not get through there, or the server answers no checks: asked again in its turn.
            sighting.Tries = 0;
            sighting.Ids.Clear();
            sighting.At = now.Boot + keepAliveOf(sighting.Path);
        }
    }

    private sealed class Sighting(WirePath path)
    {
        public WirePath Path { get; } = path;

        public TimeSpan At { get; set; }

        /// <summary>When it was last answered; null: never.</summary>
        public TimeSpan? SeenAt { get; set; }

        public int Tries { get; set; }

        /// <summary>Where a coordinator saw us last, its proof that it reached us there, and when (boot time); null: no answer yet.</summary>
        public Endpoint? Seen { get; set; }

        public ulong Proof { get; set; }

        public TimeSpan ProvenAt { get; set; }

        public HashSet<ulong> Ids { get; } = [];
    }
}
