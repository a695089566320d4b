using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Relay;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Relay;

/// <summary>A relay, a coordinator that directs as the test says, and nodes, in a world of perfect wires.</summary>
internal sealed class RelayBench
{
    public const string Zone = "home.example";

    private readonly SeededEntropy _entropy;
    private readonly Dictionary<(string Collection, string Key), byte[]> _store = [];

    public RelayBench(ulong seed = 1, int coordinators = 1)
    {
        Scenario = new Scenario(seed);
        _entropy = Scenario.World.Entropy.Fork("bench");
        Owner = OwnerKey.Generate(_entropy);
        RelayHost = Scenario.Server("relay");
        RelayKey = StaticKeyPair.Generate(_entropy);
        for (var i = 0; i < coordinators; i++)
        {
            var party = new TestParty(StaticKeyPair.Generate(_entropy), _entropy.Fork($"dc{i}"), Zone);
            party.OnSignal = (_, _, signal) => AnswerAsCoordinator(signal);
            var host = Scenario.Server($"dc{i}");
            host.Start(party);
            Coordinators.Add((host, party));
        }

        Core = NewCore();
        RelayHost.Start(Core);
    }

    public Scenario Scenario { get; }

    public Ntm.Simulation.World World => Scenario.World;

    public OwnerKey Owner { get; }

    public StaticKeyPair RelayKey { get; }

    public SimHost RelayHost { get; }

    public RelayCore Core { get; private set; }

    public RealAddress RelayAddress => RelayHost.Uplinks[0].Addresses[0];

    public List<(SimHost Host, TestParty Party)> Coordinators { get; } = [];

    public List<RelayAnnouncement> Announced { get; } = [];

    public List<RelayEvent.Notice> Notices { get; } = [];

    public List<RelayEvent.JoinEnded> JoinsEnded { get; } = [];

    /// <summary>How the coordinator answers joins; null: not at all.</summary>
    public Func<JoinRequest, Signal?> OnJoin { get; set; } = _ => new Signal { JoinResponse = new JoinResponse() };

    public long Count(string reason) => Core.Describe(RelayHost.Now).Counters.GetValueOrDefault(reason);

    public LegStatus? Leg(uint channel) => Core.Describe(RelayHost.Now).Legs.SingleOrDefault(l => l.Channel == channel);

    public string Invite(Role role = Role.Relay, string name = "", OwnerKey? owner = null)
    {
        var servers = Coordinators.Select(c =>
        {
            var server = new Server { PublicKey = c.Party.Key.Public.ToWire() };
            server.Endpoints.Add(c.Host.Uplinks[0].Addresses.Select(a => a.ToWire()));
            return server;
        });
        return InviteCode.Write((owner ?? Owner).Invite(Zone, role, name, SimClock.Epoch + TimeSpan.FromDays(1), servers, _entropy));
    }

    public RelayBench Joined()
    {
        RelayHost.Call(now => Core.Join(now, Invite(), "rs1"));
        World.RunFor(TimeSpan.FromSeconds(1));
        Drain();
        Assert.True(Assert.Single(JoinsEnded).Joined, JoinsEnded[0].Reason);
        return this;
    }

    /// <summary>Takes the core's events, as its program does.</summary>
    public void Drain()
    {
        while (Core.TryTakeEvent(out var happened))
        {
            switch (happened)
            {
                case RelayEvent.Keep { Write: { Value: { } value } write }:
                    _store[(write.Collection, write.Key)] = value;
                    break;
                case RelayEvent.Keep { Write: var write }:
                    _store.Remove((write.Collection, write.Key));
                    break;
                case RelayEvent.Notice notice:
                    Notices.Add(notice);
                    break;
                case RelayEvent.JoinEnded ended:
                    JoinsEnded.Add(ended);
                    break;
            }
        }
    }

    /// <summary>Power cut and start with what was kept.</summary>
    public void Restart(Func<StoreWrite, StoreWrite>? harm = null)
    {
        Drain();
        Core = NewCore(harm);
        RelayHost.Start(Core);
    }

    public int Kept(string collection) => _store.Keys.Count(k => k.Collection == collection);

    /// <summary>A request over a tunnel to the relay; null: no answer.</summary>
    public Signal? Ask((SimHost Host, TestParty Party) from, Signal body)
    {
        Signal? answer = null;
        var done = false;
        from.Host.Call(now => from.Party.Signals.Request(now, TunnelToRelay(from), body, (_, a) => (answer, done) = (a, true)));
        World.RunUntil(() => done, TimeSpan.FromSeconds(9));
        Drain();
        return answer;
    }

    public Ntm.Tunnel.Tunnel TunnelToRelay((SimHost Host, TestParty Party) from)
    {
        var tunnel = from.Party.Tunnels.Add(RelayKey.Public, TunnelKind.Ntm);
        if (tunnel.Candidates.Count == 0)
        {
            tunnel.Candidates.Add(new WirePath(0, RelayAddress, 0));
        }

        return tunnel;
    }

    public ChannelLeaseResponse Lease(int coordinator = 0, uint count = 256) =>
        Ask(Coordinators[coordinator], new Signal { ChannelLeaseRequest = new ChannelLeaseRequest { Count = count } })!.ChannelLeaseResponse;

