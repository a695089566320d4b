using Google.Protobuf;
using Ntm.Fuzz.Cores;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Fuzz.Wire;

/// <summary>
/// Inner packets into a signal channel that answers everything: byte 0 bit 0: the UDP checksum is made right; bit 1: the lengths, too. Then a whole frame.
/// </summary>
public sealed class ChannelTarget : Target
{
    private readonly SealedPair _pair = new();
    private readonly SignalChannel _channel;
    private readonly Packet _packet = new();
    private readonly Watch _watch;
    private int _handedIn;

    public ChannelTarget()
    {
        _channel = new SignalChannel(_pair.Bob, Cast.Addressing)
        {
            OnSignal = (_, _, _, signal) =>
            {
                _handedIn++;
                return signal.Number == 0 ? null : new Signal { Acknowledgement = new() };
            },
        };
        _watch = new(_channel.Counters);
    }

    public override string Name => "channel";

    public override string Law => "SignalChannel.TryTake: never throws; hands in and answers one signal at most, and only of a frame that is right to the last bit";

    public override int LongestInput => 1 + Frame.HeaderSize + Limits.SignalBytes + 16;

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() => GoldenSignals.All().Select((s, i) =>
    {
        s.Signal.Number = (ulong)(i % 3);
        s.Signal.Answer = i % 5 == 4;
        return (s.Name, (byte[])[(byte)(i % 4), .. Frame.Make(Cast.Alice.Vip, Cast.Bob.Vip, s.Signal.ToByteArray())]);
    });

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return 0;
        }

        _pair.Now = new(_pair.Now.Boot + TimeSpan.FromMicroseconds(100), _pair.Now.Wall); // 10 s in 100,000
        if (_channel.NextDeadline <= _pair.Now.Boot)
        {
            _channel.HandleTimeout(_pair.Now);
        }

        _packet.Reset();
        _packet.Fill(input[1..]);
        _packet.Path = new(0, Cast.Alice.Address, 0);
        var frame = _packet.Bytes;
        if (frame.Length >= Frame.HeaderSize)
        {
            if ((input[0] & 2) != 0)
            {
                frame[4] = frame[44] = (byte)((frame.Length - 40) >> 8);
                frame[5] = frame[45] = (byte)(frame.Length - 40);
            }

            if ((input[0] & 1) != 0)
            {
                Frame.PutChecksum(frame);
            }
        }

        var right = frame.Length >= Frame.HeaderSize && frame.Length - Frame.HeaderSize <= Limits.SignalBytes
            && Frame.Make(Cast.Alice.Vip, Cast.Bob.Vip, frame[Frame.HeaderSize..]) is var made
            && made.AsSpan(4, 3).SequenceEqual(frame[4..7]) && made.AsSpan(8).SequenceEqual(frame[8..]) && frame[0] >> 4 == 6;
        _handedIn = 0;
        var taken = _channel.TryTake(_pair.Now, _pair.Bobs, _packet);
        Require(_handedIn <= (right ? 1 : 0), "only a frame that is right is read");
        Require(taken || !right, "a right frame is taken");
        var answers = 0;
        while (_pair.BobsOutbox.TryTakeDatagram(out _, out _))
        {
            answers++;
        }

        Require(answers <= 1, "one signal has one answer at most");
        return (_watch.Changed() * 31) + (taken ? 1 : 0) + (2 * _handedIn);
    }
}
