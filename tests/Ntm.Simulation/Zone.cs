using System.Net;
using Ntm.Coordinator;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Naming;
using Ntm.Protocol.Signalling;
using Ntm.Relay;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Simulation;

/// <summary>A zone in a scenario: owner key, a coordinator, relays, and the homes that join; each program as its host composes it.</summary>
public sealed class Zone
{
    private readonly Scenario _scenario;
    private OwnerKey _owner;
    private readonly List<(string Name, SimHost Host, StaticKeyPair Key, List<StoreWrite> Memory)> _coordinators = [];
    private readonly Dictionary<string, List<StoreWrite>> _relayMemory = [];
    private readonly Dictionary<string, int> _invites = [];

    /// <param name="withIPv6">Whether its first coordinator has IPv6, too.</param>
    /// <param name="withSecondPorts">Whether coordinators and relays have a second port.</param>
    public Zone(Scenario scenario, string name = "home.example", bool withIPv6 = true, bool withSecondPorts = true)
    {
        HaveSecondPorts = withSecondPorts;
        (_scenario, Name) = (scenario, name);
        var entropy = scenario.World.Entropy.Fork("zone " + name);
        _owner = OwnerKey.Generate(entropy);
        CoordinatorHost = scenario.Server(scenario.Records.Count == 0 ? "coordinator" : "coordinator of " + name, withIPv6: withIPv6);
        _coordinators.Add(("dc1", CoordinatorHost, StaticKeyPair.Generate(entropy), []));
        scenario.Records[name] = this;
        StartCoordinator();
    }

    public string Name { get; }

    public SimHost CoordinatorHost { get; }

    public CoordinatorCore Coordinator { get; private set; } = null!;

    public List<string> CoordinatorNotices { get; } = [];

    public Dictionary<string, (SimHost Host, RelayCore Core)> Relays { get; } = [];

    /// <summary>Another coordinator of the zone, running; invites from now on name it, too.</summary>
    public SimHost AddCoordinator(string name = "dc2")
    {
        var host = _scenario.Server(name);
        _coordinators.Add((name, host, StaticKeyPair.Generate(_scenario.World.Entropy.Fork("key " + name)), []));
        Start(_coordinators.Count - 1);
        return host;
    }

    /// <summary>Starts the first coordinator, again with what it kept.</summary>
    public void StartCoordinator() => Coordinator = Start(0);

    /// <summary>Starts a further coordinator again, with what it kept.</summary>
    public void RestartCoordinator(int which) => Start(which);

    private CoordinatorCore Start(int which)
    {
        var (name, host, key, memory) = _coordinators[which];
        var core = new CoordinatorCore(
            new CoordinatorModel(Name, _owner.Public, name), key, _scenario.World.Entropy.Fork(name + _scenario.World.Clock.Elapsed), LastOf(memory));
        host.AfterEach = _ =>
        {
            while (core.TryTakeEvent(out var happened))
            {
                switch (happened)
                {
                    case CoordinatorEvent.Keep keep:
                        memory.Add(keep.Write);
                        break;
                    case CoordinatorEvent.Notice notice:
                        CoordinatorNotices.Add(notice.Sentence);
                        break;
                    case CoordinatorEvent.RecordWanted wanted:
                        LookUp(host, core, wanted.Zone);
                        break;
                }
            }
        };
        core.SecondPort = OpenSecondPort(host);
        host.Start(core);
        return core;
    }

    /// <summary>Whether coordinators and relays that start from now on have a second port.</summary>
    public bool HaveSecondPorts { get; set; }

    private ushort OpenSecondPort(SimHost host)
    {
        const ushort Second = Limits.SignallingPort + 100;
        host.CloseSockets();
        if (!HaveSecondPorts)
        {
            return 0;
        }

        host.OpenSocket(UplinkSocket.Of(0, UplinkSocket.Observing), ipv4: true, Second);
        return host.OpenSocket(UplinkSocket.Of(0, UplinkSocket.Observing), ipv4: false, Second);
    }

    /// <summary>The coordinators as the NTM record names them.</summary>
    public NtmRecord Record => new(
        Name, [.. _coordinators.Select((c, i) => new NtmRecordCoordinator(c.Key.Public, (ushort)(i + 1), [.. c.Host.Uplinks.SelectMany(u => u.Addresses)]))]);

