using System.Net;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>A home whose provider gives it IPv6 alone, and a NAT64 towards the rest.</summary>
public sealed class Nat64Tests
{
    private static readonly Nat64Prefix s_prefix = Nat64Prefix.TryParse("64:ff9b::/96", out var read) ? read : throw new InvalidOperationException();

    private readonly Scenario _scenario = new(11);
    private HomeRouter _alice = null!, _bob = null!;
    private LanDevice _tv = null!;
    private Nat64Box _edge = null!;

    private Ntm.Simulation.World World => _scenario.World;

    /// <summary>Alice with IPv6 alone, bob with IPv4 alone behind a port-restricted NAT and a NAS that echoes.</summary>
    private void Build(Zone zone, NatKind edge, bool knowsPrefix, NatKind bobs = NatKind.PortRestricted)
    {
        var home = _scenario.Home("alice");
        var inside = new Segment(World, "alice's provider");
        var address = Ntm.Simulation.World.Documentation6(0x64, 2, 41_000);
        home.Router.Attach(inside, address).Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(10) };
        _edge = new Nat64Box(World, "the provider", NatBehaviour.Of(edge), inside, World.Backbone, Ntm.Simulation.World.Documentation(1, 64), s_prefix, address);
        _alice = zone.AddRouter(home);
        _bob = zone.AddRouter(_scenario.Home("bob").Behind(bobs).Build());
        if (knowsPrefix)
        {
            home.Router.Call(now => _alice.Core.UplinkChanged(now, new(0, "uplink0", true, "it has an address", [address]) { Nat64 = s_prefix }));
        }

