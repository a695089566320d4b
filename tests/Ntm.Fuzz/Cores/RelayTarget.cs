using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Relay;
using Ntm.Signalling.Trust;

namespace Ntm.Fuzz.Cores;

/// <summary>The relay core: spoken to by its coordinator, by a registered node, by a stranger with an invite, and by another node.</summary>
public sealed class RelayTarget : CoreTarget
{
    private readonly RelayCore _core;
    private IReadOnlyDictionary<string, long> _counters = new Dictionary<string, long>();

    public RelayTarget()
    {
        _core = new RelayCore(new RelayModel([Cast.Relay.Address]), Cast.Relay.Key, Cast.Entropy("rs"), Memory());
        Stage = new Stage(_core, Cast.Relay.Key, Cast.Relay.Address, TakeEvents);
        SetUp(Stage);
    }

    public override string Name => "relay";

    public override string Law => "every message into RelayCore: never throws; nodes are those whom the owner vouched for; channels and legs stay within what was leased";

    /// <summary>What a relay keeps of its membership.</summary>
    public static IEnumerable<StoreWrite> Memory()
    {
        if (!BindingCheck.TryVouch(Cast.Relay.Binding, Cast.Owner.Public, Cast.Zone, out var vouched, out var problem))
        {
            throw new InvalidOperationException(problem);
        }

        return new Membership(Cast.Owner.Public, vouched, [Cast.CoordinatorServer()]).ToStore();
    }

    /// <summary>The coordinator leases and pairs, alice and bob register.</summary>
    public static void SetUp(Stage stage)
    {
        var coordinator = stage.Add(Cast.Coordinator);
        coordinator.Answering = s => s.RelayAnnouncement is null ? null : new Signal { RelayAnnouncementResponse = new() { Lifetime = 60 } };
        foreach (var node in (CastMember[])[Cast.Alice, Cast.Carol, Cast.Bob])
        {
            var speaker = stage.Add(node);
            speaker.Tunnels.Begin(stage.Now, speaker.Tunnel);
        }

        stage.Pass(TimeSpan.FromMilliseconds(1));
        stage.Exchange();
        coordinator.Ask(stage.Now, new Signal { ChannelLeaseRequest = new() { Count = 256 } });
        stage.Exchange();
        Require(coordinator.Heard is { ChannelLeaseResponse.First: 256 }, "the relay leases from 256 on");
        coordinator.Ask(stage.Now, new Signal { RelayPairing = Cast.Pairing(256, 257) });
        foreach (var node in stage.Speakers.Where(s => s.Who == Cast.Alice || s.Who == Cast.Bob))
        {
            node.Ask(stage.Now, new Signal { RelayRegistrationRequest = new() { Binding = node.Who.Binding } });
            stage.Exchange();
            Require(node.Heard is { RelayRegistrationResponse: not null }, "a node registers");
        }
    }

    public override void CheckBounds()
    {
        var status = _core.Describe(Stage.Now);
        Require(status.Nodes.All(n => n.Name is "alice" or "bob" or "carol") && status.Nodes.Count <= 3, "nodes are those whom the owner vouched for");
        Require(status.LeasedChannels <= 1024 * Limits.ChannelsPerLease && status.Legs.Count <= status.LeasedChannels, "legs are within what was leased");
        Require(status.Coordinators.Count == 1 && status.Coordinators[0].Key == Cast.Coordinator.Key.Public, "the coordinator is the one of the invite");
    }

    protected override int SpeakerOf(Signal signal) => signal.BodyCase == Signal.BodyOneofCase.RelayRegistrationRequest ? 2 : 0;

    protected override int Counted()
    {
        var outcome = 0;
        var now = Counters();
        foreach (var (reason, count) in now)
        {
            outcome = _counters.TryGetValue(reason, out var before) && before == count ? outcome : (outcome * 31) + Outcome(reason);
        }

        _counters = now;
        return outcome;
    }

    // Describing a relay with hundreds of legs is dear: one look in sixteen.
    private IReadOnlyDictionary<string, long> Counters() => ++_looks % 16 == 0 ? _core.Describe(Stage.Now).Counters : _counters;

    private int _looks;

    private void TakeEvents()
    {
        while (_core.TryTakeEvent(out _))
        {
        }
    }
}