    private void LookUp(SimHost host, CoordinatorCore core, string zone) => _scenario.World.After(Scenario.LookUp, () => host.Call(now =>
    {
        var found = _scenario.Records.TryGetValue(zone, out var other);
        core.RecordFound(now, zone, found
            ? new(NtmRecordVerdict.Found, other!.Record, TimeSpan.FromMinutes(5), "It was found.")
            : new(NtmRecordVerdict.NoRecord, null, TimeSpan.FromSeconds(30), "It has no NTM record."));
    }));

    /// <summary>An invite code.</summary>
    public string Invite(Role role, string name = "")
    {
        var nth = _invites[name] = _invites.GetValueOrDefault(name) + 1;
        var again = nth == 1 ? "" : $" {nth}";
        var servers = _coordinators.Select(c =>
        {
            var server = new Server { PublicKey = c.Key.Public.ToWire() };
            server.Endpoints.AddRange(c.Host.Uplinks.SelectMany(u => u.Addresses).Select(a => a.ToWire()));
            return server;
        });
        return InviteCode.Write(_owner.Invite(
            Name, role, name, _scenario.World.Clock.Read(TimeSpan.Zero, TimeSpan.Zero).Wall.AddDays(7), servers, _scenario.World.Entropy.Fork("invite " + name + role + again)));
    }

    /// <summary>The owner's word that a member is out, as `ntm-coordinator nodes remove` makes it.</summary>
    public SignedRemoval Removal(string name, OwnerKey? owner = null)
    {
        var member = Coordinator.Describe(CoordinatorHost.Now).Members.Single(m => m.Name == name);
        Assume(BindingCheck.TryVouch(member.Binding, _owner.Public, Name, out var vouched, out _));
        return (owner ?? _owner).Remove(vouched!, _scenario.World.Clock.Read(TimeSpan.Zero, TimeSpan.Zero).Wall);

        static void Assume(bool good)
        {
            if (!good)
            {
                throw new InvalidOperationException("the coordinator's member is not vouched for");
            }
        }
    }

    /// <summary>The owner takes a member out at the first coordinator.</summary>
    public void Remove(string name)
    {
        var removal = Removal(name);
        CoordinatorHost.Call(now => Coordinator.Remove(now, removal));
    }

    /// <summary>A new owner key, as `ntm-coordinator owner rotate` makes it: the first coordinator, with its key and store, starts again with it.</summary>
    public void RotateOwnerKey()
    {
        _owner = OwnerKey.Generate(_scenario.World.Entropy.Fork("rotated " + Name));
        StartCoordinator();
    }

    /// <summary>A relay that has joined; let a second pass.</summary>
    public RelayCore AddRelay(string name = "rs1", bool withIPv6 = true)
    {
        var host = _scenario.Server(name, withIPv6: withIPv6);
        Relays.Add(name, (host, StartRelay(name, host, [])));
        host.Call(now => Relays[name].Core.Join(now, Invite(Role.Relay, name), null));
        return Relays[name].Core;
    }

    /// <summary>Power cut and start of a relay, with what it kept.</summary>
    public RelayCore RestartRelay(string name = "rs1")
    {
        var host = Relays[name].Host;
        Relays[name] = (host, StartRelay(name, host, _relayMemory[name]));
        return Relays[name].Core;
    }

    /// <summary>A router of this zone in a home that is built, not yet joined.</summary>
    public HomeRouter AddRouter(Home home) => new(home, _scenario.World.Entropy.Fork("router " + home.Name));

    private RelayCore StartRelay(string name, SimHost host, List<StoreWrite> memory)
    {
        _relayMemory[name] = memory;
        var key = StaticKeyPair.Generate(_scenario.World.Entropy.Fork("key " + name));
        var core = new RelayCore(
            new RelayModel([.. host.Uplinks.SelectMany(u => u.Addresses)]), key, _scenario.World.Entropy.Fork(name + _scenario.World.Clock.Elapsed),
            LastOf(memory));
        host.AfterEach = _ =>
        {
            while (core.TryTakeEvent(out var happened))
            {
                if (happened is RelayEvent.Keep keep)
                {
                    memory.Add(keep.Write);
                }
            }
        };
        core.SecondPort = OpenSecondPort(host);
        host.Start(core);
        return core;
    }

