using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Node;

/// <summary>A lying or stolen coordinator can refuse service; it can neither admit a node nor stand in for one (docs/protocol.md section 3).</summary>
public sealed class LyingCoordinatorTests
{
    private readonly LyingCoordinator _liar = new();

    private PublicKey NewKey() => StaticKeyPair.Generate(_liar.Entropy).Public;

    [Fact]
    public void A_peer_that_the_owner_vouches_for_is_taken()
    {
        _liar.Direct = _ => About(_liar.Binding(_liar.Owner, "bob", NewKey()));
        Assert.Equal(NameVerdict.Found, _liar.Ask("nas.bob.home.example").Verdict);
        Assert.Single(_liar.Status.Peers);
    }

    [Fact]
    public void A_binding_of_another_owner_is_not_believed()
    {
        _liar.Direct = _ => About(_liar.Binding(OwnerKey.Generate(_liar.Entropy), "bob", NewKey()));
        Refused("direction-not-vouched");
    }

    [Fact]
    public void A_key_of_its_own_choice_under_a_true_grant_is_not_believed()
    {
        var binding = _liar.Binding(_liar.Owner, "bob", NewKey());
        var forged = Binding.Parser.ParseFrom(binding.Binding);
        forged.PublicKey = NewKey().ToWire();
        binding.Binding = Google.Protobuf.MessageExtensions.ToByteString(forged);
        _liar.Direct = _ => About(binding);
        Refused("direction-not-vouched");
    }

    [Fact]
    public void A_relay_or_this_node_itself_is_no_peer()
    {
        _liar.Direct = _ => About(_liar.Binding(_liar.Owner, "bob", NewKey(), Role.Relay));
        Refused("direction-not-a-peer");
        _liar.Direct = _ => About(_liar.Binding(_liar.Owner, "bob", _liar.Status.Member!.Key));
        Refused("direction-not-a-peer");
    }

    [Fact]
    public void A_node_that_was_not_asked_for_is_not_taken_under_the_asked_name()
    {
        _liar.Direct = _ => About(_liar.Binding(_liar.Owner, "mallory", NewKey()));
        Assert.Equal(NameVerdict.Unreachable, _liar.Ask("bob.home.example").Verdict);
    }

    [Fact]
    public void A_pinned_name_keeps_its_key_even_against_a_true_binding()
    {
        _liar.Direct = _ => About(_liar.Binding(_liar.Owner, "bob", NewKey()));
        _liar.Ask("bob.home.example");
        var first = _liar.Status.Peers.Single().Key;
        _liar.Direct = _ => About(_liar.Binding(_liar.Owner, "bob", NewKey()));
        Assert.Equal(NameVerdict.Unreachable, _liar.Ask("nas.bob.home.example").Verdict);
        Assert.Equal(first, Assert.Single(_liar.Status.Peers).Key);
        Assert.True(_liar.Status.Counters["direction-key-changed"] > 0);
    }

    [Fact]
    public void A_pushed_direction_is_judged_in_the_same_way()
    {
        var good = About(_liar.Binding(_liar.Owner, "bob", NewKey())).RouteDirection;
        Assert.NotNull(_liar.Push(good)!.Acknowledgement);
        var bad = About(_liar.Binding(OwnerKey.Generate(_liar.Entropy), "carol", NewKey())).RouteDirection;
        Assert.Equal(RefusalReason.RefusalBindingInvalid, _liar.Push(bad)!.Refusal.Reason);
        Assert.NotNull(_liar.Push(new RouteDirection())!.Refusal);
        Assert.Single(_liar.Status.Peers);
    }

