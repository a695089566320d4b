using Ntm.Node.Paths.Hard;
using Ntm.Protocol;
using Ntm.Protocol.Nats;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.HardNats;

/// <summary>
/// What two nodes send in a trial, through the simulated NATs and without all else: datagrams that say nothing. It is cheap enough for a hundred seeds, and shows whether
/// what <see cref="ProbeSchedule"/> and <see cref="PortPrediction"/> say comes true.
/// </summary>
internal sealed class BareTrial
{
    private static readonly RealAddress Server = Ntm.Simulation.World.Documentation(0, 1, 4916);

    private readonly Ntm.Simulation.World _world;
    private readonly Side _one, _other;

    public BareTrial(string one, string other, ulong seed)
    {
        _world = new(seed);
        new SimHost(_world, "server", new Simulation.EchoCore { Answers = false }).Attach(_world.Backbone, Server);
        (_one, _other) = (new Side(_world, "one", one, 1), new Side(_world, "other", other, 2));
        Plan = ProbePlan.Judge(_one.Shape, _other.Shape);
    }

    public ProbePlan Plan { get; }

    public int Datagrams => _one.Sent + _other.Sent;

    public int MostMappings => Math.Max(_one.Nat.MostMappings, _other.Nat.MostMappings);

    /// <summary>Whether a datagram of either came through to the other.</summary>
    public bool Meets()
    {
        Prepare(_one, isOne: true);
        Prepare(_other, isOne: false);
        var start = _world.Clock.Elapsed + TimeSpan.FromMilliseconds(60); // the exchange through the relay
        var lasts = TimeSpan.Zero;
        foreach (var (side, peer, isOne) in ((Side, Side, bool)[])[(_one, _other, true), (_other, _one, false)])
        {
            IReadOnlyList<ushort> theirs = peer.Prediction.Ports.Count > 0 ? peer.Prediction.Ports : [peer.Seen];
            var schedule = ProbeSchedule.Make(
                Plan, isOne, side.Shape, side.Prediction.Ports, peer.Shape, theirs, side.Sockets.Count, Limits.ProbeDatagrams, _world.Entropy.Fork("draw " + isOne).NextWord());
            lasts = schedule.Lasts > lasts ? schedule.Lasts : lasts;
            foreach (var step in schedule.Steps)
            {
                _world.At(start + step.After, () => side.Send(step.Socket == 0 ? side.Own : side.Sockets[step.Socket - 1], peer.Nat.Address.WithPort(step.Port)));
            }
        }

        return _world.RunUntil(() => _one.HeardPeer || _other.HeardPeer, lasts + Limits.ProbeAnswers);
    }

    // The own socket is registered; one that sent nothing looks at the counter.
    private void Prepare(Side side, bool isOne)
    {
        side.Seen = side.Look(side.Own);
        var latest = side.Look(RealAddress.FromIPv4(0xC0A8_0102, 30_000));
        side.Open(ProbeSchedule.SocketsWanted(Plan, isOne, side.Shape));
        side.Prediction = PortPrediction.Of(side.Shape, side.Seen, latest, [.. side.Sockets.Select(s => s.Port)], _world.Entropy.Fork("prediction " + isOne).NextWord());
    }

    /// <summary>A host with sockets behind a NAT, as a station of its own.</summary>
    private sealed class Side : IStation
    {
        private readonly Ntm.Simulation.World _world;
        private readonly Segment _home;
        private readonly byte _number;
        private ushort _lookedAt;

        public Side(Ntm.Simulation.World world, string name, string nat, byte number)
        {
            (_world, Name, _number, Shape) = (world, name, number, NatShape.Read(HardNat.Traits(nat)));
            _home = new Segment(world, name);
            Nat = new NatBox(world, $"{name}'s NAT", HardNat.Behaviour(nat), _home, world.Backbone, Ntm.Simulation.World.Documentation(1, number));
            _home.Attach(this, Own);
        }

        public string Name { get; }

        public NatBox Nat { get; }

        public NatShape Shape { get; }

        public RealAddress Own { get; } = RealAddress.FromIPv4(0xC0A8_0102, 41_000);

        public List<RealAddress> Sockets { get; } = [];

        public ushort Seen { get; set; }

        public PortPrediction Prediction { get; set; } = new([], "");

        public int Sent { get; private set; }

        public bool HeardPeer { get; private set; }

        public void Open(int count)
        {
            var entropy = _world.Entropy.Fork("ports " + Name);
            while (Sockets.Count < count)
            {
                var address = Own.WithPort((ushort)(32_768 + entropy.Below(28_232)));
                if (!Sockets.Contains(address))
                {
                    Sockets.Add(address);
                }
            }
        }

        public ushort Look(RealAddress from)
        {
            var tap = new Tap();
            var wire = _world.Backbone.WireOf(_world.Backbone.Find(Server)!);
            wire.Middlemen.Add(tap);
            _home.Send(this, new SimDatagram(Name, from, Server, [1]));
            _world.RunFor(TimeSpan.FromMilliseconds(40));
            wire.Middlemen.Remove(tap);
            return _lookedAt = tap.Seen.Single().Datagram.Source.Port;
        }

        public void Send(RealAddress from, RealAddress to)
        {
            Sent++;
            _home.Send(this, new SimDatagram(Name, from, to, [2]));
        }

        public void Receive(SimDatagram datagram, Segment segment) => HeardPeer |= !datagram.Source.SameHost(Server);

        public override string ToString() => $"{Name} {_number} {_lookedAt}";
    }
}
