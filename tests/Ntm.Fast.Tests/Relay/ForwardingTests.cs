using Ntm.Protocol;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Relay;

/// <summary>What passes a relay, what does not, and what is left behind.</summary>
public sealed class ForwardingTests
{
    private static readonly RealAddress Elsewhere = Ntm.Simulation.World.Documentation(2, 200, 777);

    private readonly RelayBench _bench = new RelayBench().Joined();
    private readonly BenchNode _alice, _bob;
    private readonly uint _channelA, _channelB;

    public ForwardingTests()
    {
        _alice = _bench.Node("alice");
        _bob = _bench.Node("bob");
        _channelA = _bench.Lease().First;
        _channelB = _channelA + 1;
        _bench.Pair(_channelA, _alice.Key, _channelB, _bob.Key);
    }

    private void BothRegistered()
    {
        _alice.Registered();
        _bob.Registered();
    }

    [Fact]
    public void Between_registered_nodes_only_the_channel_changes()
    {
        BothRegistered();
        foreach (var (from, to, inChannel, outChannel) in ((BenchNode, BenchNode, uint, uint)[])[(_alice, _bob, _channelA, _channelB), (_bob, _alice, _channelB, _channelA)])
        {
            foreach (var length in (int[])[32, 1000, 1472])
            {
                var sent = _bench.Sealed(inChannel, length);
                from.Send(sent);
                var (channel, source, bytes) = to.Party.Relayed![^1];
                Assert.Equal(outChannel, channel);
                Assert.Equal(_bench.RelayAddress, source);
                TunnelMessage.WriteChannel(sent, outChannel);
                Assert.Equal(sent, bytes);
            }
        }

        var leg = _bench.Leg(_channelA)!;
        Assert.Equal((3, 32 + 1000 + 1472), (leg.Datagrams, leg.Bytes));
        Assert.False(leg.Provisional);
    }

    [Fact]
    public void Two_nodes_make_a_tunnel_and_talk_through_the_relay()
    {
        BothRegistered();
        _alice.Party.Relayed = _bob.Party.Relayed = null;
        var toBob = _alice.Party.Tunnels.Add(_bob.Key, TunnelKind.Ntm);
        toBob.Candidates.Add(new WirePath(0, _bench.RelayAddress, _channelA));
        var packet = new IpPacket
        {
            Source = System.Net.IPAddress.Parse("fd00::1"), Destination = System.Net.IPAddress.Parse("fd00::2"), Content = IpContent.Udp, From = 1, To = 2, Payload = [7],
        }.ToBytes();
        _alice.Home.Router.Call(now => _alice.Party.Tunnels.Send(now, toBob, packet));
        _bench.World.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(packet, Assert.Single(_bob.Party.Inner));
        var toAlice = _bob.Party.Tunnels.Find(_alice.Key)!;
        Assert.Equal(new WirePath(0, _bench.RelayAddress, _channelB), toAlice.SendPath);
        _bob.Home.Router.Call(now => _bob.Party.Tunnels.Send(now, toAlice, packet));
        _bench.World.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(packet, Assert.Single(_alice.Party.Inner));
    }

    [Fact]
    public void What_was_not_directed_is_counted_and_dropped()
    {
        BothRegistered();
        Assert.Null(_bench.Hand(_alice.Mapped, _bench.Sealed(_channelA + 7)));
        Assert.Equal(1, _bench.Count("relay-not-directed"));
        foreach (var channel in (uint[])[1, 5, 100_000, Limits.ChannelLast])
        {
            Assert.Null(_bench.Hand(_alice.Mapped, _bench.Sealed(channel)));
        }

        Assert.Equal(4, _bench.Count("relay-unknown-channel"));
        Assert.Null(_bench.Hand(_alice.Mapped, [4, 0, 1]));
        Assert.Null(_bench.Hand(_alice.Mapped, []));
        Assert.Equal(2, _bench.Count("relay-unparsable"));
        Assert.NotNull(_bench.Hand(_alice.Mapped, _bench.Sealed(_channelA)));
    }

    [Fact]
    public void Only_a_legs_own_address_is_taken()
    {
        BothRegistered();
        foreach (var wrong in (RealAddress[])[Elsewhere, _bob.Mapped, _alice.Mapped.WithPort(1)])
        {
            Assert.Null(_bench.Hand(wrong, _bench.Sealed(_channelA)));
            Assert.Null(_bench.Hand(wrong, _bench.Handshake(TunnelMessage.Initiation, _bob.Key, _channelA)));
        }

        Assert.Equal(6, _bench.Count("relay-wrong-source"));
        Assert.Equal(_alice.Mapped, _bench.Leg(_channelA)!.Address);
    }

