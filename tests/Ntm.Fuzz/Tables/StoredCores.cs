using System.Text;
using Google.Protobuf;
using Ntm.Coordinator;
using Ntm.Fuzz.Cores;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Relay;
using Ntm.Signalling;

namespace Ntm.Fuzz.Tables;

/// <summary>What a node kept.</summary>
public sealed class StoredNodeTarget : StoredEntryTarget
{
    public override string Name => "stored-node";

    public override string Law => "NodeCore over kept entries, membership and peers included: never throws; whom the owner did not vouch for is no peer; a damaged entry leaves the rest";

    protected override IReadOnlyList<StoreWrite> Memory { get; } =
    [
        .. NodeTarget.Memory(), new("name", "nas.bob.home.example", new byte[16]), new("clock", "timestamp-mark", new byte[8]),
        new("device", "02:00:00:00:00:01", "{\"version\":1,\"number\":1,\"name\":\"nas\"}"u8.ToArray()),
        new("handover", "7", "{\"version\":1,\"record\":{\"id\":7,\"event\":7,\"peer\":\"bob\",\"at\":\"2026-01-01T00:00:00+00:00\",\"cause\":\"Silent\",\"why\":\"x\",\"gapMs\":41.5}}"u8.ToArray()),
    ];

    protected override int Load(IReadOnlyList<StoreWrite> memory)
    {
        var now = new Now(TimeSpan.FromHours(1), Cast.Wall);
        var core = new NodeCore(Cast.Alice.Key, Cast.Entropy("alice core"), NodeOptions.Default, memory);
        core.UplinkChanged(now, new(0, "catv", true, "it has an address", [Cast.Alice.Address]));
        core.HandleTimeout(now);
        var status = core.Describe(now);
        Require(status.Peers.Count <= 1 && status.Peers.All(p => p.Name == "bob"), "peers are those whom the owner vouched for");
        Require(status.Member is null or { Zone: Cast.Zone, NodeName: "alice" }, "the membership is the owner's");
        Require(status.Sharing.Given.Count <= 1 && status.Sharing.Taken.Count <= 1, "shares are those that were kept");
        var handovers = core.Handovers(now);
        Require(handovers.All(h => h.Id > 0 && double.IsFinite(h.GapMs)), "handovers are those that were kept");
        return OutcomeOf(status.Counters) + (status.Member is null ? 0 : 1) + status.Peers.Count + handovers.Count;
    }
}

/// <summary>What a relay kept.</summary>
public sealed class StoredRelayTarget : StoredEntryTarget
{
    public override string Name => "stored-relay";

    public override string Law => "RelayCore over kept entries: never throws; nodes are those whom the owner vouched for; pairs are within leases";

    protected override IReadOnlyList<StoreWrite> Memory { get; } =
    [
        .. RelayTarget.Memory(),
        new("relay-nodes", Cast.Alice.Key.Public.ToString(), Cast.Alice.Binding.ToByteArray()),
        new("relay-addresses", Cast.Alice.Key.Public.ToString(), "{\"Uplink\":0,\"Address\":\"192.0.2.12:4916\"}"u8.ToArray()),
        new("relay-leases", "000100", Json($"\"First\":256,\"Count\":256,\"Coordinator\":\"{Cast.Coordinator.Key.Public}\",\"Expires\":1767300000")),
        new("relay-pairings", "000100", Json(
            $"\"ChannelA\":256,\"KeyA\":\"{Cast.Alice.Key.Public}\",\"ChannelB\":257,\"KeyB\":\"{Cast.Bob.Key.Public}\",\"Coordinator\":\"{Cast.Coordinator.Key.Public}\",\"Expires\":1767300000")),
        new("tunnel-timestamp", "mark", "1767225600000000000"u8.ToArray()),
    ];

    protected override int Load(IReadOnlyList<StoreWrite> memory)
    {
        var now = new Now(TimeSpan.FromHours(1), Cast.Wall);
        var core = new RelayCore(new RelayModel([Cast.Relay.Address]), Cast.Relay.Key, Cast.Entropy("rs"), memory);
        core.HandleTimeout(now);
        var status = core.Describe(now);
        Require(status.Nodes.Count <= 1 && status.Legs.Count <= 2 && status.Legs.Count <= status.LeasedChannels, "nodes and legs are those that were kept");
        Require(status.Zone is null or Cast.Zone, "the zone is the owner's");
        return OutcomeOf(status.Counters) + status.Nodes.Count + (4 * status.Legs.Count);
    }

    private static byte[] Json(string fields) => Encoding.UTF8.GetBytes("{" + fields + "}");
}

/// <summary>What a coordinator kept.</summary>
public sealed class StoredCoordinatorTarget : StoredEntryTarget
{
    public override string Name => "stored-coordinator";

    public override string Law => "CoordinatorCore over kept entries: never throws; members are those whom the owner vouched for; leases and pairs make sense";

    protected override IReadOnlyList<StoreWrite> Memory { get; } =
    [
        .. CoordinatorTarget.Memory(),
        new("devices", Cast.Bob.Key.Public.ToString(), new RegistrationRequest { Devices = { new PublishedDevice { Name = "nas", Number = 1 } } }.ToByteArray()),
        new("lease", $"{Cast.Relay.Key.Public} 256", "{\"first\":256,\"count\":256,\"expires\":1767300000}"u8.ToArray()),
        new("pair", $"{Cast.Relay.Key.Public} {Cast.Alice.Key.Public} {Cast.Bob.Key.Public}", Pair().ToByteArray()),
        new("tunnel", "timestamp-mark", new byte[8]),
        new("address", Cast.Alice.Key.Public.ToString(), "{\"uplink\":0,\"address\":\"192.0.2.12:4916\"}"u8.ToArray()),
        new("relay-endpoints", Cast.Relay.Key.Public.ToString(), new RelayAnnouncement { Endpoints = { Cast.Relay.Address.ToWire() } }.ToByteArray()),
    ];

    protected override int Load(IReadOnlyList<StoreWrite> memory)
    {
        var now = new Now(TimeSpan.FromHours(1), Cast.Wall);
        var core = new CoordinatorCore(new CoordinatorModel(Cast.Zone, Cast.Owner.Public, "dc1"), Cast.Coordinator.Key, Cast.Entropy("dc"), memory);
        core.HandleTimeout(now);
        var status = core.Describe(now);
        Require(status.Members.All(m => m.Name is "alice" or "bob" or "rs1"), "members are those whom the owner vouched for");
        Require(status.Relays.All(r => r.FreeChannels <= Limits.ChannelsPerLease && r.Pairs <= 1), "leases and pairs are those that were kept");
        return OutcomeOf(status.Counters) + (16 * status.Members.Count) + status.Relays.Sum(r => r.Pairs + (r.FreeChannels > 0 ? 2 : 0));
    }

    private static RelayPairing Pair()
    {
        var pairing = Cast.Pairing(256, 257);
        pairing.Lifetime = 0;
        return Cast.Alice.Key.Public < Cast.Bob.Key.Public ? pairing
            : new RelayPairing { ChannelA = 256, KeyA = pairing.KeyB, ChannelB = 257, KeyB = pairing.KeyA };
    }
}
