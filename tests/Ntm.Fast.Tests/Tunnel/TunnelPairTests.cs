using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>Two tables and a wire.</summary>
public sealed class TunnelPairTests
{
    public static TheoryData<TunnelKind, bool> Kinds => new() { { TunnelKind.Ntm, false }, { TunnelKind.Ntm, true }, { TunnelKind.Stock, false }, { TunnelKind.Stock, true } };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Either_side_begins_and_data_goes_both_ways(TunnelKind kind, bool aBegins)
    {
        var key = new byte[32];
        key.AsSpan().Fill(7);
        var rig = new TunnelRig(kind, aBegins ? key : null);
        var (party, tunnel) = aBegins ? (rig.A, rig.AtoB) : (rig.B, rig.BtoA);
        party.Table.Begin(rig.Now, tunnel);
        rig.Run(1);
        Assert.True(rig.AtoB.IsEstablished && rig.BtoA.IsEstablished);
        Assert.Equal(3, rig.Log.Count);
        Assert.Equal([TunnelMessage.InitiationSize, TunnelMessage.ResponseSize, TunnelMessage.TransportOverhead], rig.Log.ConvertAll(s => s.Bytes.Length));
        Assert.Equal(TunnelChange.Established, Assert.Single(rig.A.Changes).Change);
        Assert.Equal(TunnelChange.Established, Assert.Single(rig.B.Changes).Change);

        Assert.Equal(Disposition.ToWire, rig.A.Seal(rig.AtoB, TunnelRig.IPv4(100)));
        Assert.Equal(Disposition.ToWire, rig.B.Seal(rig.BtoA, TunnelRig.IPv6(101)));
        rig.Run(1);
        Assert.Equal(TunnelRig.IPv4(100), Assert.Single(rig.B.Data));
        Assert.Equal(TunnelRig.IPv6(101), Assert.Single(rig.A.Data));
        Assert.Empty(rig.A.Table.Counters.All);
        Assert.Empty(rig.B.Table.Counters.All);
    }

