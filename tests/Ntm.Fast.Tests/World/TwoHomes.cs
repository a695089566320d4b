using System.Net;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>The world of most tests here: coordinator, relay, alice with a television, bob with a published NAS that echoes UDP on port 7.</summary>
internal sealed class TwoHomes
{
    private int _sent;

    public TwoHomes(NatKind alices, NatKind bobs, ulong seed = 7, bool withRelay = true, bool twoCoordinators = false, WireConditions? wires = null, bool withIPv6 = false,
        bool withSecondPorts = true, Predicate<string>? open = null, byte refuses = 0, RealAddress? claims = null)
        : this(home => home.Behind(alices), home => home.Behind(bobs), seed, withRelay, twoCoordinators, wires, withIPv6, withSecondPorts, open, refuses, claims)
    {
    }

    /// <param name="alices">Puts her home behind something.</param>
    public TwoHomes(
        Func<Home, Home> alices, Func<Home, Home> bobs, ulong seed = 7, bool withRelay = true, bool twoCoordinators = false, WireConditions? wires = null, bool withIPv6 = false,
        bool withSecondPorts = true, Predicate<string>? open = null, byte refuses = 0, RealAddress? claims = null)
    {
        Scenario = new Scenario(seed);
        Zone = new Zone(Scenario, withSecondPorts: withSecondPorts);
        if (twoCoordinators)
        {
            SecondCoordinator = Zone.AddCoordinator();
        }

        if (withRelay)
        {
            Zone.AddRelay();
        }

        Alice = Router("alice", alices);
        Bob = Router("bob", bobs);
        World.RunFor(TimeSpan.FromSeconds(2));
        Alice.Join(Zone.Invite(Role.Node, "alice"));
        Bob.Join(Zone.Invite(Role.Node, "bob"));
        Assert.True(World.RunUntil(() => Alice.JoinEnd is not null && Bob.JoinEnd is not null, TimeSpan.FromSeconds(10)), "no join ended");
        Assert.True(Alice.JoinEnd!.Value.Done && Bob.JoinEnd!.Value.Done, Alice.JoinEnd.Value.Reason);
        Tv = Alice.AddDevice(10);
        Nas = Bob.AddDevice(20);
        Nas.Echoes.Add(7);
        World.RunFor(TimeSpan.FromSeconds(3));
        Assert.True(Bob.Publish(Nas, "nas").Done);
        World.RunFor(TimeSpan.FromSeconds(2));

        HomeRouter Router(string name, Func<Home, Home> behind)
        {
            var home = behind(Scenario.Home(name));
            if (wires is not null)
            {
                home.Over(wires);
            }

            if (open?.Invoke(name) == true)
            {
                home.WithPcp().Build();
                (home.Nat!.Pcp!.Result, home.Nat.Pcp.Claims) = (refuses, claims);
                return Zone.AddRouter(home);
            }

            return Zone.AddRouter((withIPv6 ? home.WithIPv6() : home).Build());
        }
    }

    public Scenario Scenario { get; }

    public Ntm.Simulation.World World => Scenario.World;

    public Zone Zone { get; }

    public SimHost? SecondCoordinator { get; }

    public HomeRouter Alice { get; }

    public HomeRouter Bob { get; }

    public LanDevice Tv { get; }

    public LanDevice Nas { get; }

    /// <summary>What stands for the NAS in alice's home.</summary>
    public IPAddress Alias { get; private set; } = IPAddress.None;

    public PeerStatus AlicesPeer => Alice.Status.Peers.Single();

    public NameAnswer Ask(string name, HomeRouter? from = null)
    {
        var router = from ?? Alice;
        var ticket = router.Ask(name);
        Assert.True(World.RunUntil(() => router.Answered(ticket) is not null, TimeSpan.FromSeconds(2)), $"{name} was not answered in time");
        return router.Answered(ticket)!;
    }

    /// <summary>Asks for the NAS, until it is found or tries are used up.</summary>
    public TwoHomes Resolved(int tries = 1)
    {
        NameAnswer answer;
        do
        {
            answer = Ask("nas.bob.home.example");
        }
        while (answer.Verdict != NameVerdict.Found && --tries > 0);

        Assert.True(answer.Verdict == NameVerdict.Found, answer.Reason);
        Alias = new IPAddress([(byte)(answer.Alias >> 24), (byte)(answer.Alias >> 16), (byte)(answer.Alias >> 8), (byte)answer.Alias]);
        return this;
    }

    /// <summary>Sends that many datagrams from the television to the NAS and gives how many different ones came back, within two seconds of the last.</summary>
    public int Talk(int count, int everyMilliseconds = 20)
    {
        var first = _sent;
        var before = Tv.Received.Count;
        for (var i = 0; i < count; i++)
        {
            Tv.SendUdp(Alias, 5000, 7, BitConverter.GetBytes(_sent++));
            World.RunFor(TimeSpan.FromMilliseconds(everyMilliseconds));
        }

        World.RunFor(TimeSpan.FromSeconds(2));
        Assert.Empty(Tv.Broken);
        Assert.Empty(Nas.Broken);
        var back = Tv.Received.Skip(before).Where(p => p.Content == IpContent.Udp).ToList();
        Assert.All(back, p => Assert.Equal(Alias, p.Source));
        var numbers = back.Select(p => BitConverter.ToInt32(p.Payload)).Where(n => n >= first).ToList();
        Assert.Equal(numbers.Count, numbers.Distinct().Count());
        return numbers.Count;
    }

    /// <summary>Why things are as they are, for a failed assertion.</summary>
    public string Story() =>
        $"{AlicesPeer.Reason}\n{string.Join('\n', AlicesPeer.Paths)}\n{string.Join('\n', Alice.Warnings.Concat(Bob.Warnings))}\n{World.Flow.ToMermaid(400)}";
}
