using Ntm.Node;
using Ntm.Node.Paths;
using Ntm.Node.Paths.Hard;
using Ntm.Node.Sharing;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.HardNats;

/// <summary>What a hostile peer's request for a trial comes to.</summary>
public sealed class ProbeRoundTests
{
    private const string Zone = "home.example";
    private static readonly RealAddress Victim = Ntm.Simulation.World.Documentation(1, 77, 5000);

    private readonly SeededEntropy _entropy = new(11);
    private readonly OwnerKey _owner;
    private readonly NodeContext _context;
    private readonly ServerLink _coordinator, _relay;
    private readonly ProbeTrials _trials;
    private readonly List<Peer> _peers = [];
    private readonly Dictionary<Peer, TunnelTable> _tables = [];
    private readonly Outbox _outbox = new();
    private string _nat = HardNat.PortRestricted;
    private int _refreshed;
    private Now _now = new(TimeSpan.FromHours(1), SimClock.Epoch);

    public ProbeRoundTests()
    {
        _owner = OwnerKey.Generate(_entropy);
        StaticKeyPair key;
        do
        {
            key = StaticKeyPair.Generate(_entropy); // high, so that peers of lower keys lead
        }
        while (key.Public.ToArray()[0] < 0xF0);

        var counters = new Counters();
        var tunnels = new TunnelTable(key, _entropy, _outbox);
        _context = new NodeContext(NodeOptions.Default, tunnels, _entropy)
        {
            Counters = counters, Sharing = new SharingBook(new GivenShares(counters, _ => { }), new TakenShares(counters, _ => { }), () => 0),
            Membership = new Membership(_owner.Public, Vouch("alice", key.Public), []),
        };
        _context.Signals = new SignalChannel(tunnels, new ZoneAddressing(Zone)) { OnSignal = (_, _, _, _) => null };
        _context.Uplinks[0] = new(0, "catv", true, "it has an address", [RealAddress.FromIPv4(0xC0A8_0102, 41_000)]);
        var own = Ntm.Simulation.World.Documentation(2, 9, 41_000);
        (_coordinator, _relay) = (Link("coordinator", isRelay: false), Link("relay", isRelay: true));
        _coordinator.Observe(0, own);
        _relay.Observe(0, own);
        _trials = new ProbeTrials(_context)
        {
            Servers = () => [_coordinator, _relay],
            Nats = _ => HardNat.Traits(_nat),
            Peers = () => _peers,
            Choose = (_, _) => { },
            Withdraw = (_, peer, gone) => peer.Paths.RemoveAll(gone),
            Refresh = (_, _) => _refreshed++,
        };
    }