    /// <summary>What a store holds after these writes.</summary>
    internal static List<StoreWrite> LastOf(List<StoreWrite> writes) =>
        [.. writes.GroupBy(w => (w.Collection, w.Key)).Select(g => g.Last()).Where(w => w.Value is not null)];
}

/// <summary>The gateway's node core in a home, composed as ntm-gateway composes it: events taken after each call, neighbours handed in when wanted.</summary>
public sealed class HomeRouter
{
    private const ushort QuestionPort = 39_999; // of the socket that boxes are asked from

    private readonly Dictionary<long, NameAnswer> _answers = [];
    private readonly List<StoreWrite> _memory = [];
    private readonly List<Neighbour> _neighbours = [];
    private readonly StaticKeyPair _key;
    private readonly IEntropy _entropy;
    private long _ticket;

    internal HomeRouter(Home home, SeededEntropy entropy)
    {
        (Home, _entropy, _key) = (home, entropy, StaticKeyPair.Generate(entropy));
        Start();
    }

    public Home Home { get; }

    public NodeCore Core { get; private set; } = null!;

    /// <summary>What it has besides ChaCha20-Poly1305; counts from the next start.</summary>
    public CipherSuites Suites { get; set; } = CipherSuites.Aes256Gcm;

    public List<string> Notices { get; } = [];

    /// <summary>What the core found out of its uplinks' runs.</summary>
    public List<NodeEvent.Runs> Runs { get; } = [];

    /// <summary>What it found out of who answers on its uplinks.</summary>
    public List<NodeEvent.UplinkEvidence> Evidence { get; } = [];

    public List<string> Warnings { get; } = [];

    /// <summary>Further sockets that its system lets it open.</summary>
    public int SocketsMost { get; set; } = int.MaxValue;

    public Verdict? JoinEnd { get; private set; }

    /// <summary>Whether the core has said that all its open ports are closed.</summary>
    public bool PortsReleased { get; private set; }

    /// <summary>Other owners' zones as the core last told them; null: it has said nothing since it started.</summary>
    public IReadOnlyList<OtherZone>? OtherZones { get; private set; }

    public NodeStatus Status => Core.Describe(Home.Router.Now);

    /// <summary>Starts the core, again with what it kept.</summary>
    /// <param name="keep">What of it is still there; null: all.</param>
    public void Start(Predicate<StoreWrite>? keep = null)
    {
        var kept = Zone.LastOf(_memory).Where(w => keep?.Invoke(w) != false).ToArray();
        _memory.Clear();
        _memory.AddRange(kept);
        OtherZones = null;
        Core = new NodeCore(_key, _entropy, NodeOptions.Default with { OwnNetworks = [IPNetwork.Parse("192.168.77.0/24"), IPNetwork.Parse("2001:db8:77::/48")], Suites = Suites }, kept);
        Home.Router.AfterEach = Take;
        Home.Router.CloseSockets();
        Home.Router.Start(Core);
        for (var i = 0; i < Home.Router.Uplinks.Count; i++)
        {
            var uplink = Home.Router.Uplinks[i];
            var number = i;
            foreach (var port in (ushort[])[QuestionPort, Limits.MappingAnnouncementPort])
            {
                Home.Router.Sockets[(number, port)] = (now, from, bytes) => Core.MappingHeard(now, number, from, bytes);
            }

            Home.Router.Call(now => Core.UplinkChanged(now, new(number, $"uplink{number}", true, "it has an address", uplink.Addresses)
            {
                Gateways = Home.Gateway.IsNone ? [] : [Home.Gateway],
            }));
        }
    }

    /// <summary>What it kept last of a kind; null: nothing.</summary>
    public byte[]? Kept(string collection) => _memory.LastOrDefault(w => w.Collection == collection)?.Value;

    public void Join(string code, string? name = null) => Home.Router.Call(now => Core.Join(now, code, name));

    public Verdict Leave(string zone)
    {
        Verdict verdict = default;
        Home.Router.Call(now => verdict = Core.Leave(now, zone));
        return verdict;
    }

