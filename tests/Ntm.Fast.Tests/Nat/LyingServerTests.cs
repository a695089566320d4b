using Ntm.Fast.Tests.Node;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Nat;

/// <summary>A server that lies about as whom it sees a node, or when it answers, gains wrong words and a few datagrams to itself.</summary>
public sealed class LyingServerTests
{
    private static readonly RealAddress Victim = Ntm.Simulation.World.Documentation(2, 77, 53);

    private readonly LyingCoordinator _liar = new();
    private readonly EchoHost _victim;

    public LyingServerTests()
    {
        _victim = new EchoHost(_liar.World);
        var (host, core) = (_liar.Router.Router, _liar.Core);
        host.AfterEach = _ =>
        {
            while (core.TryTakeEvent(out var happened))
            {
                if (happened is NodeEvent.Socket { Open: true } wanted)
                {
                    _liar.World.After(TimeSpan.Zero, () => host.Call(at => core.SocketOpened(at, wanted.Number, wanted.IPv4, host.OpenSocket(wanted.Number, wanted.IPv4))));
                }
            }
        };
    }

    [Fact]
    public void Nothing_is_sent_to_an_address_that_a_server_says_it_sees()
    {
        Answer((tunnel, check) => new() { Id = check.Id, Seen = Victim.ToWire() });
        _liar.World.RunFor(TimeSpan.FromMinutes(30));
        Assert.Equal(0, _victim.Received);
        Assert.True(Nat.KeepAlive <= Limits.KeepAliveMost);
    }

    [Fact]
    public void What_cannot_be_an_address_of_ours_says_nothing()
    {
        Answer((_, check) => new() { Id = check.Id, Seen = RealAddress.FromIPv4(0x7F00_0001, 53).ToWire() });
        _liar.World.RunFor(TimeSpan.FromMinutes(2));
        Assert.Equal(NatMapping.Unknown, Nat.Judgement.Mapping);
        Assert.True(_liar.Status.Counters["nat-seen-impossible"] > 0);
    }

    [Fact]
    public void A_late_reply_that_comes_early_proves_nothing()
    {
        Answer((tunnel, check) => new() { Id = check.Id, Seen = tunnel.LastReceivedPath.Remote.ToWire() });
        _liar.World.RunFor(TimeSpan.FromMinutes(20));
        Assert.Equal(Limits.KeepAliveFirst, Nat.KeepAlive);
        Assert.True(_liar.Status.Counters["nat-late-reply-early"] > 0);
    }

    [Fact]
    public void Who_never_answers_late_costs_keep_alives_and_no_more()
    {
        Answer((tunnel, check) => check.Reply is { After: > 0 } ? null : new() { Id = check.Id, Seen = tunnel.LastReceivedPath.Remote.ToWire() });
        _liar.World.RunFor(TimeSpan.FromMinutes(30));
        Assert.Equal(Limits.KeepAliveLeast, Nat.KeepAlive);
    }

    [Fact]
    public void Who_says_all_the_time_that_it_sees_us_elsewhere_is_heard_now_and_then()
    {
        Answer((_, _) => null);
        for (ushort port = 1; port <= 200; port++)
        {
            Tell(new() { Seen = _liar.Router.Nat!.Address.WithPort(port).ToWire() });
            _liar.World.RunFor(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(_liar.Status.Counters["server-moves-us-too-often"], 100, 199);
        Assert.Equal(Limits.KeepAliveFirst, Nat.KeepAlive);
    }

    [Fact]
    public void Of_a_thousand_traits_of_a_peer_four_are_kept()
    {
        byte[]? kept = null;
        var host = _liar.Router.Router;
        host.AfterEach = _ =>
        {
            while (_liar.Core.TryTakeEvent(out var happened))
            {
                kept = happened is NodeEvent.Keep { Write: { Collection: "peer", Value: { } value } } ? value : kept;
            }
        };
        var direction = new RouteDirection { Peer = _liar.Binding(_liar.Owner, "bob", Ntm.Tunnel.StaticKeyPair.Generate(_liar.Entropy).Public), Verdict = RouteVerdict.RouteDirectOnly };
        direction.Nats.AddRange(Enumerable.Range(0, 150).Select(i => new NatTraits { Uplink = (uint)i }));
        Assert.NotNull(_liar.Push(direction)?.Acknowledgement);
        Assert.Equal(Limits.NatTraits, RouteDirection.Parser.ParseFrom(kept).Nats.Count);
    }

    [Fact]
    public void Who_asks_for_registrations_without_end_gets_one_in_five_seconds()
    {
        var registrations = 0;
        var former = _liar.Party.OnSignal;
        _liar.Party.OnSignal = (now, tunnel, signal) =>
        {
            registrations += signal.RegistrationRequest is null ? 0 : 1;
            return former(now, tunnel, signal);
        };
        for (var i = 0; i < 200; i++)
        {
            Tell(new());
            _liar.World.RunFor(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(registrations, 2, 8); // those of every 5 s besides: the liar's lifetime is 15 s
    }

    private NatStatus Nat => _liar.Status.Uplinks.Single().Nats.Single(n => n.IPv4);

    private void Answer(Func<Ntm.Tunnel.Tunnel, PathCheck, PathCheckReply?> answer)
    {
        var former = _liar.Party.OnSignal;
        _liar.Party.OnSignal = (now, tunnel, signal) =>
        {
            if (signal.PathCheck is not { } check)
            {
                return former(now, tunnel, signal);
            }

            if (answer(tunnel, check) is { } reply)
            {
                _liar.Party.Signals.Notify(now, tunnel, new Signal { PathCheckReply = reply }, tunnel.LastReceivedPath);
            }

            return null;
        };

        // The round that was due meanwhile came to nothing: another.
        var uplink = _liar.Status.Uplinks.Single().State;
        _liar.Router.Router.Call(now => _liar.Core.UplinkChanged(now, uplink with { Usable = false }));
        _liar.Router.Router.Call(now => _liar.Core.UplinkChanged(now, uplink));
    }

    private void Tell(PathCheckReply unasked) =>
        _liar.Host.Call(now => _liar.Party.Signals.Notify(now, _liar.Party.Tunnels.All.Single(), new Signal { PathCheckReply = unasked }));

    /// <summary>Somebody on the Internet who counts what comes.</summary>
    private sealed class EchoHost : IStation
    {
        public EchoHost(Ntm.Simulation.World world) => world.Backbone.Attach(this, Victim);

        public string Name => "victim";

        public int Received { get; private set; }

        public void Receive(SimDatagram datagram, Segment segment) => Received++;
    }
}
