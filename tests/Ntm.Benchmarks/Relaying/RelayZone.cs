using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Relaying;

/// <summary>What makes a relay forward: a zone's owner, who vouches for relay and nodes, and a coordinator, which leases channels of the relay and pairs them.</summary>
internal sealed class RelayZone : IDisposable
{
    private const string Name = "home.example";
    private const ushort Port = 4920;

    private readonly OwnerKey _owner = OwnerKey.Generate(SystemEntropy.Instance);
    private readonly StaticKeyPair _key = StaticKeyPair.Generate(SystemEntropy.Instance);
    private readonly SignalParty _coordinator;
    private readonly Pump _pump;
    private readonly TaskCompletionSource<Tunnel.Tunnel> _relay = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Server _server;
    private int _names;

    /// <param name="where">The namespace of relay and coordinator.</param>
    /// <param name="address">The coordinator's there.</param>
    public RelayZone(string where, string address)
    {
        _coordinator = new SignalParty(_key, Name)
        {
            OnSignal = (_, tunnel, signal) =>
            {
                if (signal.BodyCase != Signal.BodyOneofCase.RelayAnnouncement)
                {
                    return null;
                }

                _relay.TrySetResult(tunnel);
                return new Signal { RelayAnnouncementResponse = new RelayAnnouncementResponse { Lifetime = 3600 } };
            },
        };
        _pump = new Pump(_coordinator, new PumpOptions { Name = "coordinator", OnBug = e => Console.Error.WriteLine(e) });
        _pump.AddSocket(NetworkNamespace.Run(where, () => UdpSocket.Open(System.Net.Sockets.AddressFamily.InterNetwork, Port)));
        _pump.Start();
        _server = new Server { PublicKey = _key.Public.ToWire() };
        _server.Endpoints.Add((RealAddress.TryParse($"{address}:{Port}", out var endpoint) ? endpoint : throw new ArgumentException(address)).ToWire());
    }

    /// <summary>By which a party shows that it belongs to the zone.</summary>
    public Invite Invite(Role role) =>
        _owner.Invite(Name, role, $"{(role == Role.Relay ? "rs" : "n")}{++_names}", DateTimeOffset.UtcNow.AddDays(1), [_server], SystemEntropy.Instance);

    /// <summary>A node of the zone.</summary>
    public RelayedNode Node(RealAddress relay, PublicKey relayKey)
    {
        var key = StaticKeyPair.Generate(SystemEntropy.Instance);
        var invite = Invite(Role.Node);
        return new(key, InviteCode.Bind(invite, $"n{_names}", key.Public, DateTimeOffset.UtcNow), relay, relayKey);
    }

    /// <summary>Pairs nodes; the first must not be the second.</summary>
    /// <returns>For each pair the channels of its first and its second leg.</returns>
    public List<(uint First, uint Second)> Pair(IReadOnlyList<(PublicKey First, PublicKey Second)> nodes)
    {
        var lease = Ask(new Signal { ChannelLeaseRequest = new ChannelLeaseRequest { Count = (uint)(2 * nodes.Count) } }).ChannelLeaseResponse
            ?? throw new InvalidOperationException("The relay leased no channels.");
        var channels = new List<(uint, uint)>();
        foreach (var (first, second) in nodes)
        {
            var channel = lease.First + (uint)(2 * channels.Count);
            var answer = Ask(new Signal
            {
                RelayPairing = new RelayPairing { ChannelA = channel, KeyA = first.ToWire(), ChannelB = channel + 1, KeyB = second.ToWire(), Lifetime = 24 * 3600 },
            });
            _ = answer.Acknowledgement ?? throw new InvalidOperationException($"The relay did not pair: {answer}");
            channels.Add((channel, channel + 1));
        }

        return channels;
    }

    public void Dispose() => _pump.Dispose();

    private Signal Ask(Signal request)
    {
        var answered = new TaskCompletionSource<Signal?>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_relay.Task.Wait(TimeSpan.FromSeconds(60)))
        {
            throw new InvalidOperationException("The relay has not announced itself.");
        }

        _pump.Post(now => _coordinator.Signals.Request(now, _relay.Task.Result, request, (_, answer) => answered.TrySetResult(answer)));
        return answered.Task.Result ?? throw new InvalidOperationException("The relay did not answer.");
    }
}
