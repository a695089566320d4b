using Google.Protobuf;
using Ntm.Coordinator;
using Ntm.Fuzz.Cores;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Relay;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Simulation;
using Ntm.Tunnel;
using Xunit.Abstractions;

namespace Ntm.Fast.Tests.Hostile;

/// <summary>Hostile peers of coordinators and relays: what they make a server remember is bounded, in tables and in bytes.</summary>
[Collection(AloneCollection.Name)]
public sealed class ServerMemoryTests(ITestOutputHelper output)
{
    private const long Megabyte = 1 << 20;

    [Fact]
    public void Endless_handshakes_with_fresh_keys_hold_64_tunnels_at_a_coordinator()
    {
        var (core, stage) = Coordinator();
        var strangers = new Strangers(stage, Cast.Coordinator.Key.Public);
        Memory.Bounded(output, "500 handshakes with fresh keys at a coordinator", Megabyte, Megabyte / 8, _ => strangers.Handshake(500));
        var status = core.Describe(stage.Now);
        Assert.InRange(status.Provisional, 1, Limits.ProvisionalTunnels);
        Assert.True(status.Counters["provisional-gave-way"] > 100);
        stage.Pass(Limits.ProvisionalLifetime + TimeSpan.FromSeconds(1));
        stage.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(0, core.Describe(stage.Now).Provisional);
    }

    [Fact]
    public void Endless_handshakes_with_fresh_keys_hold_64_tunnels_at_a_relay()
    {
        var (core, stage) = Relay();
        var strangers = new Strangers(stage, Cast.Relay.Key.Public);
        Memory.Bounded(output, "500 handshakes with fresh keys at a relay", Megabyte, Megabyte / 8, _ => strangers.Handshake(500));
        Assert.True(core.Describe(stage.Now).Counters["relay-provisional-gave-way"] > 100);
    }

    [Fact]
    public void Initiations_from_ten_thousand_addresses_under_load_hold_next_to_nothing()
    {
        var (_, stage) = Coordinator();
        var strangers = new Strangers(stage, Cast.Coordinator.Key.Public);
        Memory.Bounded(output, "10,000 initiations from as many addresses", Megabyte, Megabyte / 8, round => strangers.Flood(10_000, round));
    }

    [Fact]
    public void One_invite_admits_one_key_at_a_relay_however_many_it_binds()
    {
        var (core, stage) = Relay();
        var invite = Cast.Owner.Invite(Cast.Zone, Role.Node, "", Cast.Wall.AddDays(300), [Cast.CoordinatorServer()], Cast.Entropy("open"));
        var members = Enumerable.Range(0, 40).Select(i =>
        {
            var key = StaticKeyPair.Generate(Cast.Entropy("many " + i));
            return new CastMember("n" + i, key, Ntm.Simulation.World.Documentation(2, (byte)(100 + i), 4916), InviteCode.Bind(invite, "n" + i, key.Public, Cast.Wall), default!);
        }).ToArray();
        var admitted = 0;
        foreach (var member in members)
        {
            var speaker = stage.Add(member);
            speaker.Tunnels.Begin(stage.Now, speaker.Tunnel);
            stage.Exchange();
            speaker.Ask(stage.Now, new Signal { RelayRegistrationRequest = new() { Binding = member.Binding } });
            stage.Exchange();
            admitted += speaker.Heard is { RelayRegistrationResponse: not null } ? 1 : 0;
            Assert.True(admitted == 1 && (member == members[0] || speaker.Heard is { Refusal.Reason: RefusalReason.RefusalInviteUsed }), speaker.Heard?.ToString());
        }

        Assert.Equal(39, core.Describe(stage.Now).Counters["relay-invite-used"]);
        Assert.Single(core.Describe(stage.Now).Nodes, n => n.Name == "n0");
    }

    [Fact]
    public void Requests_without_end_hold_64_answers()
    {
        var (_, stage) = Coordinator();
        var node = stage.Speakers.Single(s => s.Who == Cast.Alice);
        var request = new Signal { DirectionRequest = new() { Name = "nobody.home.example" } };
        Memory.Bounded(output, "30,000 requests of one node within seconds", Megabyte, Megabyte / 8, _ =>
        {
            for (var i = 0; i < 30_000; i++)
            {
                node.Ask(stage.Now, request);
                stage.Exchange();
                if (i % 100 == 0)
                {
                    stage.Pass(TimeSpan.FromMilliseconds(10));
                }
            }
        });
    }