    /// <summary>A device in the LAN, 192.168.77.n; known to the kernel's neighbour table.</summary>
    /// <param name="address">Another one, for example of IPv6.</param>
    public LanDevice AddDevice(byte n, IPAddress? address = null)
    {
        var device = new LanDevice(Home.Router, address ?? new IPAddress([192, 168, 77, n]), new MacAddress(0x0200_0000_0000UL + n));
        _neighbours.Add(new(device.Address, device.Mac));
        return device;
    }

    public Verdict Publish(LanDevice device, string name)
    {
        Verdict verdict = default;
        Home.Router.Call(now =>
        {
            Core.NeighboursSeen(now, _neighbours);
            verdict = Core.Publish(now, device.Mac, name);
        });
        return verdict;
    }

    /// <summary>Shares a published device, or with null the node itself; the code.</summary>
    public string Share(string? device, string forWhom = "a friend", string ports = "all", TimeSpan? lasts = null)
    {
        Assert(PortSet.TryParse(ports, out var set, out var problem), problem);
        string? code = null;
        Home.Router.Call(now =>
        {
            var verdict = Core.Share(now, device, forWhom, set, lasts ?? TimeSpan.FromDays(7), out code);
            Assert(verdict.Done, verdict.Reason);
        });
        return code!;
    }

    public Verdict Order(Func<NodeCore, Now, Verdict> order)
    {
        Verdict verdict = default;
        Home.Router.Call(now => verdict = order(Core, now));
        return verdict;
    }

    private static void Assert(bool good, string reason)
    {
        if (!good)
        {
            throw new InvalidOperationException(reason);
        }
    }

    /// <summary>Asks for a name; the answer comes by <see cref="Answered"/>.</summary>
    public long Ask(string name)
    {
        var ticket = ++_ticket;
        Home.Router.Call(now => Core.NameWanted(now, ticket, name));
        return ticket;
    }

    public NameAnswer? Answered(long ticket) => _answers.GetValueOrDefault(ticket);

    // As the program does it: on the pump's next turn.
    private void Open(NodeEvent.Socket wanted, NodeCore core) => Home.Router.World.After(TimeSpan.Zero, () =>
    {
        if (Core == core && Home.Router.Core == core)
        {
            var port = Home.Router.FurtherSockets < SocketsMost ? Home.Router.OpenSocket(wanted.Number, wanted.IPv4) : (ushort)0;
            Home.Router.Call(now => core.SocketOpened(now, wanted.Number, wanted.IPv4, port));
        }
    });

    private void Take(Now now)
    {
        var wanted = false;
        while (Core.TryTakeEvent(out var happened))
        {
            switch (happened)
            {
                case NodeEvent.Keep keep:
                    _memory.Add(keep.Write);
                    break;
                case NodeEvent.NameAnswered answered:
                    _answers[answered.Ticket] = answered.Answer;
                    break;
                case NodeEvent.JoinEnded ended:
                    JoinEnd = ended.Verdict;
                    break;
                case NodeEvent.OtherZones others:
                    OtherZones = others.Zones;
                    break;
                case NodeEvent.Runs runs:
                    Home.Router.SendsRuns = runs.Allowed;
                    Runs.Add(runs);
                    break;
                case NodeEvent.UplinkEvidence evidence:
                    Evidence.Add(evidence);
                    break;
                case NodeEvent.Socket { Open: false } closed:
                    Home.Router.CloseSocket(closed.Number, closed.IPv4);
                    break;
                case NodeEvent.Socket opened:
                    Open(opened, Core);
                    break;
                case NodeEvent.MappingDatagram { To.Port: Limits.MappingPort } question:
                    Home.Router.SendFrom(question.Uplink, QuestionPort, question.To, question.Bytes);
                    break;
                case NodeEvent.MappingsReleased:
                    PortsReleased = true;
                    break;
                case NodeEvent.NeighbourWanted:
                    wanted = true;
                    break;
                case NodeEvent.Notice notice:
                    (notice.Warning ? Warnings : Notices).Add(notice.Sentence);
                    break;
            }
        }

        if (wanted)
        {
            // As the program does it: soon, but in a call of its own.
            Home.Router.World.After(TimeSpan.FromMilliseconds(1), () => Home.Router.Call(at => Core.NeighboursSeen(at, _neighbours)));
        }
    }
}
