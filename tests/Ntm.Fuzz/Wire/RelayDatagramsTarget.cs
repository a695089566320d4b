using Ntm.Crypto;
using Ntm.Fuzz.Cores;
using Ntm.Protocol;
using Ntm.Relay;

namespace Ntm.Fuzz.Wire;

/// <summary>
/// Datagrams into a relay that has a pair of registered nodes (channels 256, 257) and one of a node that never came (258, 259). Byte 0 bits 0-1: where it comes
/// from; bits 2-4 all set: mac1 is made right for the other party.
/// </summary>
public sealed class RelayDatagramsTarget : Target
{
    private static readonly RealAddress[] s_sources =
        [Cast.Alice.Address, Cast.Bob.Address, Ntm.Simulation.World.Documentation(2, 99, 9999), Cast.Relay.Address];

    private readonly RelayCore _core;
    private readonly Stage _stage;
    private readonly byte[] _mac1Key = new byte[32];
    private long _count;

    public RelayDatagramsTarget()
    {
        _core = new RelayCore(new RelayModel([Cast.Relay.Address]), Cast.Relay.Key, Cast.Entropy("rs"), RelayTarget.Memory());
        _stage = new Stage(_core, Cast.Relay.Key, Cast.Relay.Address, TakeEvents);
        RelayTarget.SetUp(_stage);
        Ntm.Protocol.Signalling.RelayPairing pairing = Cast.Pairing(258, 259);
        pairing.KeyA = Google.Protobuf.ByteString.CopyFrom(Cast.Carol.Key.Public.ToArray());
        _stage.Speakers[0].Ask(_stage.Now, new() { RelayPairing = pairing });
        _stage.Exchange();
        Require(_core.Describe(_stage.Now).Legs.Count == 4, "there are two pairs");
        Blake2s.Hash("mac1----"u8, Cast.Bob.Key.Public.ToArray(), _mac1Key);
    }

    public override string Name => "relay-datagrams";

    public override string Law => "RelayCore.ReceiveDatagrams: never throws; what goes on differs in its channel alone, comes from a leg's own address and goes to the other's";

    public override int LongestInput => 1600;

    public override IReadOnlyList<byte[]> Words => [[0, 1, 0], [1, 1, 0], [2, 1, 0], [3, 1, 0], [4, 0, 1, 0], [1, 2, 1, 0]];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() =>
    [
        ("data-a", [0, 4, 0, 1, 0, .. new byte[60]]), ("data-b", [1, 4, 1, 1, 0, .. new byte[60]]), ("stranger", [2, 4, 0, 1, 0, .. new byte[60]]),
        ("initiation-carol", [2 | 0x1C, 1, 2, 1, 0, .. new byte[144]]), ("response", [0x1C, 2, 0, 1, 0, .. new byte[88]]),
        ("own-channel", [0, 4, 0, 0, 0, .. new byte[60]]), ("cookie-reply", [0, 3, 0, 1, 0, .. new byte[60]]),
    ];

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return 0;
        }

        if (++_count % 512 == 0)
        {
            _stage.Pass(TimeSpan.FromMilliseconds(20));
        }

        if (_count % 1_000_000 == 0)
        {
            // Every 40 s a sign of life, as nodes give one: a leg whose node was silent for 180 s may be bound anew.
            foreach (var node in _stage.Speakers.Where(s => s.Who == Cast.Alice || s.Who == Cast.Bob))
            {
                node.Ask(_stage.Now, new() { RelayRegistrationRequest = new() { Binding = node.Who.Binding } });
                _stage.Exchange();
            }
        }

        Span<byte> datagram = stackalloc byte[input.Length - 1];
        input[1..].CopyTo(datagram);
        if ((input[0] & 0x1C) == 0x1C && datagram.Length is TunnelMessage.InitiationSize or TunnelMessage.ResponseSize)
        {
            var channel = TunnelMessage.ReadChannel(datagram);
            TunnelMessage.WriteChannel(datagram, 0);
            var at = datagram.Length == TunnelMessage.InitiationSize ? TunnelMessage.InitiationMac1 : TunnelMessage.ResponseMac1;
            Blake2s.Mac16(_mac1Key, datagram[..at], datagram.Slice(at, TunnelMessage.MacSize));
            TunnelMessage.WriteChannel(datagram, channel);
        }

        var source = s_sources[input[0] & 3];
        var packet = _stage.Deliver(new WirePath(0, source, 0), datagram);
        if (packet.Disposition == Disposition.ToWire)
        {
            var (came, goes) = (TunnelMessage.ReadChannel(datagram), TunnelMessage.ReadChannel(packet.Bytes));
            Require((came ^ goes) == 1 && came is >= 256 and < 260 && packet.Path.Channel == goes, "it goes on by the other leg's channel");
            Require(packet.Bytes[0] == datagram[0] && packet.Bytes[4..].SequenceEqual(datagram[4..]), "nothing but the channel is changed");
            Require(source != Cast.Relay.Address, "nothing goes in a circle");
            Require(came switch { 256 => source == Cast.Alice.Address, 257 or 259 => source == Cast.Bob.Address, _ => true }, "it comes from the leg's own address");
            return 1 + (int)(came << 8);
        }

        while (_core.Outbox.TryTakeDatagram(out _, out _))
        {
        }

        return datagram.Length < 4 ? 2 : 3 + (TunnelMessage.Classify(datagram) << 4) + ((input[0] & 0x1F) << 8);
    }

    public override void CheckBounds()
    {
        var status = _core.Describe(_stage.Now);
        Require(status.Legs.Count == 4 && status.Nodes.Count == 2, "legs and nodes stay");
    }

    private void TakeEvents()
    {
        while (_core.TryTakeEvent(out _))
        {
        }
    }
}
