using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Tunnel;

namespace Ntm.Fuzz.Cores;

/// <summary>A party with a real tunnel to the core under test that says whatever bytes it is given.</summary>
public sealed class Speaker
{
    private const int Remembered = 32;

    private readonly Packet _packet = new();
    private readonly WirePath _core;
    private readonly VirtualAddress _coreVip;
    private readonly Queue<ulong> _asked = new();
    private ulong _number = 1000;

    public Speaker(CastMember who, PublicKey core, RealAddress coreAddress)
    {
        (Who, _core, _coreVip) = (who, new WirePath(0, coreAddress, 0), Cast.Addressing.Node(core));
        Tunnels = new TunnelTable(who.Key, Cast.Entropy("speaker " + who.Name), Outbox);
        Tunnel = Tunnels.Add(core, TunnelKind.Ntm);
        Tunnel.SendPath = _core;
    }

    public CastMember Who { get; }

    public Outbox Outbox { get; } = new();

    public TunnelTable Tunnels { get; }

    public Tunnel.Tunnel Tunnel { get; }

    /// <summary>What it answers a request of the core at once; null: nothing, the inputs will.</summary>
    public Func<Signal, Signal?> Answering { get; set; } = _ => null;

    /// <summary>The last signal that came from the core.</summary>
    public Signal? Heard { get; private set; }

    /// <summary>A datagram from the core.</summary>
    public void Receive(Now now, WirePath path, byte[] datagram)
    {
        _packet.Reset();
        _packet.Fill(datagram);
        _packet.Path = _core with { Channel = path.Channel };
        if (Tunnels.Open(now, _packet, out _) != OpenVerdict.Data || _packet.Length < Frame.HeaderSize)
        {
            return;
        }

        Heard = Signal.Parser.ParseFrom(_packet.Bytes[Frame.HeaderSize..]);
        if (Heard.Answer || Heard.Number == 0)
        {
            return;
        }

        if (Answering(Heard) is { } answer)
        {
            answer.Number = Heard.Number;
            answer.Answer = true;
            Say(now, Frame.Make(Who.Vip, _coreVip, answer.ToByteArray()));
            return;
        }

        _asked.Enqueue(Heard.Number);
        if (_asked.Count > Remembered)
        {
            _asked.Dequeue();
        }
    }

    /// <summary>Asks, and leaves it to the stage to bring the answer to <see cref="Heard"/>.</summary>
    public void Ask(Now now, Signal signal)
    {
        signal.Number = ++_number;
        Say(now, Frame.Make(Who.Vip, _coreVip, signal.ToByteArray()));
    }

    /// <summary>Says a message as it is.</summary>
    /// <param name="manner">1: as a request with a number of its own; 2: as the answer to the oldest request; else with the number it brings.</param>
    /// <param name="damage">A byte of the frame to spoil; 0: none.</param>
    public void Say(Now now, ReadOnlySpan<byte> message, int manner, byte damage)
    {
        // Number and answer once more at the end: in Protocol Buffers the last one counts.
        byte[] suffix = manner switch
        {
            1 => [0x08, .. Varint(++_number), 0x10, 0],
            2 when _asked.TryDequeue(out var asked) => [0x08, .. Varint(asked), 0x10, 1],
            _ => [],
        };
        byte[] whole = [.. message[..Math.Min(message.Length, Limits.SignalBytes - suffix.Length)], .. suffix];
        var frame = Frame.Make(Who.Vip, _coreVip, whole);
        if (damage != 0)
        {
            frame[damage % frame.Length] ^= damage;
        }

        Say(now, frame);
    }

    private void Say(Now now, byte[] inner) => Tunnels.SendOn(now, Tunnel, inner, _core);

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>(10);
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }
}
