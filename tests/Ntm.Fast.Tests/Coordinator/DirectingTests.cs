using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Fast.Tests.Coordinator;

/// <summary>Registration, relays and directions, through real tunnels.</summary>
public sealed class DirectingTests
{
    private const CandidateKind Local = CandidateKind.CandidateLocal;
    private const CandidateKind AtCoordinator = CandidateKind.CandidateMappedAtCoordinator;
    private const CandidateKind AtRelay = CandidateKind.CandidateMappedAtRelay;

    private readonly Hall _hall = new();

    [Fact]
    public void A_registration_tells_where_it_was_seen_how_long_it_lasts_and_which_relays_there_are()
    {
        var relay = _hall.Relay("rs1", "203.0.113.20:4916");
        var response = _hall.Node("alice", "198.51.100.1:1000").Register();
        Assert.True(response.Observed.TryRead(out var seen));
        Assert.Equal("198.51.100.1:1000", seen.ToString());
        Assert.Equal(60u, response.Lifetime);
        var told = Assert.Single(response.Relays);
        Assert.Equal(relay.Binding, told.Binding);
        Assert.Equal(["203.0.113.20:4916"], told.Endpoints.Select(e => e.TryRead(out var a) ? a.ToString() : "?"));
    }

    [Fact]
    public void A_relay_of_another_family_is_not_told()
    {
        _hall.Relay("rs1", "[2001:db8::20]:4916");
        Assert.Empty(_hall.Node("alice", "198.51.100.1:1000").Register().Relays);
    }

    [Fact]
    public void Relay_responder_and_asker_are_directed_in_this_order()
    {
        var relay = _hall.Relay("rs1", "203.0.113.20:4916");
        var (alice, bob) = Pair();
        var answer = alice.Direction("nas.bob.home.example")!.RouteDirection;

        Assert.NotNull(answer);
        Assert.True(answer.Begin);
        Assert.Equal(7u, answer.Number);
        Assert.Equal(bob.Binding, answer.Peer);
        Assert.Equal((RouteVerdict.RouteRelayThenDirect, "neither NAT maps by destination"), (answer.Verdict, answer.Reason));
        Assert.Equal(["198.51.100.2:2000"], Addresses(answer));

        var pairing = relay.Heard.Single(h => h.Signal.BodyCase == Signal.BodyOneofCase.RelayPairing);
        var request = bob.Heard.Single(h => h.Signal.BodyCase == Signal.BodyOneofCase.RouteDirection);
        Assert.True(pairing.Order < request.Order);
        var asked = request.Signal.RouteDirection;
        Assert.False(asked.Begin);
        Assert.Equal(alice.Binding, asked.Peer);
        Assert.Equal(["198.51.100.1:1000"], Addresses(asked));

        var (ours, theirs) = (Assert.Single(answer.Relays), Assert.Single(asked.Relays));
        Assert.NotEqual(ours.Channel, theirs.Channel);
        Assert.All(new[] { ours.Channel, theirs.Channel }, c => Assert.InRange(c, 256u, 511u));
        Assert.Equal(relay.Key.Public.ToWire(), ours.RelayPublicKey);
        var pair = pairing.Signal.RelayPairing;
        var byKey = new Dictionary<ByteString, uint> { [pair.KeyA] = pair.ChannelA, [pair.KeyB] = pair.ChannelB };
        Assert.Equal(ours.Channel, byKey[alice.Key.Public.ToWire()]);
        Assert.Equal(theirs.Channel, byKey[bob.Key.Public.ToWire()]);
        Assert.InRange(pair.Lifetime, 47u * 3600, 48u * 3600);
    }

