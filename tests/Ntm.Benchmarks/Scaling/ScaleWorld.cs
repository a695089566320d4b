using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Relaying;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Scaling;

/// <summary>A hub in a process of its own, and its peers, which all live on one thread of this one, as does what sends to them through the hub's TUN.</summary>
internal sealed class ScaleWorld : IDisposable
{
    private const string HubAddress = "192.0.2.1", PeersAddress = "192.0.2.2";

    /// <summary>Payload of a datagram that fills the tunnel's MTU.</summary>
    public const int Payload = Limits.MtuInside - 48;

    /// <summary>Datagrams that the sender hands over in one piece, and that are on their way at once.</summary>
    private const int Run = 16, Window = 1024;

    private static readonly TimeSpan Stall = TimeSpan.FromMilliseconds(100), Upkeep = TimeSpan.FromMilliseconds(100), Patience = TimeSpan.FromSeconds(60);

    private readonly Belongings _made = new();
    private readonly List<ScalePeer> _peers = [];
    private readonly PacketBatch _batch = new(), _frames = new(Run), _small = new(1);
    private readonly Queue<ScalePeer> _awaited = new();
    private readonly UdpSocket _sender;
    private readonly Child _hub;
    private readonly int _standing;
    private TimeSpan _keptUp;

    /// <param name="tunnels">How many are to stand.</param>
    /// <param name="fresh">Peers besides, with which there is no tunnel yet.</param>
    /// <param name="hubsProcessor">The hub's.</param>
    public ScaleWorld(int tunnels, int fresh, int hubsProcessor)
    {
        try
        {
            _standing = tunnels;
            var (hub, peers) = (_made.Namespace("h"), _made.Namespace("p"));
            hub.JoinTo(peers, "v0", "v0", [$"{HubAddress}/24"], [$"{PeersAddress}/24"]);
            var zone = _made.Add(() => new ScaleZone(peers.Name, PeersAddress));
            var key = StaticKeyPair.Generate(SystemEntropy.Instance);
            _hub = _made.Add(() => Child.Ours(hubsProcessor, "hub-peer", hub.Name, $"{HubAddress}:{Limits.SignallingPort}"));
            _hub.Tell(Convert.ToBase64String(key.Private));
            _hub.Tell(InviteCode.Write(zone.Invite("hub")));
            _hub.Hear();
            _sender = _made.Add(() => hub.In(() => UdpSocket.Open(AddressFamily.InterNetworkV6)));
            peers.In(() =>
            {
                for (var i = 0; i < tunnels + fresh; i++)
                {
                    _peers.Add(_made.Add(() => new ScalePeer($"n{i}", key.Public, Rig.Address(HubAddress, Limits.SignallingPort), PeersAddress, _small)));
                }

                return true;
            });
            zone.Introduce([.. _peers.Select(p => (p.Name, p.Key, p.Address))]);
            foreach (var some in _peers.Take(tunnels).Chunk(32))
            {
                foreach (var peer in some)
                {
                    peer.Begin(BootClock.Now);
                }

                Until(() => some.All(p => p.IsEstablished), Patience, "the tunnels stand");
            }

            // The hub knows by the first datagram of each; then it looks at the path, which is over within a second.
            Until(() => int.Parse(_hub.Ask("tunnels"), CultureInfo.InvariantCulture) >= tunnels, Patience, "the hub has all tunnels");
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(1);)
            {
                Turn();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public double ResidentMegabytes => _hub.ResidentMegabytes;

    public double HeapMegabytes => double.Parse(_hub.Ask("heap"), CultureInfo.InvariantCulture);

    /// <summary>What the hub counted, for whoever wonders.</summary>
    public string Counters => _hub.Ask("all");

    /// <summary>Datagrams as fast as they arrive, in runs, to as many peers in turn.</summary>
    /// <param name="over">The first so many.</param>
    public LoadResult Send(TimeSpan time, int over)
    {
        _frames.Clear();
        for (var i = 0; i < Run; i++)
        {
            var frame = _frames.Add();
            frame.SetLength(Payload);
        }

        var before = _hub.ProcessorSeconds;
        var (sent, received, lost, next) = (0L, 0L, 0L, 0);
        var (clock, progress) = (Stopwatch.StartNew(), TimeSpan.Zero);
        while (clock.Elapsed < time)
        {
            while (sent - received - lost <= Window - Run)
            {
                var peer = _peers[next++ % over];
                for (var i = 0; i < Run; i++)
                {
                    _frames[i].Path = new WirePath(0, To(peer, ScalePeer.BulkPort), 0);
                    _sender.Stage(_frames[i]);
                }

                _sender.Flush();
                sent += Run;
                if (peer.Expected == 0)
                {
                    _awaited.Enqueue(peer);
                }

                peer.Expected += Run;
            }

            var came = Collect();
            received += came;
            if (came > 0)
            {
                progress = clock.Elapsed;
            }
            else if (clock.Elapsed - progress > Stall)
            {
                lost = sent - received;
                progress = clock.Elapsed;
                while (_awaited.TryDequeue(out var peer))
                {
                    peer.Expected = 0;
                }
            }

            if (BootClock.Now.Boot - _keptUp > Upkeep)
            {
                received += Turn();
            }
        }

        var result = new LoadResult(received, lost, clock.Elapsed.TotalSeconds, _hub.ProcessorSeconds - before);
        while (_awaited.TryDequeue(out var peer))
        {
            peer.Expected = 0;
        }

        // What is still on its way would be in the way of what is measured next.
        for (clock.Restart(), progress = TimeSpan.Zero; clock.Elapsed - progress < Stall;)
        {
            progress = Turn() > 0 ? clock.Elapsed : progress;
        }

        return result;
    }

    /// <summary>From a small packet that enters the hub's TUN to its answer, milliseconds.</summary>
    /// <param name="fresh">To a peer with which there is no tunnel yet: the next of those.</param>
    public double Echo(bool fresh, int index)
    {
        var peer = _peers[fresh ? _standing + index : index % _standing];
        while (_sender.Receive(_batch) > 0)
        {
        }

        _small.Clear();
        var packet = _small.Add();
        packet.Fill(stackalloc byte[32]);
        packet.Path = new WirePath(0, To(peer, ScalePeer.EchoPort), 0);
        var clock = Stopwatch.StartNew();
        _sender.Stage(packet);
        _sender.Flush();
        while (_sender.Receive(_batch) == 0)
        {
            peer.Receive(BootClock.Now, _batch);
            if (clock.Elapsed > TimeSpan.FromSeconds(5))
            {
                throw new InvalidOperationException($"No answer from a peer {(fresh ? "without" : "with")} a tunnel: {Counters}");
            }
        }

        return clock.Elapsed.TotalMilliseconds;
    }

    public void Dispose() => _made.Dispose();

    private static RealAddress To(ScalePeer peer, ushort port) => new(peer.Vip.High, peer.Vip.Low, port);

    private int Collect()
    {
        var came = 0;
        for (var left = _awaited.Count; left > 0 && _awaited.TryDequeue(out var peer); left--)
        {
            var its = peer.Receive(BootClock.Now, _batch);
            came += its;
            peer.Expected = Math.Max(peer.Expected - its, 0);
            if (peer.Expected > 0)
            {
                _awaited.Enqueue(peer);
            }
        }

        return came;
    }

    // A look at every peer.
    private int Turn()
    {
        _keptUp = BootClock.Now.Boot;
        var came = 0;
        foreach (var peer in _peers)
        {
            var its = peer.Receive(BootClock.Now, _batch);
            peer.Expected = Math.Max(peer.Expected - its, 0);
            came += its;
            peer.HandleTimeout(BootClock.Now);
        }

        return came;
    }

    private void Until(Func<bool> holds, TimeSpan limit, string what)
    {
        for (var clock = Stopwatch.StartNew(); !holds(); Turn())
        {
            if (clock.Elapsed > limit)
            {
                throw new InvalidOperationException($"Waited in vain until {what}: {Counters}");
            }
        }
    }
}