    [Fact]
    public void An_address_that_servers_did_not_see_is_not_probed()
    {
        var mallory = Mallory();
        Refused(mallory, Round(Victim.WithPort(6000).ToWire()) with { Mapped = Ntm.Simulation.World.Documentation(1, 78, 5000) }, ProbeTrials.AddressNotSeen, RefusalReason.RefusalNotPermitted);
        Assert.Equal(1, _refreshed); // it may have moved: the coordinator knows

        // Neither by a candidate update: the peer's own word.
        mallory.Direction.Candidates.Add(new Candidate { Kind = CandidateKind.CandidateMappedAtCoordinator, Endpoint = Ntm.Simulation.World.Documentation(1, 78, 5000).ToWire() });
        Refused(mallory, new Asked(Ntm.Simulation.World.Documentation(1, 78, 5000)), ProbeTrials.AddressNotSeen, RefusalReason.RefusalNotPermitted);

        // Nor our own servers, nor who is behind one NAT with us.
        _relay.Endpoints = [Victim.WithPort(4916)];
        Refused(mallory, new Asked(Victim), ProbeTrials.AddressNotSeen, RefusalReason.RefusalNotPermitted);
        _relay.Endpoints = [];
        _relay.Observe(0, Victim);
        Refused(mallory, new Asked(Victim), ProbeTrials.AddressNotSeen, RefusalReason.RefusalNotPermitted);
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        var mallory = Mallory();
        Refused(mallory, new Asked(Victim) { Ports = 81 }, ProbeTrials.Malformed, RefusalReason.RefusalMalformed);
        Refused(mallory, new Asked(Victim) { WithoutNat = true }, ProbeTrials.Malformed, RefusalReason.RefusalMalformed);
        Refused(mallory, new Asked(Ntm.Simulation.World.Documentation6(1, 2, 5000)), ProbeTrials.Malformed, RefusalReason.RefusalMalformed);
        Refused(mallory, new Asked(default), ProbeTrials.Malformed, RefusalReason.RefusalMalformed);
        Refused(mallory, new Asked(Victim) { Number = 0 }, ProbeTrials.NotOurs, RefusalReason.RefusalNotPermitted);
        Refused(Mallory(lower: false), new Asked(Victim), ProbeTrials.NotOurs, RefusalReason.RefusalNotPermitted);
        Refused(mallory, new Asked(Victim) { Nat = HardNat.PortRestricted }, ProbeTrials.NotWorth, RefusalReason.RefusalNotPermitted);
        Assert.Equal(TimeSpan.MaxValue, _trials.NextDeadline);
        Assert.Empty(Sent());
    }

    /// <summary>The address is really where servers saw the peer, by a spoofed source or because they lie: what comes there is bounded, whoever asks and however often.</summary>
    [Fact]
    public void A_victim_gets_no_more_than_the_budget_of_all_peers_together()
    {
        var crowd = Enumerable.Range(0, 20).Select(_ => Mallory()).ToArray();
        var perPeriod = new List<int>();
        var (trials, busy) = (0, 0);
        for (var period = 0; period < 6; period++)
        {
            var before = Count();
            for (var second = 0; second < Limits.ProbePeriod.TotalSeconds; second++)
            {
                if (second % 100 == 0)
                {
                    Array.ForEach(crowd, Greet); // keys do not last
                }

                foreach (var mallory in crowd)
                {
                    var answer = _trials.OnRound(_now, mallory, 1 + (ulong)second, Round(new Asked(Victim)));
                    trials += answer is null ? 1 : 0;
                    busy += answer is { Refusal.Reason: RefusalReason.RefusalBusy } ? 1 : 0;
                }

                Pass(TimeSpan.FromSeconds(1));
            }

            perPeriod.Add(Count() - before);
        }

        Assert.All(perPeriod, n => Assert.InRange(n, 0, Limits.ProbeDatagrams));
        Assert.InRange(perPeriod.Sum(), Limits.ProbeDatagrams, 6 * Limits.ProbeDatagrams);
        Assert.InRange(trials, 1, 6 * 64);
        Assert.True(busy > 1000);

        int Count() => (int)_context.Counters.All.GetValueOrDefault(ProbeTrials.Probes) + (int)_context.Counters.All.GetValueOrDefault(ProbeTrials.Unsent);
    }

    [Fact]
    public void Trials_that_others_ask_for_do_not_eat_up_our_NATs_ports()
    {
        _nat = HardNat.Scattered;
        var crowd = Enumerable.Range(0, 20).Select(_ => Mallory()).ToArray();
        var opened = new List<TimeSpan>();
        for (var second = 0; second < 1200; second++)
        {
            if (second % 100 == 0)
            {
                Array.ForEach(crowd, Greet);
            }

            foreach (var mallory in crowd)
            {
                _trials.OnRound(_now, mallory, 1 + (ulong)second, Round(new Asked(Victim) { Nat = HardNat.PortRestricted, Ports = 1 }));
                while (_context.Events.TryDequeue(out var happened))
                {
                    if (happened is NodeEvent.Socket { Open: true } socket)
                    {
                        opened.Add(_now.Boot);
                        _trials.SocketOpened(_now, socket.Number, (ushort)(30_000 + opened.Count));
                    }
                }
            }

            Pass(TimeSpan.FromSeconds(1));
        }

        Assert.True(opened.Count > 200);
        Assert.All(opened.Select((at, i) => (at, i)), o => Assert.True(o.i < 67 || o.at - opened[o.i - 67] >= Limits.ProbeMappingsSpacing));
    }

