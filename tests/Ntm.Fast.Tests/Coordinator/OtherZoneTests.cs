using System.Security.Cryptography;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Naming;
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

    [Fact]
    public void A_zone_whose_record_names_another_zones_coordinator_takes_nothing_from_it()
    {
        // A stranger has a zone, and its record names the key of the friends' coordinator.
        _hall.Records["evil.example"] = new(_other.Key.Public, 1, [Hall.Address("192.0.2.66:4916")]);
        var stranger = _hall.Add("stranger", "192.0.2.66:4916", "evil.example");
        var request = Request("dave");
        request.Zone = "evil.example";
        Assert.Equal(RefusalReason.RefusalNotPermitted, stranger.Ask(new Signal { ZoneDirectionRequest = request })!.Refusal.Reason);
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })?.RouteDirection);

        // Also a question of a member of ours for that zone changes nothing, before and after the friends' coordinator was heard.
        _other.Answering = s => s.ZoneDirectionRequest is null ? null : new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } };
        Assert.NotNull(_bob.Ask(Wish("x.evil.example", "evil.example"))?.Refusal);
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })?.RouteDirection);
        Assert.Equal(RefusalReason.RefusalNotPermitted, _bob.Ask(Wish("nas.dave.friends.example", Theirs))?.Refusal.Reason);
        Assert.Contains(_other.Heard, h => h.Signal.ZoneDirectionRequest is not null);
    }

    [Fact]
    public void A_coordinator_is_heard_for_the_zone_that_it_speaks_for_although_another_zones_record_names_it_and_our_node_asked_there_first()
    {
        _hall.Records["evil.example"] = new(_other.Key.Public, 1, [Hall.Address("192.0.2.66:4916")]);
        Signal? evil = null;
        _bob.Signals.Request(_hall.Now, _bob.Tunnel, Wish("x.evil.example", "evil.example"), (_, answer) => evil = answer);
        _hall.Advance(TimeSpan.FromSeconds(1));
        _other.Answering = s => s.ZoneDirectionRequest is null ? null : new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } };
        Assert.Equal(RefusalReason.RefusalNotPermitted, _bob.Ask(Wish("nas.dave.friends.example", Theirs))?.Refusal.Reason);
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })?.RouteDirection);
        _hall.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(evil?.RouteDirection);
    }

    [Fact]
    public void Who_joins_while_a_record_is_looked_up_stays_a_member()
    {
        _hall.Records.Clear();
        var eve = _hall.Add("eve", "192.0.2.8:1000");
        var request = Request("dave");
        request.Zone = "evil.example";
        eve.Signals.Request(_hall.Now, eve.Tunnel, new Signal { ZoneDirectionRequest = request }, static (_, _) => { });
        _hall.Advance(TimeSpan.FromMilliseconds(200));
        Assert.NotNull(eve.Join(_hall.Invite(), "eve")?.JoinResponse);
        _hall.Core.RecordFound(_hall.Now, "evil.example", Found("evil.example", eve));
        _hall.Advance(TimeSpan.FromMilliseconds(200));
        eve.Register();
        Assert.True(_hall.Core.Describe(_hall.Now).Members.Single(m => m.Name == "eve").Registered);

        // And when the record names it no more, its tunnel is still its own.
        _hall.Advance(TimeSpan.FromSeconds(11));
        eve.Signals.Request(_hall.Now, eve.Tunnel, Wish("x.evil.example", "evil.example"), static (_, _) => { });
        _hall.Advance(TimeSpan.FromMilliseconds(200));
        _hall.Core.RecordFound(_hall.Now, "evil.example", Found("evil.example", _other));
        _hall.Advance(TimeSpan.FromMilliseconds(200));
        eve.Register(2);
    }

    [Fact]
    public void A_key_that_the_record_names_no_more_is_heard_no_more_although_its_tunnel_stands()
    {
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })?.RouteDirection);
        _hall.Records[Theirs] = new(new PublicKey(SHA256.HashData("somebody else"u8)), 1, [_other.Address]);
        for (var i = 0; i < 7; i++)
        {
            _hall.Advance(TimeSpan.FromMinutes(1));
            _other.Ask(new Signal { ZoneDirectionRequest = Request("dave") }); // so that the tunnel is never idle
        }

        Assert.Null(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })?.RouteDirection);
        Assert.True(_hall.Counted("zone-request-not-in-record") > 0);
    }

    [Fact]
    public void A_pair_directed_twice_at_once_keeps_its_channels_when_only_one_of_the_directions_is_refused()
    {
        var free = Free();
        var refusals = 0;
        _bob.Answering = s => s.RouteDirection is null ? null : refusals++ == 0
            ? new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } } : null;
        Signal? first = null, second = null;
        _other.Signals.Request(_hall.Now, _other.Tunnel, new Signal { ZoneDirectionRequest = Request("dave") }, (_, answer) => first = answer);
        _other.Signals.Request(_hall.Now, _other.Tunnel, new Signal { ZoneDirectionRequest = Request("dave") }, (_, answer) => second = answer);
        _hall.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(first?.Refusal);
        Assert.NotNull(second?.RouteDirection);
        Assert.Equal(free - 2, Free());
        var third = _other.Ask(new Signal { ZoneDirectionRequest = Request("fay") })!.RouteDirection;
        Assert.NotEqual(second!.RouteDirection.Relays.Single().Channel, third.Relays.Single().Channel);
    }

    [Fact]
    public void A_refused_direction_writes_nothing()
    {
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })?.RouteDirection);
        var kept = _hall.Written;
        _bob.Answering = _ => new Signal { Refusal = new() { Reason = RefusalReason.RefusalBindingInvalid, Text = "no" } };
        var refused = _other.Ask(new Signal { ZoneDirectionRequest = Request("fay") })!.Refusal;
        var nothing = _other.Ask(new Signal { ZoneDirectionRequest = Request("fay", "printer.bob.home.example") })!.Refusal;
        Assert.Equal((nothing.Reason, nothing.Text), (refused.Reason, refused.Text));
        Assert.Equal(kept, _hall.Written);
    }

    [Fact]
    public void Zones_that_strangers_name_take_neither_the_place_nor_the_turn_of_those_that_are_wanted()
    {
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })?.RouteDirection);
        for (var i = 0; i < 400; i++)
        {
            if (i % 40 == 0)
            {
                _hall.Advance(TimeSpan.FromSeconds(11)); // the hall's strangers may ask 64 times in 10 s
            }

            var name = $"z{i}.example";
            _hall.Records[name] = new(new PublicKey(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(name))), 1, [_other.Address]);
            var stranger = _hall.Find("stranger", "192.0.2.66:4916");
            var request = Request("dave");
            request.Zone = name;
            Assert.NotNull(stranger.Ask(new Signal { ZoneDirectionRequest = request })?.Refusal);
        }

        _bob.Register(2, devices: ("nas", 3));
        var looked = _hall.Wanted.Count;
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })?.RouteDirection);
        Assert.Equal(looked, _hall.Wanted.Count);

        // Look-ups that nobody answers, 4 of strangers' at once; our own node's goes beside them.
        for (var i = 0; i < 20; i++)
        {
            var stranger = _hall.Find("stranger", "192.0.2.66:4916");
            var request = Request("dave");
            request.Zone = $"silent{i}.example";
            stranger.Signals.Request(_hall.Now, stranger.Tunnel, new Signal { ZoneDirectionRequest = request }, static (_, _) => { });
        }

        _bob.Signals.Request(_hall.Now, _bob.Tunnel, Wish("x.wanted.example", "wanted.example"), static (_, _) => { });
        _hall.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(4, _hall.Wanted.Count(w => w.StartsWith("silent", StringComparison.Ordinal)));
        Assert.Contains("wanted.example", _hall.Wanted);
    }

    [Fact]
    public void Zones_of_which_no_node_has_taken_a_direction_share_one_allowance()
    {
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })?.RouteDirection);
        _bob.Answering = _ => new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } };
        var asked = _bob.Heard.Count;
        for (var z = 0; z < 5; z++)
        {
            var stranger = _hall.Add($"dc{z}", $"192.0.2.{100 + z}:4916", $"z{z}.example");
            _hall.Records[$"z{z}.example"] = new(stranger.Key.Public, 1, [stranger.Address]);
            for (var i = 0; i < 50; i++)
            {
                var request = Request("dave");
                request.Zone = $"z{z}.example";
                stranger.Ask(new Signal { ZoneDirectionRequest = request });
            }
        }

        Assert.InRange(_bob.Heard.Count - asked, 1, 60);
        Assert.NotEqual(RefusalReason.RefusalBusy, _other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })!.Refusal.Reason);
    }

    [Fact]
    public void Removals_that_another_zones_coordinator_makes_up_take_no_others_place()
    {
        var asker = BindingOf("dave");
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave", asker: asker) })?.RouteDirection);
        _hall.Advance(TimeSpan.FromSeconds(61)); // the node is away
        var removal = new Removal
        {
            Zone = Theirs, Name = "dave", PublicKey = Binding.Parser.ParseFrom(asker.Binding).PublicKey, OneTimePublicKey = Grant.Parser.ParseFrom(asker.Grant).OneTimePublicKey,
        }.ToByteString();
        for (var i = 0; i < 140; i++)
        {
            var notice = new Signal { RemovalNotice = new() };
            notice.RemovalNotice.Removals.AddRange(Enumerable.Range(0, 8).Select(n => new SignedRemoval { Removal = removal, Signature = ByteString.CopyFrom((byte)i, (byte)n) }));
            Assert.NotNull(_other.Ask(notice)?.Acknowledgement);
            _hall.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal(0, _hall.Counted("removal-errands-full"));
        _bob.Heard.Clear();
        _bob.Register(2);
        _hall.Advance(TimeSpan.FromSeconds(2));
        Assert.Single(_bob.Heard, h => h.Signal.RemovalNotice is not null);
    }

    [Fact]
    public void A_dns_that_is_silent_takes_no_known_zone_away()
    {
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })?.RouteDirection);
        _hall.Records.Clear();
        _hall.Advance(TimeSpan.FromMinutes(6));
        _bob.Register(2, devices: ("nas", 3));
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })?.RouteDirection);
        _hall.Core.RecordFound(_hall.Now, Theirs, new(NtmRecordVerdict.ResolverSilent, null, TimeSpan.FromSeconds(30), "Nobody answered."));
        Assert.NotNull(_other.Ask(new Signal { ZoneDirectionRequest = Request("dave") })?.RouteDirection);
    }

    private static NtmRecordAnswer Found(string zone, Party party) =>
        new(NtmRecordVerdict.Found, new(zone, [new(party.Key.Public, 1, [party.Address])]), TimeSpan.FromSeconds(1), "It was found.");

    private static Signal Wish(string name, string zone) => new() { DirectionRequest = new() { Name = name, Zone = zone, Acceptance = new() } };

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
