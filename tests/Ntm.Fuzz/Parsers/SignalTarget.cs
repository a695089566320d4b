using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Fuzz.Parsers;

/// <summary>Signalling messages as the schema reads them.</summary>
public sealed class SignalTarget : Target
{
    public override string Name => "signal";

    public override string Law => "the schema: nothing but InvalidProtocolBufferException; what was read is written so that it reads the same";

    public override int LongestInput => Limits.SignalBytes;

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() => GoldenSignals.All().Select(s => (s.Name, s.Signal.ToByteArray()));

    public override int Execute(ReadOnlySpan<byte> input)
    {
        Signal signal;
        try
        {
            signal = Signal.Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return -1;
        }

        var written = signal.ToByteArray();
        Require(written.Length <= (4 * input.Length) + 16, "a message does not grow by being read");
        Require(Signal.Parser.ParseFrom(written).Equals(signal), "a message reads as it was written");
        return ((int)signal.BodyCase << 8) | (signal.Answer ? 1 : 0) | (signal.Number == 0 ? 2 : 0) | (Math.Min(written.Length / 64, 20) << 2);
    }
}
