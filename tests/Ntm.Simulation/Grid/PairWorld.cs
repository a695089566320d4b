using System.Net;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Simulation;

/// <summary>
/// A world of two homes, each on a network of its kind, for the grid: every two parties are 20 ms apart, one way, and each home has a published device that sends back
/// what it gets. Runs follow one another in it; before each, both gateways start anew, have forgotten one another, and no NAT or firewall knows of a flow.
/// </summary>
public sealed class PairWorld
{
    /// <summary>From any party to any other.</summary>
    public static readonly TimeSpan OneWay = TimeSpan.FromMilliseconds(20);

    private const int EchoPort = 7;
    private const int StreamBytes = 400;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    /// <summary>The stream's pace after its first seconds, so that a long wait for a direct path is no long computation.</summary>
    private static readonly TimeSpan LaterPace = TimeSpan.FromMilliseconds(40);

    private static readonly TimeSpan Later = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    /// <summary>Checks that come to nothing are begun again after 30 s of traffic (docs/protocol.md section 5).</summary>
    private static readonly TimeSpan DirectBy = TimeSpan.FromSeconds(35);

    private static readonly TimeSpan AfterChange = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly Scenario _scenario;
    private readonly Networks _networks;
    private readonly LosingOne _losing = new();
    private readonly Party _one, _other;

    /// <param name="one">The network of the home that asks.</param>
    /// <param name="other">The other home's.</param>
    /// <param name="seed">Of the world.</param>
    /// <param name="acrossZones">Whether the other home is another owner's, who shares its device.</param>
    /// <exception cref="InvalidOperationException">They do not come to be registered.</exception>
    public PairWorld(NetworkKind one, NetworkKind other, ulong seed, bool acrossZones = false)
    {
        _scenario = new Scenario(seed);
        _networks = new Networks(_scenario);
        World.Flow.IsRecording = false;
        var zone = new Zone(_scenario);
        var others = acrossZones ? new Zone(_scenario, "friends.example") : zone;
        foreach (var z in (Zone[])[zone, others])
        {
            if (z.Relays.Count == 0)
            {
                z.AddRelay(z == zone ? "rs1" : "rs2");
            }
        }

        SimHost[] servers = [zone.CoordinatorHost, others.CoordinatorHost, .. zone.Relays.Values.Concat(others.Relays.Values).Select(r => r.Host)];
        var relays = zone.Relays.Values.Concat(others.Relays.Values).SelectMany(r => r.Host.Uplinks).SelectMany(u => u.Addresses).ToArray();
        foreach (var server in servers.Distinct())
        {
            var wire = World.Backbone.WireOf(server);
            wire.Conditions = new WireConditions { Latency = OneWay / 2 };
            wire.Middlemen.Add(_losing);
        }

        _one = new Party(this, zone, "alice", one, relays);
        _other = new Party(this, others, "bob", other, relays);
        World.RunFor(2 * Second);
        _one.Join();
        _other.Join();
        Must(World.RunUntil(() => _one.Router.JoinEnd is not null && _other.Router.JoinEnd is not null, 10 * Second), "no join ended");
        Must(_one.Router.JoinEnd!.Value.Done && _other.Router.JoinEnd!.Value.Done, _one.Router.JoinEnd!.Value.Reason);
        World.RunFor(Settling);
        _one.Publish();
        _other.Publish();
        World.RunFor(Settling);
        if (acrossZones)
        {
            var code = _other.Router.Share("box");
            var verdict = _one.Router.Order((core, now) => core.Accept(now, code));
            Must(verdict.Done, verdict.Reason);
        }
    }

    public World World => _scenario.World;

    /// <summary>Both gateways start anew and know nothing of one another.</summary>
    /// <param name="withBoxes">The boxes in front of them lose power, too.</param>
    public void Forget(bool withBoxes = true)
    {
        _losing.Begin(-1);
        if (withBoxes)
        {
            _networks.Reboot();
        }

        foreach (var party in (Party[])[_one, _other])
        {
            party.Router.Start(w => w.Collection is not ("peer" or "pin" or "name"));
            party.Device.Received.Clear();
            party.Router.Home.Router.Tun.Delivered.Clear();
        }

        World.RunFor(Settling);
        Must(_one.Router.Status.Member!.Registered && _other.Router.Status.Member!.Registered, "somebody is not registered again");
    }

    /// <summary>One side's device asks for the other's and streams to it, until well after the direct path is in use or can be expected.</summary>
    /// <param name="back">The other home asks.</param>
    public GridRun Run(bool back = false)
    {
        var (from, to) = back ? (_other, _one) : (_one, _other);
        var asked = World.Clock.Elapsed;
        if (Ask(from, to, out var alias) is { } refused)
        {
            return refused;
        }

        var answered = World.Clock.Elapsed;
        var stream = new Stream(this, from, to, alias);
        World.RunUntil(() => stream.Direct is not null, DirectBy);
        World.RunFor(AfterChange);
        stream.End();
        World.RunFor(Second);
        var direct = stream.IsDirect ? stream.Direct - asked : null;
        return new(answered - asked, stream.FirstAnswer - asked, direct, stream.Sent, stream.Lost, stream.Twice, ReasonAt(from));
    }

