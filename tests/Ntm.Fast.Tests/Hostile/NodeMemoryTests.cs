using Google.Protobuf;
using Ntm.Fast.Tests.Node;
using Ntm.Fuzz.Cores;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Simulation;
using Ntm.Tunnel;
using Xunit.Abstractions;

namespace Ntm.Fast.Tests.Hostile;

/// <summary>Hostile peers and coordinators of a node: what they make it remember is bounded, in tables and in bytes.</summary>
[Collection(AloneCollection.Name)]
public sealed class NodeMemoryTests(ITestOutputHelper output)
{
    private const long Megabyte = 1 << 20;

    [Fact]
    public void A_thousand_candidates_hold_22_paths()
    {
        var (core, stage) = Node();
        var bob = stage.Speakers.Single(s => s.Who == Cast.Bob);
        ulong generation = 10;
        Memory.Bounded(output, "a thousand times sixty candidates, and checks from a thousand addresses", Megabyte, Megabyte / 8, _ =>
        {
            for (var i = 0; i < 1000; i++)
            {
                var update = new CandidateUpdate { Generation = ++generation };
                update.Candidates.AddRange(Enumerable.Range(0, 60).Select(n => new Candidate
                {
                    Kind = CandidateKind.CandidateMappedAtRelay, Endpoint = RealAddress.FromIPv4(0xC633_6400u | (uint)(n + i) % 256, (ushort)(1000 + ((i * 60) + n) % 60_000)).ToWire(),
                }));
                bob.Ask(stage.Now, new Signal { CandidateUpdate = update });
                stage.Exchange();
                bob.Ask(stage.Now, new Signal { PathCheck = new() { Id = (ulong)i } });
                while (bob.Outbox.TryTakeDatagram(out var _, out var check))
                {
                    stage.Deliver(new WirePath(0, RealAddress.FromIPv4(0xCB00_7100u | (uint)(i % 250), (ushort)(2000 + i)), 0), check);
                }

                stage.Pass(TimeSpan.FromMilliseconds(50));
            }
        });
        var peer = Assert.Single(core.Describe(stage.Now).Peers);
        Assert.True(peer.Established);
        Assert.InRange(peer.Paths.Count, 16, Limits.Candidates + Limits.RelaysPerNode + 4);
    }

