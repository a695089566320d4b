using Google.Protobuf;
using Ntm.Fast.Tests.Coordinator;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Tunnel;
using Party = Ntm.Fast.Tests.Coordinator.Party;

namespace Ntm.Fast.Tests.Nat;

/// <summary>What a server answers to nodes' checks, and what it does not.</summary>
public sealed class ServerChecksTests
{
    private const string Address = "198.51.100.1:41000";

    private readonly Hall _hall = new();
    private readonly Party _node;

    public ServerChecksTests()
    {
        _hall.Core.SecondPort = 5016;
        _node = _hall.Node("alice", Address);
        Assert.Equal(5016u, _node.Register().SecondPort);
        _node.Heard.Clear();
    }

    [Fact]
    public void A_check_is_answered_by_the_way_it_came()
    {
        Check();
        Assert.True(Assert.Single(Replies).Seen.TryRead(out var seen));
        Assert.Equal(Hall.Address(Address), seen);
    }

    [Fact]
    public void A_check_from_elsewhere_moves_nothing()
    {
        _node.Address = Hall.Address("198.51.100.1:50000");
        Check();
        Assert.Single(Replies);
        _node.Address = Hall.Address(Address);
        Assert.Equal(_node.Address, _hall.Core.Describe(_hall.Now).Members.Single(m => m.Name == "alice").Observed);
        Assert.NotNull(_node.Direction("nobody.home.example")?.Refusal);
        Assert.Equal(_node.Address, _hall.Core.Describe(_hall.Now).Members.Single(m => m.Name == "alice").Observed);
    }

    [Fact]
    public void A_reply_goes_to_another_port_of_the_same_host_where_that_is_wished()
    {
        var other = _hall.Add("other", "198.51.100.1:7777");
        Check(new() { Port = 7777 });
        Assert.Empty(Replies);
        Assert.Equal(1, other.Tunnels.Counters.All[TunnelRefusals.UnknownReceiver]);
    }

    [Fact]
    public void A_late_reply_comes_when_it_is_wished_and_four_are_owed_at_most()
    {
        for (var i = 0; i < 10; i++)
        {
            Check(new() { After = 60 });
        }

        Assert.Equal(6, _hall.Counted("check-too-many-late"));
        _hall.Advance(TimeSpan.FromSeconds(59));
        Assert.Empty(Replies);
        _hall.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(4, Replies.Count);
    }

    [Fact]
    public void A_flood_of_checks_is_answered_within_the_allowance()
    {
        for (var i = 0; i < 100; i++)
        {
            Check();
        }

        Assert.Equal(Limits.ServerChecksAtOnce, Replies.Count);
        Assert.Equal(70, _hall.Counted("check-too-many"));
    }

    [Fact]
    public void No_reply_is_longer_than_its_check()
    {
        Check(padding: 0);
        Assert.Empty(Replies);
        Assert.Equal(1, _hall.Counted("check-shorter-than-its-reply"));
    }

    [Theory]
    [InlineData(false, 70_000u, 0u)]
    [InlineData(false, 0u, 601u)]
    [InlineData(true, 0u, 0u)]
    public void Wishes_that_cannot_be_are_refused(bool secondPort, uint port, uint after)
    {
        _hall.Core.SecondPort = 0;
        Check(new() { SecondPort = secondPort, Port = port, After = after });
        Assert.Empty(Replies);
        Assert.Equal(1, _hall.Counted("check-wish-refused"));
    }

    [Fact]
    public void Who_is_no_member_gets_no_reply()
    {
        var stranger = _hall.Add("stranger", "198.51.100.9:41000");
        stranger.Ask(new Signal { DirectionRequest = new() { Name = "alice.home.example" } });
        stranger.Heard.Clear();
        Check(of: stranger);
        Assert.Empty(stranger.Heard);
        Assert.Equal(1, _hall.Counted("check-of-nobody"));
    }

    [Fact]
    public void The_second_port_hears_nothing_but_checks()
    {
        var batch = new PacketBatch();
        var packet = batch.Add();
        packet.Fill(new byte[TunnelMessage.InitiationSize]);
        packet.Bytes[0] = TunnelMessage.Initiation;
        packet.Path = new WirePath(UplinkSocket.Of(0, UplinkSocket.Observing), Hall.Address(Address), 0);
        _hall.Core.ReceiveDatagrams(_hall.Now, batch);
        Assert.Equal(1, _hall.Counted("second-port-not-a-check"));
    }

    [Fact]
    public void A_node_claims_the_NATs_of_four_uplinks_at_most_and_its_peers_are_told()
    {
        var bob = _hall.Node("bob", "198.51.100.2:41000");
        var request = Party.Registration(2, [Hall.Candidate(CandidateKind.CandidateLocal, "198.51.100.2:41000")]);
        request.Nats.AddRange(Enumerable.Range(0, 5).Select(i => new NatTraits { Uplink = (uint)i, Mapping = NatMapping.AddressDependent }));
        Assert.Equal(RefusalReason.RefusalMalformed, bob.Ask(new Signal { RegistrationRequest = request })?.Refusal?.Reason);
        request.Nats.RemoveAt(4);
        Assert.NotNull(bob.Ask(new Signal { RegistrationRequest = request })?.RegistrationResponse);
        _node.Register(2, [Hall.Candidate(CandidateKind.CandidateLocal, Address)]);
        Assert.Equal(4, _node.Direction("bob.home.example")!.RouteDirection.Nats.Count);
    }

    private List<PathCheckReply> Replies => [.. _node.Heard.Select(h => h.Signal.PathCheckReply).OfType<PathCheckReply>()];

    private void Check(ReplyWish? wish = null, int padding = 32, Party? of = null)
    {
        var from = of ?? _node;
        from.Signals.Notify(_hall.Now, from.Tunnel, new Signal { PathCheck = new() { Id = 7, Padding = ByteString.CopyFrom(new byte[padding]), Reply = wish } });
        _hall.RunUntil(() => true, TimeSpan.Zero);
    }
}
