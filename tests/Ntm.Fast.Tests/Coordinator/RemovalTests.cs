using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Fast.Tests.Coordinator;

/// <summary>What a coordinator does with a removal, and whom it tells.</summary>
public sealed class RemovalTests
{
    private readonly Hall _hall = new();

    [Fact]
    public void A_removed_member_is_dropped_with_its_name_devices_and_channels()
    {
        var relay = _hall.Relay("rs1", "203.0.113.20:4916");
        var alice = _hall.Node("alice", "198.51.100.1:1000");
        var bob = _hall.Node("bob", "198.51.100.2:1000");
        alice.Register();
        bob.Register(1, null, ("nas", 1));
        Assert.NotNull(alice.Direction("nas.bob.home.example")!.RouteDirection);
        _hall.Advance(TimeSpan.FromSeconds(1));
        Remove("bob");
        Assert.Equal(["alice", "rs1"], Names());
        Assert.DoesNotContain(_hall.Memory.Keys, k => k.Collection is "binding" or "devices" && k.Key == bob.Key.Public.ToString());
        Assert.DoesNotContain(_hall.Memory.Keys, k => k.Collection == "pair");
        Assert.Contains(relay.Heard, h => h.Signal.RelayPairing is { Lifetime: 0 });
        Assert.Equal(RefusalReason.RefusalNoSuchName, alice.Direction("bob.home.example")!.Refusal.Reason);

        // The name is free, for another key and for another invite.
        Assert.NotNull(_hall.Add("robert", "198.51.100.3:1000").Join(_hall.Invite(), "bob")!.JoinResponse);
        Assert.Equal(["alice", "bob", "rs1"], Names());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_removed_key_is_refused_with_the_owners_word(bool restarted)
    {
        var bob = _hall.Node("bob", "198.51.100.2:1000");
        bob.Register();
        var removal = Remove("bob");
        if (restarted)
        {
            _hall.Restart();
        }

        _hall.Advance(TimeSpan.FromSeconds(1));
        foreach (var answer in (Signal?[])[
            bob.Ask(new Signal { RegistrationRequest = Party.Registration(2) }), bob.Direction("alice.home.example"),
            bob.Ask(new Signal { JoinRequest = new() { Binding = bob.Binding } })])
        {
            Assert.Equal(RefusalReason.RefusalRemoved, answer?.Refusal?.Reason);
            Assert.Equal(removal, answer!.Refusal.Removal);
            Assert.Contains("out of the zone", answer.Refusal.Text, StringComparison.Ordinal);
        }

        Assert.NotNull(bob.Join(_hall.Invite(), "bob")!.JoinResponse);
    }

    [Fact]
    public void Registered_nodes_and_relays_are_told_until_they_acknowledge_and_after_a_restart_again()
    {
        var relay = _hall.Relay("rs1", "203.0.113.20:4916");
        var alice = _hall.Node("alice", "198.51.100.1:1000");
        var late = _hall.Node("late", "198.51.100.3:1000");
        _hall.Node("bob", "198.51.100.2:1000").Register();
        alice.Register();
        var removal = Remove("bob");
        _hall.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal((1, 1, 0), (Told(alice), Told(relay), Told(late)));
        Assert.Equal(removal, Assert.Single(alice.Heard.Select(h => h.Signal.RemovalNotice).OfType<RemovalNotice>()).Removals.Single());
        late.Register();
        _hall.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal((1, 1, 1), (Told(alice), Told(relay), Told(late)));
        _hall.Restart();
        alice.Register(2);
        _hall.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(2, Told(alice));
    }

    [Fact]
    public void A_removal_takes_whom_its_invite_bound_here_under_another_key()
    {
        var invite = _hall.Invite();
        Assert.NotNull(_hall.Add("bob", "198.51.100.2:1000").Join(invite, "bob")!.JoinResponse);
        var elsewhere = InviteCode.Bind(invite, "robert", Ntm.Tunnel.StaticKeyPair.Generate(new HallEntropy("elsewhere")).Public, _hall.Now.Wall);
        Assert.True(BindingCheck.TryVouch(elsewhere, _hall.Owner.Public, Hall.Zone, out var vouched, out _));
        Assert.True(_hall.Core.Remove(_hall.Now, _hall.Owner.Remove(vouched, _hall.Now.Wall)).Done);
        Assert.Empty(Names());
    }

    [Fact]
    public void A_removal_right_after_a_restart_before_the_tunnels_have_begun_again()
    {
        for (var i = 0; i < 5; i++)
        {
            _hall.Node($"node{i}", $"198.51.100.{i + 1}:1000").Register();
        }

        _hall.Advance(TimeSpan.FromSeconds(12));
        _hall.Restart();
        Remove("node4");
        _hall.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(4, Names().Length);
    }

    [Fact]
    public void Many_removals_go_in_datagrams_that_fit()
    {
        for (var i = 0; i < 12; i++)
        {
            _hall.Node($"node{i}", $"198.51.100.{i + 1}:1000");
            Remove($"node{i}");
        }

        var alice = _hall.Node("alice", "198.51.100.99:1000");
        alice.Register();
        _hall.Advance(TimeSpan.FromSeconds(20));
        var notices = alice.Heard.Select(h => h.Signal).Where(s => s.RemovalNotice is not null).ToArray();
        Assert.Equal(12, notices.Sum(n => n.RemovalNotice.Removals.Count));
        Assert.All(notices, n => Assert.InRange(n.CalculateSize(), 1, Limits.SignalBytes));
        Assert.InRange(notices.Length, 2, 4);
    }

    [Fact]
    public void One_that_refuses_or_is_silent_does_not_hold_up_others()
    {
        var mute = _hall.Node("mute", "198.51.100.1:1000");
        var alice = _hall.Node("alice", "198.51.100.2:1000");
        mute.Register();
        alice.Register();
        mute.Answering = _ => new Signal { Refusal = new() { Reason = RefusalReason.RefusalNotPermitted, Text = "no" } };
        _hall.Node("bob", "198.51.100.3:1000");
        Remove("bob");
        _hall.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal((1, 1), (Told(alice), Told(mute)));
        Assert.Equal(1, _hall.Counted("removal-notice-refused"));
        _hall.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(1, Told(mute));
    }

    [Fact]
    public void A_removal_that_is_not_the_owners_is_refused_and_kept_ones_are_checked()
    {
        _hall.Node("bob", "198.51.100.2:1000");
        var member = Member("bob");
        var forged = OwnerKey.Generate(new HallEntropy("other")).Remove(member, _hall.Now.Wall);
        Assert.False(_hall.Core.Remove(_hall.Now, forged).Done);
        Assert.Equal(1, _hall.Counted("removal-not-vouched"));
        _hall.Memory[("removal", "forged")] = Google.Protobuf.MessageExtensions.ToByteArray(forged);
        _hall.Memory[("removal", "damaged")] = [0xFF];
        _hall.Restart();
        Assert.Equal(["bob"], Names());
        Assert.Equal(2, _hall.Counted("removal-entry-unreadable"));
    }

    private SignedRemoval Remove(string name)
    {
        var removal = _hall.Owner.Remove(Member(name), _hall.Now.Wall);
        var (done, sentence) = _hall.Core.Remove(_hall.Now, removal);
        Assert.True(done, sentence);
        Assert.False(_hall.Core.Remove(_hall.Now, removal).Done);
        _hall.RunUntil(() => true, TimeSpan.Zero);
        return removal;
    }

    private VouchedBinding Member(string name)
    {
        var member = _hall.Core.Describe(_hall.Now).Members.Single(m => m.Name == name);
        Assert.True(BindingCheck.TryVouch(member.Binding, _hall.Owner.Public, Hall.Zone, out var vouched, out _));
        return vouched;
    }

    private string[] Names() => [.. _hall.Core.Describe(_hall.Now).Members.Select(m => m.Name)];

    private static int Told(Party party) => party.Heard.Count(h => h.Signal.RemovalNotice is not null);
}
