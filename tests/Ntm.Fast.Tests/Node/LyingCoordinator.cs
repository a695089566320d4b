using System.Net;
using Ntm.Fast.Tests.Relay;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Node;

/// <summary>One real node core that joined at a coordinator which then says whatever the test has it say.</summary>
internal sealed class LyingCoordinator
{
    public const string Zone = "home.example";

    public LyingCoordinator(ulong seed = 5)
    {
        Scenario = new Scenario(seed);
        Entropy = World.Entropy.Fork("liar");
        Owner = OwnerKey.Generate(Entropy);
        Host = Scenario.Server("coordinator");
        Party = new TestParty(StaticKeyPair.Generate(Entropy), Entropy, Zone) { Relayed = null };
        Party.OnSignal = (now, tunnel, signal) => signal switch
        {
            { JoinRequest: not null } => new Signal { JoinResponse = new() },
            { RegistrationRequest: not null } => Registered(tunnel),
            { DirectionRequest: { } asked } => Direct(asked.Name),
            _ => null,
        };
        Host.Start(Party);
        Router = Scenario.Home("alice").Behind(NatKind.PortRestricted).Build();
        Core = new NodeCore(StaticKeyPair.Generate(Entropy), Entropy, NodeOptions.Default, []);
        Router.Router.Start(Core);
        Router.Router.Call(now => Core.UplinkChanged(now, new(0, "catv", true, "it has an address", Router.Router.Uplinks[0].Addresses)));
        Router.Router.Call(now => Core.Join(now, Code(Owner, "alice"), null));
        World.RunFor(TimeSpan.FromSeconds(2));
        Assert.True(Core.Describe(Router.Router.Now).Member!.Registered);
    }

    public Scenario Scenario { get; }

    public Ntm.Simulation.World World => Scenario.World;

    public SeededEntropy Entropy { get; }

    public OwnerKey Owner { get; }

    public SimHost Host { get; }

    public TestParty Party { get; }

    public Home Router { get; }

    public NodeCore Core { get; }

    public NodeStatus Status => Core.Describe(Router.Router.Now);

    /// <summary>What it answers a direction request with.</summary>
    public Func<string, Signal> Direct { get; set; } = _ => new Signal { Refusal = new() { Reason = RefusalReason.RefusalNoSuchName, Text = "no" } };

    /// <summary>The relays it names.</summary>
    public List<RelayServer> Relays { get; } = [];

    private Signal Registered(Ntm.Tunnel.Tunnel tunnel)
    {
        var response = new RegistrationResponse { Observed = tunnel.LastReceivedPath.Remote.ToWire(), Lifetime = 15 };
        response.Relays.AddRange(Relays);
        return new Signal { RegistrationResponse = response };
    }

    public string Code(OwnerKey owner, string name, Role role = Role.Node, string zone = Zone)
    {
        var server = new Server { PublicKey = Party.Key.Public.ToWire() };
        server.Endpoints.Add(Host.Uplinks[0].Addresses[0].ToWire());
        return InviteCode.Write(owner.Invite(zone, role, name, World.Clock.Read(default, default).Wall.AddDays(1), [server], Entropy));
    }

    /// <summary>A binding as a party that was invited by this owner would make it.</summary>
    public SignedBinding Binding(OwnerKey owner, string name, PublicKey key, Role role = Role.Node, string zone = Zone)
    {
        Assert.True(InviteCode.TryRead(Code(owner, name, role, zone), out var invite, out _, out var problem), problem);
        return InviteCode.Bind(invite, name, key, World.Clock.Read(default, default).Wall);
    }

    /// <summary>A removal as this owner would sign it.</summary>
    public SignedRemoval Removal(OwnerKey owner, SignedBinding binding)
    {
        var read = Protocol.Signalling.Binding.Parser.ParseFrom(binding.Binding);
        var oneTime = Grant.Parser.ParseFrom(binding.Grant).OneTimePublicKey;
        return owner.Remove(new(read.Zone, read.Role, read.Name, new PublicKey(read.PublicKey.Span), oneTime, binding), World.Clock.Read(default, default).Wall);
    }

    /// <summary>Sends a removal notice as a request and gives the answer.</summary>
    public Signal? Notice(params IEnumerable<SignedRemoval> removals)
    {
        Signal? answer = null;
        var body = new Signal { RemovalNotice = new() };
        body.RemovalNotice.Removals.AddRange(removals);
        Host.Call(now => Party.Signals.Request(now, Party.Tunnels.All.Single(), body, (_, a) => answer = a));
        World.RunFor(TimeSpan.FromMilliseconds(200));
        return answer;
    }

    /// <summary>Asks for a name and gives the answer.</summary>
    public NameAnswer Ask(string name)
    {
        NameAnswer? answer = null;
        while (Core.TryTakeEvent(out _))
        {
        }

        Router.Router.Call(now => Core.NameWanted(now, 1, name));
        Assert.True(World.RunUntil(Answered, TimeSpan.FromSeconds(3)));
        return answer!;

        bool Answered()
        {
            while (answer is null && Core.TryTakeEvent(out var happened))
            {
                answer = (happened as NodeEvent.NameAnswered)?.Answer;
            }

            return answer is not null;
        }
    }

    /// <summary>Has the coordinator ask the node to expect a peer, and gives the answer.</summary>
    public Signal? Push(RouteDirection direction)
    {
        Signal? answer = null;
        Host.Call(now => Party.Signals.Request(now, Party.Tunnels.All.Single(), new Signal { RouteDirection = direction }, (_, a) => answer = a));
        World.RunFor(TimeSpan.FromSeconds(10));
        return answer;
    }

    public static Candidate At(string address) => new() { Kind = CandidateKind.CandidateLocal, Endpoint = RealAddress.From(IPEndPoint.Parse(address)).ToWire() };
}
