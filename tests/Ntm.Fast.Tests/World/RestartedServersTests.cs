using Ntm.Node;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>
/// Coordinator and relay are killed and start again with what they kept: within 3 s everybody is registered there again and names resolve, though nobody
/// has noticed anything, at whatever moment between two registrations it was.
/// </summary>
public sealed class RestartedServersTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static TheoryData<NatKind, double, double> Moments()
    {
        var moments = new TheoryData<NatKind, double, double>();
        foreach (var kind in (NatKind[])[NatKind.PortRestricted, NatKind.Symmetric])
        {
            foreach (var (after, away) in ((double, double)[])[(0.5, 0.5), (7, 1), (13, 0.2), (18, 4), (11, 45)])
            {
                moments.Add(kind, after, away);
            }
        }

        return moments;
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public void After_a_coordinators_restart_all_are_back_and_names_resolve_within_3_s(NatKind kind, double after, double away)
    {
        var homes = new TwoHomes(kind, kind).Resolved();
        homes.World.RunFor(after * Second);
        homes.Zone.CoordinatorHost.Stop();
        homes.World.RunFor(away * Second);
        homes.Zone.StartCoordinator();
        Assert.True(homes.World.RunUntil(() => Back(homes), 3 * Second), homes.Story());

        // Nothing of it is in alice's gateway: she asks for it for the first time.
        var answer = homes.Ask("bob.home.example");
        Assert.True(answer.Verdict == NameVerdict.Found, answer.Reason);
        homes.World.RunFor(TimeSpan.FromMinutes(1));
        Assert.Equal(50, homes.Talk(50));
    }

    [Fact]
    public void A_coordinators_restart_takes_no_relay_from_a_pair_that_asks_right_after()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric);
        homes.World.RunFor(9 * Second);
        homes.Zone.CoordinatorHost.Stop();
        homes.World.RunFor(Second);
        homes.Zone.StartCoordinator();
        Assert.True(homes.World.RunUntil(() => Nodes(homes) == 2, 3 * Second), homes.World.Flow.ToMermaid(100));
        Assert.Equal(50, homes.Resolved().Talk(50));   // two symmetric NATs: there is no other way than the relay
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public void After_a_relays_restart_nodes_and_coordinator_are_back_within_3_s(NatKind kind, double after, double away)
    {
        var homes = new TwoHomes(kind, kind).Resolved();
        Assert.Equal(20, homes.Talk(20));
        homes.World.RunFor(after * Second);
        homes.Zone.Relays["rs1"].Host.Stop();
        homes.World.RunFor(away * Second);
        var relay = homes.Zone.RestartRelay();
        var host = homes.Zone.Relays["rs1"].Host;
        Assert.True(
            homes.World.RunUntil(
                () =>
                {
                    var status = relay.Describe(host.Now);
                    return status.Nodes.Count(n => n.LastHeard is not null) == 2 && status.Coordinators.All(c => c.Announced);
                },
                3 * Second),
            homes.Story());
        Assert.Equal(50, homes.Talk(50));
    }

    [Fact]
    public void Both_at_once_as_after_a_power_cut_of_one_machine()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric).Resolved();
        Assert.Equal(20, homes.Talk(20));
        homes.Zone.CoordinatorHost.Stop();
        homes.Zone.Relays["rs1"].Host.Stop();
        homes.World.RunFor(3 * Second);
        homes.Zone.StartCoordinator();
        homes.Zone.RestartRelay();
        Assert.True(homes.World.RunUntil(() => Back(homes), 3 * Second), homes.Story());
        Assert.Equal(50, homes.Talk(50));
    }

    [Fact]
    public void Who_is_gone_meanwhile_is_asked_five_times_and_no_more()
    {
        var homes = new TwoHomes(NatKind.PortRestricted, NatKind.PortRestricted);
        homes.World.RunFor(15 * Second);
        homes.Zone.CoordinatorHost.Stop();
        homes.Zone.Relays["rs1"].Host.Stop();
        homes.Alice.Home.Router.Stop();
        homes.Bob.Home.Router.Stop();
        homes.World.RunFor(Second);
        var sent = homes.Zone.CoordinatorHost.DatagramsSent;
        homes.Zone.StartCoordinator();
        homes.World.RunFor(TimeSpan.FromMinutes(5));
        Assert.Equal(sent + (3 * 5), homes.Zone.CoordinatorHost.DatagramsSent);
    }

    private static int Nodes(TwoHomes homes) =>
        homes.Zone.Coordinator.Describe(homes.Zone.CoordinatorHost.Now).Members.Count(m => m is { Registered: true, Name: "alice" or "bob" });

    private static bool Back(TwoHomes homes) =>
        Nodes(homes) == 2 && homes.Alice.Status.Member!.Coordinators.All(c => c.Connected) && homes.Bob.Status.Member!.Coordinators.All(c => c.Connected);
}
