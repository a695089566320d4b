using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Simulation;

/// <summary>Each NAT's mapping and filtering, tried as RFC 5780 section 4 tries real ones: one inside socket, servers with two addresses and two ports.</summary>
public sealed class NatTests
{
    private static readonly RealAddress Inside = RealAddress.FromIPv4(0xC0A8_0102, 5000);
    private static readonly RealAddress Server = Ntm.Simulation.World.Documentation(0, 1, 3478);
    private static readonly RealAddress ServerOtherPort = Server.WithPort(3479);
    private static readonly RealAddress OtherServer = Ntm.Simulation.World.Documentation(0, 2, 3478);
    private static readonly RealAddress NatAddress = Ntm.Simulation.World.Documentation(1, 1);

    private readonly Ntm.Simulation.World _world = new(3);
    private readonly Segment _home;
    private readonly EchoCore _client = new() { Answers = false };
    private readonly Dictionary<RealAddress, (SimHost Host, EchoCore Core)> _servers = [];
    private readonly SimHost _inside;

    public NatTests()
    {
        _home = new Segment(_world, "home");
        _inside = new SimHost(_world, "inside", _client);
        _inside.Attach(_home, Inside);
        foreach (var address in (RealAddress[])[Server, OtherServer])
        {
            var core = new EchoCore { Answers = false };
            var host = new SimHost(_world, address.ToString(), core);
            host.Attach(_world.Backbone, address);
            _servers[address] = (host, core);
        }

        // A second port of the first server: these tests look at its wire, so it needs no socket there.
        _servers[ServerOtherPort] = _servers[Server];
    }

    private NatBox Build(NatKind kind) => new(_world, "nat", NatBehaviour.Of(kind), _home, _world.Backbone, NatAddress);

    /// <summary>Sends from the inside socket; gives the mapped address the backbone sees.</summary>
    private RealAddress MappedAt(RealAddress server)
    {
        var tap = new Tap();
        var wire = _world.Backbone.WireOf(_servers[server].Host);
        wire.Middlemen.Add(tap);
        _inside.Call(_ => _client.Outbox.Send(new WirePath(0, server, 0), [1]));
        _world.RunFor(TimeSpan.FromMilliseconds(1));
        wire.Middlemen.Remove(tap);
        return tap.Seen.Single().Datagram.Source;
    }

    /// <summary>Whether a datagram with this source comes through to the inside socket.</summary>
    private bool Passes(RealAddress from, RealAddress mapped)
    {
        var before = _client.Received.Count;
        _world.Backbone.Send(_servers[from].Host, new SimDatagram("server", from, mapped, [2]));
        _world.RunFor(TimeSpan.FromMilliseconds(1));
        return _client.Received.Count > before;
    }

    [Theory]
    [InlineData(NatKind.EndpointIndependent, true)]
    [InlineData(NatKind.AddressRestricted, true)]
    [InlineData(NatKind.PortRestricted, true)]
    [InlineData(NatKind.Symmetric, false)]
    public void Mapping(NatKind kind, bool independent)
    {
        var nat = Build(kind);
        var first = MappedAt(Server);
        Assert.True(first.SameHost(NatAddress));
        Assert.Equal(first, MappedAt(Server));
        Assert.Equal(independent, first == MappedAt(ServerOtherPort));
        Assert.Equal(independent, first == MappedAt(OtherServer));
        Assert.Equal(independent ? 1 : 3, nat.Mappings);
        Assert.Equal(independent, first.Port == Inside.Port);
    }

    [Theory]
    [InlineData(NatKind.EndpointIndependent, true, true)]
    [InlineData(NatKind.AddressRestricted, true, false)]
    [InlineData(NatKind.PortRestricted, false, false)]
    [InlineData(NatKind.Symmetric, false, false)]
    public void Filtering(NatKind kind, bool otherPortPasses, bool otherHostPasses)
    {
        Build(kind);
        var mapped = MappedAt(Server);
        Assert.True(Passes(Server, mapped));
        Assert.Equal(otherPortPasses, Passes(ServerOtherPort, mapped));
        Assert.Equal(otherHostPasses, Passes(OtherServer, mapped));
        Assert.False(Passes(Server, mapped.WithPort((ushort)(mapped.Port ^ 1))));
    }

    [Theory]
    [InlineData(NatKind.EndpointIndependent)]
    [InlineData(NatKind.AddressRestricted)]
    [InlineData(NatKind.PortRestricted)]
    [InlineData(NatKind.Symmetric)]
    public void A_mapping_lives_as_long_as_outbound_datagrams_keep_it(NatKind kind)
    {
        var nat = Build(kind);
        nat.MappingLifetime = TimeSpan.FromSeconds(120);
        var mapped = MappedAt(Server);
        _world.RunFor(TimeSpan.FromSeconds(119));
        Assert.True(Passes(Server, mapped));
        Assert.Equal(mapped, MappedAt(Server));
        _world.RunFor(TimeSpan.FromSeconds(119));
        Assert.True(Passes(Server, mapped));
        _world.RunFor(TimeSpan.FromSeconds(1));
        Assert.False(Passes(Server, mapped));
        Assert.Equal(0, nat.Mappings);
    }

