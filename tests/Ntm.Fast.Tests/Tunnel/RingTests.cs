using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>The ring of what was sealed lately: its bytes, its order, its limits.</summary>
public sealed class RingTests : IDisposable
{
    private readonly TunnelTable _table = new(StaticKeyPair.Generate(new SeededEntropy(1)), new SeededEntropy(2), new Outbox());
    private readonly Keypair _keypair = new(CipherSuite.ChaCha20Poly1305, new byte[32], new byte[32], 1, 2, true, default, new(64, 1, AesGcmSource.Library));
    private readonly RingRoom _room = new();
    private ulong _peers = 10;
    private TimeSpan _boot = TimeSpan.FromHours(1);
    private ulong _counter;

    public void Dispose() => _keypair.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_kept_is_as_it_was_through_wrapping_growing_and_halving(int seed)
    {
        var dice = new Random(seed);
        var (ring, tunnel) = Make();
        var model = new Dictionary<long, byte[]>();
        for (var i = 0; i < 60_000; i++)
        {
            var bytes = new byte[dice.Next(32, 1500)];
            dice.NextBytes(bytes);
            var number = Add(ring, bytes);
            Assert.Equal(i, number);
            model[number] = bytes;
            model.Remove(ring.First - 1);
            _boot += TimeSpan.FromMicroseconds(dice.Next(seed * 400));
            if (dice.Next(20) == 0)
            {
                ring[dice.NextInt64(ring.First, ring.Next)].IsSettled = true;
            }

            if (dice.Next(3000) == 0)
            {
                ring.TryHalve();
            }

            if (i % 500 == 0)
            {
                for (var kept = ring.First; kept < ring.Next; kept++)
                {
                    Assert.Equal(model[kept], ring.Bytes(kept));
                }

                var unsettled = ring.OldestUnsettled();
                Assert.True(unsettled == ring.Next || !ring[unsettled].IsSettled);
                Assert.True(ring.Bytes(ring.First - 1).IsEmpty && ring.Bytes(ring.Next).IsEmpty);
                Assert.True(ring.Capacity <= Limits.RingBytes && ring.Capacity == _room.Bytes);
            }
        }

        ring.Release();
        Assert.Equal((0, 0L), (_room.Bytes, ring.Next - ring.First));
        Assert.True(tunnel.LostBeyondRing + tunnel.UnacknowledgedInTime > 0);
    }

    [Fact]
    public void Age_makes_it_give_way_but_not_while_it_is_sent_again()
    {
        var (ring, tunnel) = Make();
        Add(ring, new byte[100]);
        ring.IsHeld = true;
        _boot += TimeSpan.FromSeconds(3);
        ring.Expire(_boot);
        Assert.Equal(1, ring.Next - ring.First);
        ring.IsHeld = false;
        ring[0].Went = _boot; // it went out again just now
        ring.Expire(_boot);
        Assert.Equal(1, ring.Next - ring.First);
        _boot += TimeSpan.FromSeconds(3);
        ring[0].Went = _boot; // however often
        ring.Expire(_boot);
        Assert.Equal((0L, 1L, 0L), (ring.Next - ring.First, tunnel.UnacknowledgedInTime, tunnel.LostBeyondRing));
    }

    [Fact]
    public void All_rings_together_have_a_limit_and_who_has_much_gives()
    {
        var rings = new List<Ring>();
        for (var i = 0; i < 10; i++)
        {
            var (ring, _) = Make();
            rings.Add(ring);
            for (var n = 0; n < 2 * Limits.RingBytes / 1400; n++)
            {
                Assert.True(Add(ring, new byte[1400]) >= 0);
            }

            _boot += TimeSpan.FromMilliseconds(10);
            Assert.InRange(_room.Bytes, 1, Limits.RingBytesInAll);
        }

        Assert.All(rings, ring => Assert.True(ring.Capacity >= Limits.RingBytes / 2));
        Assert.Equal(_room.Bytes, rings.Sum(ring => ring.Capacity));
        rings.ForEach(ring => ring.Release());
        Assert.Equal(0, _room.Bytes);
    }

    [Fact]
    public void Where_all_room_is_taken_by_those_that_send_again_nothing_is_kept()
    {
        for (var i = 0; i < Limits.RingBytesInAll / Limits.RingBytes; i++)
        {
            var (ring, _) = Make();
            for (var n = 0; n < Limits.RingBytes / 1000; n++)
            {
                Add(ring, new byte[1000]);
            }

            ring.IsHeld = true;
        }

        var (last, tunnel) = Make();
        Assert.Equal(Limits.RingBytesInAll, _room.Bytes);
        Assert.Equal(-1, Add(last, new byte[1000]));
        Assert.Equal((0, 0L), (last.Capacity, tunnel.LostBeyondRing));
    }

    [Fact]
    public void Tiny_datagrams_are_bounded_too()
    {
        var (ring, _) = Make();
        for (var i = 0; i < 200_000; i++)
        {
            Add(ring, new byte[32]);
        }

        Assert.InRange(ring.Next - ring.First, 60_000, 66_000);
    }

    private (Ring Ring, Tunnel.Tunnel Tunnel) Make()
    {
        var tunnel = _table.Add(StaticKeyPair.Generate(new SeededEntropy(_peers++)).Public, TunnelKind.Ntm);
        return (new Ring(_room, tunnel), tunnel);
    }

    private long Add(Ring ring, byte[] bytes)
    {
        var number = ring.Add(_boot, _keypair, _counter++, bytes.Length);
        bytes.CopyTo(ring.Bytes(number < 0 ? ring.Next : number) is { IsEmpty: false } room ? room : new byte[bytes.Length]);
        return number;
    }
}
