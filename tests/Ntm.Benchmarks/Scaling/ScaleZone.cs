using System.Net.Sockets;
using Ntm.Benchmarks.Relaying;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Scaling;

/// <summary>A zone's owner and its coordinator, which registers whoever asks and directs the hub to all peers it has been told of.</summary>
internal sealed class ScaleZone : IDisposable
{
    public const string Name = "home.example";
    private const ushort Port = 4920;

    // Fewer than a node may have under way with one party.
    private const int AtOnce = 64;

    private readonly OwnerKey _owner = OwnerKey.Generate(SystemEntropy.Instance);
    private readonly StaticKeyPair _key = StaticKeyPair.Generate(SystemEntropy.Instance);
    private readonly Dictionary<string, RouteDirection> _directions = [];
    private readonly TaskCompletionSource<Tunnel.Tunnel> _hub = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SignalParty _coordinator;
    private readonly Pump _pump;
    private readonly Server _server;

    public ScaleZone(string where, string address)
    {
        _coordinator = new SignalParty(_key, Name) { OnSignal = (_, tunnel, signal) => Answer(tunnel, signal) };
        _pump = new Pump(_coordinator, new PumpOptions { Name = "coordinator", OnBug = e => Console.Error.WriteLine(e) });
        _pump.AddSocket(NetworkNamespace.Run(where, () => UdpSocket.Open(AddressFamily.InterNetwork, Port)));
        _pump.Start();
        _server = new Server { PublicKey = _key.Public.ToWire() };
        _server.Endpoints.Add(Rig.Address(address, Port).ToWire());
    }

    public Invite Invite(string name) => _owner.Invite(Name, Role.Node, name, DateTimeOffset.UtcNow.AddDays(1), [_server], SystemEntropy.Instance);

    /// <summary>Directs the hub to a peer at an address: it is to wait for the peer's handshake, or, where it wants the peer itself, to begin one.</summary>
    public void Introduce(IReadOnlyList<(string Name, PublicKey Key, RealAddress Address)> peers)
    {
        if (!_hub.Task.Wait(TimeSpan.FromSeconds(60)))
        {
            throw new InvalidOperationException("The hub has not registered.");
        }

        foreach (var some in peers.Chunk(AtOnce))
        {
            using var left = new CountdownEvent(some.Length);
            foreach (var (name, key, address) in some)
            {
                var direction = new RouteDirection { Peer = InviteCode.Bind(Invite(name), name, key, DateTimeOffset.UtcNow) };
                direction.Candidates.Add(new Candidate { Kind = CandidateKind.CandidateMappedAtCoordinator, Endpoint = address.ToWire() });
                var wanted = direction.Clone();
                wanted.Begin = true;
                _pump.Post(now =>
                {
                    _directions[$"{name}.{Name}"] = wanted;
                    _coordinator.Signals.Request(now, _hub.Task.Result, new Signal { RouteDirection = direction }, (_, answer) =>
                    {
                        if (answer?.Acknowledgement is null)
                        {
                            Console.Error.WriteLine($"The hub refused a direction: {answer}");
                        }

                        left.Signal();
                    });
                });
            }

            left.Wait();
        }
    }

    public void Dispose() => _pump.Dispose();

    private Signal? Answer(Tunnel.Tunnel tunnel, Signal signal)
    {
        switch (signal.BodyCase)
        {
            case Signal.BodyOneofCase.RegistrationRequest:
                _hub.TrySetResult(tunnel);
                return new Signal { RegistrationResponse = new RegistrationResponse { Observed = tunnel.LastReceivedPath.Remote.ToWire(), Lifetime = 60 } };
            case Signal.BodyOneofCase.DirectionRequest when _directions.TryGetValue(signal.DirectionRequest.Name, out var direction):
                return new Signal { RouteDirection = direction };
            case Signal.BodyOneofCase.DirectionRequest:
                return new Signal { Refusal = new Refusal { Reason = RefusalReason.RefusalNoSuchName, Text = "There is no such node." } };
            default:
                return null;
        }
    }
}