    [Fact]
    public void A_true_removal_cuts_the_peer_and_frees_its_name_for_another_key()
    {
        var bob = _liar.Binding(_liar.Owner, "bob", NewKey());
        _liar.Direct = _ => About(bob);
        _liar.Ask("nas.bob.home.example");
        Assert.NotNull(_liar.Notice(_liar.Removal(_liar.Owner, bob))!.Acknowledgement);
        Assert.Empty(_liar.Status.Peers);
        Refused("direction-removed");
        Assert.Equal(RefusalReason.RefusalBindingInvalid, _liar.Push(About(bob).RouteDirection)!.Refusal.Reason);
        var other = NewKey();
        _liar.Direct = _ => About(_liar.Binding(_liar.Owner, "bob", other));
        Assert.Equal(NameVerdict.Found, _liar.Ask("nas.bob.home.example").Verdict);

        // Said again, it takes nothing away from who has the name now.
        Assert.NotNull(_liar.Notice(_liar.Removal(_liar.Owner, bob))!.Acknowledgement);
        Assert.Equal(other, Assert.Single(_liar.Status.Peers).Key);
    }

    [Fact]
    public void A_removal_takes_every_key_that_its_invite_binds()
    {
        Assert.True(InviteCode.TryRead(_liar.Code(_liar.Owner, ""), out var invite, out _, out _));
        var wall = _liar.World.Clock.Read(default, default).Wall;
        _liar.Notice(_liar.Removal(_liar.Owner, InviteCode.Bind(invite, "bob", NewKey(), wall)));
        _liar.Direct = _ => About(InviteCode.Bind(invite, "bob", NewKey(), wall));
        Refused("direction-removed");
    }

    [Fact]
    public void A_removal_that_is_forged_or_of_another_zone_changes_nothing()
    {
        var bob = _liar.Binding(_liar.Owner, "bob", NewKey());
        _liar.Direct = _ => About(bob);
        _liar.Ask("nas.bob.home.example");
        var mallory = OwnerKey.Generate(_liar.Entropy);
        var own = InviteCode.TryRead(_liar.Code(_liar.Owner, "alice"), out var invite, out _, out _) ? InviteCode.Bind(invite, "alice", _liar.Status.Member!.Key, default) : null;
        var changed = _liar.Removal(_liar.Owner, bob);
        changed.Removal = Google.Protobuf.ByteString.CopyFrom([.. changed.Removal.Span[..^1], (byte)(changed.Removal[^1] ^ 1)]);
        var elsewhere = Removal.Parser.ParseFrom(_liar.Removal(_liar.Owner, bob).Removal);
        elsewhere.Zone = "other.example";
        var answer = _liar.Notice(
            _liar.Removal(mallory, bob), _liar.Removal(mallory, own!), changed, new SignedRemoval(),
            new SignedRemoval { Removal = Google.Protobuf.MessageExtensions.ToByteString(elsewhere), Signature = _liar.Removal(_liar.Owner, bob).Signature });
        Assert.NotNull(answer!.Acknowledgement);
        Assert.Equal("bob", Assert.Single(_liar.Status.Peers).Name);
        Assert.NotNull(_liar.Status.Member);
        Assert.Equal(5, _liar.Status.Counters["removal-not-vouched"]);
    }

    [Fact]
    public void A_refusal_that_says_removed_without_the_owners_word_removes_nobody()
    {
        var real = _liar.Party.OnSignal;
        var own = _liar.Binding(_liar.Owner, "alice", _liar.Status.Member!.Key);
        var forged = _liar.Removal(OwnerKey.Generate(_liar.Entropy), own);
        _liar.Party.OnSignal = (now, tunnel, signal) => signal.RegistrationRequest is null ? real(now, tunnel, signal)
            : new Signal { Refusal = new() { Reason = RefusalReason.RefusalRemoved, Text = "out", Removal = forged } };
        _liar.World.RunFor(TimeSpan.FromMinutes(1));
        Assert.False(_liar.Status.Member!.Registered);
        Assert.True(_liar.Status.Counters["removal-not-vouched"] > 0);
        _liar.Party.OnSignal = real;
        _liar.World.RunFor(TimeSpan.FromMinutes(1));
        Assert.True(_liar.Status.Member!.Registered);
    }

