using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Report;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Real.Tests;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Relaying;

/// <summary>Two nodes on one processor, and TCP between them: through a relay on the other processor, or past it, which then is idle.</summary>
internal sealed class TcpPair
{
    private const string Left = "2001:db8:7::1", Right = "2001:db8:7::2";

    private readonly Rig _rig;
    private readonly int _nodesProcessor;
    private readonly Child _relay;
    private readonly List<Child> _nodes = [];

    public TcpPair(Belongings belongings, bool relayed, Frames frames, int nodesProcessor, int relaysProcessor)
    {
        (IsRelayed, _nodesProcessor) = (relayed, nodesProcessor);
        _rig = new Rig(belongings, frames);
        var key = StaticKeyPair.Generate(SystemEntropy.Instance);
        var zone = belongings.Add(() => new RelayZone(_rig.Middle.Name, Rig.MiddleLeft));
        _relay = belongings.Add(() => Child.Ours(relaysProcessor, "relay-peer", _rig.Middle.Name, $"{Rig.MiddleLeft}:{Rig.Port}"));
        _relay.Tell(Convert.ToBase64String(key.Private));
        _relay.Tell(InviteCode.Write(zone.Invite(Role.Relay)));
        _relay.Hear();
        (TestNamespace Where, RealAddress Relay, string Direct, string Inside, RelayedNode Node)[] ends =
        [
            (_rig.LeftSide, Rig.Address(Rig.MiddleLeft, Rig.Port), Rig.DirectLeft, Left, zone.Node(Rig.Address(Rig.MiddleLeft, Rig.Port), key.Public)),
            (_rig.RightSide, Rig.Address(Rig.MiddleRight, Rig.Port), Rig.DirectRight, Right, zone.Node(Rig.Address(Rig.MiddleRight, Rig.Port), key.Public)),
        ];
        foreach (var (where, relay, _, inside, node) in ends)
        {
            var child = belongings.Add(() => Child.Ours(nodesProcessor, "node-peer", where.Name, relay.ToString(), key.Public.ToString(), $"{Rig.Port}", $"{inside}/64"));
            _nodes.Add(child);
            child.Tell(Convert.ToBase64String(node.KeyPair.Private));
            child.Tell(Convert.ToBase64String(node.Binding.ToByteArray()));
            child.Hear();
        }

        var (first, second) = zone.Pair([(ends[0].Node.Key, ends[1].Node.Key)])[0];
        for (var i = 0; i < 2; i++)
        {
            var path = relayed ? ends[i].Relay : Rig.Address(ends[1 - i].Direct, Rig.Port);
            _nodes[i].Ask($"{ends[1 - i].Node.Key} {path} {(relayed ? i == 0 ? first : second : 0)}");
        }

        _rig.RightSide.Start($"taskset -c {nodesProcessor} iperf3 -s");
        _rig.LeftSide.Run($"ping -c 5 -i 0.2 {Right}");
    }

    public bool IsRelayed { get; }

    public Sample Gigabits { get; } = new();

    /// <summary>Of both nodes, and of the relay.</summary>
    public Sample NodesSecondsPerGigabyte { get; } = new();

    public Sample RelaySecondsPerGigabyte { get; } = new();

    public void Round(double seconds, bool isKept = true)
    {
        var (nodes, relay) = (_nodes.Sum(n => n.ProcessorSeconds), _relay.ProcessorSeconds);
        var time = seconds.ToString("0.#", CultureInfo.InvariantCulture);
        using var result = JsonDocument.Parse(_rig.LeftSide.Run($"taskset -c {_nodesProcessor} iperf3 -c {Right} -t {time} -J", TimeSpan.FromSeconds(seconds + 30)));
        var sum = result.RootElement.GetProperty("end").GetProperty("sum_received");
        if (isKept)
        {
            var gigabytes = sum.GetProperty("bytes").GetDouble() / 1e9;
            Gigabits.Add(sum.GetProperty("bits_per_second").GetDouble() / 1e9);
            NodesSecondsPerGigabyte.Add((_nodes.Sum(n => n.ProcessorSeconds) - nodes) / gigabytes);
            RelaySecondsPerGigabyte.Add((_relay.ProcessorSeconds - relay) / gigabytes);
        }
    }
}