    [Fact]
    public void Inbound_datagrams_keep_a_mapping_only_where_the_box_is_told_so()
    {
        var nat = Build(NatKind.PortRestricted);
        nat.InboundRefreshes = true;
        var mapped = MappedAt(Server);
        for (var i = 0; i < 5; i++)
        {
            _world.RunFor(TimeSpan.FromSeconds(100));
            Assert.True(Passes(Server, mapped));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Hairpin_shows_the_outside_source_where_the_box_does_it(bool hairpin)
    {
        var nat = Build(NatKind.EndpointIndependent);
        nat.Hairpin = hairpin;
        var second = new EchoCore { Answers = false };
        var neighbour = new SimHost(_world, "neighbour", second);
        neighbour.Attach(_home, RealAddress.FromIPv4(0xC0A8_0103, 5000));
        neighbour.Call(_ => second.Outbox.Send(new WirePath(0, Server, 0), [1]));
        _world.RunFor(TimeSpan.FromMilliseconds(1));
        var mapped = MappedAt(Server);   // its port: the neighbour holds 5000
        Assert.NotEqual(Inside.Port, mapped.Port);

        neighbour.Call(_ => second.Outbox.Send(new WirePath(0, mapped, 0), [3]));
        _world.RunFor(TimeSpan.FromMilliseconds(1));
        if (hairpin)
        {
            Assert.Equal(NatAddress.WithPort(5000), Assert.Single(_client.Received).Path.Remote);
        }
        else
        {
            Assert.Empty(_client.Received);
            Assert.Contains(_world.Flow.Steps, s => s.Fate == "nat does not hairpin");
        }
    }

    [Fact]
    public void A_rebooted_or_readdressed_box_has_forgotten_everything()
    {
        var nat = Build(NatKind.EndpointIndependent);
        var mapped = MappedAt(Server);
        nat.Reboot();
        Assert.False(Passes(Server, mapped));
        mapped = MappedAt(Server);
        nat.Readdress(Ntm.Simulation.World.Documentation(2, 77));
        Assert.False(Passes(Server, mapped));
        Assert.True(MappedAt(Server).SameHost(Ntm.Simulation.World.Documentation(2, 77)));
    }

    [Fact]
    public void Boxes_may_be_nested()
    {
        var carrier = new Segment(_world, "carrier");
        _ = new NatBox(_world, "home nat", new Symmetric(), _home, carrier, RealAddress.FromIPv4(0x6440_0001, 0));
        _ = new NatBox(_world, "carrier nat", new PortRestricted(), carrier, _world.Backbone, NatAddress);
        var mapped = MappedAt(Server);
        Assert.True(mapped.SameHost(NatAddress));
        Assert.True(Passes(Server, mapped));
        Assert.NotEqual(mapped, MappedAt(OtherServer));
    }

    [Fact]
    public void A_firewall_lets_in_only_answers_and_can_block_all()
    {
        var segment = new Segment(_world, "home 6");
        var inside = Ntm.Simulation.World.Documentation6(1, 2, 5000);
        var outside = Ntm.Simulation.World.Documentation6(2, 2, 6000);
        var firewall = new Firewall(_world, "firewall", segment, _world.Backbone, inside);
        var client = new EchoCore { Answers = false };
        var host = new SimHost(_world, "six", client);
        host.Attach(segment, inside);
        var server = new EchoCore();
        var other = new SimHost(_world, "other", server);
        other.Attach(_world.Backbone, outside);

        other.Call(_ => server.Outbox.Send(new WirePath(0, inside, 0), [1]));
        _world.RunFor(TimeSpan.FromSeconds(1));
        Assert.Empty(client.Received);

        host.Call(_ => client.Outbox.Send(new WirePath(0, outside, 0), [1]));
        _world.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(inside, Assert.Single(server.Received).Path.Remote);
        Assert.Single(client.Received);

        _world.RunFor(TimeSpan.FromSeconds(121));
        other.Call(_ => server.Outbox.Send(new WirePath(0, inside, 0), [1]));
        _world.RunFor(TimeSpan.FromSeconds(1));
        Assert.Single(client.Received);

        firewall.MayLeave = _ => false;
        host.Call(_ => client.Outbox.Send(new WirePath(0, outside, 0), [1]));
        _world.RunFor(TimeSpan.FromSeconds(1));
        Assert.Single(server.Received);
    }
}