    /// <summary>A direction that was given before anything was known of the NATs.</summary>
    [Theory]
    [InlineData(HardNat.Stepped, HardNat.Preserving, 1, 2)]
    [InlineData(HardNat.Scattered, HardNat.Scattered, 0, 0)]
    [InlineData(HardNat.Stepped, null, 0, 0)]
    public void Relay_only_is_reconsidered_when_the_NATs_are_known(string own, string? theirs, int atOnce, int inTenMinutes)
    {
        _nat = own;
        var bob = Mallory();
        bob.Direction.Verdict = RouteVerdict.RouteRelayOnly;
        if (theirs is not null)
        {
            bob.Direction.Nats.Add(HardNat.Traits(theirs));
        }

        _trials.Look(_now, bob);
        _trials.Look(_now, bob);
        Assert.Equal(atOnce, _refreshed);
        for (var second = 0; second < 600; second++)
        {
            if (second % 100 == 0)
            {
                Greet(bob);
            }

            Pass(TimeSpan.FromSeconds(1));
            _trials.Look(_now, bob);
        }

        Assert.Equal(inTenMinutes, _refreshed);
        Assert.Empty(_context.Events.OfType<NodeEvent.Socket>());
    }

    [Fact]
    public void One_trial_at_a_time_and_a_peer_that_goes_ends_it()
    {
        var (first, second) = (Mallory(), Mallory());
        Assert.Null(_trials.OnRound(_now, first, 1, Round(new Asked(Victim))));
        Refused(second, new Asked(Victim), ProbeTrials.Busy, RefusalReason.RefusalBusy);
        _trials.Forget(first);
        Assert.Null(_trials.OnRound(_now, second, 1, Round(new Asked(Victim))));
        Assert.NotEqual(TimeSpan.MaxValue, _trials.NextDeadline);
        _trials.Stop();
        Assert.Equal(TimeSpan.MaxValue, _trials.NextDeadline);
    }

    [Fact]
    public void Well_known_ports_of_others_are_not_probed()
    {
        var round = Round(new Asked(Victim) { Nat = HardNat.Preserving });
        round.Ports.Clear();
        round.Ports.AddRange([22, 53, 80, 123, 443, 1023, 65_536, uint.MaxValue, 2000]);
        Assert.Null(_trials.OnRound(_now, Mallory(), 1, round));
        Pass(TimeSpan.FromSeconds(5));
        Assert.Equal(1, _context.Counters.All.GetValueOrDefault(ProbeTrials.Probes) + _context.Counters.All.GetValueOrDefault(ProbeTrials.Unsent));
    }

    private void Pass(TimeSpan time)
    {
        var end = _now.Boot + time;
        while (_trials.NextDeadline <= end)
        {
            var at = _trials.NextDeadline > _now.Boot ? _trials.NextDeadline : _now.Boot;
            _now = new(at, SimClock.Epoch + at);
            _trials.HandleTimeout(_now);
        }

        _now = new(end, SimClock.Epoch + end);
    }

    private List<WirePath> Sent()
    {
        var sent = new List<WirePath>();
        while (_outbox.TryTakeDatagram(out var path, out _))
        {
            sent.Add(path);
        }

        return sent;
    }

    private void Refused(Peer peer, Asked asked, string counted, RefusalReason reason)
    {
        var before = _context.Counters.All.GetValueOrDefault(counted);
        Assert.Equal(reason, _trials.OnRound(_now, peer, asked.Number, Round(asked))?.Refusal?.Reason);
        Assert.Equal(before + 1, _context.Counters.All[counted]);
    }