    [Theory]
    [InlineData(TunnelMessage.Initiation)]
    [InlineData(TunnelMessage.Response)]
    public void A_handshake_message_binds_an_unregistered_nodes_leg_for_5_seconds(byte type)
    {
        _bob.Registered();
        Assert.Null(_bench.Hand(Elsewhere, _bench.Sealed(_channelA)));
        Assert.Null(_bench.Hand(Elsewhere, _bench.Handshake(type, _alice.Key, _channelA)));   // mac1 of another receiver
        Assert.Equal(2, _bench.Count("relay-unbound-source"));
        Assert.Equal(_bob.Mapped, _bench.Hand(Elsewhere, _bench.Handshake(type, _bob.Key, _channelA))!.Value.To.Remote);
        Assert.NotNull(_bench.Hand(Elsewhere, _bench.Sealed(_channelA)));
        Assert.Equal(Elsewhere, _bench.Hand(_bob.Mapped, _bench.Sealed(_channelB))!.Value.To.Remote);
        Assert.True(_bench.Leg(_channelA)!.Provisional);

        _bench.World.RunFor(TimeSpan.FromSeconds(4.9));
        Assert.NotNull(_bench.Hand(Elsewhere, _bench.Sealed(_channelA)));
        _bench.World.RunFor(TimeSpan.FromSeconds(0.1));
        Assert.Null(_bench.Hand(Elsewhere, _bench.Sealed(_channelA)));
        Assert.Equal(default, _bench.Leg(_channelA)!.Address);

        Assert.NotNull(_bench.Hand(Elsewhere, _bench.Handshake(type, _bob.Key, _channelA)));
        _bench.World.RunFor(TimeSpan.FromSeconds(4));
        Assert.NotNull(_bench.Hand(Elsewhere, _bench.Handshake(type, _bob.Key, _channelA)));   // from the same place: five more
        _bench.World.RunFor(TimeSpan.FromSeconds(4));
        Assert.NotNull(_bench.Hand(Elsewhere, _bench.Sealed(_channelA)));
    }

    [Fact]
    public void While_a_leg_is_bound_a_forged_handshake_does_not_move_it()
    {
        _bob.Registered();
        _alice.Send(_bench.Handshake(TunnelMessage.Initiation, _bob.Key, _channelA));
        Assert.Equal(_alice.Mapped, _bench.Leg(_channelA)!.Address);
        Assert.Null(_bench.Hand(Elsewhere, _bench.Handshake(TunnelMessage.Initiation, _bob.Key, _channelA)));
        Assert.Equal(1, _bench.Count("relay-wrong-source"));
        Assert.Equal(_alice.Mapped, _bench.Leg(_channelA)!.Address);

        // Somebody was quicker than alice: her own tunnel puts it right at once.
        _bench.World.RunFor(TimeSpan.FromSeconds(6));
        Assert.NotNull(_bench.Hand(Elsewhere, _bench.Handshake(TunnelMessage.Initiation, _bob.Key, _channelA)));
        _alice.Registered();
        Assert.Equal(_alice.Mapped, _bench.Leg(_channelA)!.Address);
        Assert.Null(_bench.Hand(Elsewhere, _bench.Sealed(_channelA)));
    }

    [Fact]
    public void Nobody_binds_a_leg_to_the_relay_itself()
    {
        Assert.Null(_bench.Hand(_bench.RelayAddress, _bench.Handshake(TunnelMessage.Initiation, _bob.Key, _channelA)));
        Assert.Equal(1, _bench.Count("relay-own-address"));
    }

    [Fact]
    public void Datagrams_wait_for_the_other_leg_at_most_4_and_at_most_a_second()
    {
        _alice.Registered();
        var sent = Enumerable.Range(0, 6).Select(_ => _bench.Sealed(_channelA)).ToArray();
        foreach (var one in sent)
        {
            Assert.Null(_bench.Hand(_alice.Mapped, one));
        }

        Assert.Equal(2, _bench.Count("relay-held-too-many"));
        _bob.Send(_bench.Handshake(TunnelMessage.Response, _alice.Key, _channelB));
        Assert.Equal(sent[2..].Select(s => s[4..]), _bob.Party.Relayed!.Select(r => r.Bytes[4..]));
        Assert.All(_bob.Party.Relayed!, r => Assert.Equal(_channelB, r.Channel));
        Assert.Equal(4, _bench.Leg(_channelA)!.Datagrams);

        _bench.World.RunFor(TimeSpan.FromSeconds(6));
        _alice.Send(_bench.Sealed(_channelA));
        _bench.World.RunFor(TimeSpan.FromSeconds(1.1));
        Assert.Equal(1, _bench.Count("relay-held-too-long"));
        _bob.Registered();
        Assert.Equal(4, _bob.Party.Relayed!.Count);
    }

