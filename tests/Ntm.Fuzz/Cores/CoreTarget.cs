using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Fuzz.Cores;

/// <summary>
/// A whole core, spoken to through real tunnels. Input: byte 0 bits 0, 1 and 4 the speaker, bits 2-3 the manner (<see cref="Speaker.Say(Now, ReadOnlySpan{byte}, int, byte)"/>),
/// bits 4-7 all set: byte 1 spoils the frame; then the message.
/// </summary>
public abstract class CoreTarget : Target
{
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(2);

    protected Stage Stage { get; private protected init; } = null!;

    public override int LongestInput => 2 + Limits.SignalBytes;

    public override long MostAllocated => 4 << 20;

    public override IReadOnlyList<byte[]> Words => [Cast.Carol.Binding.ToByteArray(), Cast.Bob.Key.Public.ToArray(), [0x0A, 4, 192, 0, 2, 1, 0x10, 80]];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() =>
        GoldenSignals.All().Select(s => (s.Name, (byte[])[(byte)((SpeakerOf(s.Signal) & 3) | ((SpeakerOf(s.Signal) & 4) << 2) | (s.Name.EndsWith("-response", StringComparison.Ordinal) ? 8 : 4)), 0, .. s.Signal.ToByteArray()]));

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
        {
            return 0;
        }

        Stage.Pass(s_step);
        var speaker = Stage.Speakers[((input[0] & 3) | ((input[0] >> 2) & 4)) % Stage.Speakers.Count];
        speaker.Say(Stage.Now, input[2..], (input[0] >> 2) & 3, input[0] >> 4 == 15 ? input[1] : (byte)0);
        Stage.Exchange();
        return Counted();
    }

    /// <summary>Which speaker says such a thing.</summary>
    protected abstract int SpeakerOf(Signal signal);

    /// <summary>What was counted since the last time, as a number.</summary>
    protected abstract int Counted();
}