    [Fact]
    public void A_responder_that_never_acknowledges_holds_256_requests()
    {
        var (core, stage) = Coordinator();
        Register(stage, Cast.Alice);
        Register(stage, Cast.Bob);
        var alice = stage.Speakers.Single(s => s.Who == Cast.Alice);
        Memory.Bounded(output, "2,000 directions to a node that answers none", Megabyte, Megabyte / 8, _ =>
        {
            for (var i = 0; i < 2000; i++)
            {
                alice.Ask(stage.Now, new Signal { DirectionRequest = new() { Name = "bob.home.example" } });
                stage.Exchange();
                stage.Pass(TimeSpan.FromMilliseconds(1));
            }
        });
        Assert.True(core.Describe(stage.Now).Counters["signal-too-many-outstanding"] > 100);
    }

    [Theory]
    [InlineData("coordinator")]
    [InlineData("relay")]
    public void Huge_and_tiny_datagrams_change_nothing(string server)
    {
        var (core, stage) = server == "relay" ? (Relay().Core, Relay().Stage) : ((ICore)Coordinator().Core, Coordinator().Stage);
        var noise = new byte[Limits.PacketCapacity - Limits.PacketHeadroom];
        Cast.Entropy("noise").Fill(noise);
        Memory.Bounded(output, $"every length from 0 to {noise.Length} of every type at a {server}", Megabyte, Megabyte / 8, _ =>
        {
            for (var length = 0; length <= noise.Length; length++)
            {
                for (byte type = 0; type <= 5 && type <= length * 6; type++)
                {
                    noise[0] = type;
                    TunnelMessage.WriteChannel(noise, (uint)(length % 3 == 0 ? 256 : 0));
                    stage.Deliver(new WirePath(0, Ntm.Simulation.World.Documentation(2, 9, 99), 0), noise.AsSpan(0, length));
                }
            }

            stage.Exchange();
        });
        Assert.NotEqual(TimeSpan.MinValue, core.NextDeadline);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Silence_after_each_step_at_a_coordinator_and_a_relay_is_forgotten(int steps)
    {
        foreach (var relay in new[] { false, true })
        {
            var server = relay ? Cast.Relay : Cast.Coordinator;
            var (coordinator, stage) = Coordinator();
            RelayCore? relays = null;
            if (relay)
            {
                (relays, stage) = Relay();
            }

            var strangers = new Strangers(stage, server.Key.Public);
            Memory.Bounded(output, $"60 who fall silent after step {steps} at a {server.Name}", Megabyte, Megabyte / 8, _ =>
            {
                strangers.Silent(60, steps);
                for (var second = 0; second < 1200; second += 5)
                {
                    stage.Pass(TimeSpan.FromSeconds(5));
                }
            });
            Assert.Equal(0, relay ? relays!.Describe(stage.Now).Nodes.Count(n => n.Name is not ("alice" or "bob")) : coordinator.Describe(stage.Now).Provisional);
        }
    }

    private static void Register(Stage stage, CastMember who)
    {
        var speaker = stage.Speakers.Single(s => s.Who == who);
        speaker.Ask(stage.Now, new Signal { RegistrationRequest = new() { Generation = 1, Candidates = { Cast.Candidates() } } });
        stage.Exchange();
        Assert.NotNull(speaker.Heard?.RegistrationResponse);
    }

    private static (CoordinatorCore Core, Stage Stage) Coordinator()
    {
        var memory = new[] { Cast.Alice, Cast.Bob }.SelectMany(m => new StoreWrite[]
        {
            new("binding", m.Key.Public.ToString(), m.Binding.ToByteArray()), new("used-invite", m.OneTimeKey.ToBase64(), m.Key.Public.ToArray()),
        });
        var core = new CoordinatorCore(new CoordinatorModel(Cast.Zone, Cast.Owner.Public, "dc1"), Cast.Coordinator.Key, Cast.Entropy("dc"), memory);
        var stage = new Stage(core, Cast.Coordinator.Key, Cast.Coordinator.Address, () =>
        {
            while (core.TryTakeEvent(out _))
            {
            }
        });
        foreach (var who in new[] { Cast.Alice, Cast.Bob })
        {
            var speaker = stage.Add(who);
            speaker.Tunnels.Begin(stage.Now, speaker.Tunnel);
        }

        stage.Exchange();
        return (core, stage);
    }

    private static (RelayCore Core, Stage Stage) Relay()
    {
        var core = new RelayCore(new RelayModel([Cast.Relay.Address]), Cast.Relay.Key, Cast.Entropy("rs"), RelayTarget.Memory());
        var stage = new Stage(core, Cast.Relay.Key, Cast.Relay.Address, () =>
        {
            while (core.TryTakeEvent(out _))
            {
            }
        });
        RelayTarget.SetUp(stage);
        return (core, stage);
    }

    /// <summary>Parties nobody invited, with as many keys and addresses as they like.</summary>
    private sealed class Strangers(Stage stage, PublicKey server)
    {
        private readonly SeededEntropy _entropy = Cast.Entropy("strangers");
        private readonly Packet _packet = new();

        /// <summary>So many handshakes, each with a key of its own, at 100 a second; nobody answers the responses.</summary>
        public void Handshake(int count)
        {
            for (var i = 0; i < count; i++)
            {
                stage.Deliver(From(i), Initiation(out _, out _));
                Drain();
                stage.Pass(TimeSpan.FromMilliseconds(10));
            }
        }

        /// <summary>One initiation from so many addresses, with no time between: all but the first are answered by cookies, whoever sent them.</summary>
        public void Flood(int count, int round)
        {
            var initiation = Initiation(out _, out _);
            for (var i = 0; i < count; i++)
            {
                // Another one to the eye of the door: the sender's index is under mac1, so mac1 is made anew.
                initiation[4] = (byte)i;
                initiation[5] = (byte)(i >> 8);
                initiation[6] = (byte)round;
                Ntm.Tunnel.Cookies.WriteMac1(Ntm.Tunnel.Cookies.LabelledKey("mac1----"u8, server), initiation, TunnelMessage.InitiationMac1);
                stage.Deliver(From(i), initiation);
                Drain();
            }
        }

        /// <param name="steps">0: an initiation; 1: a confirmed tunnel; 2: half a request that wants an answer; 3: a request, answered, and then nothing.</param>
        public void Silent(int count, int steps)
        {
            for (var i = 0; i < count; i++)
            {
                var from = From(i);
                var initiation = Initiation(out var table, out var outbox);
                stage.Deliver(from, initiation);
                if (steps > 0 && stage.Take(from.Remote) is { } response)
                {
                    _packet.Reset();
                    _packet.Fill(response);
                    table.Open(stage.Now, _packet, out var tunnel);
                    var vip = Cast.Addressing.Node(table.Key.Public);
                    byte[] message = new Signal { Number = 7, DirectionRequest = new() { Name = "bob.home.example" } }.ToByteArray();
                    if (steps > 1 && tunnel is not null)
                    {
                        table.SendOn(stage.Now, tunnel, Frame.Make(vip, Cast.Addressing.Node(server), steps == 2 ? message[..^3] : message), tunnel.SendPath);
                    }

                    while (outbox.TryTakeDatagram(out _, out var datagram))
                    {
                        stage.Deliver(from, datagram);
                    }
                }

                Drain();
                stage.Pass(TimeSpan.FromMilliseconds(10));
            }
        }

        private byte[] Initiation(out TunnelTable table, out Outbox outbox)
        {
            outbox = new Outbox();
            table = new TunnelTable(StaticKeyPair.Generate(_entropy), _entropy, outbox, replayWindow: 64);
            var tunnel = table.Add(server, TunnelKind.Ntm);
            tunnel.SendPath = new WirePath(0, Cast.Coordinator.Address, 0);
            table.Begin(stage.Now, tunnel);
            Assert.True(outbox.TryTakeDatagram(out _, out var initiation));
            return initiation;
        }

        private void Drain() => stage.Take(default);

        private static WirePath From(int i) => new(0, RealAddress.FromIPv4(0xC633_6400u | (uint)(i % 250), (ushort)(1024 + i)), 0);
    }
}