    public Signal? Pair(uint channelA, PublicKey a, uint channelB, PublicKey b, uint lifetime = 3600, int coordinator = 0) =>
        Ask(Coordinators[coordinator], new Signal
        {
            RelayPairing = new RelayPairing { ChannelA = channelA, KeyA = a.ToWire(), ChannelB = channelB, KeyB = b.ToWire(), Lifetime = lifetime },
        });

    /// <summary>A node behind a NAT of its own, with a binding of the owner.</summary>
    public BenchNode Node(string name, NatKind kind = NatKind.PortRestricted, OwnerKey? owner = null, Role role = Role.Node)
    {
        var party = new TestParty(StaticKeyPair.Generate(_entropy), _entropy.Fork(name), Zone);
        var home = Scenario.Home(name).Behind(kind).Build();
        home.Router.Start(party);
        Assert.True(InviteCode.TryRead(Invite(role, name, owner), out var invite, out _, out _));
        return new BenchNode(this, home, party, InviteCode.Bind(invite, name, party.Key.Public, SimClock.Epoch));
    }

    /// <summary>An initiation or response as far as a relay can tell: right size and mac1, the rest noise.</summary>
    public byte[] Handshake(byte type, PublicKey receiver, uint channel)
    {
        var bytes = new byte[type == TunnelMessage.Initiation ? TunnelMessage.InitiationSize : TunnelMessage.ResponseSize];
        _entropy.Fill(bytes);
        bytes[0] = type;
        TunnelMessage.WriteChannel(bytes, 0);
        var at = type == TunnelMessage.Initiation ? TunnelMessage.InitiationMac1 : TunnelMessage.ResponseMac1;
        var key = new byte[32];
        Blake2s.Hash("mac1----"u8, receiver.ToArray(), key);
        Blake2s.Mac16(key, bytes.AsSpan(0, at), bytes.AsSpan(at, 16));
        TunnelMessage.WriteChannel(bytes, channel);
        return bytes;
    }

    /// <summary>A transport message of noise.</summary>
    public byte[] Sealed(uint channel, int length = 128)
    {
        var bytes = new byte[length];
        _entropy.Fill(bytes);
        bytes[0] = TunnelMessage.Transport;
        TunnelMessage.WriteChannel(bytes, channel);
        return bytes;
    }

    /// <summary>Hands the relay a datagram from any address, and gives what it would send at once (not what it puts into the outbox).</summary>
    public (WirePath To, byte[] Bytes)? Hand(RealAddress from, byte[] bytes)
    {
        var batch = new PacketBatch(1);
        var packet = batch.Add();
        packet.Fill(bytes);
        packet.Path = new WirePath(0, from, 0);
        Core.ReceiveDatagrams(RelayHost.Now, batch);
        return packet.Disposition == Disposition.ToWire ? (packet.Path, packet.Bytes.ToArray()) : null;
    }

    private RelayCore NewCore(Func<StoreWrite, StoreWrite>? harm = null) => new(
        new RelayModel([RelayAddress]), RelayKey, _entropy.Fork($"relay{_restarts++}"),
        _store.Select(e => new StoreWrite(e.Key.Collection, e.Key.Key, e.Value)).Select(e => harm?.Invoke(e) ?? e));

    private int _restarts;

    private Signal? AnswerAsCoordinator(Signal signal)
    {
        switch (signal.BodyCase)
        {
            case Signal.BodyOneofCase.JoinRequest:
                return OnJoin(signal.JoinRequest);
            case Signal.BodyOneofCase.RelayAnnouncement:
                Announced.Add(signal.RelayAnnouncement);
                return new Signal { RelayAnnouncementResponse = new RelayAnnouncementResponse { Lifetime = 60 } };
            default:
                return null;
        }
    }
}

/// <summary>A node of the bench.</summary>
internal sealed record BenchNode(RelayBench Bench, Home Home, TestParty Party, SignedBinding Binding)
{
    public PublicKey Key => Party.Key.Public;

    public (SimHost, TestParty) At => (Home.Router, Party);

    /// <summary>Its address as the relay sees it, with the port-preserving NATs of the bench.</summary>
    public RealAddress Mapped => Home.Nat!.Address.WithPort(Home.Router.Uplinks[0].Addresses[0].Port);

    public Signal? Register(SignedBinding? binding = null) =>
        Bench.Ask(At, new Signal { RelayRegistrationRequest = new RelayRegistrationRequest { Binding = binding ?? Binding } });

    public BenchNode Registered()
    {
        var answer = Register();
        Assert.NotNull(answer?.RelayRegistrationResponse);
        Assert.True(answer.RelayRegistrationResponse.Observed.TryRead(out var seen));
        Assert.Equal(Mapped, seen);
        return this;
    }

    public void Send(byte[] bytes)
    {
        Home.Router.Call(_ => Party.Outbox.Send(new WirePath(0, Bench.RelayAddress, 0), bytes));
        Bench.World.RunFor(TimeSpan.FromMilliseconds(100));
    }
}
