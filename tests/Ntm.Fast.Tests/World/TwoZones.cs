using System.Net;
using Ntm.Node;
using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>Two owners: home.example with alice's NAS (echoes UDP on ports 7 and 8), friends.example with dave's television. Each has a coordinator and a relay.</summary>
internal sealed class TwoZones
{
    private int _sent;

    public TwoZones(NatKind alices = NatKind.AddressRestricted, NatKind daves = NatKind.PortRestricted, ulong seed = 11, bool twoCoordinators = false, bool withRelay = true)
    {
        Scenario = new Scenario(seed);
        Home = new Zone(Scenario);
        if (twoCoordinators)
        {
            Home.AddCoordinator();
        }

        Friends = new Zone(Scenario, "friends.example");
        if (withRelay)
        {
            Home.AddRelay();
        }

        Friends.AddRelay("rs2");
        Alice = Home.AddRouter(Scenario.Home("alice").Behind(alices).Build());
        Dave = Friends.AddRouter(Scenario.Home("dave").Behind(daves).Build());
        World.RunFor(TimeSpan.FromSeconds(2));
        Alice.Join(Home.Invite(Role.Node, "alice"));
        Dave.Join(Friends.Invite(Role.Node, "dave"));
        Assert.True(World.RunUntil(() => Alice.JoinEnd is { Done: true } && Dave.JoinEnd is { Done: true }, TimeSpan.FromSeconds(10)), "no join ended");
        Nas = Alice.AddDevice(20);
        Nas.Echoes.Add(7);
        Nas.Echoes.Add(8);
        Tv = Dave.AddDevice(10);
        World.RunFor(TimeSpan.FromSeconds(3));
        Assert.True(Alice.Publish(Nas, "nas").Done);
        World.RunFor(TimeSpan.FromSeconds(2));
    }

    public Scenario Scenario { get; }

    public Ntm.Simulation.World World => Scenario.World;

    public Zone Home { get; }

    public Zone Friends { get; }

    public HomeRouter Alice { get; }

    public HomeRouter Dave { get; }

    public LanDevice Nas { get; }

    public LanDevice Tv { get; }

    public const string NasName = "nas.alice.home.example";

    public IPAddress Alias { get; private set; } = IPAddress.None;

    /// <summary>Alice shares her NAS and dave accepts.</summary>
    public TwoZones Shared(string ports = "all", TimeSpan? lasts = null)
    {
        var code = Alice.Share("nas", "Dave", ports, lasts);
        var verdict = Dave.Order((core, now) => core.Accept(now, code));
        Assert.True(verdict.Done, verdict.Reason);
        return this;
    }

    public NameAnswer Ask(string name = NasName, HomeRouter? from = null)
    {
        var router = from ?? Dave;
        var ticket = router.Ask(name);
        Assert.True(World.RunUntil(() => router.Answered(ticket) is not null, TimeSpan.FromSeconds(2)), $"{name} was not answered in time");
        var answer = router.Answered(ticket)!;
        if (answer.Verdict == NameVerdict.Found)
        {
            Alias = new IPAddress([(byte)(answer.Alias >> 24), (byte)(answer.Alias >> 16), (byte)(answer.Alias >> 8), (byte)answer.Alias]);
        }

        return answer;
    }

    /// <summary>Sends that many datagrams from the television to the NAS and gives how many different ones came back, within two seconds of the last.</summary>
    public int Talk(int count, ushort port = 7, int everyMilliseconds = 20)
    {
        var first = _sent;
        var before = Tv.Received.Count;
        for (var i = 0; i < count; i++)
        {
            Tv.SendUdp(Alias, 5000, port, BitConverter.GetBytes(_sent++));
            World.RunFor(TimeSpan.FromMilliseconds(everyMilliseconds));
        }

        World.RunFor(TimeSpan.FromSeconds(2));
        Assert.Empty(Tv.Broken);
        Assert.Empty(Nas.Broken);
        return Tv.Received.Skip(before).Where(p => p.Content == IpContent.Udp).Select(p => BitConverter.ToInt32(p.Payload)).Where(n => n >= first).Distinct().Count();
    }

    /// <summary>Why things are as they are, for a failed assertion.</summary>
    public string Story() => string.Join('\n', Alice.Warnings.Concat(Dave.Warnings).Concat(Home.CoordinatorNotices).Concat(Friends.CoordinatorNotices)) + World.Flow.ToMermaid(400);
}
