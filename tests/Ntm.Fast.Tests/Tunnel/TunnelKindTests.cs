using Ntm.Protocol;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>What docs/protocol.md section 1 says of NTM tunnels and of stock peers: who begins, candidates, repeats, channels, roaming.</summary>
public sealed class TunnelKindTests
{
    [Fact]
    public void When_both_begin_the_lower_keys_initiation_wins()
    {
        var rig = new TunnelRig();
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(61));
        rig.Run(1);
        // A ignored B's, B answered A's; one key, no further handshakes, both sides' packets arrived.
        Assert.Empty(rig.Of(rig.A, TunnelMessage.Response));
        Assert.Single(rig.Of(rig.B, TunnelMessage.Response));
        Assert.Equal(1, rig.A.Table.Counters[TunnelRefusals.Tie]);
        Assert.Single(rig.A.Data);
        Assert.Single(rig.B.Data);
        Assert.True(rig.AtoB.Current!.IsInitiator);
        Assert.False(rig.BtoA.Current!.IsInitiator);
        rig.Run(100);
        Assert.Single(rig.A.Changes);
        Assert.Single(rig.B.Changes);
    }

    [Fact]
    public void A_higher_key_is_heard_even_where_the_lower_keys_initiation_goes_astray()
    {
        var rig = new TunnelRig();
        // A knows a dead address only; B knows A's.
        Assert.True(RealAddress.TryParse("203.0.113.99:1", out var dead));
        rig.AtoB.SendPath = new WirePath(0, dead, 0);
        rig.Fate = sent => sent.Path.Remote == dead ? null : TimeSpan.Zero;
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(0.1);
        rig.B.Table.Begin(rig.Now, rig.BtoA);
        rig.Run(0.1);
        // A sent its own initiation to where B was heard from, and B answered it.
        Assert.True(rig.AtoB.IsEstablished);
        Assert.True(rig.BtoA.IsEstablished);
    }

    [Fact]
    public void Two_stock_ends_that_begin_together_come_together()
    {
        var rig = new TunnelRig(TunnelKind.Stock);
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(61));
        rig.Run(10);
        Assert.True(rig.AtoB.IsEstablished && rig.BtoA.IsEstablished);
        Assert.Single(rig.A.Data);
        Assert.Single(rig.B.Data);
    }

    [Fact]
    public void An_initiation_goes_out_on_all_candidates_at_once_and_each_copy_gets_the_same_response_where_it_came_from()
    {
        var rig = new TunnelRig();
        var relay = Address("203.0.113.7:4916");
        rig.AtoB.SendPath = default;
        rig.AtoB.Candidates.Add(rig.B.Path);
        rig.AtoB.Candidates.Add(new WirePath(0, relay, 77));
        rig.AtoB.Candidates.Add(rig.B.Path);
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(0.5);

        var initiations = rig.Of(rig.A, TunnelMessage.Initiation);
        Assert.Equal(2, initiations.Count);
        Assert.Equal(77u, TunnelMessage.ReadChannel(initiations[1].Bytes));
        Assert.Equal(initiations[0].Bytes.AsSpan(4).ToArray(), initiations[1].Bytes.AsSpan(4).ToArray());

        var responses = rig.Of(rig.B, TunnelMessage.Response);
        Assert.Equal(2, responses.Count);
        Assert.Equal([0u, 77u], responses.ConvertAll(s => s.Path.Channel));
        Assert.Equal(responses[0].Bytes.AsSpan(4).ToArray(), responses[1].Bytes.AsSpan(4).ToArray());
        Assert.Equal(1, rig.A.Table.Counters[TunnelRefusals.LateResponse]);

        // None was set: the path of the handshake is taken.
        Assert.Equal(rig.B.Path, rig.AtoB.SendPath);
    }

    [Fact]
    public void A_candidate_is_asked_for_leave_and_one_added_later_is_tried_at_the_next_begin()
    {
        var rig = new TunnelRig { Fate = _ => null };
        var (refused, late) = (new WirePath(0, Address("203.0.113.7:1"), 0), new WirePath(0, Address("203.0.113.7:2"), 0));
        var asked = new List<(WirePath, int)>();
        rig.AtoB.Candidates.Add(refused);
        rig.AtoB.MaySend = (_, path, bytes) =>
        {
            asked.Add((path, bytes));
            return path != refused;
        };
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Drain();
        Assert.Equal([(rig.AtoB.SendPath, TunnelMessage.InitiationSize), (refused, TunnelMessage.InitiationSize)], asked);
        Assert.Single(rig.Log);

        rig.AtoB.Candidates.Add(late);
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Drain();
        Assert.Equal(2, rig.Log.Count);
        Assert.Equal(late, rig.Log[1].Path);
        Assert.Equal(rig.Log[0].Bytes, rig.Log[1].Bytes);
    }

    [Fact]
    public void A_lost_initiation_costs_a_quarter_of_a_second()
    {
        var rig = new TunnelRig();
        rig.Fate = sent => rig.Log.Count == 1 ? null : TimeSpan.Zero;
        var begun = rig.Boot;
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(1);
        Assert.Equal(begun + TunnelRig.Seconds(0.25) + (2 * rig.Latency), rig.A.Changes[0].At);
    }

    [Fact]
    public void A_lost_response_is_sent_again_for_the_same_initiation_without_a_second_key()
    {
        var rig = new TunnelRig();
        rig.Fate = sent => sent.Type == TunnelMessage.Response && rig.Log.Count == 2 ? null : TimeSpan.Zero;
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(1);
        Assert.True(rig.BtoA.IsEstablished);
        var responses = rig.Of(rig.B, TunnelMessage.Response);
        Assert.Equal(2, responses.Count);
        Assert.Equal(responses[0].Bytes, responses[1].Bytes);
        Assert.Equal(1, rig.B.Table.Receivers);
    }

    [Fact]
    public void A_copy_that_comes_after_5_s_is_a_replay()
    {
        var rig = new TunnelRig().Established();
        var initiation = rig.Log[0].Bytes;
        Assert.Equal(OpenVerdict.Handshake, rig.B.Take(rig.A.Path, initiation));
        rig.Run(5);
        Assert.Equal(OpenVerdict.Refused, rig.B.Take(rig.A.Path, initiation));
        Assert.Equal(1, rig.B.Table.Counters[TunnelRefusals.ReplayedInitiation]);
        Assert.True(rig.BtoA.IsEstablished);
    }

    [Fact]
    public void Everything_through_a_relay_bears_the_channel()
    {
        var rig = new TunnelRig();
        rig.AtoB.SendPath = rig.B.Path with { Channel = 0x123456 };
        rig.BtoA.SendPath = default;
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(1);
        Assert.Single(rig.B.Data);
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(61));
        rig.Run(1);
        Assert.Single(rig.A.Data);
        Assert.Equal(0x123456u, rig.BtoA.SendPath.Channel);
        Assert.Equal(0x123456u, rig.AtoB.LastReceivedPath.Channel);
        Assert.All(rig.Log, s => Assert.Equal(0x123456u, TunnelMessage.ReadChannel(s.Bytes)));
    }

    [Fact]
    public void A_stock_tunnel_follows_the_last_authenticated_datagram_and_nothing_else()
    {
        var rig = new TunnelRig(TunnelKind.Stock).Established();
        rig.A.Address = Address("203.0.113.50:9");
        byte[]? sealedBytes = null;
        rig.Fate = sent =>
        {
            sealedBytes = sent.Bytes;
            return null;
        };
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        var (good, bad) = (sealedBytes!, (byte[])sealedBytes!.Clone());
        var old = rig.BtoA.SendPath;
        bad[30] ^= 1;
        rig.B.Take(new WirePath(0, Address("203.0.113.66:6"), 0), bad);
        Assert.Equal(old, rig.BtoA.SendPath);

        // The reserved bytes are not authenticated: with them set, a stock peer's datagram is not taken.
        var marked = (byte[])good.Clone();
        TunnelMessage.WriteChannel(marked, 9);
        rig.B.Take(rig.A.Path, marked);
        Assert.Equal(old, rig.BtoA.SendPath);
        Assert.Equal(1, rig.B.Table.Counters[TunnelRefusals.StockChannel]);

        Assert.Equal(OpenVerdict.Data, rig.B.Take(rig.A.Path, good));
        Assert.Equal(rig.A.Path, rig.BtoA.SendPath);

        // A replay from elsewhere does not move it.
        rig.B.Take(new WirePath(0, Address("203.0.113.66:6"), 0), good);
        Assert.Equal(rig.A.Path, rig.BtoA.SendPath);
    }

    [Fact]
    public void An_ntm_tunnel_does_not_roam_by_itself()
    {
        var rig = new TunnelRig().Established();
        var old = rig.BtoA.SendPath;
        rig.A.Address = Address("203.0.113.50:9");
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(1);
        Assert.Single(rig.B.Data);
        Assert.Equal(old, rig.BtoA.SendPath);
        Assert.Equal(rig.A.Path, rig.BtoA.LastReceivedPath);
    }

    [Fact]
    public void An_initiation_of_an_unknown_key_is_put_to_the_core()
    {
        var rig = new TunnelRig();
        rig.B.Table.Remove(rig.BtoA);
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(0.1);
        Assert.Equal(1, rig.B.Table.Counters[TunnelRefusals.UnknownPeer]);
        Assert.Empty(rig.B.Table.All);

        rig.B.Table.OnUnknownPeer = (_, key, path) =>
        {
            Assert.Equal(rig.A.Public, key);
            Assert.Equal(rig.A.Path, path);
            return rig.B.Table.Add(key, TunnelKind.Ntm);
        };
        rig.Run(1);
        var tunnel = Assert.Single(rig.B.Table.All);
        Assert.True(tunnel.IsEstablished);
        Assert.Equal(rig.A.Path, tunnel.SendPath);
    }

    [Fact]
    public void A_restarted_party_is_believed_though_its_wall_clock_is_at_1970()
    {
        var rig = new TunnelRig().Established();
        var key = rig.A.Table.Key;
        rig.A = new Party(rig, key, "192.0.2.1:4916", 9, rig.A.Table.TimestampMark);
        rig.AtoB = rig.A.Table.Add(rig.B.Public, TunnelKind.Ntm);
        rig.AtoB.SendPath = rig.B.Path;
        rig.Run(1);
        var packet = new Packet();
        packet.Fill(TunnelRig.IPv4(60));
        rig.A.Table.Seal(new Now(rig.Boot, DateTimeOffset.UnixEpoch), rig.AtoB, packet);
        rig.Run(1);
        Assert.True(rig.AtoB.IsEstablished);
        Assert.Single(rig.B.Data);
    }

    [Fact]
    public void The_mark_is_told_before_the_initiation_that_needs_it()
    {
        var rig = new TunnelRig();
        var told = new List<(ulong Mark, int Outbox)>();
        rig.A.Table.OnTimestampMark = mark => told.Add((mark, rig.A.Outbox.Count));
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        Assert.Equal((rig.A.Table.TimestampMark, 0), Assert.Single(told));
        rig.Run(60);
        Assert.Single(told);
    }

    [Fact]
    public void Recorded_initiations_played_to_a_restarted_party_do_not_keep_it_from_its_own()
    {
        // A begins several times, B records; then B restarts and cannot know the old timestamps.
        var rig = new TunnelRig { Fate = _ => null };
        var recorded = new List<byte[]>();
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(60);
        foreach (var sent in rig.Of(rig.A, TunnelMessage.Initiation))
        {
            if (recorded.Count == 0 || !recorded[^1].AsSpan().SequenceEqual(sent.Bytes))
            {
                recorded.Add(sent.Bytes);
            }
        }

        rig = new TunnelRig { Fate = _ => TimeSpan.Zero };
        var somewhere = new WirePath(0, Address("203.0.113.66:6"), 0);
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(60));
        foreach (var initiation in recorded)
        {
            Assert.Equal(OpenVerdict.Handshake, rig.B.Take(somewhere, initiation));
            rig.Run(0.03);
        }

        Assert.True(rig.BtoA.IsEstablished);
        Assert.Single(rig.A.Data);
        Assert.Equal(rig.A.Path, rig.BtoA.SendPath);
    }

    [Fact]
    public void What_a_core_does_when_told_is_borne()
    {
        var rig = new TunnelRig();
        rig.A.Table.OnChange = (_, tunnel, _) => rig.A.Table.Remove(tunnel);
        rig.B.Table.OnChange = (_, tunnel, _) => rig.B.Table.Remove(tunnel);
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(200);
        Assert.Empty(rig.A.Table.All);
        Assert.Equal(0, rig.A.Table.Receivers);
        rig.A.Table.Remove(rig.AtoB);
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.AtoB.PersistentKeepAlive = TimeSpan.FromSeconds(1);
        Assert.Equal(TimeSpan.MaxValue, rig.A.Table.NextDeadline);

        rig = new TunnelRig();
        rig.B.Table.OnChange = (_, tunnel, _) => rig.B.Table.Remove(tunnel);
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(1);
        Assert.Equal(0, rig.B.Table.Receivers);
        Assert.Equal(1, rig.B.Table.Counters[TunnelRefusals.UnknownReceiver]);

        rig = new TunnelRig { Fate = _ => null };
        rig.A.Table.OnChange = (now, tunnel, change) => rig.A.Table.Begin(now, tunnel);
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(400);
        Assert.True(rig.AtoB.IsHandshakeUnderWay);
        Assert.Equal(80 * 5, rig.Log.Count, 10.0);
    }

    [Fact]
    public void Our_own_key_and_keys_of_low_order_make_no_tunnels()
    {
        var rig = new TunnelRig();
        Assert.Throws<ArgumentException>(() => rig.A.Table.Add(rig.A.Public, TunnelKind.Ntm));
        Assert.Throws<ArgumentException>(() => rig.A.Table.Add(new PublicKey(new byte[32]), TunnelKind.Ntm, new byte[31]));
        var tunnel = rig.A.Table.Add(new PublicKey(new byte[32]), TunnelKind.Ntm);
        tunnel.SendPath = rig.B.Path;
        rig.A.Table.Begin(rig.Now, tunnel);
        Assert.Equal(Disposition.Drop, rig.A.Seal(tunnel, TunnelRig.IPv4(60)));
        rig.Run(200);
        Assert.Empty(rig.Log);
        Assert.Equal(2, rig.A.Table.Counters[TunnelRefusals.UnusableKey]);
        Assert.Same(tunnel, rig.A.Table.Add(tunnel.Peer, TunnelKind.Stock));
    }

    private static RealAddress Address(string text)
    {
        Assert.True(RealAddress.TryParse(text, out var address));
        return address;
    }
}
