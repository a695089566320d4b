using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Fast.Tests.Relay;

/// <summary>Channel leases and pairings: what a coordinator may do, and what nobody may.</summary>
public sealed class LeaseTests
{
    private readonly RelayBench _bench = new RelayBench(coordinators: 2).Joined();
    private readonly PublicKey _a = new([.. Enumerable.Repeat((byte)1, 32)]), _b = new([.. Enumerable.Repeat((byte)2, 32)]);

    [Fact]
    public void Blocks_are_unique_on_the_relay_whoever_asks_and_never_hold_channel_0()
    {
        var seen = new HashSet<uint>();
        for (var i = 0; i < 10; i++)
        {
            var lease = _bench.Lease(i % 2, (uint)(i + 1) * 50);
            Assert.Equal(Math.Min((uint)(i + 1) * 50, 256), lease.Count);
            Assert.Equal(48u * 3600, lease.Lifetime);
            for (var channel = lease.First; channel < lease.First + lease.Count; channel++)
            {
                Assert.True(seen.Add(channel));
                Assert.InRange(channel, 1u, Limits.ChannelLast);
            }
        }
    }

    [Fact]
    public void A_coordinator_cannot_take_all_there_is()
    {
        for (var i = 0; i < 1024; i++)
        {
            Assert.NotNull(_bench.Lease());
        }

        var refused = _bench.Ask(_bench.Coordinators[0], new Signal { ChannelLeaseRequest = new ChannelLeaseRequest { Count = 1 } });
        Assert.Equal(RefusalReason.RefusalBusy, refused!.Refusal.Reason);
        Assert.NotNull(_bench.Lease(coordinator: 1));
        Assert.Equal(1, _bench.Count("relay-lease-refused"));
    }

    [Fact]
    public void A_lease_of_nothing_is_malformed_and_a_node_leases_nothing()
    {
        var zero = _bench.Ask(_bench.Coordinators[0], new Signal { ChannelLeaseRequest = new ChannelLeaseRequest { Count = 0 } });
        Assert.Equal(RefusalReason.RefusalMalformed, zero!.Refusal.Reason);
        var alice = _bench.Node("alice").Registered();
        var answer = _bench.Ask(alice.At, new Signal { ChannelLeaseRequest = new ChannelLeaseRequest { Count = 1 } });
        Assert.Equal(RefusalReason.RefusalNotPermitted, answer!.Refusal.Reason);
        answer = _bench.Ask(alice.At, new Signal
        {
            RelayPairing = new RelayPairing { ChannelA = 256, ChannelB = 257, KeyA = Ntm.Signalling.Wire.ToWire(_a), KeyB = Ntm.Signalling.Wire.ToWire(_b), Lifetime = 60 },
        });
        Assert.Equal(RefusalReason.RefusalNotPermitted, answer!.Refusal.Reason);
        Assert.Empty(_bench.Core.Describe(_bench.RelayHost.Now).Legs);
    }

    [Fact]
    public void A_coordinator_pairs_only_what_it_leased_and_only_sense()
    {
        var mine = _bench.Lease(0).First;
        var others = _bench.Lease(1).First;
        Assert.Equal(RefusalReason.RefusalNotPermitted, _bench.Pair(mine, _a, others, _b)!.Refusal.Reason);
        Assert.Equal(RefusalReason.RefusalNotPermitted, _bench.Pair(others, _a, others + 1, _b)!.Refusal.Reason);
        Assert.Equal(RefusalReason.RefusalNotPermitted, _bench.Pair(0, _a, mine, _b)!.Refusal.Reason);
        Assert.Equal(RefusalReason.RefusalNotPermitted, _bench.Pair(uint.MaxValue, _a, 0x1_0000_0u << 4, _b)!.Refusal.Reason);
        Assert.Equal(RefusalReason.RefusalMalformed, _bench.Pair(mine, _a, mine, _b)!.Refusal.Reason);
        Assert.Equal(RefusalReason.RefusalMalformed, _bench.Pair(mine, _a, mine + 1, _a)!.Refusal.Reason);
        Assert.Equal(RefusalReason.RefusalMalformed, _bench.Pair(mine, _a, mine + 1, _bench.RelayKey.Public)!.Refusal.Reason);
        Assert.Equal(4, _bench.Count("relay-pairing-not-leased"));
        Assert.Equal(3, _bench.Count("relay-pairing-malformed"));
        Assert.Empty(_bench.Core.Describe(_bench.RelayHost.Now).Legs);
        Assert.NotNull(_bench.Pair(mine, _a, mine + 1, _b)!.Acknowledgement);
        Assert.Equal(2, _bench.Core.Describe(_bench.RelayHost.Now).Legs.Count);
    }

    [Fact]
    public void A_pairing_is_refreshed_replaced_and_taken_away()
    {
        var first = _bench.Lease().First;
        _bench.Pair(first, _a, first + 1, _b, lifetime: 60);
        _bench.World.RunFor(TimeSpan.FromSeconds(50));
        _bench.Pair(first, _a, first + 1, _b, lifetime: 60);
        _bench.World.RunFor(TimeSpan.FromSeconds(50));
        Assert.NotNull(_bench.Leg(first));

        _bench.Pair(first, _b, first + 2, _a);
        Assert.Equal(_b, _bench.Leg(first)!.Key);
        Assert.Equal(_a, _bench.Leg(first + 2)!.Key);
        Assert.Null(_bench.Leg(first + 1));

        _bench.Pair(first, _b, first + 1, _a, lifetime: 0);   // not that pairing
        Assert.NotNull(_bench.Leg(first));
        _bench.Pair(first, _b, first + 2, _a, lifetime: 0);
        Assert.Null(_bench.Leg(first));
        Assert.Null(_bench.Leg(first + 2));
        Assert.Equal(0, _bench.Kept("relay-pairings"));
    }

    [Fact]
    public void Pairings_end_with_their_time_and_with_their_lease()
    {
        var first = _bench.Lease().First;
        _bench.Pair(first, _a, first + 1, _b, lifetime: 60);
        _bench.Pair(first + 2, _a, first + 3, _b, lifetime: uint.MaxValue);
        _bench.World.RunFor(TimeSpan.FromSeconds(59));
        Assert.NotNull(_bench.Leg(first));
        _bench.World.RunFor(TimeSpan.FromSeconds(2));
        Assert.Null(_bench.Leg(first));

        // From here by hand-held time: two days of announcements would only be slow.
        var now = _bench.RelayHost.Now;
        _bench.Core.HandleTimeout(now with { Boot = now.Boot + TimeSpan.FromHours(48) - TimeSpan.FromMinutes(5) });
        Assert.NotNull(_bench.Leg(first + 2));
        _bench.Core.HandleTimeout(now with { Boot = now.Boot + TimeSpan.FromHours(48) });
        Assert.Null(_bench.Leg(first + 2));
        Assert.Equal(0, _bench.Core.Describe(now).LeasedChannels);
        _bench.Drain();
        Assert.Equal(0, _bench.Kept("relay-leases") + _bench.Kept("relay-pairings"));
    }
}