    [Fact]
    public void A_pair_keeps_its_channels_either_way_and_over_a_restart()
    {
        _hall.Relay("rs1", "203.0.113.20:4916");
        var (alice, bob) = Pair();
        var first = alice.Direction("bob.home.example")!.RouteDirection;
        var back = bob.Direction("alice.home.example")!.RouteDirection;
        Assert.Equal(first.Relays[0].Channel, alice.Heard.Last(h => h.Signal.RouteDirection is not null).Signal.RouteDirection.Relays[0].Channel);
        Assert.NotEqual(first.Relays[0].Channel, back.Relays[0].Channel);

        var carol = _hall.Node("carol", "198.51.100.3:3000");
        carol.Register();
        _hall.Restart();
        Again("rs1").Announce("203.0.113.20:4916");
        foreach (var name in (string[])["alice", "bob", "carol"])
        {
            Again(name).Register(generation: 2);
        }

        Assert.Equal(first.Relays[0].Channel, alice.Direction("bob.home.example")!.RouteDirection.Relays[0].Channel);
        var other = carol.Direction("bob.home.example")!.RouteDirection.Relays[0].Channel;
        Assert.DoesNotContain(other, new[] { first.Relays[0].Channel, back.Relays[0].Channel });
    }

    [Fact]
    public void A_relay_that_forgot_its_lease_is_asked_again_and_told_its_pairs()
    {
        var relay = _hall.Relay("rs1", "203.0.113.20:4916");
        var (alice, _) = Pair();
        var first = alice.Direction("bob.home.example")!.RouteDirection.Relays[0].Channel;
        var knows = false;
        relay.Heard.Clear();
        relay.Answering = signal =>
        {
            if (signal.BodyCase == Signal.BodyOneofCase.ChannelLeaseRequest)
            {
                knows = true;
                return new Signal { ChannelLeaseResponse = new() { First = 256, Count = 256, Lifetime = 48 * 3600 } };
            }

            return knows ? null : new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "not leased" } };
        };
        Assert.NotNull(alice.Direction("bob.home.example")!.RouteDirection);
        _hall.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(
            [Signal.BodyOneofCase.RelayPairing, Signal.BodyOneofCase.ChannelLeaseRequest, Signal.BodyOneofCase.RelayPairing],
            relay.Heard.Select(h => h.Signal.BodyCase));
        Assert.Equal(first, alice.Direction("bob.home.example")!.RouteDirection.Relays[0].Channel);
    }

    [Fact]
    public void A_relay_that_refuses_whatever_it_is_told_is_not_asked_without_end()
    {
        var relay = _hall.Relay("rs1", "203.0.113.20:4916");
        var (alice, _) = Pair();
        relay.Heard.Clear();
        uint leases = 0;
        relay.Answering = signal => signal.BodyCase == Signal.BodyOneofCase.ChannelLeaseRequest
            ? new Signal { ChannelLeaseResponse = new() { First = 256 * ++leases, Count = 256, Lifetime = 48 * 3600 } }
            : new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } };
        for (var i = 0; i < 500; i++)
        {
            alice.Direction("bob.home.example");
        }

        _hall.Advance(TimeSpan.FromSeconds(5));
        Assert.InRange(relay.Heard.Count(h => h.Signal.ChannelLeaseRequest is not null), 1, 10);
    }

    [Fact]
    public void A_member_that_asks_for_names_without_end_is_limited()
    {
        var (alice, bob) = Pair();
        var told = bob.Heard.Count;
        var busy = 0;
        for (var i = 0; i < 400; i++)
        {
            busy += alice.Direction("bob.home.example") is { Refusal.Reason: RefusalReason.RefusalBusy } ? 1 : 0;
        }

        Assert.InRange(busy, 100, 144);
        Assert.InRange(bob.Heard.Count - told, 256, 300);
        Assert.NotNull(bob.Direction("alice.home.example")!.RouteDirection);
        Assert.True(_hall.Counted("direction-too-many") >= 100);
    }

    [Fact]
    public void Without_a_relay_direct_alone_is_tried()
    {
        var (alice, _) = Pair();
        var answer = alice.Direction("bob.home.example")!.RouteDirection;
        Assert.Equal(RouteVerdict.RouteDirectOnly, answer.Verdict);
        Assert.Empty(answer.Relays);
        Assert.Equal(0u, answer.Number);
    }

    [Fact]
    public void Both_nats_mapping_by_destination_stay_on_the_relay()
    {
        _hall.Relay("rs1", "203.0.113.20:4916");
        var (alice, bob) = (_hall.Node("alice", "198.51.100.1:1000"), _hall.Node("bob", "198.51.100.2:2000"));
        alice.Register(1, [Hall.Candidate(Local, "192.168.1.2:4916"), Hall.Candidate(AtRelay, "198.51.100.1:1001")]);
        bob.Register(1, [Hall.Candidate(Local, "192.168.1.2:4916"), Hall.Candidate(AtRelay, "198.51.100.2:2001")]);
        var answer = alice.Direction("bob.home.example")!.RouteDirection;
        Assert.Equal((RouteVerdict.RouteRelayOnly, "both NATs map by destination"), (answer.Verdict, answer.Reason));
        Assert.Empty(answer.Candidates);
    }

    [Fact]
    public void Private_addresses_are_given_only_behind_the_same_nat()
    {
        var (alice, bob) = (_hall.Node("alice", "198.51.100.1:1000"), _hall.Node("bob", "198.51.100.1:2000"));
        var carol = _hall.Node("carol", "198.51.100.3:3000");
        foreach (var node in (Party[])[alice, bob, carol])
        {
            node.Register(1, [Hall.Candidate(Local, "192.168.1.2:4916"), Hall.Candidate(Local, "127.0.0.1:4916"), Hall.Candidate(Local, "169.254.1.1:4916")]);
        }

        Assert.Equal(["198.51.100.1:2000", "192.168.1.2:4916"], Addresses(alice.Direction("bob.home.example")!.RouteDirection));
        Assert.Equal(["198.51.100.3:3000"], Addresses(alice.Direction("carol.home.example")!.RouteDirection));
        Assert.Equal(6, _hall.Counted("candidate-refused"));
    }

    [Theory]
    [InlineData("carol.home.example", RefusalReason.RefusalNoSuchName)]
    [InlineData("nas.bob.home.example", RefusalReason.RefusalUnspecified)]
    [InlineData("NAS.Bob.Home.Example.", RefusalReason.RefusalUnspecified)]
    [InlineData("tv.bob.home.example", RefusalReason.RefusalNoSuchName)]
    [InlineData("a.nas.bob.home.example", RefusalReason.RefusalNoSuchName)]
    [InlineData("bob.other.example", RefusalReason.RefusalNoSuchName)]
    [InlineData("rs1.home.example", RefusalReason.RefusalNoSuchName)]
    [InlineData("", RefusalReason.RefusalNoSuchName)]
    [InlineData("alice.home.example", RefusalReason.RefusalNotPermitted)]
    public void Names_are_found_or_refused(string name, RefusalReason reason)
    {
        _hall.Relay("rs1", "203.0.113.20:4916");
        var (alice, _) = Pair();
        Assert.Equal(reason, alice.Direction(name)!.Refusal?.Reason ?? RefusalReason.RefusalUnspecified);
    }

    [Fact]
    public void A_node_that_is_not_registered_is_unreachable_but_its_names_are_known_also_after_a_restart()
    {
        var (alice, _) = Pair();
        _hall.Restart();
        var again = Again("alice");
        again.Register(generation: 2);
        Assert.Equal(RefusalReason.RefusalUnreachable, again.Direction("nas.bob.home.example")!.Refusal.Reason);
        Assert.Equal(RefusalReason.RefusalNoSuchName, again.Direction("tv.bob.home.example")!.Refusal.Reason);
        Again("bob").Register(generation: 2, devices: ("nas", 7));
        Assert.NotNull(again.Direction("nas.bob.home.example")!.RouteDirection);
        Assert.Same(alice, again);
    }

    [Fact]
    public void A_registration_ends_when_it_is_not_repeated()
    {
        var (alice, _) = Pair();
        _hall.Advance(TimeSpan.FromSeconds(50));
        alice.Register(generation: 2);
        _hall.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(RefusalReason.RefusalUnreachable, alice.Direction("bob.home.example")!.Refusal.Reason);
        _hall.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(RefusalReason.RefusalNotRegistered, alice.Direction("bob.home.example")!.Refusal.Reason);
    }

    [Fact]
    public void A_lower_generation_changes_nothing()
    {
        var (alice, bob) = Pair();
        bob.Register(5, null, ("tv", 8));
        bob.Register(4, null, ("nas", 7));
        Assert.Equal(1, _hall.Counted("registration-overtaken"));
        Assert.NotNull(alice.Direction("tv.bob.home.example")!.RouteDirection);
        Assert.Equal(RefusalReason.RefusalNoSuchName, alice.Direction("nas.bob.home.example")!.Refusal.Reason);
    }

    [Fact]
    public void A_node_that_moved_is_answered_where_it_is()
    {
        var (alice, _) = Pair();
        alice.Address = Hall.Address("192.0.2.9:9000");
        Assert.True(alice.Register(generation: 2).Observed.TryRead(out var seen));
        Assert.Equal("192.0.2.9:9000", seen.ToString());
        Assert.Contains(_hall.Notices, n => n.Contains("moved", StringComparison.Ordinal));
    }

    [Fact]
    public void Bad_registrations_are_refused_and_change_nothing()
    {
        var (alice, bob) = Pair();
        foreach (var devices in ((string, uint)[][])[
            [("nas", 0)], [("nas", 0x8000)], [("Nas", 1)], [("", 1)], [("a", 1), ("a", 2)], [("a", 1), ("b", 1)],
            [.. Enumerable.Range(1, 65).Select(i => ($"d{i}", (uint)i))]])
        {
            Assert.Equal(RefusalReason.RefusalMalformed, bob.Ask(new Signal { RegistrationRequest = Party.Registration(9, null, devices) })!.Refusal.Reason);
        }

        var candidates = Enumerable.Range(1, 17).Select(i => Hall.Candidate(AtCoordinator, $"192.0.2.{i}:1"));
        Assert.Equal(RefusalReason.RefusalMalformed, bob.Ask(new Signal { RegistrationRequest = Party.Registration(9, candidates) })!.Refusal.Reason);
        Assert.Equal(7u, alice.Direction("nas.bob.home.example")!.RouteDirection.Number);
    }

    [Fact]
    public void Nodes_and_relays_keep_to_their_roles()
    {
        var relay = _hall.Relay("rs1", "203.0.113.20:4916");
        var (alice, _) = Pair();
        Assert.Equal(RefusalReason.RefusalNotPermitted, relay.Ask(new Signal { RegistrationRequest = Party.Registration(1) })!.Refusal.Reason);
        Assert.Equal(RefusalReason.RefusalNotRegistered, relay.Direction("bob.home.example")!.Refusal.Reason);
        Assert.Equal(RefusalReason.RefusalNotPermitted, alice.Announce("198.51.100.1:4916")!.Refusal.Reason);
        Assert.Equal(RefusalReason.RefusalMalformed, relay.Announce("127.0.0.1:4916")!.Refusal.Reason);
        Assert.Equal(RefusalReason.RefusalNotPermitted, alice.Ask(new Signal { ChannelLeaseRequest = new() { Count = 1 } })!.Refusal.Reason);
    }

    [Fact]
    public void A_relay_that_fell_silent_is_not_used()
    {
        _hall.Relay("rs1", "203.0.113.20:4916");
        _hall.Advance(TimeSpan.FromSeconds(61));
        Assert.Empty(_hall.Node("alice", "198.51.100.1:1000").Register().Relays);
        Assert.Contains(_hall.Notices, n => n.Contains("is gone", StringComparison.Ordinal));
    }

    [Fact]
    public void A_full_direction_fits_its_datagram()
    {
        _hall.Relay("rs1", "203.0.113.20:4916");
        var (alice, bob) = Pair();
        bob.Register(2, Enumerable.Range(1, 16).Select(i => Hall.Candidate(AtRelay, $"[2001:db8:{i:x}:2:3:4:5:6]:65535", (uint)i)));
        var answer = alice.Direction("bob.home.example")!;
        Assert.True(answer.CalculateSize() <= Limits.SignalBytes);
        Assert.Equal(16, answer.RouteDirection.Candidates.Count);
        Assert.Equal(0, _hall.Counted("signal-too-long-to-send"));
    }

    [Fact]
    public void Garbage_changes_nothing_and_is_counted()
    {
        var (alice, _) = Pair();
        var random = new Random(4);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[random.Next(0, 1500)];
            random.NextBytes(bytes);
            if (bytes.Length > 4 && i % 2 == 0)
            {
                bytes[0] = (byte)random.Next(1, 5);
                bytes.AsSpan(1, 3).Clear();
            }

            _hall.Deliver(Hall.Address($"192.0.2.{(i % 200) + 1}:1"), bytes);

            // And inside the tunnel, every other one an IPv6 packet by its length.
            if (i % 2 == 1 && bytes.Length >= 40)
            {
                bytes[0] = 0x60;
                (bytes[4], bytes[5]) = ((byte)((bytes.Length - 40) >> 8), (byte)(bytes.Length - 40));
            }

            alice.Tunnels.Send(_hall.Now, alice.Tunnel, bytes.AsSpan(0, Math.Min(bytes.Length, 1300)));
            _hall.RunUntil(() => true, TimeSpan.Zero);
        }

        var status = _hall.Core.Describe(_hall.Now);
        Assert.Equal((2, 0), (status.Members.Count, status.Provisional));
        Assert.True(status.Counters.Values.Sum() >= 3500, string.Join(", ", status.Counters));
        Assert.NotNull(alice.Direction("nas.bob.home.example")!.RouteDirection);
    }

    [Fact]
    public void Garbage_signals_are_refused_or_counted()
    {
        var (alice, _) = Pair();
        var random = new Random(5);
        for (var i = 0; i < 500; i++)
        {
            var bytes = new byte[random.Next(0, 100)];
            random.NextBytes(bytes);
            var signal = new Signal();
            var body = ByteString.CopyFrom(bytes);
            switch (i % 4)
            {
                case 0:
                    signal.JoinRequest = new() { Binding = new() { Grant = body, Binding = body, GrantSignature = body, BindingSignature = body } };
                    break;
                case 1:
                    signal.DirectionRequest = new() { Name = body.ToBase64() + ".home.example" };
                    break;
                case 2:
                    signal.RelayAnnouncement = new() { Binding = alice.Binding, Legs = uint.MaxValue, Endpoints = { new Endpoint { Address = body, Port = uint.MaxValue } } };
                    break;
                default:
                    signal.RegistrationRequest = new() { Candidates = { new Candidate { Kind = (CandidateKind)99, Endpoint = new() { Address = body, Port = 1 } } }, Devices = { new PublishedDevice { Name = body.ToBase64() } } };
                    break;
            }

            Assert.NotNull(alice.Ask(signal)!.Refusal);
        }
    }

    [Fact]
    public void A_spurious_timeout_is_harmless()
    {
        Pair();
        for (var i = 0; i < 10; i++)
        {
            _hall.Core.HandleTimeout(_hall.Now);
        }

        Assert.True(_hall.Core.NextDeadline > _hall.Now.Boot);
        Assert.Equal(0, _hall.Core.Outbox.Count);
    }

    private (Party Alice, Party Bob) Pair()
    {
        var (alice, bob) = (_hall.Node("alice", "198.51.100.1:1000"), _hall.Node("bob", "198.51.100.2:2000"));
        alice.Register(1, [Hall.Candidate(AtRelay, "198.51.100.1:1000")]);
        bob.Register(1, [Hall.Candidate(AtRelay, "198.51.100.2:2000")], ("nas", 7));
        return (alice, bob);
    }

    /// <summary>The party, its tunnel begun anew: the coordinator has forgotten its keys.</summary>
    private Party Again(string label)
    {
        var party = _hall.Find(label);
        party.Tunnels.Begin(_hall.Now, party.Tunnel);
        _hall.Advance(TimeSpan.FromMilliseconds(100));
        return party;
    }

    private static IEnumerable<string> Addresses(RouteDirection direction) =>
        direction.Candidates.Select(c => c.Endpoint.TryRead(out var a) ? a.ToString() : "?").Distinct();
}
