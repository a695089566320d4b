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
        Google.Protobuf.Reflection.FieldType.UInt32 => (uint)_liar.Entropy.NextWord(),
        Google.Protobuf.Reflection.FieldType.UInt64 or Google.Protobuf.Reflection.FieldType.Fixed64 => _liar.Entropy.NextWord(),
        Google.Protobuf.Reflection.FieldType.Int64 => (long)_liar.Entropy.NextWord(),
        Google.Protobuf.Reflection.FieldType.Enum => (int)_liar.Entropy.Below(12),
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
}