        World.RunFor(TimeSpan.FromSeconds(2));
        _alice.Join(zone.Invite(Role.Node, "alice"));
        _bob.Join(zone.Invite(Role.Node, "bob"));
        Assert.True(World.RunUntil(() => _alice.JoinEnd is not null && _bob.JoinEnd is not null, TimeSpan.FromSeconds(15)), "no join ended");
        _tv = _alice.AddDevice(10);
        var nas = _bob.AddDevice(20);
        nas.Echoes.Add(7);
        World.RunFor(TimeSpan.FromSeconds(3));
        Assert.True(_bob.Publish(nas, "nas").Done);
        World.RunFor(TimeSpan.FromSeconds(2));
    }

    /// <summary>How many of a hundred datagrams from the television come back from the NAS.</summary>
    private int Talk()
    {
        var ticket = _alice.Ask("nas.bob.home.example");
        Assert.True(World.RunUntil(() => _alice.Answered(ticket) is not null, TimeSpan.FromSeconds(2)));
        var answer = _alice.Answered(ticket)!;
        Assert.True(answer.Verdict == NameVerdict.Found, answer.Reason);
        var alias = new IPAddress([(byte)(answer.Alias >> 24), (byte)(answer.Alias >> 16), (byte)(answer.Alias >> 8), (byte)answer.Alias]);
        for (var i = 0; i < 100; i++)
        {
            _tv.SendUdp(alias, 5000, 7, BitConverter.GetBytes(i));
            World.RunFor(TimeSpan.FromMilliseconds(20));
        }

        World.RunFor(TimeSpan.FromSeconds(2));
        return _tv.Received.Count(p => p.Content == IpContent.Udp);
    }

    [Theory]
    [InlineData(NatKind.PortRestricted, NatKind.PortRestricted, true)]
    [InlineData(NatKind.Symmetric, NatKind.AddressRestricted, true)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric, false)]
    public void Coordinator_relay_and_peer_have_IPv4_alone(NatKind edge, NatKind bobs, bool direct)
    {
        var zone = new Zone(_scenario, withIPv6: false);
        zone.AddRelay(withIPv6: false);
        Build(zone, edge, knowsPrefix: true, bobs);
        Assert.True(_alice.JoinEnd!.Value.Done, _alice.JoinEnd.Value.Reason);
        Assert.Equal(100, Talk());
        var peer = _alice.Status.Peers.Single();
        Assert.True(direct == peer.Direct, peer.Reason + World.Flow.ToMermaid(200));
        Assert.All(peer.Paths, p => Assert.True(s_prefix.TryExtract(p.Path.Remote, out _)));
    }

    /// <summary>The coordinator sees IPv6 addresses only; that alice can send to IPv4 she must say.</summary>
    [Fact]
    public void A_relay_with_IPv4_alone_is_a_relay_of_hers()
    {
        var zone = new Zone(_scenario);
        zone.AddRelay(withIPv6: false);
        Build(zone, NatKind.PortRestricted, knowsPrefix: true);
        Assert.Equal(100, Talk());
        Assert.True(_alice.Status.Peers.Single().Direct, _alice.Status.Peers.Single().Reason);
    }

    /// <summary>All servers have both, and are reached by IPv6: what the NAT64 makes of her is asked of them besides.</summary>
    [Fact]
    public void Where_all_servers_have_both_a_home_with_IPv4_alone_is_reached_directly()
    {
        var zone = new Zone(_scenario);
        zone.AddRelay();
        Build(zone, NatKind.PortRestricted, knowsPrefix: true);
        Assert.Contains(_alice.Status.Uplinks[0].Mapped, m => m.Address.SameHost(_edge.Nat.Address));
        Assert.Equal(100, Talk());
        Assert.True(_alice.Status.Peers.Single().Direct, _alice.Status.Peers.Single().Reason);
    }

    [Fact]
    public void Without_a_NAT64_the_dual_stack_relay_stands_between()
    {
        var zone = new Zone(_scenario);
        zone.AddRelay();
        Build(zone, NatKind.PortRestricted, knowsPrefix: false);
        Assert.Equal(100, Talk());
        var peer = _alice.Status.Peers.Single();
        Assert.False(peer.Direct);
        Assert.Contains("no address family in common", peer.Reason, StringComparison.Ordinal);
        Assert.Equal(0, _edge.Nat.Mappings);
    }

    /// <summary>A DNS that answers with a prefix of our own LAN, or of the overlay, makes us send nothing there.</summary>
    [Theory]
    [InlineData("2001:db8:77::/96")]
    [InlineData(null)]
    public void A_prefix_of_our_own_is_none(string? text)
    {
        var zone = new Zone(_scenario, withIPv6: false);
        zone.AddRelay(withIPv6: false);
        Build(zone, NatKind.PortRestricted, knowsPrefix: true);
        var own = _alice.Status.Member!.Own;
        var prefix = Nat64Prefix.TryParse(text ?? $"{new IPAddress(new RealAddress(own.High & 0xFFFF_FFFF_FFFF_0000, 0, 1).AddressBytes())}/64", out var read) ? read : throw new InvalidOperationException();
        _alice.Home.Router.Call(now => _alice.Core.UplinkChanged(now, new(0, "uplink0", true, "it has an address", _alice.Home.Router.Uplinks[0].Addresses) { Nat64 = prefix }));
        var tap = new Tap();
        _alice.Home.Router.Uplinks[0].Segment.WireOf(_alice.Home.Router).Middlemen.Add(tap);
        World.RunFor(TimeSpan.FromMinutes(5));
        Assert.Contains(tap.Seen, s => s.Outbound); // answers to who still comes by the former mapping
        Assert.DoesNotContain(tap.Seen, s => s.Outbound && prefix.TryExtract(s.Datagram.Destination, out _));
    }

    /// <summary>The tunnel with the coordinator runs by IPv6; that it sees her by IPv4 as well it says by what she proves, so that there is whither to probe.</summary>
    [Fact]
    public void Behind_a_NAT64_that_maps_by_destination_ports_are_tried()
    {
        var zone = new Zone(_scenario);
        zone.AddRelay();
        Build(zone, NatKind.Symmetric, knowsPrefix: true);
        for (var i = 0; i < 8 && _bob.Status.Peers is not [{ Direct: true }]; i++)
        {
            Talk();
        }

        var peer = _bob.Status.Peers.Single();
        Assert.True(peer.Direct || peer.Reason.Contains("ports can be tried", StringComparison.Ordinal), peer.Reason);
    }
}