    [Fact]
    public void A_different_pre_shared_key_makes_no_tunnel()
    {
        var rig = new TunnelRig();
        rig.A.Table.Remove(rig.AtoB);
        rig.AtoB = rig.A.Table.Add(rig.B.Public, TunnelKind.Ntm, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32 });
        rig.AtoB.SendPath = rig.B.Path;
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(1);
        Assert.False(rig.AtoB.IsEstablished);
        Assert.True(rig.A.Table.Counters[TunnelRefusals.Forged] > 0);
        Assert.True(rig.AtoB.IsHandshakeUnderWay);
    }

    [Fact]
    public void Every_length_is_padded_to_sixteen_but_not_beyond_the_mtu_and_comes_out_as_it_was()
    {
        var rig = new TunnelRig().Established();
        rig.AtoB.Mtu = Limits.MtuInside;
        for (var length = 20; length <= 1500; length++)
        {
            rig.B.Data.Clear();
            rig.Log.Clear();
            var inner = (length & 1) == 0 || length < 40 ? TunnelRig.IPv4(length) : TunnelRig.IPv6(length);
            rig.A.Seal(rig.AtoB, inner);
            var inside = rig.Log[0].Bytes.Length - TunnelMessage.TransportOverhead;
            Assert.True(inside >= length && inside - length < 16);
            Assert.True(inside % 16 == 0 || inside == Math.Max(length, Limits.MtuInside), $"{length} was padded to {inside}");
            rig.Run(0.02);
            Assert.Equal(inner, Assert.Single(rig.B.Data));
        }
    }

    [Fact]
    public void What_is_staged_goes_first_and_in_order_when_the_tunnel_stands()
    {
        var rig = new TunnelRig();
        for (byte i = 0; i < 10; i++)
        {
            Assert.Equal(Disposition.Drop, rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60, i)));
        }

        Assert.Equal(10, rig.AtoB.Staged);
        rig.Run(1);
        Assert.Equal(0, rig.AtoB.Staged);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], rig.B.Data.ConvertAll(d => (int)d[30]));
        // The staged packets confirm: no keep-alive of its own.
        Assert.Equal(10, rig.Of(rig.A, TunnelMessage.Transport).Count);
    }

    [Fact]
    public void What_the_responder_staged_waits_for_the_confirmation()
    {
        var rig = new TunnelRig();
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Fate = sent => sent.Type == TunnelMessage.Transport ? null : TimeSpan.Zero;
        rig.Run(0.05);
        Assert.True(rig.AtoB.IsEstablished);
        Assert.Equal(Disposition.Drop, rig.B.Seal(rig.BtoA, TunnelRig.IPv4(60)));
        rig.Run(0.05);
        Assert.False(rig.BtoA.IsEstablished);
        Assert.Empty(rig.Of(rig.B, TunnelMessage.Transport));
        // And no second handshake for it, either.
        Assert.Empty(rig.Of(rig.B, TunnelMessage.Initiation));

        rig.Fate = _ => TimeSpan.Zero;
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(61));
        rig.Run(0.05);
        Assert.True(rig.BtoA.IsEstablished);
        Assert.Equal(TunnelRig.IPv4(60), Assert.Single(rig.A.Data));
    }

    [Fact]
    public void A_lost_confirmation_heals()
    {
        var rig = new TunnelRig();
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(60));
        // B (the higher key) began; A's response is answered by a confirmation that is lost with all else for two seconds.
        rig.Fate = sent => sent.Type == TunnelMessage.Transport && sent.At < TunnelRig.Seconds(3602) ? null : TimeSpan.Zero;
        rig.Run(1);
        Assert.False(rig.AtoB.IsEstablished);
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(64));
        rig.Run(20);
        Assert.True(rig.AtoB.IsEstablished);
        Assert.Equal(TunnelRig.IPv4(64), rig.B.Data[^1]);
        Assert.Equal(0, rig.AtoB.Staged);
    }

    [Fact]
    public void Data_goes_on_through_every_rekey()
    {
        var rig = new TunnelRig().Established();
        for (var i = 0; i < 600; i++)
        {
            Assert.Equal(Disposition.ToWire, rig.A.Seal(rig.AtoB, TunnelRig.IPv4(80)));
            Assert.Equal(Disposition.ToWire, rig.B.Seal(rig.BtoA, TunnelRig.IPv4(80)));
            rig.Run(1);
        }

        Assert.Equal(600, rig.A.Data.Count);
        Assert.Equal(600, rig.B.Data.Count);
        // One handshake each two minutes, by the side that began.
        Assert.InRange(rig.A.Changes.Count, 5, 6);
        Assert.Empty(rig.Of(rig.B, TunnelMessage.Initiation));
        Assert.True(rig.A.Table.Receivers <= 4 && rig.B.Table.Receivers <= 4);
    }

    [Theory]
    [InlineData(TunnelKind.Ntm, 1)]
    [InlineData(TunnelKind.Ntm, 2)]
    [InlineData(TunnelKind.Ntm, 3)]
    [InlineData(TunnelKind.Stock, 4)]
    [InlineData(TunnelKind.Stock, 5)]
    public void A_lossy_reordering_duplicating_wire_costs_packets_but_no_tunnel(TunnelKind kind, ulong seed)
    {
        var dice = new Ntm.Simulation.SeededEntropy(seed);
        var roll = new byte[2];
        var rig = new TunnelRig(kind, seed: seed);
        rig.Fate = sent =>
        {
            dice.Fill(roll);
            return roll[0] < 75 ? null : TimeSpan.FromMilliseconds(roll[1]);
        };
        for (var i = 0; i < 3000; i++)
        {
            rig.A.Seal(rig.AtoB, TunnelRig.IPv4(80));
            rig.B.Seal(rig.BtoA, TunnelRig.IPv6(80));
            rig.Run(0.2);
        }

        Assert.True(rig.AtoB.IsEstablished && rig.BtoA.IsEstablished);
        Assert.DoesNotContain(TunnelChange.GaveUp, rig.A.Changes.ConvertAll(c => c.Change));
        Assert.InRange(rig.A.Data.Count, 1800, 2700);
        Assert.InRange(rig.B.Data.Count, 1800, 2700);
        Assert.Equal(0, rig.A.Table.Counters[TunnelRefusals.Forged] + rig.B.Table.Counters[TunnelRefusals.Forged]);
        Assert.True(rig.A.Table.Receivers <= 4 && rig.B.Table.Receivers <= 4);
    }

    [Fact]
    public void A_restarted_peer_is_found_again_by_whoever_sends()
    {
        var rig = new TunnelRig().Established();
        // B loses its keys. A goes on sending into the void for 15 s, then begins again.
        rig.B.Table.Remove(rig.BtoA);
        rig.BtoA = rig.B.Table.Add(rig.A.Public, TunnelKind.Ntm);
        for (var i = 0; i < 18; i++)
        {
            rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
            rig.Run(1);
        }

        Assert.True(rig.BtoA.IsEstablished);
        Assert.InRange(rig.B.Table.Counters[TunnelRefusals.UnknownReceiver], 14, 16);
        Assert.NotEmpty(rig.B.Data);
    }

    [Fact]
    public void Two_idle_ends_fall_silent()
    {
        var rig = new TunnelRig().Established();
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(60);
        // B owes one keep-alive for the packet; it is not answered.
        Assert.Single(rig.Of(rig.B, TunnelMessage.Transport));
        var before = rig.Log.Count;
        rig.Run(3600);
        Assert.Equal(before, rig.Log.Count);
        Assert.Equal(TimeSpan.MaxValue, rig.A.Table.NextDeadline);
        Assert.Equal(TimeSpan.MaxValue, rig.B.Table.NextDeadline);
    }

    [Fact]
    public void A_window_apart_is_replay_and_within_it_is_not()
    {
        var rig = new TunnelRig(replayWindow: 128).Established();
        var held = new List<byte[]>();
        rig.Fate = sent =>
        {
            held.Add(sent.Bytes);
            return null;
        };
        for (var i = 0; i < 200; i++)
        {
            rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        }

        Assert.Equal(OpenVerdict.Data, rig.B.Take(rig.A.Path, held[199]));
        Assert.Equal(OpenVerdict.Refused, rig.B.Take(rig.A.Path, held[199]));
        Assert.Equal(OpenVerdict.Data, rig.B.Take(rig.A.Path, held[199 - 127]));
        Assert.Equal(OpenVerdict.Refused, rig.B.Take(rig.A.Path, held[199 - 128]));
        Assert.Equal(2, rig.B.Table.Counters[TunnelRefusals.Replayed]);
    }
}