    [Fact]
    public void What_waits_flows_when_the_node_registers()
    {
        _alice.Registered();
        _alice.Send(_bench.Sealed(_channelA));
        Assert.Empty(_bob.Party.Relayed!);
        _bob.Registered();
        Assert.Single(_bob.Party.Relayed!);
    }

    [Fact]
    public void A_leg_follows_its_nodes_authenticated_datagrams_to_another_address()
    {
        BothRegistered();
        _alice.Home.Nat!.Readdress(Ntm.Simulation.World.Documentation(2, 150));
        _alice.Send(_bench.Sealed(_channelA));
        Assert.Equal(1, _bench.Count("relay-wrong-source"));
        _alice.Registered();
        _alice.Send(_bench.Sealed(_channelA));
        Assert.Single(_bob.Party.Relayed!);
        _bob.Send(_bench.Sealed(_channelB));
        Assert.Single(_alice.Party.Relayed!);
    }

    [Fact]
    public void A_node_that_was_silent_for_the_life_of_a_key_may_be_bound_provisionally_again()
    {
        BothRegistered();
        _bench.World.RunFor(TimeSpan.FromSeconds(170));
        Assert.Null(_bench.Hand(Elsewhere, _bench.Handshake(TunnelMessage.Initiation, _bob.Key, _channelA)));
        _bench.World.RunFor(TimeSpan.FromSeconds(35));   // its last datagram was a keep-alive 20 s after the registration
        _bob.Registered();
        Assert.NotNull(_bench.Hand(_alice.Mapped, _bench.Sealed(_channelA)));   // its last address still counts until then
        Assert.NotNull(_bench.Hand(Elsewhere, _bench.Handshake(TunnelMessage.Initiation, _bob.Key, _channelA)));
        Assert.Equal(Elsewhere, _bench.Leg(_channelA)!.Address);
    }

    [Fact]
    public void Noise_on_all_channels_changes_nothing()
    {
        BothRegistered();
        _bench.Drain();
        var entropy = new SeededEntropy(11);
        var before = _bench.Core.Describe(_bench.RelayHost.Now);
        var sent = _bench.RelayHost.DatagramsSent;
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[entropy.Below(200)];
            entropy.Fill(bytes);
            if (bytes.Length > 4 && entropy.Chance(0.9))
            {
                bytes[0] = (byte)(1 + entropy.Below(4));
                TunnelMessage.WriteChannel(bytes, entropy.Chance(0.5) ? _channelA + (uint)entropy.Below(4) : (uint)entropy.Below((int)Limits.ChannelLast));
            }

            Assert.Null(_bench.Hand(entropy.Chance(0.5) ? Elsewhere : Elsewhere.WithPort((ushort)(1 + entropy.Below(60_000))), bytes));
            Assert.Equal(0, _bench.Core.Outbox.Count);
        }

        var after = _bench.Core.Describe(_bench.RelayHost.Now);
        Assert.Equal(before.Legs, after.Legs);
        Assert.Equal(before.Nodes, after.Nodes);
        Assert.False(_bench.Core.TryTakeEvent(out _));
        Assert.Equal(sent, _bench.RelayHost.DatagramsSent);
        _alice.Send(_bench.Sealed(_channelA));
        Assert.Single(_bob.Party.Relayed!);
    }

    [Fact]
    public void Forwarding_allocates_nothing()
    {
        BothRegistered();
        var batch = new PacketBatch();
        var bytes = _bench.Sealed(_channelA, 1400);
        var now = _bench.RelayHost.Now;
        long Round()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 200; i++)
            {
                batch.Clear();
                while (!batch.IsFull)
                {
                    var packet = batch.Add();
                    packet.Fill(bytes);
                    packet.Path = new WirePath(0, _alice.Mapped, 0);
                }

                _bench.Core.ReceiveDatagrams(now, batch);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        var alice = _alice.Mapped;   // made once, outside the measurement
        Assert.Equal(alice, _alice.Mapped);
        Round();
        Assert.Equal(0, Round());
        Assert.Equal(Disposition.ToWire, batch[63].Disposition);
    }
}