    [Fact]
    public void Removals_without_end_are_remembered_up_to_their_limit()
    {
        Assert.True(InviteCode.TryRead(_liar.Code(_liar.Owner, ""), out var invite, out _, out _));
        var some = InviteCode.Bind(invite, "some", NewKey(), default);
        foreach (var batch in Enumerable.Range(0, Limits.Removals + 40).Chunk(4))
        {
            // Of the same owner, of another invite each; signed once more, since only the owner can.
            _liar.Notice(batch.Select(i => _liar.Owner.Remove(
                new("home.example", Role.Node, "some", _liar.Status.Member!.Key, Google.Protobuf.ByteString.CopyFrom([.. BitConverter.GetBytes(i), .. new byte[28]]), some),
                DateTimeOffset.UnixEpoch)));
        }

        Assert.Equal(40, _liar.Status.Counters["removal-too-many"]);
        Assert.NotNull(_liar.Status.Member);
    }

    [Fact]
    public void A_relay_that_the_owner_does_not_vouch_for_is_not_met()
    {
        _liar.Relays.Add(new RelayServer { Binding = _liar.Binding(OwnerKey.Generate(_liar.Entropy), "rs1", NewKey(), Role.Relay) });
        _liar.Relays.Add(new RelayServer { Binding = _liar.Binding(_liar.Owner, "node", NewKey()) });
        _liar.World.RunFor(TimeSpan.FromSeconds(20));
        Assert.Empty(_liar.Status.Member!.Relays);
        Assert.True(_liar.Status.Counters["registration-relay-not-vouched"] > 1);
    }

    [Fact]
    public void What_is_sent_to_named_victims_stays_within_the_budgets()
    {
        var direction = About(_liar.Binding(_liar.Owner, "bob", NewKey()));
        string[] never = ["127.0.0.1:53", "224.0.0.1:53", "169.254.1.1:53", "198.18.0.9:53", "192.168.1.1:53", "[::1]:53", "[fe80::1]:53"];
        direction.RouteDirection.Candidates.AddRange(never.Select(LyingCoordinator.At));
        for (var i = 1; i <= 40; i++)
        {
            direction.RouteDirection.Candidates.Add(LyingCoordinator.At($"203.0.113.{i}:53"));
        }

        _liar.Direct = _ => direction;
        _liar.Ask("bob.home.example");
        _liar.World.RunFor(TimeSpan.FromSeconds(100));
        var peer = _liar.Status.Peers.Single();
        Assert.Equal(Limits.Candidates - never.Length, peer.Paths.Count);
        var victims = _liar.World.Flow.Steps.Where(s => s.To.StartsWith("203.0.113.", StringComparison.Ordinal)).GroupBy(s => s.To).ToArray();
        Assert.NotEmpty(victims);
        foreach (var to in victims)
        {
            // The first handshake is repeated for 90 s: at most one budget each 10 s.
            Assert.InRange(to.Sum(s => s.Size), 148, 10 * Limits.UnprovenBytes);
        }
    }

    [Fact]
    public void Signals_of_every_kind_with_random_contents_change_nothing()
    {
        var kinds = Signal.Descriptor.Oneofs[0].Fields;
        for (var round = 0; round < 2000; round++)
        {
            var field = kinds[_liar.Entropy.Below(kinds.Count)];
            var body = field.MessageType.Parser.ParseFrom([]);
            foreach (var inner in body.Descriptor.Fields.InDeclarationOrder().Where(f => !f.IsRepeated && _liar.Entropy.Chance(0.7)))
            {
                inner.Accessor.SetValue(body, Random(inner));
            }

            var signal = new Signal { Number = (ulong)_liar.Entropy.Below(3) * (ulong)round, Answer = _liar.Entropy.Chance(0.3) };
            field.Accessor.SetValue(signal, body);
            _liar.Host.Call(now => _liar.Party.Signals.Notify(now, _liar.Party.Tunnels.All.Single(), signal));
            _liar.Host.Call(now => _liar.Party.Signals.Request(now, _liar.Party.Tunnels.All.Single(), signal.Clone(), static (_, _) => { }));
            _liar.World.RunFor(TimeSpan.FromMilliseconds(50));
        }

        Assert.Empty(_liar.Status.Peers);
        Assert.True(_liar.Status.Counters["signal-not-for-a-node"] > 100);
        _liar.World.RunFor(TimeSpan.FromSeconds(40));
        Assert.True(_liar.Status.Member!.Registered);
    }

