using Google.Protobuf;
using Ntm.Node;
using Ntm.Node.Sharing;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Fuzz.Cores;

/// <summary>The node core: spoken to by its coordinator, by a peer, by a relay, and by a node it does not know.</summary>
public sealed class NodeTarget : CoreTarget
{
    private readonly NodeCore _core;
    private IReadOnlyDictionary<string, long> _counters = new Dictionary<string, long>();
    private long _ticket;

    public NodeTarget()
    {
        _core = new NodeCore(Cast.Alice.Key, Cast.Entropy("alice core"), NodeOptions.Default, Memory());
        Stage = new Stage(_core, Cast.Alice.Key, Cast.Alice.Address, TakeEvents);
        var coordinator = Stage.Add(Cast.Coordinator);
        coordinator.Answering = s => s switch
        {
            // Every other request is left for the inputs to answer.
            { Number: var n } when n % 2 == 1 && Ready => null,
            { RegistrationRequest: not null } => GoldenSignals.All().Single(g => g.Name == "registration-response").Signal.Clone(),
            _ => null,
        };
        var peer = Stage.Add(Cast.Bob);
        var relay = Stage.Add(Cast.Relay);
        relay.Answering = s => s.RelayRegistrationRequest is null ? null
            : new Signal { RelayRegistrationResponse = new() { Observed = Cast.Alice.Address.ToWire(), Lifetime = 60 } };
        Stage.Add(Cast.Carol);
        _core.UplinkChanged(Stage.Now, new(0, "catv", true, "it has an address", [Cast.Alice.Address]));
        Stage.Pass(TimeSpan.FromMilliseconds(1));
        Stage.Exchange();
        peer.Tunnels.Begin(Stage.Now, peer.Tunnel);
        Stage.Exchange();
        Stage.Pass(TimeSpan.FromMilliseconds(1));
        var status = _core.Describe(Stage.Now);
        Require(status.Member!.Registered && status.Peers.Single().Established, "alice is registered and has a tunnel with bob");
        Ready = true;
    }

    public override string Name => "node";

    public override string Law => "every message into NodeCore: never throws; peers and relays are those whom the owner vouched for; paths and names stay bounded";

    private bool Ready { get; }

    /// <summary>What a node keeps of its membership and of a peer.</summary>
    public static IEnumerable<StoreWrite> Memory()
    {
        if (!BindingCheck.TryVouch(Cast.Alice.Binding, Cast.Owner.Public, Cast.Zone, out var vouched, out var problem))
        {
            throw new InvalidOperationException(problem);
        }

        var direction = Cast.Direction(Cast.Bob, begin: true);
        return
        [
            .. new Membership(Cast.Owner.Public, vouched, [Cast.CoordinatorServer()]).ToStore(),
            new("peer", Cast.Bob.Key.Public.ToString(), direction.ToByteArray()),
            new("pin", "bob", Cast.Bob.Key.Public.ToArray()),
            .. Shares(),
        ];
    }

    /// <summary>What alice has given (the share of <see cref="Cast.Accepted"/>) and taken (<see cref="Cast.Offer"/>).</summary>
    public static IEnumerable<StoreWrite> Shares()
    {
        var memory = new List<StoreWrite>();
        var given = new GivenShares(new Counters(), memory.Add);
        given.Give(0, "Dave", PortSet.All, Cast.Wall.AddYears(4), new byte[32], out _);
        var taken = new TakenShares(new Counters(), memory.Add);
        taken.Accept(ShareCode.Write(Cast.Offer.Clone()), Cast.Zone, Cast.Owner.Public, Cast.Wall, out _);
        return memory;
    }

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (++_ticket % 8 == 0)
        {
            // So that there is something for the coordinator to answer.
            _core.NameWanted(Stage.Now, _ticket, _ticket % 32 == 0 ? "cam.dave.friends.example" : _ticket % 16 == 0 ? "nas.bob.home.example" : $"n{_ticket % 4096}.bob.home.example");
            Stage.Exchange();
        }

        return base.Execute(input);
    }

    public override void CheckBounds()
    {
        var status = _core.Describe(Stage.Now);
        Require(status.Member is { Zone: Cast.Zone, NodeName: "alice", Coordinators.Count: 1, Relays.Count: <= 1 }, "zone, name, coordinators and relays are the owner's");
        Require(status.Peers.All(p => p.Name is "bob" or "carol" or "dave.friends.example") && status.Peers.Count <= 3, "peers are those whom the owner vouched for");
        Require(status.Peers.All(p => p.Paths.Count <= Limits.Candidates + Limits.RelaysPerNode + 4), "a peer's paths are bounded");
        Require(
            status.Uplinks.All(u => u.Nats.All(n => n.KeepAlive >= Limits.KeepAliveLeast && n.KeepAlive <= Limits.KeepAliveMost)), "keep-alives are neither too often nor too rare");
        Require(status.Peers.All(p => p.Aliases.Count <= Limits.AliasesPerNode), "a node's aliases are bounded");
    }

    protected override int SpeakerOf(Signal signal) => signal.BodyCase switch
    {
        Signal.BodyOneofCase.PathCheckReply when signal.PathCheckReply.Id < 16 => 0,
        Signal.BodyOneofCase.PathCheck or Signal.BodyOneofCase.PathCheckReply or Signal.BodyOneofCase.PathUse or Signal.BodyOneofCase.CandidateUpdate
            or Signal.BodyOneofCase.ProbeRound => 1,
        Signal.BodyOneofCase.RelayRegistrationResponse => 2,
        _ => 0,
    };

    protected override int Counted()
    {
        if (_ticket % 8 != 1)
        {
            return 0; // describing a node is dear
        }

        var now = _core.Describe(Stage.Now).Counters;
        var outcome = 0;
        foreach (var (reason, count) in now)
        {
            outcome = _counters.TryGetValue(reason, out var before) && before == count ? outcome : (outcome * 31) + Outcome(reason);
        }

        _counters = now;
        return outcome;
    }

    private void TakeEvents()
    {
        while (_core.TryTakeEvent(out var happened))
        {
            if (happened is NodeEvent.Socket { Open: true } wanted)
            {
                _core.SocketOpened(Stage.Now, wanted.Number, wanted.IPv4, 50_000);
            }
        }
    }
}