    /// <summary>The time from the question to the first answered packet where one datagram of all that anybody sends is lost; null: there is no answer in 10 s.</summary>
    /// <param name="which">It, from 0 on.</param>
    /// <param name="back">The other home asks.</param>
    public TimeSpan? RunLosing(int which, bool back)
    {
        var (from, to) = back ? (_other, _one) : (_one, _other);
        var asked = World.Clock.Elapsed;
        _losing.Begin(which);
        if (Ask(from, to, out var alias) is not null)
        {
            return null;
        }

        var stream = new Stream(this, from, to, alias);
        World.RunUntil(() => stream.FirstAnswer is not null, 10 * Second);
        stream.End();
        return stream.FirstAnswer - asked;
    }

    /// <summary>After a run: an hour of silence, then another stream.</summary>
    public GridIdle RunIdle()
    {
        World.RunFor(10 * Second);
        _one.Watch.Begin();
        World.RunFor(TimeSpan.FromHours(1));
        var bytes = _one.Watch.Bytes;
        var again = World.Clock.Elapsed;
        var stream = new Stream(this, _one, _other, _one.Alias);
        World.RunFor(2 * Second);
        stream.End();
        World.RunFor(Second);
        return new(stream.FirstAnswer - again, stream.Lost, bytes);
    }

    /// <returns>Null where the name is found.</returns>
    private GridRun? Ask(Party from, Party to, out IPAddress alias)
    {
        var asked = World.Clock.Elapsed;
        var ticket = from.Router.Ask(to.DeviceName);
        alias = IPAddress.None;
        if (!World.RunUntil(() => from.Router.Answered(ticket) is not null, 2 * Second))
        {
            return new(null, null, null, 0, 0, 0, "the name was not answered");
        }

        var answer = from.Router.Answered(ticket)!;
        if (answer.Verdict != NameVerdict.Found)
        {
            return new(World.Clock.Elapsed - asked, null, null, 0, 0, 0, answer.Reason);
        }

        from.Alias = alias = RealAddress.FromIPv4(answer.Alias, 1).ToIPAddress();
        return null;
    }

    private static string ReasonAt(Party party) => party.Router.Status.Peers is [var peer] ? peer.Reason : "there is no peer";

    private static void Must(bool so, string otherwise)
    {
        if (!so)
        {
            throw new InvalidOperationException(otherwise);
        }
    }

    /// <summary>A home with its device.</summary>
    private sealed class Party
    {
        private readonly Zone _zone;
        private readonly string _name;

        public Party(PairWorld world, Zone zone, string name, NetworkKind kind, IReadOnlyCollection<RealAddress> relays)
        {
            (_zone, _name) = (zone, name);
            Router = zone.AddRouter(world._networks.Build(world._scenario.Home(name), kind));
            Watch = new StreamWatch(world.World.Clock, relays, StreamBytes, StreamBytes + 150);
            Router.Home.Wire.Middlemen.Add(Watch);
            Router.Home.Wire.Middlemen.Add(world._losing);
            Device = Router.AddDevice(20);
            Device.Echoes.Add(EchoPort);
        }

        public HomeRouter Router { get; }

        public LanDevice Device { get; }

        public StreamWatch Watch { get; }

        public string DeviceName => $"box.{_name}.{_zone.Name}";

        /// <summary>What stands for the other's device here.</summary>
        public IPAddress Alias { get; set; } = IPAddress.None;

        public void Join() => Router.Join(_zone.Invite(Role.Node, _name));

        public void Publish()
        {
            var verdict = Router.Publish(Device, "box");
            Must(verdict.Done, verdict.Reason);
        }
    }

    /// <summary>Packets at a steady pace from one device to the other, and what came back.</summary>
    private sealed class Stream
    {
        private readonly PairWorld _world;
        private readonly Party _from, _to;
        private readonly IPAddress _alias;
        private readonly List<int> _answers = [];   // how often each packet was answered
        private readonly TimeSpan _later;
        private bool _ended;

        public Stream(PairWorld world, Party from, Party to, IPAddress alias)
        {
            (_world, _from, _to, _alias) = (world, from, to, alias);
            _later = world.World.Clock.Elapsed + Later;
            from.Watch.Begin();
            to.Watch.Begin();
            from.Device.OnReceived = Take;
            Next();
        }

        public int Sent => _answers.Count;

        public int Lost => _answers.Count(a => a == 0);

        public int Twice => _answers.Count(a => a > 1);

        public TimeSpan? FirstAnswer { get; private set; }

        /// <summary>When the later of the two ends began to send directly; null: one of them has not.</summary>
        public TimeSpan? Direct => _from.Watch.FirstDirect is { } one && _to.Watch.FirstDirect is { } other ? (one > other ? one : other) : null;

        /// <summary>Whether both ends' last packets went directly.</summary>
        public bool IsDirect => _from.Watch.LastDirect && _to.Watch.LastDirect;

        public void End() => _ended = true;

        private void Next()
        {
            if (_ended)
            {
                return;
            }

            var payload = new byte[StreamBytes];
            BitConverter.TryWriteBytes(payload, _answers.Count);
            _answers.Add(0);
            _from.Device.SendUdp(_alias, 5000, EchoPort, payload);
            _world.World.After(_world.World.Clock.Elapsed < _later ? Pace : LaterPace, Next);
        }

        private void Take(IpPacket packet)
        {
            if (packet is { Content: IpContent.Udp, From: EchoPort, Payload.Length: StreamBytes } && BitConverter.ToInt32(packet.Payload) is var number
                && number >= 0 && number < _answers.Count)
            {
                _answers[number]++;
                FirstAnswer ??= _world.World.Clock.Elapsed;
            }
        }
    }
}
