using Google.Protobuf;
using Ntm.Coordinator;
using Ntm.Protocol;
using Ntm.Protocol.Naming;
using Ntm.Protocol.Signalling;

namespace Ntm.Fuzz.Cores;

/// <summary>The coordinator core: spoken to by a node, by a relay, by a stranger with an invite, and by another node.</summary>
public sealed class CoordinatorTarget : CoreTarget
{
    private readonly CoordinatorCore _core;
    private IReadOnlyDictionary<string, long> _counters = new Dictionary<string, long>();

    public CoordinatorTarget()
    {
        _core = new CoordinatorCore(new CoordinatorModel(Cast.Zone, Cast.Owner.Public, "dc1"), Cast.Coordinator.Key, Cast.Entropy("dc"), Memory());
        Stage = new Stage(_core, Cast.Coordinator.Key, Cast.Coordinator.Address, TakeEvents);
        foreach (var who in (CastMember[])[Cast.Alice, Cast.Relay, Cast.Carol, Cast.Bob, Cast.TheirCoordinator])
        {
            var speaker = Stage.Add(who);
            speaker.Tunnels.Begin(Stage.Now, speaker.Tunnel);
        }

        Stage.Exchange();
        Stage.Speakers[3].Ask(Stage.Now, new Signal { RegistrationRequest = new() { Generation = 1, Candidates = { Cast.Candidates() }, Devices = { new PublishedDevice { Name = "nas", Number = 1 } } } });
        Stage.Exchange();
        Require(Stage.Speakers[3].Heard is { RegistrationResponse: not null }, "bob is registered");
    }

    public override string Name => "coordinator";

    public override string Law => "every message into CoordinatorCore: never throws; members are those whom the owner vouched for; books stay within their bounds";

    /// <summary>What a coordinator keeps of these members.</summary>
    public static IEnumerable<StoreWrite> Memory()
    {
        foreach (var member in (CastMember[])[Cast.Alice, Cast.Bob, Cast.Relay])
        {
            yield return new("binding", member.Key.Public.ToString(), member.Binding.ToByteArray());
            yield return new("used-invite", member.OneTimeKey.ToBase64(), member.Key.Public.ToArray());
        }
    }

    public override void CheckBounds()
    {
        var status = _core.Describe(Stage.Now);
        Require(status.Members.All(m => m.Name is "alice" or "bob" or "carol" or "rs1") && status.Members.Count <= 4, "members are those whom the owner vouched for");
        Require(status.Members.All(m => m.Devices.Count <= Limits.PublishedDevices), "a node publishes 64 devices at most");
        Require(status.Relays.All(r => r.Endpoints.Count <= 4 && r.FreeChannels <= 64 * Limits.ChannelsPerLease && r.Pairs <= 32 * Limits.ChannelsPerLease), "a relay's book is bounded");
        Require(status.Provisional <= Limits.ProvisionalTunnels, "guests are 64 at most");
    }

    protected override int SpeakerOf(Signal signal) => signal.BodyCase switch
    {
        Signal.BodyOneofCase.JoinRequest => 2,
        Signal.BodyOneofCase.ZoneDirectionRequest => 4,
        Signal.BodyOneofCase.RelayAnnouncement or Signal.BodyOneofCase.ChannelLeaseResponse => 1,
        _ => 0,
    };

    protected override int Counted()
    {
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
            if (happened is CoordinatorEvent.RecordWanted { Zone: Cast.TheirZone })
            {
                _core.RecordFound(Stage.Now, Cast.TheirZone, new(
                    NtmRecordVerdict.Found, new(Cast.TheirZone, [new(Cast.TheirCoordinator.Key.Public, 1, [Cast.TheirCoordinator.Address])]), TimeSpan.FromMinutes(5), "It was found."));
            }
        }
    }
}
