using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Fast.Tests.Coordinator;

/// <summary>What a node may have its coordinator say that it saw: addresses where it shows to have been reached, and no others.</summary>
public sealed class SightProofTests
{
    private const string Tunnels = "198.51.100.1:41000";
    private const string Other = "203.0.113.77:50000";
    private const string Victims = "192.0.2.99:50000";

    private readonly Hall _hall = new();
    private readonly Party _alice, _bob;
    private ulong _generation = 1;

    public SightProofTests()
    {
        _alice = _hall.Node("alice", Tunnels);
        _bob = _hall.Node("bob", "198.51.100.2:41000");
        _alice.Register(_generation);
        _bob.Register(1, [Hall.Candidate(CandidateKind.CandidateLocal, "198.51.100.2:41000")]);
    }

    [Fact]
    public void An_address_where_the_node_heard_the_reply_is_told_to_peers_as_seen()
    {
        Claim(Other, Proof(Other, isHeard: true));
        Assert.Equal([Hall.Address(Tunnels), Hall.Address(Other)], Seen());
    }

    [Fact]
    public void A_forged_source_is_told_to_nobody_whatever_is_claimed_of_it()
    {
        Assert.Equal(0ul, Proof(Victims, isHeard: false)); // the reply went to the victim
        for (var guess = 0ul; guess < 20; guess++)
        {
            Claim(Victims, guess);
        }

        Claim(Victims, Proof(Other, isHeard: true));   // that of another address
        Claim(Other, Proof(Other, isHeard: true), _bob); // that of another node
        Claim(Victims, 0);
        Assert.Equal([Hall.Address(Tunnels)], Seen());
        Assert.Equal(23, _hall.Counted("candidate-not-proven"));
    }

    [Fact]
    public void A_proof_is_good_for_some_minutes()
    {
        var proof = Proof(Other, isHeard: true);
        _hall.Advance(2 * Limits.SightProofPeriod);
        Claim(Other, proof);
        _bob.Register(++_generation, [Hall.Candidate(CandidateKind.CandidateLocal, "198.51.100.2:41000")]);
        Assert.Equal([Hall.Address(Tunnels)], Seen());
    }

    [Fact]
    public void The_next_registration_without_it_takes_it_away()
    {
        Claim(Other, Proof(Other, isHeard: true));
        _alice.Register(++_generation);
        Assert.Equal([Hall.Address(Tunnels)], Seen());
    }

    [Fact]
    public void What_is_to_go_elsewhere_or_later_carries_no_proof()
    {
        var other = _hall.Add("another", "198.51.100.1:7777");
        Assert.Equal(0ul, Proof(Tunnels, isHeard: true, new() { Port = 41_000 }));
        Assert.DoesNotContain(other.Heard, h => h.Signal.PathCheckReply is { Proof: not 0 });
    }

    // What alice hears of her check from that address; 0: nothing.
    private ulong Proof(string from, bool isHeard, ReplyWish? wish = null)
    {
        _alice.Heard.Clear();
        _alice.Address = Hall.Address(from);
        _alice.Signals.Notify(_hall.Now, _alice.Tunnel, new Signal { PathCheck = new() { Id = 7, Padding = ByteString.CopyFrom(new byte[32]), Reply = wish } });
        var carried = false;
        _hall.RunUntil(() => carried, TimeSpan.Zero);
        if (!isHeard)
        {
            _alice.Heard.Clear();
        }

        _alice.Address = Hall.Address(Tunnels);
        return _alice.Heard.Select(h => h.Signal.PathCheckReply).OfType<PathCheckReply>().LastOrDefault()?.Proof ?? 0;
    }

    private void Claim(string address, ulong proof, Party? by = null)
    {
        var claim = Hall.Candidate(CandidateKind.CandidateMappedAtCoordinator, address, uplink: 1);
        claim.Proof = proof;
        (by ?? _alice).Register(++_generation, [claim, Hall.Candidate(CandidateKind.CandidateLocal, (by ?? _alice).Address.ToString())]);
    }

    private IEnumerable<RealAddress> Seen() => _bob.Direction("alice.home.example")!.RouteDirection.Candidates
        .Where(c => c.Kind == CandidateKind.CandidateMappedAtCoordinator).Select(c => c.Endpoint.TryRead(out var address) ? address : default);
}
