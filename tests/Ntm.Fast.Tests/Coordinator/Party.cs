using System.Security.Cryptography;
using System.Text;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Coordinator;

/// <summary>A node or relay as the coordinator sees one: a tunnel and signalling, and a script instead of a core.</summary>
internal sealed class Party
{
    private readonly Hall _hall;

    public Party(Hall hall, string label, RealAddress address, string zone = Hall.Zone)
    {
        (_hall, Label, Address) = (hall, label, address);
        Key = new StaticKeyPair(SHA256.HashData(Encoding.ASCII.GetBytes("key of " + label)));
        Tunnels = new TunnelTable(Key, new HallEntropy(label), Outbox);
        Signals = new SignalChannel(Tunnels, new ZoneAddressing(zone).Node(Key.Public), tunnel => hall.Addressing.Node(tunnel.Peer)) { OnSignal = (_, _, _, signal) => Take(signal) };
        Tunnel = Tunnels.Add(hall.Key.Public, TunnelKind.Ntm);
        Tunnel.Candidates.Add(new WirePath(0, Hall.CoordinatorAddress, 0));
    }

    public string Label { get; }

    public RealAddress Address { get; set; }

    public StaticKeyPair Key { get; }

    public Outbox Outbox { get; } = new();

    public TunnelTable Tunnels { get; }

    public SignalChannel Signals { get; }

    public Ntm.Tunnel.Tunnel Tunnel { get; }

    public SignedBinding? Binding { get; set; }

    /// <summary>Requests of the coordinator, oldest first, each with the hall's count of what was taken before by anyone.</summary>
    public List<(int Order, Signal Signal)> Heard { get; } = [];

    /// <summary>What came for another address than its own.</summary>
    public int NotForUs { get; private set; }

    /// <summary>What is answered to the coordinator's requests; an acknowledgement where it returns null.</summary>
    public Func<Signal, Signal?> Answering { get; set; } = _ => null;

    /// <summary>Asks and waits, in the hall's time, for the answer; null: none within 8 s.</summary>
    public Signal? Ask(Signal request)
    {
        Signal? got = null;
        var done = false;
        Signals.Request(_hall.Now, Tunnel, request, (_, answer) => (got, done) = (answer, true));
        _hall.RunUntil(() => done, Limits.SignalFailure + TimeSpan.FromSeconds(1));
        Assert.True(done);
        return got;
    }

    public Signal? Join(Invite invite, string name)
    {
        Binding = InviteCode.Bind(invite, name, Key.Public, _hall.Now.Wall);
        return Ask(new Signal { JoinRequest = new() { Binding = Binding } });
    }

    public RegistrationResponse Register(
        ulong generation = 1, IEnumerable<Candidate>? candidates = null, params (string Name, uint Number)[] devices)
    {
        var answer = Ask(new Signal { RegistrationRequest = Registration(generation, candidates, devices) });
        Assert.NotNull(answer?.RegistrationResponse);
        return answer.RegistrationResponse;
    }

    public static RegistrationRequest Registration(
        ulong generation, IEnumerable<Candidate>? candidates = null, IEnumerable<(string Name, uint Number)>? devices = null)
    {
        var request = new RegistrationRequest { Generation = generation };
        request.Candidates.AddRange(candidates ?? []);
        request.Devices.AddRange((devices ?? []).Select(d => new PublishedDevice { Name = d.Name, Number = d.Number }));
        return request;
    }

    public Signal? Announce(string endpoint)
    {
        var announcement = new RelayAnnouncement { Binding = Binding, Legs = 0 };
        announcement.Endpoints.Add(Hall.Address(endpoint).ToWire());
        return Ask(new Signal { RelayAnnouncement = announcement });
    }

    public Signal? Direction(string name) => Ask(new Signal { DirectionRequest = new() { Name = name } });

    /// <summary>What arrives from the coordinator.</summary>
    public void Receive(Packet packet)
    {
        if (Tunnels.Open(_hall.Now, packet, out var tunnel) == OpenVerdict.Data && !Signals.TryTake(_hall.Now, tunnel!, packet))
        {
            NotForUs++;
        }
    }

    private Signal? Take(Signal signal)
    {
        Heard.Add((_hall.Order++, signal.Clone()));
        return Answering(signal) ?? new Signal { Acknowledgement = new() };
    }
}
