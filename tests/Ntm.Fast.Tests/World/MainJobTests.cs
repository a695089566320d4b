using System.Net;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>The product's main job in simulated time: by name, from a device in one home to a device in another, through both NATs.</summary>
public sealed class MainJobTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(NatKind.EndpointIndependent, NatKind.EndpointIndependent, true)]
    [InlineData(NatKind.PortRestricted, NatKind.PortRestricted, true)]
    [InlineData(NatKind.AddressRestricted, NatKind.Symmetric, true)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric, false)]
    public void A_device_reaches_a_device_by_name(NatKind alices, NatKind bobs, bool direct)
    {
        var scenario = new Scenario(7);
        var zone = new Zone(scenario);
        zone.AddRelay();
        var alice = zone.AddRouter(scenario.Home("alice").Behind(alices).Build());
        var bob = zone.AddRouter(scenario.Home("bob").Behind(bobs).Build());
        var world = scenario.World;
        world.RunFor(2 * Second);
        alice.Join(zone.Invite(Role.Node, "alice"));
        bob.Join(zone.Invite(Role.Node, "bob"));
        world.RunFor(3 * Second);
        Assert.True(alice.JoinEnd?.Done, alice.JoinEnd?.Reason);
        Assert.True(bob.JoinEnd?.Done, bob.JoinEnd?.Reason);
        Assert.True(alice.Status.Member!.Registered, alice.Status.Member.RegistrationReason);
        Assert.Single(alice.Status.Member!.Relays, r => r.Connected);

        var tv = alice.AddDevice(10);
        var nas = bob.AddDevice(20);
        nas.Echoes.Add(7);
        Assert.True(bob.Publish(nas, "nas").Done);
        world.RunFor(Second);

        var ticket = alice.Ask("nas.bob.home.example");
        Assert.True(world.RunUntil(() => alice.Answered(ticket) is not null, Second));
        var answer = alice.Answered(ticket)!;
        Assert.True(answer.Verdict == NameVerdict.Found, answer.Reason);

        var alias = new IPAddress(BitConverter.GetBytes(answer.Alias).Reverse().ToArray());
        var asked = world.Clock.Elapsed;
        tv.SendUdp(alias, 5000, 7, "hello"u8);
        Assert.True(world.RunUntil(() => tv.Received.Count > 0, 2 * Second), string.Join('\n', alice.Warnings.Concat(bob.Warnings)) + scenario.World.Flow.ToMermaid());
        Assert.Equal("hello"u8.ToArray(), tv.Received[0].Payload);
        Assert.Equal(alias, tv.Received[0].Source);
        Assert.True(world.Clock.Elapsed - asked < TimeSpan.FromMilliseconds(300), $"first answer after {world.Clock.Elapsed - asked}");

        // A packet each 20 ms, while the direct path takes over or does not: none is lost.
        for (var i = 1; i <= 150; i++)
        {
            tv.SendUdp(alias, 5000, 7, BitConverter.GetBytes(i));
            world.RunFor(TimeSpan.FromMilliseconds(20));
        }

        world.RunFor(Second);
        Assert.Equal(151, tv.Received.Count);
        Assert.Empty(tv.Broken);
        Assert.Empty(nas.Broken);
        var seen = Assert.Single(alice.Status.Peers);
        Assert.True(seen.Direct == direct, seen.Reason + "\n" + string.Join('\n', seen.Paths));
        Assert.Equal(direct, Assert.Single(bob.Status.Peers).Direct);
        Assert.Empty(alice.Warnings);
        Assert.Empty(bob.Warnings);
    }
}
