using System.Security.Cryptography;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Fast.Tests.Coordinator;

/// <summary>A coordinator and what coordinators of other zones ask of it.</summary>
public sealed class OtherZoneTests
{
    private const string Theirs = "friends.example";
    private readonly Hall _hall = new();
    private readonly OwnerKey _owner = new(SHA256.HashData("the other owner"u8));
    private readonly Party _bob;
    private readonly Party _other;

    public OtherZoneTests()
    {
        _hall.Relay("rs1", "203.0.113.20:4916");
        _bob = _hall.Node("bob", "192.0.2.7:1000");
        _bob.Register(devices: ("nas", 3));
        _other = _hall.Add("their coordinator", "198.51.100.1:4916", Theirs);
        _hall.Records[Theirs] = new(_other.Key.Public, 1, [_other.Address]);
    }

    [Fact]
    public void The_node_is_asked_first_and_then_the_relay_told_and_the_asker_answered()
    {
        var answer = _other.Ask(new Signal { ZoneDirectionRequest = Request("dave") });
        Assert.True(answer?.RouteDirection is { Begin: true, Number: 3 }, answer?.ToString());
        Assert.Equal(Role.Relay, Binding.Parser.ParseFrom(answer!.RouteDirection.Relays.Single().Binding.Binding).Role);
        var told = Assert.Single(_bob.Heard, h => h.Signal.RouteDirection is not null);
        Assert.Equal(3u, told.Signal.RouteDirection.Number);
        Assert.NotNull(told.Signal.RouteDirection.Acceptance);
        Assert.True(told.Order < Assert.Single(_hall.Find("rs1").Heard, h => h.Signal.RelayPairing is not null).Order);
        Assert.Equal([Theirs], _hall.Wanted);
    }

    [Fact]
    public void A_node_that_refuses_costs_no_channels_and_no_name_is_told()
    {
        var free = Free();
        _bob.Answering = _ => new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "there is no such share, or it was taken back" } };
        var refused = _other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })!.Refusal;
        var nothing = _other.Ask(new Signal { ZoneDirectionRequest = Request("dave", "printer.bob.home.example") })!.Refusal;
        Assert.Equal(RefusalReason.RefusalNotPermitted, refused.Reason);
        Assert.Equal(RefusalReason.RefusalNotPermitted, nothing.Reason);
        Assert.Equal(free, Free());
        Assert.DoesNotContain(_hall.Find("rs1").Heard, h => h.Signal.RelayPairing is not null);
    }

    [Fact]
    public void A_zone_that_asks_without_end_is_limited_and_costs_no_channels()
    {
        var free = Free();
        _bob.Answering = _ => new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } };
        var busy = 0;
        for (var i = 0; i < 200; i++)
        {
            busy += _other.Ask(new Signal { ZoneDirectionRequest = Request($"dave{i}") })?.Refusal.Reason == RefusalReason.RefusalBusy ? 1 : 0;
        }

        Assert.True(busy >= 140, $"{busy} of 200 were refused");
        Assert.Equal(free, Free());
        Assert.True(_hall.Counted("zone-requests-too-many") >= 140);
        _hall.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(RefusalReason.RefusalNotPermitted, _other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })!.Refusal.Reason);
    }

    [Fact]
    public void Zones_without_end_are_bounded()
    {
        var open = 0;
        Party[] strangers = [_other, _hall.Add("another", "198.51.100.2:4916", "x.example")]; // each may have 256 questions open
        for (var i = 0; i < 400; i++)
        {
            var request = Request("dave");
            request.Zone = $"z{i}.example";
            var stranger = strangers[i / 200];
            stranger.Signals.Request(_hall.Now, stranger.Tunnel, new Signal { ZoneDirectionRequest = request }, (_, answer) => open += answer is { Refusal.Reason: RefusalReason.RefusalBusy } ? 1 : 0);
            if (i % 50 == 49)
            {
                _hall.Advance(TimeSpan.FromMilliseconds(100));
            }
        }

        Assert.True(_hall.Wanted.Count <= 256, $"{_hall.Wanted.Count} look-ups");
        Assert.True(open >= 100, $"{open} were refused");
        Assert.True(_hall.Counted("zone-too-many-waiting") >= 100);
    }

    [Fact]
    public void A_malformed_asker_is_refused()
    {
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })!.RouteDirection);
        foreach (var bad in (ZoneDirectionRequest[])
            [Request("dave", asker: new SignedBinding()), Request("dave", asker: _bob.Binding!), Request("dave", asker: new SignedBinding { Binding = ByteString.CopyFrom(1, 2, 3) })])
        {
            Assert.Equal(RefusalReason.RefusalMalformed, _other.Ask(new Signal { ZoneDirectionRequest = bad })!.Refusal.Reason);
        }

        Assert.Equal(3, _hall.Counted("zone-asker-malformed"));
    }

    [Fact]
    public void Neither_a_member_nor_another_zones_coordinator_may_ask_on_behalf_of_a_zone()
    {
        Assert.Equal(RefusalReason.RefusalNotPermitted, _bob.Ask(new Signal { ZoneDirectionRequest = Request("dave") })!.Refusal.Reason);
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })!.RouteDirection);
        var request = Request("dave");
        request.Zone = "third.example";
        Assert.Equal(RefusalReason.RefusalNotPermitted, _other.Ask(new Signal { ZoneDirectionRequest = request })!.Refusal.Reason);
        Assert.Equal(2, _hall.Counted("zone-request-not-a-coordinators"));
    }

    [Fact]
    public void Who_is_not_in_the_record_is_not_heard_and_the_record_is_asked_for_rarely()
    {
        _hall.Records[Theirs] = new(new PublicKey(SHA256.HashData("somebody else"u8)), 1, [_other.Address]);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(RefusalReason.RefusalNotPermitted, _other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })!.Refusal.Reason);
        }

        Assert.Single(_hall.Wanted);
        _hall.Records[Theirs] = new(_other.Key.Public, 1, [_other.Address]);
        _hall.Advance(TimeSpan.FromSeconds(11));
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })!.RouteDirection);
        Assert.Equal(2, _hall.Wanted.Count);
    }

    private int Free() => _hall.Core.Describe(_hall.Now).Relays.Single().FreeChannels;

    private ZoneDirectionRequest Request(string node, string name = "nas.bob.home.example", SignedBinding? asker = null) => new()
    {
        Zone = Theirs,
        Name = name,
        Asker = asker ?? BindingOf(node),
        Acceptance = new(),
        Candidates = { Hall.Candidate(CandidateKind.CandidateMappedAtCoordinator, "198.51.100.77:5000") },
    };

    private SignedBinding BindingOf(string name) =>
        InviteCode.Bind(_hall.Invite(owner: _owner, zone: Theirs), name, new PublicKey(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(name))), _hall.Now.Wall);
}
