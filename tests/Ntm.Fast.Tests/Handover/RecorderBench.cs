using Ntm.Node;
using Ntm.Node.Handovers;
using Ntm.Node.Paths;
using Ntm.Node.Sharing;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Handover;

/// <summary>A flight recorder by itself, with two uplinks, peers of which each has a path by either, and a time that the test moves.</summary>
internal sealed class RecorderBench
{
    private const string Zone = "home.example";

    private readonly SeededEntropy _entropy = new(21);
    private readonly OwnerKey _owner;
    private readonly NodeContext _context;

    /// <param name="memory">What a run before kept.</param>
    public RecorderBench(params IEnumerable<StoreWrite> memory)
    {
        _owner = OwnerKey.Generate(_entropy);
        var counters = new Counters();
        _context = new NodeContext(NodeOptions.Default, new TunnelTable(StaticKeyPair.Generate(_entropy), _entropy, new Outbox()), _entropy)
        {
            Counters = counters, Sharing = new SharingBook(new GivenShares(counters, _ => { }), new TakenShares(counters, _ => { }), () => 0),
        };
        _context.Uplinks[0] = new(0, "catv", true, "it has an address", []);
        _context.Uplinks[1] = new(1, "lte", true, "it has an address", []);
        Recorder.Load(memory);
    }

    public FlightRecorder Recorder => _context.Recorder;

    public Counters Counters => _context.Counters;

    public Now Now { get; private set; } = new(TimeSpan.FromHours(1), SimClock.Epoch);

    public IReadOnlyList<HandoverRecord> Records => Recorder.Describe(Now);

    /// <summary>What was to be kept since this was asked last.</summary>
    public IReadOnlyList<StoreWrite> TakeKept()
    {
        var kept = new List<StoreWrite>();
        while (_context.Events.TryDequeue(out var happened))
        {
            if (happened is NodeEvent.Keep { Write: { Collection: "handover" } write })
            {
                kept.Add(write);
            }
        }

        return kept;
    }

    public Peer Peer(string name = "bob")
    {
        var key = StaticKeyPair.Generate(_entropy).Public;
        var signed = InviteCode.Bind(_owner.Invite(Zone, Role.Node, name, SimClock.Epoch.AddDays(7), [], _entropy), name, key, SimClock.Epoch);
        Assert.True(BindingCheck.TryVouch(signed, _owner.Public, Zone, out var vouched, out var problem), problem);
        return new Peer(vouched, new ZoneAddressing(Zone).Node(key), name, PeerAccess.SameOwner, _context.Tunnels.Add(key, TunnelKind.Ntm), null)
        {
            LastTraffic = Now.Boot,
        };
    }

    public static PeerPath Path(Peer peer, int uplink) => peer.Add(new WirePath(uplink, Ntm.Simulation.World.Documentation(0, 80, 41_641), 0), PathKind.Mapped)!;

    public static PeerPath Relayed(Peer peer, int uplink) => peer.Add(new WirePath(uplink, Ntm.Simulation.World.Documentation(0, 20, 4916), 17), PathKind.Relay)!;

    /// <summary>The first uplink is not usable any more.</summary>
    public void Unplug(string reason) => _context.Uplinks[0] = _context.Uplinks[0] with { Usable = false, Reason = reason };

    /// <summary>Lets time pass, and what is due be done.</summary>
    public RecorderBench After(double milliseconds)
    {
        var until = Now.Boot + TimeSpan.FromMilliseconds(milliseconds);
        while (Recorder.NextDeadline <= until)
        {
            To(Recorder.NextDeadline > Now.Boot ? Recorder.NextDeadline : Now.Boot);
            Recorder.HandleTimeout(Now);
        }

        To(until);
        return this;
    }

    private void To(TimeSpan boot) => Now = new(boot, Now.Wall + (boot - Now.Boot));
}