    private static Asked Round(Endpoint endpoint) => new(endpoint.TryRead(out var address) ? address : default);

    private static ProbeRound Round(Asked asked)
    {
        var round = new ProbeRound { Nat = asked.WithoutNat ? null : HardNat.Traits(asked.Nat), Mapped = asked.Mapped.IsNone ? null : asked.Mapped.ToWire() };
        round.Ports.AddRange(Enumerable.Range(0, asked.Ports).Select(n => (uint)(2000 + n)));
        return round;
    }

    /// <summary>A peer that servers saw at the victim's address, reached through the relay.</summary>
    private Peer Mallory(bool lower = true)
    {
        StaticKeyPair key;
        do
        {
            key = StaticKeyPair.Generate(_entropy);
        }
        while (lower != key.Public < _context.Key);

        var direction = new RouteDirection();
        direction.Candidates.Add(new Candidate { Kind = CandidateKind.CandidateMappedAtCoordinator, Endpoint = Victim.ToWire() });
        direction.Candidates.Add(new Candidate { Kind = CandidateKind.CandidateMappedAtRelay, Endpoint = Victim.WithPort(6000).ToWire() });
        var name = $"mallory{_peers.Count}";
        var peer = new Peer(Vouch(name, key.Public), _context.Membership!.Addressing.Node(key.Public), name, PeerAccess.SameOwner, _context.Tunnels.Add(key.Public, TunnelKind.Ntm), null)
        {
            Direction = direction, Seen = SeenHosts.Of(direction),
        };
        peer.Used = peer.Add(new WirePath(0, Ntm.Simulation.World.Documentation(0, 11, 4916), 257), PathKind.Relay);
        peer.Used!.Prove(_now.Boot);
        _peers.Add(peer);
        _tables.Add(peer, new TunnelTable(key, _entropy, new Outbox()));
        Greet(peer);
        return peer;
    }

    private void Greet(Peer peer)
    {
        var (theirs, packet) = (_tables[peer], new Packet());
        var outbox = new Outbox();
        var table = _tables[peer] = new TunnelTable(theirs.Key, _entropy, outbox, theirs.TimestampMark);
        table.Begin(_now, table.Add(_context.Key, TunnelKind.Ntm) is var tunnel ? Aim(tunnel) : tunnel);
        for (var i = 0; i < 4; i++)
        {
            Carry(outbox, _context.Tunnels);
            Carry(_outbox, table);
        }

        Assert.True(peer.Tunnel.IsEstablished);

        Ntm.Tunnel.Tunnel Aim(Ntm.Tunnel.Tunnel aimed)
        {
            aimed.SendPath = peer.Used!.Path;
            return aimed;
        }

        void Carry(Outbox from, TunnelTable to)
        {
            while (from.TryTakeDatagram(out var path, out var datagram))
            {
                packet.Reset();
                packet.Fill(datagram);
                packet.Path = path;
                to.Open(_now, packet, out _);
            }
        }
    }

    private ServerLink Link(string name, bool isRelay) =>
        new(name, _context.Tunnels.Add(StaticKeyPair.Generate(_entropy).Public, TunnelKind.Ntm), new ZoneAddressing(Zone), [], isRelay);

    private VouchedBinding Vouch(string name, PublicKey key)
    {
        var invite = _owner.Invite(Zone, Role.Node, name, SimClock.Epoch.AddDays(7), [], _entropy);
        var signed = InviteCode.Bind(invite, name, key, SimClock.Epoch);
        Assert.True(BindingCheck.TryVouch(signed, _owner.Public, Zone, out var vouched, out var problem), problem);
        return vouched;
    }

    private sealed record Asked(RealAddress Mapped)
    {
        public string Nat { get; init; } = HardNat.Scattered;

        public int Ports { get; init; }

        public bool WithoutNat { get; init; }

        public ulong Number { get; init; } = 1;
    }
}