    private object Random(Google.Protobuf.Reflection.FieldDescriptor field) => field.FieldType switch
    {
        Google.Protobuf.Reflection.FieldType.Bytes => Google.Protobuf.ByteString.CopyFrom(Bytes(_liar.Entropy.Below(70))),
        Google.Protobuf.Reflection.FieldType.String => new string('x', _liar.Entropy.Below(300)),
        Google.Protobuf.Reflection.FieldType.Bool => _liar.Entropy.Chance(0.5),
        Google.Protobuf.Reflection.FieldType.UInt32 or Google.Protobuf.Reflection.FieldType.Fixed32 => (uint)_liar.Entropy.NextWord(),
        Google.Protobuf.Reflection.FieldType.UInt64 or Google.Protobuf.Reflection.FieldType.Fixed64 => _liar.Entropy.NextWord(),
        Google.Protobuf.Reflection.FieldType.Int64 => (long)_liar.Entropy.NextWord(),
        Google.Protobuf.Reflection.FieldType.Enum => (int)_liar.Entropy.Below(13),
        _ => field.MessageType.Parser.ParseFrom([]),
    };

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _liar.Entropy.Fill(bytes);
        return bytes;
    }

    private void Refused(string reason)
    {
        Assert.Equal(NameVerdict.Unreachable, _liar.Ask("bob.home.example").Verdict);
        Assert.Empty(_liar.Status.Peers);
        Assert.True(_liar.Status.Counters[reason] > 0);
    }

    private static Signal About(SignedBinding binding) =>
        new() { RouteDirection = new() { Peer = binding, Begin = true, Verdict = RouteVerdict.RouteDirectOnly, Reason = "because" } };

    [Fact]
    public void A_removal_cuts_a_peer_that_its_invite_binds_under_another_key()
    {
        Assert.True(InviteCode.TryRead(_liar.Code(_liar.Owner, ""), out var invite, out _, out _));
        var wall = _liar.World.Clock.Read(default, default).Wall;
        _liar.Direct = _ => About(InviteCode.Bind(invite, "bob", NewKey(), wall));
        Assert.Equal(NameVerdict.Found, _liar.Ask("nas.bob.home.example").Verdict);
        _liar.Notice(_liar.Removal(_liar.Owner, InviteCode.Bind(invite, "robert", NewKey(), wall)));
        Assert.Empty(_liar.Status.Peers);
    }

    [Fact]
    public void A_name_that_is_gone_leaves_the_devices_other_name()
    {
        var bob = _liar.Binding(_liar.Owner, "bob", NewKey());
        _liar.Direct = name =>
        {
            var about = About(bob);
            about.RouteDirection.Number = 3;
            return about;
        };
        var vip = _liar.Ask("old.bob.home.example").Vip;
        Assert.Equal(vip, _liar.Ask("new.bob.home.example").Vip);
        _liar.World.RunFor(TimeSpan.FromSeconds(31));
        _liar.Direct = _ => new Signal { Refusal = new() { Reason = RefusalReason.RefusalNoSuchName, Text = "no" } };
        Assert.Equal(NameVerdict.NoSuchName, _liar.Ask("old.bob.home.example").Verdict);
        Assert.Equal("new.bob.home.example", _liar.Core.NameOf(vip.ToIPAddress()));
    }
}