    [Fact]
    public void Ten_thousand_names_asked_of_a_silent_coordinator_hold_1024_questions()
    {
        var (core, stage) = Node();
        stage.Speakers.Single(s => s.Who == Cast.Coordinator).Answering = _ => null;
        var ticket = 0L;
        Memory.Bounded(output, "10,000 names asked of a silent coordinator", Megabyte, Megabyte / 8, _ =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                core.NameWanted(stage.Now, ++ticket, $"n{i}.bob.home.example");
                stage.Exchange();
            }

            Assert.True(core.Describe(stage.Now).Counters["name-too-many-questions"] > 1000);
            for (var second = 0; second < 30; second++)
            {
                stage.Pass(TimeSpan.FromSeconds(1));
            }
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_peer_that_falls_silent_holds_128_packets(bool established)
    {
        var (core, stage) = Node();
        var bob = stage.Speakers.Single(s => s.Who == Cast.Bob);
        if (!established)
        {
            // Its keys run out: nothing of it is heard any more, and it does not answer handshakes.
            stage.Silence(bob);
            for (var minute = 0; minute < 15; minute++)
            {
                stage.Pass(TimeSpan.FromMinutes(1));
            }

            Assert.False(core.Describe(stage.Now).Peers.Single().Established);
        }

        stage.Silence(bob);
        var packet = new IpPacket
        {
            Source = System.Net.IPAddress.Parse("198.18.0.1"), Destination = Cast.Bob.Vip.ToIPAddress(), Content = IpContent.EchoRequest, From = 9, To = 1, Payload = new byte[1000],
        };
        packet = packet with { Source = Cast.Alice.Vip.ToIPAddress() };
        var batch = new PacketBatch(64);
        Memory.Bounded(output, $"20,000 packets to a peer that is silent, {(established ? "with" : "without")} a tunnel", Megabyte, Megabyte / 8, _ =>
        {
            for (var i = 0; i < 20_000 / 64; i++)
            {
                batch.Clear();
                while (!batch.IsFull)
                {
                    batch.Add().Fill(packet.ToBytes());
                }

                core.ReceivePackets(stage.Now, batch);
                stage.Pass(TimeSpan.FromMilliseconds(20));
            }
        });
    }

    [Fact]
    public void Huge_and_tiny_datagrams_change_nothing()
    {
        var (core, stage) = Node();
        var noise = new byte[Limits.PacketCapacity - Limits.PacketHeadroom];
        Cast.Entropy("noise").Fill(noise);
        Memory.Bounded(output, $"every length from 0 to {noise.Length} of every type at a node", Megabyte, Megabyte / 8, _ =>
        {
            for (var length = 0; length <= noise.Length; length++)
            {
                for (byte type = 0; type <= 5; type++)
                {
                    noise[0] = type;
                    stage.Deliver(new WirePath(0, Cast.Bob.Address, 0), noise.AsSpan(0, length));
                }
            }

            stage.Exchange();
        });
        Assert.True(core.Describe(stage.Now).Peers.Single().Established);
    }

    [Fact]
    public void A_coordinator_that_names_relays_without_end_makes_a_node_meet_eight()
    {
        var liar = new LyingCoordinator();
        var code = liar.Code(liar.Owner, "", Role.Relay);
        Assert.True(Ntm.Signalling.Trust.InviteCode.TryRead(code, out var invite, out _, out _));
        for (var i = 0; i < 40; i++)
        {
            // One invite binds any number of keys, for whoever holds it.
            var key = StaticKeyPair.Generate(liar.Entropy).Public;
            liar.Relays.Clear();
            liar.Relays.Add(new RelayServer { Binding = Ntm.Signalling.Trust.InviteCode.Bind(invite, "rs" + i, key, SimClock.Epoch), Endpoints = { Ntm.Simulation.World.Documentation(0, 99, 4916).ToWire() } });
            liar.World.RunFor(TimeSpan.FromSeconds(6));
        }

        Assert.True(liar.Status.Member!.Registered);
        Assert.InRange(liar.Status.Member.Relays.Count, 2, 8);
        Assert.Equal("relay rs39", liar.Status.Member.Relays[^1].Name);
    }

    [Fact]
    public void A_relay_or_peer_with_the_key_of_another_party_takes_nobodys_tunnel_over()
    {
        var liar = new LyingCoordinator();
        var own = liar.Status.Member!.Key;
        foreach (var key in new[] { own, liar.Party.Key.Public })
        {
            liar.Relays.Add(new RelayServer { Binding = liar.Binding(liar.Owner, "rs" + liar.Relays.Count, key, Role.Relay), Endpoints = { Ntm.Simulation.World.Documentation(0, 99, 4916).ToWire() } });
        }

        liar.Direct = _ => new Signal { RouteDirection = new() { Peer = liar.Binding(liar.Owner, "bob", liar.Party.Key.Public), Begin = true, Verdict = RouteVerdict.RouteDirectOnly, Reason = "because" } };
        liar.World.RunFor(TimeSpan.FromSeconds(20));
        Assert.Equal(NameVerdict.Unreachable, liar.Ask("bob.home.example").Verdict);
        Assert.Empty(liar.Status.Peers);
        Assert.Empty(liar.Status.Member!.Relays);
        Assert.True(liar.Status.Counters["registration-relay-not-a-relay"] >= 2);
        Assert.True(liar.Status.Counters["direction-not-a-peer"] > 0);
        liar.World.RunFor(TimeSpan.FromSeconds(60));
        Assert.True(liar.Status.Member.Registered);
    }

    [Fact]
    public void A_key_has_one_name_however_many_it_is_bound_to()
    {
        var liar = new LyingCoordinator();
        var key = StaticKeyPair.Generate(liar.Entropy).Public;
        liar.Direct = name => new Signal
        {
            RouteDirection = new() { Peer = liar.Binding(liar.Owner, name.Split('.')[0], key), Begin = true, Verdict = RouteVerdict.RouteDirectOnly, Reason = "because" },
        };
        Assert.Equal(NameVerdict.Found, liar.Ask("bob.home.example").Verdict);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(NameVerdict.Unreachable, liar.Ask($"bob{i}.home.example").Verdict);
        }

        Assert.Equal("bob", Assert.Single(liar.Status.Peers).Name);
        Assert.Equal(20, liar.Status.Counters["direction-second-name"]);
    }

    /// <summary>Alice, registered, with a tunnel to bob.</summary>
    internal static (NodeCore Core, Stage Stage) Node()
    {
        var core = new NodeCore(Cast.Alice.Key, Cast.Entropy("alice core"), NodeOptions.Default, NodeTarget.Memory());
        var stage = new Stage(core, Cast.Alice.Key, Cast.Alice.Address, () =>
        {
            while (core.TryTakeEvent(out _))
            {
            }
        });
        stage.Add(Cast.Coordinator).Answering = s => s.RegistrationRequest is null ? null : new Signal { RegistrationResponse = new() { Lifetime = 60 } };
        var bob = stage.Add(Cast.Bob);
        core.UplinkChanged(stage.Now, new(0, "catv", true, "it has an address", [Cast.Alice.Address]));
        stage.Pass(TimeSpan.FromMilliseconds(1));
        bob.Tunnels.Begin(stage.Now, bob.Tunnel);
        stage.Exchange();
        Assert.True(core.Describe(stage.Now).Peers.Single().Established);
        return (core, stage);
    }
}
